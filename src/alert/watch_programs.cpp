// Which programs are known, who gives way to another one, and who goes on from what was known of its predecessor.
#include <algorithm>
#include <cstring>

#include "alert/watch.h"

namespace ipm::alert {

using model::FlowFacts;

namespace {

constexpr TimeNs kKinshipNs = 10 * kMinute;  // So long at least before it counts as confirmed.

// As far as there is room.
void add_ports(std::array<Port, kPortsMax>& to, const std::array<Port, kPortsMax>& from) {
  for (const Port& port : from) {
    const auto find = [&](std::uint16_t number) {
      return std::find_if(to.begin(), to.end(), [&](const Port& own) { return own.number == number; });
    };
    if (port.number == 0 || find(port.number) != to.end()) continue;
    if (const auto free = find(0); free != to.end()) *free = port;
  }
}

}  // namespace

Program& Watch::ensure(std::uint32_t app, TimeNs time) {
  if (Program* known = find(app)) return *known;
  if (app >= programs_.size()) {
    programs_.resize(app + 1);
    account();
  }
  programs_[app] = std::make_unique<Program>(store_, app, bounds_.learn_ns, time);
  ++used_;
  Program& program = *programs_[app];
  make_room_for(program);
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
  program.newcomer = host_.first_ns != 0 && time - host_.first_ns >= host_.learn_ns;
  if (!program.newcomer) return program;
  // A program of that name and user which is there already may be this one before it moved.
  const Program* predecessor = nullptr;
  for (const std::unique_ptr<Program>& other : programs_) {
    if (!other || other->app == app || other->comm[0] == '\0') continue;
    if (other->uid != program.uid || other->name() != program.name()) continue;
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

// Each time that it may have grown: others give way.
void Watch::make_room_for(Program& program) {
  const std::size_t bytes = program.bytes();
  programs_bytes_ += bytes - program.counted_bytes;
  program.counted_bytes = bytes;
  while (programs_bytes_ > bounds_.bytes_max - bounds_.bytes_max / kThresholdsShare) {
    const Program* least = nullptr;
    bool least_open = false;
    for (const std::unique_ptr<Program>& each : programs_) {
      if (!each || each.get() == &program) continue;
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
  programs_bytes_ -= programs_[app]->counted_bytes;
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

// As far as it is known, also of an app that never used the network or gave way.
Actor Watch::actor_of(std::uint32_t app) const {
  Actor actor{.app = app + 1};
  if (app < programs_.size() && programs_[app]) {
    const Program& program = *programs_[app];
    actor.process = program.process;
    actor.exe_text = program.exe_text;
    actor.key_text = program.key_text;
    actor.comm = program.name();
  } else if (app < descriptions_.size()) {
    const Description& said = descriptions_[app];
    actor.process = said.process;
    actor.exe_text = said.exe_text;
    actor.key_text = said.key_text;
    actor.comm = {said.comm, strnlen(said.comm, sizeof said.comm)};
  }
  return actor;
}

void Watch::forget_app(std::uint32_t app) {
  listed_.forget_app(app);
  thresholds_.forget_app(app);
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
      if (each && each->uid == uid && each->accepts >= 10 && each->name() == parent) return true;
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
          .process = facts.process,
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
  program.heir_of = 0;
  if (kin) {
    program.heir_since_ns = program.first_ns;
    inherit(program, *from);
    if (baselines_ != nullptr) baselines_->inherited(program.app, program.key_text, from->app);
  } else if (program.blocks().pairs) {
    // It is another program of that name: what it met until now was new.
    for (Pair& pair : *program.blocks().pairs) pair.fresh = pair.novice = pair.used;
  }
  return kin;
}

// By now half of the networks and ports that either used lately are used by both (Jaccard).
void Watch::consider_kinship(Program& program, TimeNs time) {
  if (time - program.heir_since_ns < kKinshipNs) return;
  const std::uint32_t born_s = seconds_of(program.heir_since_ns);
  std::uint32_t either = 0, both = 0;
  const auto count = [&](std::uint32_t first_s, std::uint32_t seen_s) {
    if (seconds_of(kFreshNs) + seen_s < born_s) return;
    ++either;
    if (first_s < born_s && seen_s >= born_s) ++both;
  };
  program.nets.for_each([&](std::uint64_t, const Net& net) { count(net.first_s, net.seen_s); });
  for (const auto* ports : {&program.ports, &program.listens}) {
    for (const Port& port : *ports) {
      if (port.number != 0) count(seconds_of(port.first_ns), seconds_of(port.seen_ns));
    }
  }
  if (2 * both < either) return;
  program.heir_since_ns = 0;
  if (baselines_ != nullptr) baselines_->confirmed(program.app);
}

void Watch::inherit(Program& program, const Program& from) {
  from.nets.for_each([&](std::uint64_t key, const Net& net) {
    if (Net* known = program.nets.find(key)) {
      known->first_s = std::min(known->first_s, net.first_s);
    } else if (program.nets.size() < kNetsMax) {
      program.nets.add(key, net);
    }
  });
  from.systems.for_each([&](std::uint64_t asn, const Net& system) {
    if (program.systems.peek(asn) == nullptr) program.systems.add(asn, system);
  });
  add_ports(program.ports, from.ports);
  add_ports(program.listens, from.listens);
  program.ports_out = std::max(program.ports_out, from.ports_out);
  program.first_ns = from.first_ns;
  program.opens += from.opens;
  program.accepts += from.accepts;
  program.new_nets = from.new_nets;
  program.fresh_opens = from.fresh_opens;
  program.longest_ns = std::max(program.longest_ns, from.longest_ns);
  program.volume.day_max = std::max(program.volume.day_max, from.volume.day_max);
  program.volume.slow_day = std::max(program.volume.slow_day, from.volume.slow_day);
  program.volume.days += from.volume.days;
  program.scan.hosts = from.scan.hosts;
  program.scan.ports = from.scan.ports;
  program.lateral.day = from.lateral.day;
  program.churn.usual = std::max(program.churn.usual, from.churn.usual);
  program.newcomer = from.newcomer;
}

}  // namespace ipm::alert
