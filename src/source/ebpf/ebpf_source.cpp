#include "source/ebpf/ebpf_source.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <thread>
#include <utility>

#include "os/linux/clock.h"
#include "os/linux/netns.h"
#include "source/ebpf/ebpf.h"
#include "source/ebpf/intake.h"

namespace ipm::source {

std::unique_ptr<Source> make_ebpf_source(const SourceUri&) {
  return std::make_unique<ebpf::EbpfSource>();
}

}  // namespace ipm::source

namespace ipm::source::ebpf {
namespace {

// Reading pauses while the lane has less room than this; a record may come to a hundred events with its texts.
constexpr std::uint64_t kRoomMin = 1'024;
constexpr TimeNs kRoomWait = kMillisecond;
constexpr TimeNs kSweepInterval = 30 * kSecond;  // Of sockets whose end is not told.

}  // namespace

EbpfSource::EbpfSource() = default;

Capabilities EbpfSource::probe() const {
  // What works is found out by doing it, for a moment: a name that is there is no permission.
  KernelSide trial;
  Options small = options_;
  small.sockets_max = 16;
  small.ring_bytes = 64U << 10;
  const Status status = trial.open(small);
  Capabilities out;
  for (std::size_t i = 0; i < kParts; ++i) {
    const Part part{static_cast<std::uint8_t>(i)};
    out.push_back({std::string(facts_of(part).gives), trial.has(part), trial.absent(part)});
  }
  (void)status;  // It says what the first part that is absent says.
  return out;
}

Status EbpfSource::open(const SourceOptions& options) {
  if (wait_.is_open()) return Status::state("ebpf: is open already");
  Result<Options> read = read_options(options);
  if (!read.ok()) return read.status();
  options_ = *read;
  governor_ = Governor(options_.cpu_max);
  host::Waiting waiting;
  if (Status status = waiting.open(); !status.ok()) return status.with_context("ebpf");
  if (Status status = kernel_.open(options_); !status.ok()) return status.with_context("ebpf");
  // Of each record the ring is readable; of one that asked for it, once.
  if (Status status = waiting.watch(kernel_.ring_fd(), host::Waiting::Trigger::kEdge); !status.ok()) {
    return status.with_context("ebpf");
  }
  wait_ = std::move(waiting);
  processes_ = std::make_unique<host::Processes>(options_.proc_root, out_);
  Sockets::Settings settings;
  settings.sockets_max = std::size_t{options_.sockets_max} * 2;
  settings.counting = kernel_.has(Part::kLength) ? Counting::kCalls : Counting::kKernel;
  settings.ends_told = kernel_.has(Part::kLifecycle);
  settings.room_min = kRoomMin;
  sockets_ = std::make_unique<Sockets>(kernel_, out_, *processes_, settings);
  names_ = std::make_unique<Names>(out_, *sockets_);
  // Nothing of it is needed to see what sockets move; it is what that is compared with.
  namespaces_ =
      std::make_unique<host::Namespaces>(host::Namespaces::Settings{.proc_root = options_.proc_root, .sockets = false});
  host_counters_ = std::make_unique<host::Counters>(out_, *namespaces_);
  if (Status own = namespaces_->open_own(); !own.ok()) {
    degradations_["interface and namespace counters"] = std::string(own.message());
  }
  pids_are_procs_ = os::in_initial_pid_namespace() || options_.proc_root != Options{}.proc_root;
  if (!os::in_initial_pid_namespace()) {
    degradations_["names from /proc"] = "pids are those of the initial pid namespace; needs its /proc, as proc=";
  }
  next_due_ns_ = 0;
  if (options.self_test) self_test_.begin();
  // Before anything may end: who is told that the source is open may let go of what it held.
  if (kernel_.has(Part::kSeed)) {
    begin_look(false, os::boottime_ns());
    while (look_.reading()) (void)step_look(os::boottime_ns());
    phase_ = Phase::kIdle;
  }
  if (options.self_test) self_test_.end(kernel_);
  own_records_.set_pid(os::in_initial_pid_namespace() ? static_cast<std::uint32_t>(::getpid()) : self_test_.pid());
  return Status::success();
}

TimeNs EbpfSource::next_due_ns() const noexcept {
  if (phase_ != Phase::kIdle || looks_.waiting()) return 0;
  return next_due_ns_;
}

Status EbpfSource::poll(ring::Writer& out, std::chrono::nanoseconds timeout) {
  if (!wait_.is_open()) return Status::state("ebpf: poll before open");
  const TimeNs began = os::thread_cpu_ns();
  Status status = poll_within(out, timeout);
  cpu_ns_ += os::thread_cpu_ns() - began;
  return status;
}

Status EbpfSource::poll_within(ring::Writer& out, std::chrono::nanoseconds timeout) {
  out_.bind(&out);
  if (looks_.take()) next_due_ns_ = 0;
  const TimeNs end = os::boottime_ns() + std::min<TimeNs>(timeout.count(), kHour);
  const std::uint64_t written_before = out_.written();
  if (wait_.until(0)) return Status::timeout();  // Also takes note that the ring was readable.
  while (true) {
    bool short_of_room = false;
    const bool worked = work(short_of_room);
    const bool wrote = out_.written() != written_before;
    if (wrote || phase_ != Phase::kIdle || short_of_room) {
      // A full lane: leave its consumer some time, if the caller has it.
      if (short_of_room && timeout.count() > 0 && os::boottime_ns() < end) {
        std::this_thread::sleep_for(std::chrono::nanoseconds(kRoomWait));
      }
      if (wrote || short_of_room || timeout.count() <= 0 || os::boottime_ns() >= end) return Status::success();
      continue;
    }
    if (os::boottime_ns() >= end) return Status::timeout();
    if (!worked && wait_.until(std::min(end, next_due_ns()))) return Status::timeout();
  }
}

bool EbpfSource::work(bool& short_of_room) {
  // What was there before comes before what happened to it.
  if (!beginning_told_) {
    beginning_told_ = sockets_->settle_look(os::boottime_ns());
    short_of_room = !beginning_told_;
    if (!beginning_told_) return false;
  }
  bool worked = read_ring(short_of_room);
  for (int step = 0; step < 4 && advance_tick(short_of_room); ++step) worked = true;
  return worked;
}

bool EbpfSource::read_ring(bool& short_of_room) {
  if (out_.room() < kRoomMin || !sockets_->go_on()) {
    short_of_room = true;
    return false;
  }
  bool any = false;
  const bool stopped = kernel_.consume([&](std::span<const std::byte> record) {
    any = true;
    own_records_.pass(record, [&](std::span<const std::byte> each) { take_record(each, *names_, *sockets_); });
    return out_.room() >= kRoomMin && sockets_->go_on();
  });
  if (!stopped) ring_empty_ = true;
  short_of_room = stopped;
  return any;
}

bool EbpfSource::settle(TimeNs now) {
  if (!names_->settle(kernel_.epoch(), now, kRoomMin) || !sockets_->settle(now)) return false;
  // Of exits nobody told, or it was lost.
  if (pids_are_procs_ && (exits_lost_ || !kernel_.has(Part::kProcesses))) {
    const auto gone = [&](std::uint32_t pid) { sockets_->process_gone(pid, now); };
    if (!processes_->find_exits(now, kRoomMin, gone)) return false;
  }
  exits_lost_ = false;
  return true;
}

bool EbpfSource::advance_tick(bool& short_of_room) {
  const TimeNs now = os::boottime_ns();
  if (phase_ == Phase::kIdle) {
    if (now < next_due_ns_) return false;
    begin_tick(now);
    return true;
  }
  if (out_.room() < kRoomMin) {
    short_of_room = true;
    return false;
  }
  switch (phase_) {
    case Phase::kIdle:
      break;
    case Phase::kLook:
      if (step_look(now)) phase_ = Phase::kRing;
      break;
    case Phase::kRing:
      // What was told before the tick began belongs to it; so does what the look may have crossed.
      if (!ring_empty_) (void)read_ring(short_of_room);
      if (ring_empty_) phase_ = Phase::kSettle;
      break;
    case Phase::kSettle:
      if (!settle(now)) {
        short_of_room = true;
        return false;
      }
      phase_ = Phase::kCounters;
      break;
    case Phase::kCounters:
      if (!step_counters(now)) {
        short_of_room = true;
        return false;
      }
      phase_ = Phase::kProcesses;
      break;
    case Phase::kProcesses:
      if (!processes_->sample(now, kRoomMin)) {
        short_of_room = true;
        return false;
      }
      end_tick(now);
      break;
  }
  return true;
}

void EbpfSource::begin_tick(TimeNs now) {
  tick_began_ns_ = now;
  (void)looks_.begin();
  processes_->begin_look();
  kernel_.next_epoch();
  sockets_->begin_tick();
  ring_empty_ = false;
  count_losses(now);
  phase_ = Phase::kRing;
  const bool ends_told = kernel_.has(Part::kRelease) && kernel_.has(Part::kLifecycle);
  const bool sweep = !kernel_.has(Part::kLength) || ((!ends_told || sockets_->wants_look()) && now >= next_sweep_ns_);
  if ((look_wanted_ || sweep) && kernel_.has(Part::kSeed)) begin_look(look_after_loss_, now);
}

// At most 5 % of a core, whatever the host has of namespaces.
bool EbpfSource::step_counters(TimeNs now) {
  if (counters_cpu_ns_ == 0) {
    if (!counters_pace_.due(now)) return true;
    (void)namespaces_->scan(now, false);
    host_counters_->begin();
  }
  const TimeNs began = os::thread_cpu_ns();
  const bool done = host_counters_->step(now, kRoomMin);
  counters_cpu_ns_ += std::max<TimeNs>(1, os::thread_cpu_ns() - began);
  if (done) counters_pace_.ran(now, std::exchange(counters_cpu_ns_, 0));
  return done;
}

void EbpfSource::count_losses(TimeNs now) {
  if (out_.room() < kRoomMin) return;  // With the next tick.
  const KernelCounters before = std::exchange(counters_, kernel_.counters());
  KernelCounters grown;
  for (std::size_t i = 0; i < grown.size(); ++i) grown[i] = counters_[i] - before[i];
  const std::uint64_t refused_before = std::exchange(refused_before_, sockets_->refused());
  const Losses losses =
      losses_of(grown, sockets_->refused() - refused_before, kernel_.has(Part::kLength), kernel_.has(Part::kLifecycle));
  out_.lost(losses.names);
  for (const model::Loss& loss : losses.events) {
    out_.lost(loss.events);
    out_.write(model::make_event(now, model::EventKind::kLoss, {}, 0, loss));
  }
  if (losses.records == 0) return;
  sockets_->note_loss();
  exits_lost_ = true;
  look_wanted_ = true;
  look_after_loss_ = true;
}

void EbpfSource::begin_look(bool after_loss, TimeNs now) {
  Result<std::deque<SeedStream>> streams = kernel_.begin_seed(options_.proc_root);
  if (!streams.ok()) {
    degradations_["sockets whose records were lost"] = std::string(streams.status().message());
    return;
  }
  look_.begin(std::move(*streams), std::size_t{options_.sockets_max} * 2);
  look_wanted_ = look_after_loss_ = false;
  look_is_after_loss_ = after_loss;
  next_sweep_ns_ = now + kSweepInterval;
  sockets_->begin_look(now);
  phase_ = Phase::kLook;
}

bool EbpfSource::step_look(TimeNs now) {
  const std::uint64_t cut_before = look_.malformed();
  const Status status = look_.step([this](const ipm_record_seed& record) { seen(record); });
  for (std::uint64_t cut = cut_before; cut < look_.malformed(); ++cut) out_.malformed();
  if (status.ok()) return false;
  if (status.is_error()) {
    degradations_[std::string(facts_of(Part::kSeed).gives)] = std::string(status.message());
    return true;
  }
  sockets_->end_look(look_is_after_loss_, now);
  ring_empty_ = false;
  return true;
}

void EbpfSource::seen(const ipm_record_seed& record) {
  if (host::is_transfer(record.socket.cookie)) {
    self_test_.listed(record.socket.cookie);
    return out_.filtered();
  }
  sockets_->seen(record);
  // A socket that is in use tells its process.
  const ipm_tuple& tuple = record.socket.tuple;
  const bool tcp = tuple.protocol == model::kProtocolTcp;
  const bool in_use = tcp ? tuple.state != static_cast<std::uint8_t>(model::TcpState::kClose) : tuple.local_port != 0;
  if (kernel_.walks() && in_use && os::in_initial_pid_namespace()) {
    kernel_.tell_of(record.socket.actor.pid, record.socket.actor.image);
  }
}

void EbpfSource::end_tick(TimeNs now) {
  phase_ = Phase::kIdle;
  // Looks that were asked for come more often than the interval, and are not to stretch it.
  if (tick_began_ns_ - last_tick_ns_ >= options_.interval_ns) {
    if (last_tick_ns_ != 0) governor_.ticked(std::exchange(cpu_ns_, 0), now - last_tick_ns_);
    last_tick_ns_ = now;
  }
  next_due_ns_ = tick_began_ns_ + options_.interval_ns * governor_.stretch();
  looks_.answer();
}

Degradations EbpfSource::degradations() const {
  Degradations out;
  if (!wait_.is_open()) return out;
  for (std::size_t i = 0; i < kParts; ++i) {
    const Part part{static_cast<std::uint8_t>(i)};
    if (!kernel_.has(part)) out.push_back({std::string(facts_of(part).gives), false, kernel_.absent(part)});
  }
  if (sockets_->refused() > 0) {
    out.push_back({"sockets past the bound", false, "more sockets at once than sockets= has room for"});
  }
  if (sockets_->peers_refused() + counters_[IPM_COUNT_PEERS_FULL] > 0) {
    out.push_back({"whom udp sockets talk to, past the bound", false,
                   "more conversations at once than sockets= has room for; their bytes are told without a remote"});
  }
  if (counters_[IPM_COUNT_MAP_FULL] > 0) {
    out.push_back({"bytes past the bound", false,
                   "more pairs of socket and process at once than sockets= has room for; those of tcp are told when "
                   "their connection ends"});
  }
  if (processes_->refused() > 0) {
    out.push_back({"processes past the bound", false, "more talking processes than the source keeps"});
  }
  if (kernel_.has(Part::kSeed) && kernel_.walks()) {
    out.push_back({"raw and mptcp sockets from before the source was opened", false,
                   "the kernel's verifier does not trust sockets behind files (EACCES); told when they are used"});
  }
  if (governor_.stretch() > 1) {
    out.push_back({"sums every " + std::to_string(options_.interval_ns / kMillisecond) + " ms", false,
                   "read every " + std::to_string(options_.interval_ns * governor_.stretch() / kMillisecond) +
                       " ms, to stay below cpu_max"});
  }
  out.insert(out.end(), self_test_.missing().begin(), self_test_.missing().end());
  for (const auto& [what, reason] : degradations_) out.push_back({what, false, reason});
  return out;
}

}  // namespace ipm::source::ebpf
