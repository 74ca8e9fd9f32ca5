#include "alert/watch.h"

#include <algorithm>
#include <cstring>

namespace ipm::alert {

using model::FlowFacts;

namespace {

constexpr TimeNs kOpenLongNs = 10 * kSecond;  // From then on records of a connection are calls of their own.
constexpr std::uint32_t kHeldMax = 64;
constexpr std::uint32_t kPairsOfBroad = 24;  // With more networks only fresh pairs are followed.

// How much a pair would be missed: calls and bytes count, silence takes away.
double worth(const Pair& pair, TimeNs now) {
  const double hours = static_cast<double>(now - pair.last_ns) / static_cast<double>(kHour);
  const double calls = std::min(12.0, static_cast<double>(pair.opens + pair.records));
  return calls + static_cast<double>(pair.tx_bytes) / 1e6 + (pair.fresh ? 4 : 0) - hours / 2;
}

}  // namespace

Sentence Stage::about(std::string_view comm, model::ProcessKey process) const {
  Sentence text(unix_offset_ns);
  text << comm << " (pid ";
  return text.count(process.pid()) << ") ";
}

void Stage::raise(const Program& program, model::ProcessKey process, const Finding& finding, const Sentence& evidence) {
  raise({.app = program.app + 1,
         .process = process,
         .exe_text = program.exe_text,
         .key_text = program.key_text,
         .comm = program.name()},
        finding, evidence);
}

void Stage::raise(const Actor& actor, const Finding& finding, const Sentence& evidence) {
  episodes_.report(finding, actor, evidence.text(), now);
}

std::uint32_t Stage::others_in_network(const Program& program, const model::IpAddress& address) const {
  const std::uint64_t key = net_key(address);
  return count_others(program, [&](const Program& other) { return other.nets.peek(key) != nullptr; });
}

std::uint32_t Stage::others_at_port(const Program& program, std::uint16_t number) const {
  const auto is = [&](const Port& port) { return port.number == number && port.answered; };
  return count_others(program,
                      [&](const Program& other) { return std::any_of(other.ports.begin(), other.ports.end(), is); });
}

Sentence& Stage::peer(Sentence& text, const model::IpAddress& address, std::uint16_t port) const {
  text.peer(address, port);
  if (texts_ == nullptr) return text;
  return text.whereabouts(texts_->view(texts_->name_of(address)), texts_->place_of(address));
}

void Stage::raise_for_host(const Finding& finding, const Sentence& evidence) {
  episodes_.report(finding, {}, evidence.text(), now);
}

Watch::Watch(PageStore& store, const WatchBounds& bounds)
    : store_(store),
      bounds_(bounds),
      host_(bounds.learn_ns),
      episodes_(store, bounds.alerts_max, bounds.changes_max, bounds.budget_per_day),
      stage_(host_, episodes_, programs_),
      listed_(store),
      thresholds_(store, bounds.bytes_max / kThresholdsShare) {
  held_.reserve(kHeldMax);
}

// core/bounds.cpp counts with these.
static_assert(sizeof(AlertRow) + sizeof(std::uint32_t) * 2 <= 720);

Watch::~Watch() {
  store_.account(-accounted_);
}

// What is kept by slot and has no block of its own.
void Watch::account() {
  const auto bytes = static_cast<std::int64_t>(marks_.capacity() * sizeof(Mark) + programs_.capacity() * sizeof(void*) +
                                               descriptions_.capacity() * sizeof(Description));
  store_.account(bytes - accounted_);
  accounted_ = bytes;
}

void Watch::begin(TimeNs time) {
  stage_.now = std::max(stage_.now, time);
  if (host_.first_ns == 0) host_.first_ns = time;
}

Watch::Mark& Watch::mark_of(std::uint32_t flow) {
  if (flow >= marks_.size()) {
    marks_.resize(std::max<std::size_t>(1024, std::size_t{flow} * 2));
    account();
  }
  return marks_[flow];
}

Pair* Watch::marked_pair(Program& program, const FlowFacts& flow) {
  const Mark& mark = mark_of(flow.slot);
  if (mark.pair == 0 || !program.blocks().pairs) return nullptr;
  Pair& pair = (*program.blocks().pairs)[mark.pair - 1U];
  return pair.is(flow.tuple->remote, flow.tuple->remote_port, flow.tuple->protocol) ? &pair : nullptr;
}

Pair* Watch::pair_of(Program& program, const FlowFacts& flow, bool fresh, TimeNs time) {
  if (!fresh && program.nets.size() > kPairsOfBroad && !program.blocks().pairs) return nullptr;
  const model::FlowTuple& tuple = *flow.tuple;
  auto& pairs = program.need_pairs();
  Pair* least = &pairs[0];
  for (Pair& pair : pairs) {
    if (pair.is(tuple.remote, tuple.remote_port, tuple.protocol)) return &pair;
    if ((least->used && !pair.used) || (least->used && pair.used && worth(pair, time) < worth(*least, time)))
      least = &pair;
  }
  if (!fresh && program.nets.size() > kPairsOfBroad) return nullptr;
  if (least->used) ++counters_.pairs_evicted;
  *least = {};
  least->used = true;
  least->remote = tuple.remote;
  least->port = tuple.remote_port;
  least->protocol = tuple.protocol;
  least->fresh = fresh;
  least->novice = fresh && program.novice(time);
  least->first_ns = time;
  return least;
}

// True: the program has been in it before.
bool Watch::note_system(Program& program, std::uint32_t asn, TimeNs time) {
  if (asn == 0) return false;
  Net* known = program.systems.find(asn);
  if (known == nullptr) program.systems.add(asn, {.first_s = seconds_of(time), .seen_s = seconds_of(time)});
  return known != nullptr;
}

// True: the program never used it. One that did not answer gives way to another.
bool Watch::note_port(Program& program, std::uint16_t number, TimeNs time) {
  Port* room = &program.ports.front();
  for (Port& port : program.ports) {
    if (port.number == number) {
      port.seen_ns = time;
      return false;
    }
    if (port.answered != room->answered ? room->answered : port.seen_ns < room->seen_ns) room = &port;
  }
  *room = {.number = number, .first_ns = time, .seen_ns = time};
  return true;
}

void Watch::port_answered(Program& program, std::uint16_t number) {
  for (Port& port : program.ports) {
    if (port.number != number) continue;
    if (!port.answered) ++program.ports_out;
    port.answered = true;
    return;
  }
  ++program.ports_out;
}

void Watch::note_rhythm(Program& program, std::uint16_t port, TimeNs time) {
  PortRhythm* least = &program.rhythms.front();
  for (PortRhythm& each : program.rhythms) {
    if (each.calls != 0 && each.port == port) return each.call(time);
    if (each.calls < least->calls) least = &each;
  }
  *least = {};
  least->port = port;
  least->call(time);
}

// Met after the program had been learned, or the host was when the program came; and not long ago. What a program in a
// place for anybody meets is always so. An heir is judged when it is known whose.
bool Watch::is_fresh(const Program& program, const Net& net, TimeNs time) const {
  if (program.newcomer && program.suspicious()) return true;
  if (program.heir_of != 0) return false;
  if (program.newcomer && seconds_of(time) - net.first_s < kFreshNs / kSecond) return true;
  const auto learned = seconds_of(program.first_ns + program.learn_ns);
  return net.first_s >= learned && seconds_of(time) - net.first_s < kFreshNs / kSecond;
}

void Watch::opened(const FlowFacts& flow, TimeNs time) {
  Program& program = act(flow, time);
  note_opened(program, flow, time);
  make_room_for(program);
}

void Watch::note_opened(Program& program, const FlowFacts& flow, TimeNs time) {
  mark_of(flow.slot) = {};
  const model::FlowTuple& tuple = *flow.tuple;
  if (flow.scope == model::Scope::kLoopback || flow.scope == model::Scope::kUnknown) return;
  count_fault_base(stage_, program);
  if (tuple.direction == model::Direction::kIn) {
    ++program.accepts;
    return;
  }
  ++program.opens;
  if (program.newcomer && !program.told_new) {
    look_at_new_program(stage_, program, texts_ == nullptr ? std::string_view{} : texts_->view(program.exe_text));
  }
  Opening opening{.flow = flow};
  opening.new_port = note_port(program, tuple.remote_port, time);
  const std::uint64_t net_number = net_key(tuple.remote);
  Net* net = program.nets.find(net_number);
  opening.new_net = net == nullptr;
  if (net == nullptr) {
    net = &program.nets.add(net_number, {.first_s = seconds_of(time), .seen_s = seconds_of(time)});
  }
  if (program.heir_of != 0 && consider_inheritance(program, net_number, opening.new_net)) {
    opening.new_net = opening.new_port = false;  // Whatever it knows by now it counts as known.
    net = program.nets.find(net_number);
  }
  net->seen_s = seconds_of(time);
  if (program.heir_since_ns != 0 && program.opens % kKinContacts == 0) consider_kinship(program, time);
  opening.known_system = note_system(program, flow.place.asn, time);
  const std::uint64_t contact_number = contact_key(tuple.remote, tuple.remote_port);
  const Contact* contact = program.contacts.find(contact_number);
  opening.first_contact = contact == nullptr;
  if (contact == nullptr) program.contacts.add(contact_number, {});
  if (!flow.begins) return;  // It was there before: known, and nothing that happened now.

  opening.pair = pair_of(program, flow, is_fresh(program, *net, time), time);
  Mark& mark = mark_of(flow.slot);
  mark.first_contact = opening.first_contact;
  mark.port_unanswered = true;
  mark.new_net = opening.new_net;
  if (opening.pair != nullptr) {
    mark.pair = static_cast<std::uint8_t>(opening.pair - program.need_pairs().data() + 1);
    ++opening.pair->opens;
    opening.pair->call(time);
    opening.pair->last_ns = time;
  }
  if (opening.pair == nullptr || !opening.pair->fresh) note_rhythm(program, tuple.remote_port, time);
  count_open(stage_, program, flow);
  look_for_odd_port(stage_, program, opening);
  const bool was_held = program.held.used;
  look_for_new_destination(stage_, program, opening);
  if (program.held.used && !was_held) {
    if (held_.size() < kHeldMax) {
      held_.push_back(program.app);
    } else {
      settle_new_destination(stage_, program);
    }
  }
  look_for_lateral(stage_, program, opening);
  look_for_beacon(stage_, program, opening);
}

void Watch::listening(const FlowFacts& flow, TimeNs time) {
  look_at_listener(stage_, act(flow, time), flow);
}

void Watch::moved(const FlowFacts& flow, std::uint64_t tx_bytes, std::uint64_t rx_bytes, TimeNs time) {
  begin(time);
  Program* program = find(flow.app);
  if (program == nullptr || flow.scope == model::Scope::kLoopback) return;
  program->process = flow.process;
  if (rx_bytes != 0 && flow.scope == model::Scope::kExternal) host_.answered(flow.app, time);
  Volume& volume = program->volume;
  if (program->listed) look_at_listed_bytes(stage_, *program, listed_, flow, tx_bytes, rx_bytes, false);
  if (time >= volume.look_ns) look_at_volume(stage_, *program, flow);
  Mark& mark = mark_of(flow.slot);
  if (mark.first_contact && rx_bytes != 0) {
    mark.first_contact = false;
    first_contact_succeeded(stage_, *program);
  }
  if (flow.tuple->direction == model::Direction::kIn) return;
  if (mark.port_unanswered && rx_bytes != 0) {
    mark.port_unanswered = false;
    if (!is_probing(*program, time)) port_answered(*program, flow.tuple->remote_port);
    if (mark.new_net) met_new_network(stage_, *program);
  }
  volume.out_tx += tx_bytes;
  volume.out_rx += rx_bytes;
  Pair* pair = mark.pair == 0 ? nullptr : marked_pair(*program, flow);
  if (pair == nullptr || !pair->fresh) volume.day_tx += tx_bytes;
  if (pair == nullptr) return;
  pair->tx_bytes += tx_bytes;
  pair->rx_bytes += rx_bytes;
  pair->last_ns = time;
  if (time - flow.opened_ns >= kOpenLongNs && tx_bytes != 0 && time - pair->last_call_ns >= kSecond) {
    ++pair->records;
    pair->call(time);
  }
  pair->call_tx_bytes += tx_bytes;
  if (!pair->fresh) return;
  look_for_exfil(stage_, *program, *pair, flow);
  look_for_long_connection(stage_, *program, *pair, flow);
}

void Watch::closed(const FlowFacts& flow, TimeNs time) {
  begin(time);
  Program* program = find(flow.app);
  if (program == nullptr) return;
  if (program->listed) look_at_listed_bytes(stage_, *program, listed_, flow, 0, 0, true);
  Mark& mark = mark_of(flow.slot);
  const Pair* pair = marked_pair(*program, flow);
  if (pair == nullptr || !pair->fresh) program->longest_ns = std::max(program->longest_ns, time - flow.opened_ns);
  mark = {};
}

void Watch::failed(const FlowFacts& flow, model::Failing why, TimeNs time) {
  begin(time);
  Program* program = find(flow.app);
  if (program == nullptr || flow.scope == model::Scope::kLoopback) return;
  const bool in = flow.tuple->direction == model::Direction::kIn;
  const bool silent = why == model::Failing::kTimeout || why == model::Failing::kUnreachable;
  if (!in && silent) look_for_outage(stage_, *program, flow);
  Mark& mark = mark_of(flow.slot);
  const bool probe = mark.first_contact;
  if (probe) first_contact_failed(stage_, *program, flow);
  mark.first_contact = false;
  if (probe && is_probing(*program, time)) return;  // That is what probes do.
  look_for_fault(stage_, *program, flow, 1, silent, why == model::Failing::kRefused ? "refused" : "without an answer");
}

void Watch::reset(const FlowFacts& flow, bool sent_here, TimeNs time) {
  begin(time);
  Program* program = find(flow.app);
  if (program == nullptr || flow.scope == model::Scope::kLoopback || sent_here) return;
  look_for_fault(stage_, *program, flow, 1, false, "reset");
}

void Watch::retransmitted(const FlowFacts& flow, std::uint32_t segments, TimeNs time) {
  begin(time);
  Program* program = find(flow.app);
  if (program == nullptr || flow.scope == model::Scope::kLoopback) return;
  look_for_fault(stage_, *program, flow, std::min(segments, 4U) / 4.0, false, "repeated much");
}

void Watch::round_trip(const FlowFacts& flow, std::uint32_t srtt_us, TimeNs time) {
  begin(time);
  Program* program = find(flow.app);
  if (program == nullptr || flow.scope == model::Scope::kLoopback) return;
  look_at_latency(stage_, *program, flow, srtt_us);
}

void Watch::entropy(const FlowFacts& flow, std::uint32_t millibits_per_byte, TimeNs time) {
  begin(time);
  Program* program = find(flow.app);
  if (program == nullptr || flow.scope == model::Scope::kLoopback) return;
  look_at_entropy(stage_, *program, flow, millibits_per_byte / 1000.0);
  make_room_for(*program);
}

void Watch::asked(const FlowFacts& flow, std::string_view name, std::uint16_t question_type, TimeNs time) {
  begin(time);
  Program* program = find(flow.app);
  if (program == nullptr || name.empty()) return;
  // A question comes once for each address that answered it.
  std::uint64_t question = flow.slot * 0x9e37'79b9'7f4a'7c15ULL ^ flow.tuple->local_port;
  for (const char c : name) question = (question ^ static_cast<unsigned char>(c)) * 0x100'0000'01b3ULL;
  if (question == last_question_) return;
  last_question_ = question;
  look_for_dns_tunnel(stage_, *program, flow, name, question_type);
  make_room_for(*program);
}

void Watch::sampled(const model::AppSample& sample, const model::AppScores* scores) {
  begin(sample.end_ns);
  look_at_thresholds(stage_, thresholds_, actor_of(sample.app), sample, scores);
  Program* program = find(sample.app);
  if (program == nullptr || scores == nullptr) return;
  look_at_bandwidth(stage_, *program, sample, (*scores)[static_cast<std::size_t>(model::AppMetric::kTxBytes)]);
}

void Watch::listed(const FlowFacts& flow, const model::Listing& listing, bool asked, TimeNs time) {
  if (flow.scope == model::Scope::kLoopback && !asked) return;  // A name that a hosts file sends nowhere.
  look_at_listed(stage_, act(flow, time), listed_, flow, listing, asked);
}

void Watch::advance(TimeNs now) {
  // Time alone is no fact about the host: what says which source is read comes before the first of them.
  stage_.now = std::max(stage_.now, now);
  for (std::size_t i = 0; i < held_.size();) {
    Program* program = find(held_[i]);
    if (program != nullptr && program->held.used && !is_time_to_settle(*program, now)) {
      ++i;
      continue;
    }
    if (program != nullptr) settle_new_destination(stage_, *program);
    held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  if (now < next_minute_ns_) return;
  next_minute_ns_ = now + kMinute;
  episodes_.advance(now);
}

}  // namespace ipm::alert
