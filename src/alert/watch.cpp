#include "alert/watch.h"

#include <algorithm>
#include <cstring>

namespace ipm::alert {

using model::FlowFacts;

namespace {

constexpr TimeNs kFreshNs = 7 * 24 * kHour;   // So long a peer counts as new to a program.
constexpr TimeNs kHoldNs = 10 * kMinute;      // See new_destination.cpp.
constexpr TimeNs kOpenLongNs = 10 * kSecond;  // From then on records of a connection are calls of their own.
constexpr std::uint32_t kHeldMax = 64;
constexpr std::uint32_t kPairsOfBroad = 24;  // With more networks only fresh pairs are followed.
constexpr std::uint32_t kKinContacts = 6;    // After so many it is decided if a program is an old one under a new path.

std::string_view name_of(const char (&comm)[model::kCommBytes]) {
  return {comm, strnlen(comm, sizeof comm)};
}

// How much a pair would be missed: calls and bytes count, silence takes away.
double worth(const Pair& pair, TimeNs now) {
  const double hours = static_cast<double>(now - pair.last_ns) / static_cast<double>(kHour);
  const double calls = std::min(12.0, static_cast<double>(pair.opens + pair.records));
  return calls + static_cast<double>(pair.tx_bytes) / 1e6 + (pair.fresh ? 4 : 0) - hours / 2;
}

}  // namespace

Sentence Stage::about(const Program& program, model::ProcessKey process) const {
  Sentence text(unix_offset_ns);
  text << name_of(program.comm) << " (pid ";
  return text.count(process.pid()) << ") ";
}

void Stage::raise(const Program& program, model::ProcessKey process, const Finding& finding, const Sentence& evidence) {
  episodes_.report(finding,
                   {.app = program.app + 1,
                    .process = process,
                    .exe_text = program.exe_text,
                    .key_text = program.key_text,
                    .comm = name_of(program.comm)},
                   evidence.text(), now);
}

void Stage::raise_for_host(const Finding& finding, const Sentence& evidence) {
  episodes_.report(finding, {}, evidence.text(), now);
}

Watch::Watch(PageStore& store, const WatchBounds& bounds)
    : store_(store),
      bounds_(bounds),
      host_(store),
      episodes_(store, bounds.alerts_max, bounds.changes_max, bounds.budget_per_day),
      stage_(host_, episodes_) {
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

// --- programs ---

Program& Watch::ensure(std::uint32_t app, TimeNs time) {
  if (Program* known = find(app)) return *known;
  if (app >= programs_.size()) {
    programs_.resize(app + 1);
    account();
  }
  make_room(app);
  programs_[app] = std::make_unique<Program>(store_, app, time);
  ++used_;
  Program& program = *programs_[app];
  if (app < descriptions_.size()) {
    const Description& said = descriptions_[app];
    std::memcpy(program.comm, said.comm, sizeof program.comm);
    program.uid = said.uid;
    program.exe_text = said.exe_text;
    program.key_text = said.key_text;
    program.exe_id = said.exe_id;
    program.untrusted_path = said.untrusted_path;
    program.server_child = said.server_child;
  }
  program.newcomer = host_.first_ns != 0 && time - host_.first_ns >= Program::kLearnNs;
  if (!program.newcomer) return program;
  // A program of that name and user which is there already may be this one before it moved.
  const Program* predecessor = nullptr;
  for (const std::unique_ptr<Program>& other : programs_) {
    if (!other || other->app == app || other->comm[0] == '\0') continue;
    if (other->uid != program.uid || name_of(other->comm) != name_of(program.comm)) continue;
    if (predecessor == nullptr || other->seen_ns > predecessor->seen_ns) predecessor = other.get();
  }
  if (predecessor != nullptr && !program.untrusted_path) program.heir_of = predecessor->app + 1;
  return program;
}

Program& Watch::act(const FlowFacts& flow, TimeNs time) {
  begin(time);
  Program& program = ensure(flow.app, time);
  program.process = flow.process;
  program.seen_ns = std::max(program.seen_ns, time);
  return program;
}

void Watch::make_room(std::uint32_t keep) {
  while (used_ != 0 && programs_bytes() + kProgramBytesMax > bounds_.bytes_max) {
    const Program* least = nullptr;
    bool least_open = false;
    for (const std::unique_ptr<Program>& each : programs_) {
      if (!each || each->app == keep) continue;
      const bool open = episodes_.has_open(each->app);
      if (least == nullptr || (least_open && !open) || (least_open == open && each->seen_ns < least->seen_ns)) {
        least = each.get();
        least_open = open;
      }
    }
    if (least == nullptr) return;
    ++counters_.programs_evicted;
    drop(least->app);
  }
}

void Watch::drop(std::uint32_t app) {
  if (find(app) == nullptr) return;
  std::erase(held_, app);
  programs_[app].reset();
  --used_;
}

std::size_t Watch::programs_bytes() const {
  std::size_t sum = 0;
  for (const std::unique_ptr<Program>& each : programs_) sum += each ? each->bytes() : 0;
  return sum;
}

std::size_t Watch::largest_program_bytes() const {
  std::size_t largest = 0;
  for (const std::unique_ptr<Program>& each : programs_) largest = std::max(largest, each ? each->bytes() : 0);
  return largest;
}

void Watch::forget_app(std::uint32_t app) {
  episodes_.forget_app(app);
  drop(app);
  if (app < descriptions_.size()) descriptions_[app] = {};
}

// The parents, as far as three back, that serve the network under the same user: a login service gives its children
// another one.
bool Watch::started_by_server(std::string_view ancestors, std::uint32_t uid) const {
  for (int depth = 0; depth < 3 && !ancestors.empty() && uid != 0; ++depth) {
    const std::size_t end = ancestors.find(" < ");
    const std::string_view parent = ancestors.substr(0, end);
    for (const std::unique_ptr<Program>& each : programs_) {
      if (each && each->uid == uid && each->accepts >= 10 && name_of(each->comm) == parent) return true;
    }
    ancestors = end == std::string_view::npos ? std::string_view{} : ancestors.substr(end + 3);
  }
  return false;
}

void Watch::program(const model::ProgramFacts& facts, TimeNs time) {
  begin(time);
  if (facts.app >= descriptions_.size()) {
    descriptions_.resize(facts.app + 1);
    account();
  }
  std::uint64_t exe_id = 0;
  if (facts.exe_inode != 0) {
    exe_id = ((facts.exe_inode * 0x9e37'79b9'7f4a'7c15ULL) ^ facts.exe_dev) * 0xbf58'476d'1ce4'e5b9ULL;
    exe_id ^= static_cast<std::uint64_t>(facts.exe_mtime_ns);
  }
  Description& said = descriptions_[facts.app];
  said = {.uid = facts.uid,
          .exe_text = facts.exe_text,
          .key_text = facts.key_text,
          .exe_id = exe_id,
          .untrusted_path = is_untrusted_path(facts.exe),
          .server_child = said.server_child || started_by_server(facts.ancestors, facts.uid)};
  facts.comm.copy(said.comm, sizeof said.comm - 1);
  Program* program = find(facts.app);
  if (program == nullptr) return;
  std::memcpy(program->comm, said.comm, sizeof program->comm);
  program->uid = said.uid;
  program->exe_text = said.exe_text;
  program->key_text = said.key_text;
  program->untrusted_path = said.untrusted_path;
  program->process = facts.process;
  look_at_executable(stage_, *program, facts.exe, exe_id);
}

// A redeployed program keeps what was learned if at least half of its first networks are those of its predecessor.
// True: it just got it.
bool Watch::consider_inheritance(Program& program, std::uint64_t net, bool new_net) {
  const Program* from = find(program.heir_of - 1);
  if (from == nullptr) {
    program.heir_of = 0;
    return false;
  }
  if (new_net && from->nets.peek(net) != nullptr) ++program.known_to_predecessor;
  if (program.nets.size() < kKinContacts && program.opens < 4 * kKinContacts) return false;
  const bool kin = 2 * program.known_to_predecessor >= program.nets.size();
  if (kin) inherit(program, *from);
  program.heir_of = 0;
  return kin;
}

void Watch::inherit(Program& program, const Program& from) {
  from.nets.for_each([&](std::uint64_t key, const Net& net) {
    if (Net* known = program.nets.find(key)) {
      known->first_s = std::min(known->first_s, net.first_s);
    } else if (program.nets.size() < kNetsMax) {
      program.nets.add(key, net);
    }
  });
  for (const Port& port : from.ports) {
    if (port.number == 0) continue;
    const auto same = [&](const Port& own) { return own.number == port.number && own.accepts == port.accepts; };
    if (std::any_of(program.ports.begin(), program.ports.end(), same)) continue;
    const auto free =
        std::find_if(program.ports.begin(), program.ports.end(), [](const Port& p) { return p.number == 0; });
    if (free != program.ports.end()) *free = port;
  }
  program.ports_out = std::max(program.ports_out, from.ports_out);
  program.first_ns = from.first_ns;
  program.opens += from.opens;
  program.accepts += from.accepts;
  program.new_nets = from.new_nets;
  program.fresh_opens = from.fresh_opens;
  program.longest_ns = std::max(program.longest_ns, from.longest_ns);
  program.volume.day_max = std::max(program.volume.day_max, from.volume.day_max);
  program.volume.window_max = std::max(program.volume.window_max, from.volume.window_max);
  program.volume.windows += from.volume.windows;
  program.scan.usual = from.scan.usual;
  program.lateral.usual = from.lateral.usual;
  program.churn.usual = std::max(program.churn.usual, from.churn.usual);
  program.newcomer = from.newcomer;
}

// --- flows ---

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
  Pair* least = nullptr;
  for (Pair& pair : program.need_pairs()) {
    if (pair.is(tuple.remote, tuple.remote_port, tuple.protocol)) return &pair;
    if (least == nullptr || (least->used && !pair.used) ||
        (least->used && pair.used && worth(pair, time) < worth(*least, time)))
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
  least->first_ns = time;
  return least;
}

bool Watch::note_port(Program& program, std::uint16_t number, TimeNs time) {
  Port* room = nullptr;
  for (Port& port : program.ports) {
    if (port.number == number && !port.accepts) {
      ++port.flows;
      port.seen_ns = time;
      return false;
    }
    if (room == nullptr && port.number == 0) room = &port;
  }
  ++program.ports_out;
  if (room != nullptr) *room = {.number = number, .flows = 1, .first_ns = time, .seen_ns = time};
  const std::uint64_t key = number + 1ULL;
  Use* use = host_.ports.find(key);
  if (use == nullptr) use = &host_.ports.add(key, {});
  use->seen_s = seconds_of(time);
  ++use->programs;
  return true;
}

// Met after the program had been learned, and not long ago. What a program in a place for anybody meets is always so.
bool Watch::is_fresh(const Program& program, const Net& net, TimeNs time) const {
  if (program.newcomer && (program.untrusted_path || program.server_child)) return true;
  const auto learned = seconds_of(program.first_ns + Program::kLearnNs);
  return net.first_s >= learned && seconds_of(time) - net.first_s < kFreshNs / kSecond;
}

void Watch::opened(const FlowFacts& flow, TimeNs time) {
  Program& program = act(flow, time);
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
    Use* use = host_.nets.find(net_number);
    if (use == nullptr) use = &host_.nets.add(net_number, {});
    use->seen_s = seconds_of(time);
    ++use->programs;
  }
  if (program.heir_of != 0 && consider_inheritance(program, net_number, opening.new_net)) {
    opening.new_net = opening.new_port = false;  // Whatever it knows by now it counts as known.
    net = program.nets.find(net_number);
  }
  net->seen_s = seconds_of(time);
  const std::uint64_t contact_number = contact_key(tuple.remote, tuple.remote_port);
  Contact* contact = program.contacts.find(contact_number);
  opening.first_contact = contact == nullptr;
  if (contact == nullptr) contact = &program.contacts.add(contact_number, {});
  contact->seen_s = seconds_of(time);
  if (!flow.begins) return;  // It was there before: known, and nothing that happened now.

  opening.pair = pair_of(program, flow, is_fresh(program, *net, time), time);
  Mark& mark = mark_of(flow.slot);
  mark.first_contact = opening.first_contact;
  if (opening.pair != nullptr) {
    mark.pair = static_cast<std::uint8_t>(opening.pair - program.need_pairs().data() + 1);
    ++opening.pair->opens;
    opening.pair->call(time);
    opening.pair->last_ns = time;
  }
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
  if (rx_bytes != 0 && flow.scope == model::Scope::kExternal) host_.answered(time);
  Volume& volume = program->volume;
  volume.window_tx += tx_bytes;
  if (time >= volume.look_ns || volume.window_tx >= volume.window_limit) look_at_volume(stage_, *program, flow);
  Mark& mark = mark_of(flow.slot);
  if (mark.first_contact && rx_bytes != 0) {
    mark.first_contact = false;
    first_contact_succeeded(stage_, *program);
  }
  if (flow.tuple->direction == model::Direction::kIn) return;
  volume.out_tx += tx_bytes;
  volume.out_rx += rx_bytes;
  Pair* pair = mark.pair == 0 ? nullptr : marked_pair(*program, flow);
  if (pair == nullptr || !pair->fresh) volume.day_tx += tx_bytes;
  if (pair == nullptr) return;
  pair->tx_bytes += tx_bytes;
  pair->rx_bytes += rx_bytes;
  pair->last_ns = time;
  if (!pair->fresh) return exfil_of_newcomer(*program, *pair, flow);
  if (time - flow.opened_ns >= kOpenLongNs && tx_bytes != 0 && time - pair->last_call_ns >= kSecond) {
    ++pair->records;
    pair->call(time);
  }
  pair->call_tx_bytes += tx_bytes;
  look_for_exfil(stage_, *program, *pair, flow);
  look_for_long_connection(stage_, *program, *pair, flow);
}

// A newcomer has no fresh peers, only a first day.
void Watch::exfil_of_newcomer(Program& program, Pair& pair, const FlowFacts& flow) {
  if (program.newcomer) look_for_exfil(stage_, program, pair, flow);
}

void Watch::closed(const FlowFacts& flow, TimeNs time) {
  begin(time);
  Program* program = find(flow.app);
  if (program == nullptr) return;
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
  if (mark.first_contact) first_contact_failed(stage_, *program, flow);
  mark.first_contact = false;
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
}

void Watch::advance(TimeNs now) {
  begin(now);
  for (std::size_t i = 0; i < held_.size();) {
    Program* program = find(held_[i]);
    if (program != nullptr && program->held.used && now - program->held.since_ns < kHoldNs) {
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
