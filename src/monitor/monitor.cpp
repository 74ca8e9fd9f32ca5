#include "monitor/monitor.h"

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>

#include "base/key_values.h"
#include "os/linux/host_clock.h"
#include "source/registry.h"

namespace ipm::monitor {

using model::Event;
using model::EventKind;

namespace {

constexpr TimeNs kStepMaxNs = 365 * 24 * kHour;
constexpr TimeNs kIdleReadingNs = 10 * kMillisecond;
constexpr TimeNs kFlushPatienceNs = 2 * kSecond;

// The host's signal handlers are for its own threads: a new one inherits the mask of the one that makes it. The mask
// comes back also when no thread could be made.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

std::string adding(std::string_view uri) {
  return "add " + std::string(uri.substr(0, 200));
}

}  // namespace

Monitor::Monitor(const MonitorOptions& options) : options_(options), owner_pid_(::getpid()) {}

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
  if (!options.hash_seed_given) monitor->options_.bounds.hash_seed = os::random_u64();
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
    if (log_) (void)log_->close();  // Nobody is left to hear of a failure; flush() and record(NULL) report it.
  } else {
    // The threads are the parent's and do not exist here; what they owned is only memory.
    for (const std::unique_ptr<Input>& input : inputs_) {
      if (input->thread.joinable()) input->thread.detach();
    }
    (void)log_.release();  // Its descriptor shares the parent's offset: writing would spoil the log.
  }
  if (wake_fd_ >= 0) ::close(wake_fd_);
  if (epoll_fd_ >= 0) ::close(epoll_fd_);
}

bool Monitor::forked() const {
  return ::getpid() != owner_pid_;
}

// --- sources ---

std::uint16_t Monitor::next_number() const {
  std::uint32_t next = 1;
  for (const std::unique_ptr<Input>& input : inputs_) {
    const bool run = input->source() != nullptr && input->source()->carries_run();
    next = std::max<std::uint32_t>(next, input->number() + (run ? std::uint32_t{kSourcesOfRun} : 1U));
  }
  return static_cast<std::uint16_t>(next);
}

std::uint32_t Monitor::lane_events(std::uint32_t wanted) const {
  if (wanted == 0) wanted = options_.lane_events;
  if (wanted != 0) return wanted;
  const std::uint64_t memory =
      options_.bounds.memory_max_bytes == 0 ? core::kMemoryDefaultBytes : options_.bounds.memory_max_bytes;
  return static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(std::bit_floor(memory / 64 / sizeof(Event)), 2'048, 16'384));
}

Status Monitor::add_source(std::string_view text) {
  Result<source::SourceUri> uri = source::parse_source_uri(text);
  if (!uri.ok()) return uri.status();
  source::SourceOptions options;
  options.uri = *uri;
  if (uri->scheme == "auto") return add_best(text, options);
  const source::Backend* backend = source::find_backend(uri->scheme);
  if (backend == nullptr) {
    std::vector<std::string_view> known = {"auto"};
    for (const source::Backend& each : source::backends()) known.push_back(each.scheme);
    const std::string_view near = nearest_word(uri->scheme, known);
    return Status::invalid_argument(
        "source " + quote_text(text.substr(0, 200)) + ": unknown scheme" +
        (near.empty() ? "; known are " + source::known_schemes() : "; did you mean " + std::string(near) + ":?"));
  }
  return add_source(backend->make(), text, options);
}

Status Monitor::add_best(std::string_view uri, const source::SourceOptions& options) {
  Result<std::vector<source::Candidate>> candidates = source::automatic_candidates(options);
  if (!candidates.ok()) return candidates.status().with_context(adding(uri));
  std::string reasons, passed_over;
  for (source::Candidate& candidate : *candidates) {
    const Status status = open_source(*candidate.source, candidate.options);
    if (!status.is_error()) return take_in(std::move(candidate.source), uri, passed_over);
    if (status.code() == Code::kInvalidArgument || status.code() == Code::kState) {
      return status.with_context(adding(uri));
    }
    // It says itself who it is.
    const std::string_view said = status.message();
    const std::string name = std::string(candidate.scheme) + ": ";
    const std::string reason(said.substr(said.starts_with(name) ? name.size() : 0));
    reasons += (reasons.empty() ? "" : "; ") + name + reason;
    passed_over += (passed_over.empty() ? "" : "\n") + std::string("what ") + name + "sees: " + reason;
  }
  return Status::unsupported("auto: no source works here: " + reasons);
}

Status Monitor::add_source(std::unique_ptr<source::Source> source, std::string_view uri,
                           const source::SourceOptions& options) {
  const Status status = open_source(*source, options);
  if (status.is_error()) return status.with_context(adding(uri));
  return take_in(std::move(source), uri, {});
}

Status Monitor::open_source(source::Source& source, const source::SourceOptions& options) const {
  const bool live = source.live();
  if (mode_ != Mode::kNone && live != (mode_ == Mode::kLive)) {
    return Status::state(
        "a live source and a file cannot be in one monitor, since their clocks differ; open another monitor");
  }
  source::SourceOptions with = options;
  with.own_thread = live && options_.threads;
  with.self_test = live && options_.self_test;
  return source.open(with);
}

Status Monitor::take_in(std::unique_ptr<source::Source> source, std::string_view uri, std::string_view passed_over) {
  const bool live = source->live();
  const std::string name(source->name());
  const bool run = source->carries_run();
  auto input = std::make_unique<Input>(next_number(), name, std::string(uri), std::move(source), lane_events(0), false);
  input->passed_over = passed_over;
  mode_ = live ? Mode::kLive : Mode::kOffline;
  carries_run_ = carries_run_ || run;
  return attach(std::move(input));
}

Result<Input*> Monitor::add_lane(std::string_view name, std::uint32_t capacity) {
  if (mode_ == Mode::kOffline)
    return Status::state("add lane: the monitor reads files; their clock is not this host's");
  if (capacity > (1U << 20)) return Status::invalid_argument("add lane: capacity above 1048576 events");
  auto input = std::make_unique<Input>(next_number(), std::string(name), "lane:" + std::string(name), nullptr,
                                       lane_events(capacity), false);
  mode_ = Mode::kLive;
  Input* raw = input.get();
  if (Status status = attach(std::move(input)); !status.ok()) return status;
  return raw;
}

Status Monitor::attach(std::unique_ptr<Input> input) {
  const std::uint64_t memory =
      options_.bounds.memory_max_bytes == 0 ? core::kMemoryDefaultBytes : options_.bounds.memory_max_bytes;
  const std::uint64_t bytes = (input->lane().capacity() + kStagedEvents) * sizeof(Event);
  if (inputs_.size() >= 64 || (lane_bytes_ != 0 && lane_bytes_ + bytes > memory / 4)) {
    return Status::limit(
        "add source: lanes would take more than a quarter of memory_max_bytes, or there are 63 already; raise it or "
        "lower lane_events");
  }
  source::Source* source = input->source();
  // Texts and rows name a source by a byte.
  if (input->number() + (source != nullptr && source->carries_run() ? kSourcesOfRun - 1 : 0) > 255) {
    return Status::limit("add source: an event log takes 64 of 255 source numbers; open another monitor for more logs");
  }
  if (source != nullptr) input->note_missing(0);
  const bool on_a_thread = source != nullptr && source->live() && options_.threads;
  if (source != nullptr && source->fd() >= 0 && !on_a_thread) {
    epoll_event event{};
    event.events = EPOLLIN;
    (void)::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, source->fd(),
                      &event);  // A descriptor that cannot be polled is always due.
  }
  {
    const std::lock_guard<std::mutex> lock(engine_mutex_);
    lane_bytes_ += bytes;
    inputs_.push_back(std::move(input));
  }
  Input& added = *inputs_.back();
  if (!(source != nullptr && source->carries_run())) {
    watch_host();  // The clock before the name, so that the stream begins with an anchor.
    model::SourceInfo info;
    info.number = added.number();
    added.name().copy(info.name, sizeof info.name - 1);
    // A file's first stamp is not known yet: its name goes first, at time 0, which is before everything.
    say(EventKind::kSourceInfo, mode_ == Mode::kLive ? os::boottime_ns() : 1, &info, sizeof info);
  }
  if (on_a_thread) {
    const SignalsBlocked blocked;
    added.thread = std::thread([this, &added] { run_thread(added); });
  }
  return Status::success();
}

void Monitor::run_thread(Input& input) {
  constexpr std::chrono::milliseconds kTurn{200};
  while (!stopping_.load(std::memory_order_relaxed)) {
    const Status status = input.source()->poll(input.writer(), kTurn);
    const bool over = status.is_error() || status.code() == Code::kEnd;
    input.note_missing(over ? 0 : os::monotonic_ns());
    if (status.ok()) wake();
    if (status.is_error()) input.failure = status;
    if (over) break;
  }
  input.end();
  wake();
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

bool Monitor::say(EventKind kind, TimeNs time, const void* payload, std::size_t bytes) {
  Event event;
  event.header.time_ns = time;
  event.header.kind = kind;
  if (bytes != 0) std::memcpy(event.payload, payload, bytes);
  return inputs_.front()->lane().push(event);
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
  const std::uint64_t count = merger_.run(inputs_, now, horizon, mode_ == Mode::kOffline && !flush,
                                          [this](std::span<const Event> events) { feed(events); });
  return count;
}

// The engine begins with the bounds of the recorded run, or with our own, which go into the stream first.
void Monitor::ensure_engine(const Event* first) {
  if (state_) return;
  model::Settings wanted = options_.bounds;
  if (first != nullptr && first->header.kind == EventKind::kSettings) {
    wanted = first->as<model::Settings>();
    // Who replays decides how much memory that may take. The bounds of rows follow from it.
    const std::uint64_t memory =
        options_.bounds.memory_max_bytes == 0 ? core::kMemoryDefaultBytes : options_.bounds.memory_max_bytes;
    wanted.memory_max_bytes = wanted.memory_max_bytes == 0 ? memory : std::min(wanted.memory_max_bytes, memory);
    wanted.memory_max_bytes = std::max(wanted.memory_max_bytes, core::kMemoryMinBytes);
    // So does who replays decide what is looked for in it.
    wanted.alerts_off = options_.bounds.alerts_off;
    wanted.alerts_budget = options_.bounds.alerts_budget;
    if (options_.bounds.flows_max != 0) wanted.flows_max = std::min(wanted.flows_max, options_.bounds.flows_max);
  }
  state_ = std::make_shared<EngineState>(core::share_memory(wanted));
  state_->engine.set_listener(eviction_listener_);
}

void Monitor::set_eviction_listener(core::EvictionListener* listener) {
  const std::lock_guard<std::mutex> lock(engine_mutex_);
  eviction_listener_ = listener;
  if (state_) state_->engine.set_listener(listener);
}

void Monitor::feed(std::span<const Event> events) {
  const std::lock_guard<std::mutex> lock(engine_mutex_);
  const bool beginning = fed_ == 0;
  // Who asked for statistics before the first event made an engine of our own bounds; a recorded run brings its own.
  if (beginning && events.front().header.kind == EventKind::kSettings) state_.reset();
  ensure_engine(events.data());
  fed_ += events.size();
  if (log_) {
    Status status;
    if (beginning && events.front().header.kind != EventKind::kSettings) {
      const Event settings =
          model::make_event(events.front().header.time_ns, EventKind::kSettings, {}, 0, state_->engine.bounds().rows);
      status = log_->append({&settings, 1});
    }
    if (!status.is_error()) status = log_->append(events);
    recorded_events_ = log_->events();
    recorded_bytes_ = log_->bytes();
    if (status.is_error()) {
      log_failure_ = status.with_context("record: stopped");
      log_.reset();
    }
  }
  if (callback_) {
    for (const Event& event : events) callback_(event);
  }
  state_->engine.feed(events);
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
    const bool more = poll_sources();
    const std::uint64_t fed = merge(false);
    if (log_failure_.is_error()) return std::exchange(log_failure_, Status::success());
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
  if (inputs_.size() == 1) return Status::success();
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

// --- recording ---

Status Monitor::flush_log() {
  const std::lock_guard<std::mutex> lock(engine_mutex_);
  if (!log_) return Status::success();
  Status status = log_->flush();
  recorded_bytes_ = log_->bytes();
  return status.with_context("record");
}

Status Monitor::record(const char* path) {
  const std::lock_guard<std::mutex> lock(engine_mutex_);
  if (path == nullptr) {
    if (!log_) return Status::success();
    Status status = log_->close();
    recorded_events_ = log_->events();
    recorded_bytes_ = log_->bytes();
    log_.reset();
    return status;
  }
  if (log_) return Status::state("record: a recording is running; end it with a NULL path");
  if (fed_ != 0)
    return Status::state("record: events were fed already; a log without its beginning cannot give the same tables");
  Result<std::unique_ptr<source::LogWriter>> log = source::LogWriter::open(path);
  if (!log.ok()) return log.status().with_context("record");
  log_ = std::move(*log);
  return Status::success();
}

}  // namespace ipm::monitor
