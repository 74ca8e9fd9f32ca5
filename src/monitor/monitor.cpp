#include "monitor/monitor.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "os/linux/host_clock.h"

namespace ipm::monitor {

using model::Event;
using model::EventKind;

namespace {

constexpr TimeNs kStepMaxNs = 365 * 24 * kHour;
constexpr TimeNs kIdleReadingNs = 10 * kMillisecond;
constexpr TimeNs kFlushPatienceNs = 2 * kSecond;

}  // namespace

Monitor::Monitor(const MonitorOptions& options)
    : options_(options), owner_pid_(::getpid()), rules_(options.rules.begin(), options.rules.end()) {}

Result<std::unique_ptr<Monitor>> Monitor::open(const MonitorOptions& options) {
  std::unique_ptr<Monitor> monitor(new Monitor(options));
  if (options.bounds.memory_max_bytes != 0 && options.bounds.memory_max_bytes < core::kMemoryMinBytes) {
    return Status::limit("open monitor: memory_max_bytes is less than 4 MiB: too little to work in");
  }
  monitor->epoll_fd_ = ::epoll_create1(EPOLL_CLOEXEC);
  if (monitor->epoll_fd_ < 0) return Status::from_errno("open monitor: epoll_create1", errno);
  monitor->wake_fd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (monitor->wake_fd_ < 0) return Status::from_errno("open monitor: eventfd", errno);
  epoll_event wake{};
  wake.events = EPOLLIN;
  if (::epoll_ctl(monitor->epoll_fd_, EPOLL_CTL_ADD, monitor->wake_fd_, &wake) != 0) {
    return Status::from_errno("open monitor: epoll_ctl", errno);
  }
  if (options.lookups.any()) {
    LookupOptions lookups = options.lookups;
    lookups.own_thread = options.threads;
    Result<std::unique_ptr<LookupFiles>> files = LookupFiles::open(lookups);
    if (!files.ok()) return files.status().with_context("open monitor");
    monitor->enrichment_ = std::make_unique<Enrichment>(std::move(*files), kEnrichmentNumber);
  }
  if (!options.hash_seed_given) monitor->options_.bounds.hash_seed = os::random_u64();
  if (!options.baselines_path.empty()) {
    monitor->kept_ = KeptBaselines(options.baselines_path);
    monitor->kept_loaded_ = monitor->kept_.load(monitor->baselines_interval_s());
  }
  if (Status status = monitor->load_clues(); !status.ok()) return status.with_context("open monitor");
  monitor->inputs_.push_back(std::make_unique<Input>(std::uint16_t{0}, "monitor", "", nullptr, 256, false));
  return monitor;
}

Monitor::~Monitor() {
  if (!forked()) {
    stopping_.store(true, std::memory_order_relaxed);
    for (const std::unique_ptr<Input>& input : inputs_) {
      if (!input->thread.joinable()) continue;
      input->writer().stop();
      input->source()->interrupt();
      input->thread.join();
    }
    save_baselines();
    (void)save_clues();             // As of the log below.
    if (log_) (void)log_->close();  // Nobody is left to hear of a failure; flush() and record(NULL) report it.
  } else {
    // The threads are the parent's and do not exist here; what they owned is only memory.
    for (const std::unique_ptr<Input>& input : inputs_) {
      if (input->thread.joinable()) input->thread.detach();
    }
    if (enrichment_) enrichment_->abandon();
    (void)log_.release();  // Its descriptor shares the parent's offset: writing would spoil the log.
  }
  if (wake_fd_ >= 0) ::close(wake_fd_);
  if (epoll_fd_ >= 0) ::close(epoll_fd_);
}

bool Monitor::forked() const {
  return ::getpid() != owner_pid_;
}

void Monitor::interrupt() noexcept {
  interrupted_.store(true, std::memory_order_relaxed);  // The write below orders it.
  wake();
}

void Monitor::wake() noexcept {
  const std::uint64_t one = 1;
  (void)!::write(wake_fd_, &one, sizeof one);
}

// --- the loop ---

// True: some source says that more may be ready.
bool Monitor::poll_sources() {
  bool more = false;
  for (const std::unique_ptr<Input>& input : inputs_) {
    if (input->source() == nullptr || input->thread.joinable() || input->ended()) continue;
    const Status status = input->source()->poll(input->writer(), std::chrono::nanoseconds(0));
    const bool over = status.is_error() || status.code() == Code::kEnd;
    input->note_missing(over ? 0 : os::monotonic_ns());
    more = more || status.ok();
    if (status.is_error()) input->failure = status;
    if (!over) continue;
    input->end();
    // Readable for good, perhaps: nobody reads it any more.
    if (input->source()->fd() >= 0) (void)::epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, input->source()->fd(), nullptr);
  }
  return more;
}

// What the monitor itself has to say in the stream: clocks, passing time, and events that lanes dropped.
void Monitor::watch_host() {
  if (mode_ != Mode::kNone) say_rules();
  if (mode_ == Mode::kLive) {
    model::ClockAnchor anchor;
    if (clock_watch_.due(anchor)) say(EventKind::kClockAnchor, anchor.boottime_ns, &anchor, sizeof anchor);
    const TimeNs now = os::boottime_ns();
    if (now - last_advance_ns_ >= kSecond) {
      last_advance_ns_ = now;
      say(EventKind::kTimeAdvance, now, nullptr, 0);
    }
  }
  for (const std::unique_ptr<Input>& input : inputs_) {
    const std::uint64_t drops = input->lane().drops();
    if (drops == input->drops_reported) continue;
    model::Loss loss;
    loss.what = model::LossWhat::kLaneFull;
    loss.events = drops - input->drops_reported;
    const TimeNs time = mode_ == Mode::kLive ? os::boottime_ns() : 1;
    // Without room it is said with the next step.
    if (input->number() == 0 || say(EventKind::kLoss, time, &loss, sizeof loss)) input->drops_reported = drops;
  }
}

bool Monitor::has_alert(std::uint64_t id) {
  const std::lock_guard<std::mutex> lock(engine_mutex_);
  if (!state_ || !state_->watch) return false;
  const alert::AlertPages& rows = state_->watch->episodes().rows();
  for (std::uint32_t slot = 0; slot < rows.slots(); ++slot) {
    if (rows.at(slot).used && rows.at(slot).id == id) return true;
  }
  return false;
}

Status Monitor::rule(std::string_view line) {
  Result<alert::Rule> rule = alert::parse_rule(line);
  if (!rule.ok()) return rule.status();
  if (options_.bounds.alerts_off != 0) return Status::state("rule: alerts are off in this monitor (alerts = on)");
  if (rules_.size() >= alert::Rules::kMax) return Status::limit("rule: 256 wait to be said; step the monitor first");
  const bool of_alert = rule->verb == alert::Verb::kAcknowledge || rule->verb == alert::Verb::kFalsePositive;
  if (of_alert && !has_alert(rule->alert)) {
    return Status::not_found("rule: there is no alert " + std::to_string(rule->alert) +
                             "; the column id of the table alerts has their numbers");
  }
  rules_.emplace_back(line);
  return Status::success();
}

// Each as a text and what refers to it. In a file's time it is now what was fed last.
void Monitor::say_rules() {
  ring::Writer& writer = inputs_.front()->writer();
  TimeNs now = 1;
  if (mode_ == Mode::kLive) now = os::boottime_ns();
  if (mode_ == Mode::kOffline && state_) now = std::max<TimeNs>(1, state_->engine.now());
  for (; !rules_.empty(); rules_.pop_front()) {
    const model::OperatorRule rule{.text = texts_.id(rules_.front(), now, writer)};
    if (rule.text == 0 || writer.free() == 0) return;  // With the next step.
    (void)say(EventKind::kOperatorRule, now, &rule, sizeof rule);
  }
}

bool Monitor::say(EventKind kind, TimeNs time, const void* payload, std::size_t bytes) {
  Event event;
  event.header.time_ns = time;
  event.header.kind = kind;
  if (bytes != 0) std::memcpy(event.payload, payload, bytes);
  return inputs_.front()->lane().push(event);
}

// Of files: until when a step may go on, by the next event that waits.
TimeNs Monitor::span_end() const {
  TimeNs first = std::numeric_limits<TimeNs>::max();
  for (const std::unique_ptr<Input>& input : inputs_) {
    if (const Event* head = input->head(0)) first = std::min(first, head->header.time_ns);
  }
  const TimeNs span = options_.step_span_max_ns;
  const TimeNs begin = first - (first % span + span) % span;
  return begin < std::numeric_limits<TimeNs>::max() - span ? begin + span - 1 : std::numeric_limits<TimeNs>::max();
}

std::uint64_t Monitor::merge(bool flush) {
  const TimeNs now = mode_ == Mode::kLive ? os::boottime_ns() : 0;
  TimeNs horizon = std::numeric_limits<TimeNs>::max();
  if (mode_ == Mode::kLive && !flush && (inputs_.size() > 2 || options_.threads)) {
    horizon = now - options_.merge_window_ns;
    // A full lane cannot wait: the window shrinks to what it has room for.
    for (const std::unique_ptr<Input>& input : inputs_) {
      if (input->full()) horizon = std::numeric_limits<TimeNs>::max();
    }
  }
  if (mode_ == Mode::kOffline) inputs_.front()->end();
  if (mode_ == Mode::kOffline && !flush && options_.step_span_max_ns != 0) horizon = span_end();
  const std::uint64_t count = merger_.run(inputs_, now, horizon, mode_ == Mode::kOffline && !flush,
                                          [this](std::span<const Event> events) { feed(events); });
  return count;
}

bool Monitor::all_ended() const {
  bool any = false;
  for (const std::unique_ptr<Input>& input : inputs_) {
    if (input->number() == 0 && mode_ != Mode::kOffline) continue;
    any = any || input->number() != 0;
    if (input->number() != 0 && (!input->ended() || !input->drained())) return false;
  }
  return any;
}

TimeNs Monitor::next_due_ns() const {
  TimeNs due = std::numeric_limits<TimeNs>::max();
  for (const std::unique_ptr<Input>& input : inputs_) {
    if (input->source() != nullptr && !input->thread.joinable() && !input->ended())
      due = std::min(due, input->source()->next_due_ns());
    const bool held = !input->drained();
    if (held) due = std::min(due, mode_ == Mode::kLive ? os::boottime_ns() + options_.merge_window_ns / 2 : TimeNs{0});
  }
  return due;
}

void Monitor::wait(TimeNs timeout_ns) {
  const TimeNs due = next_due_ns();
  TimeNs until_due =
      due == std::numeric_limits<TimeNs>::max() ? timeout_ns : std::max<TimeNs>(0, due - os::boottime_ns());
  bool pushed_to = false;  // Lanes of embedders' threads wake nobody: look at them every few milliseconds.
  for (const std::unique_ptr<Input>& input : inputs_)
    pushed_to = pushed_to || (input->number() != 0 && input->source() == nullptr && !input->ended());
  if (pushed_to) until_due = std::min(until_due, 5 * kMillisecond);
  const TimeNs wait_ns = std::min(timeout_ns, until_due);
  const int wait_ms = static_cast<int>(std::clamp<TimeNs>((wait_ns + kMillisecond - 1) / kMillisecond, 0, 60'000));
  epoll_event events[8];
  const int ready = ::epoll_wait(epoll_fd_, events, 8, wait_ms);
  std::uint64_t drained = 0;
  if (ready > 0) (void)!::read(wake_fd_, &drained, sizeof drained);
}

Status Monitor::step(TimeNs timeout_ns) {
  if (inputs_.size() == 1) return Status::state("step: the monitor has no source; add one first");
  const TimeNs begun = os::monotonic_ns();
  const TimeNs deadline = begun + std::clamp<TimeNs>(timeout_ns, 0, kStepMaxNs);
  for (;;) {
    watch_host();
    refresh_enrichment();
    const bool more = poll_sources();
    const std::uint64_t fed = merge(false);
    if (log_failure_.is_error()) return std::exchange(log_failure_, Status::success());
    if (Status status = save_when_due(); status.is_error()) return status;
    if (fed != 0) return Status::success();
    if (all_ended()) {
      if (Status status = flush_log(); status.is_error()) return status;
      return Status::end();
    }
    if (interrupted_.exchange(false, std::memory_order_relaxed)) return Status::timeout();
    const TimeNs now = os::monotonic_ns();
    if (more) {
      // Read, and nothing of it to be fed: comments of a file, or a source that has more. The next call goes on.
      if (now >= std::max(deadline, begun + kIdleReadingNs)) return Status::success();
      continue;
    }
    const TimeNs left = deadline - now;
    if (left <= 0) return Status::timeout();
    wait(left);
    if (interrupted_.exchange(false, std::memory_order_relaxed)) return Status::timeout();
  }
}

// True: a source has not answered look_now() yet.
bool Monitor::any_looks() const {
  return std::any_of(inputs_.begin(), inputs_.end(), [](const std::unique_ptr<Input>& input) {
    return input->source() != nullptr && !input->ended() && input->source()->looking();
  });
}

Status Monitor::flush() {
  if (inputs_.size() == 1) {
    // Nothing but what was imported.
    const Event nothing = model::make_event(1, EventKind::kTimeAdvance, {}, 0, model::ProcessExit{});
    if (fed_ == 0 && !(imported_.all().empty() && kept_loaded_.all().empty())) feed({&nothing, 1});
    return Status::success();
  }
  const TimeNs deadline = os::monotonic_ns() + kFlushPatienceNs;
  for (const std::unique_ptr<Input>& input : inputs_) {
    if (input->source() == nullptr || input->ended()) continue;
    input->source()->look_now();
    if (input->thread.joinable()) input->source()->interrupt();
  }
  if (mode_ == Mode::kLive) {
    do {
      const bool looking = any_looks();  // Asked before the merge: when it is over, what they saw is in it.
      watch_host();
      const bool more = poll_sources();
      merge(true);
      if (more) continue;
      if (!looking) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    } while (os::monotonic_ns() < deadline);
    const TimeNs now = os::boottime_ns();
    last_advance_ns_ = now;
    say(EventKind::kTimeAdvance, now, nullptr, 0);
  }
  merge(mode_ == Mode::kLive);
  if (log_failure_.is_error()) return std::exchange(log_failure_, Status::success());
  return flush_log();
}

}  // namespace ipm::monitor
