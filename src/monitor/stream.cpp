// The one stream on its way into the engine: enriched, written to the log, fed.
#include "monitor/monitor.h"

#include <algorithm>

#include "os/linux/host_clock.h"

namespace ipm::monitor {

using model::Event;
using model::EventKind;

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
    wanted.baselines_off = options_.bounds.baselines_off;
    if (options_.bounds.alerts_budget != 0) wanted.alerts_budget = options_.bounds.alerts_budget;
    if (options_.bounds.alerts_learn_s != 0) wanted.alerts_learn_s = options_.bounds.alerts_learn_s;
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
  {
    const std::lock_guard<std::mutex> lock(engine_mutex_);
    // Who asked for statistics before the first event made an engine of our own bounds; a recorded run brings its own.
    if (fed_ == 0 && events.front().header.kind == EventKind::kSettings) state_.reset();
    ensure_engine(events.data());
    if (enrichment_) {
      feed_enriched(events);
    } else {
      record_and_apply(events);
    }
  }
  tell_alerts();
}

// Not under the lock: whoever is told may want to look.
void Monitor::tell_alerts() {
  while (alert_callback_ && next_alert(told_alert_)) {
    const auto callback = alert_callback_;  // It may set another.
    callback(told_alert_);
  }
}

void Monitor::feed_enriched(std::span<const Event> events) {
  for (const Event& event : events) {
    if (enrichment_->replaces(event)) continue;
    if (Enrichment::needs_texts(event)) apply_enriched();
    enrichment_->look_up(event, state_->engine, enriched_);
    enriched_.push_back(event);
  }
  apply_enriched();
}

void Monitor::apply_enriched() {
  if (!enriched_.empty()) record_and_apply(enriched_);
  enriched_.clear();
  enrichment_->fed();
}

// Files that were replaced, and rows that are then to be looked up again.
void Monitor::refresh_enrichment() {
  if (!enrichment_ || mode_ != Mode::kLive) return;
  {
    const std::lock_guard<std::mutex> lock(engine_mutex_);
    enrichment_->refresh(os::monotonic_ns(), os::realtime_ns(), state_ ? &state_->engine : nullptr, enriched_);
    apply_enriched();
  }
  tell_alerts();
}

void Monitor::record_and_apply(std::span<const Event> events) {
  if (fed_ == 0) events = begin_stream(events);
  admit(events);
}

// What comes before everything else: the settings, then what was learned in earlier runs. Returns what is left.
std::span<const Event> Monitor::begin_stream(std::span<const Event> events) {
  const Event first = events.front();
  if (first.header.kind == EventKind::kSettings) {
    admit(events.first(1));
    events = events.subspan(1);
  } else {
    const Event settings =
        model::make_event(first.header.time_ns, EventKind::kSettings, {}, 0, state_->engine.bounds().rows);
    log({&settings, 1});
    // A recorded run has its own in its stream; what is made up knows nobody of this host.
    if (!made_up_) {
      feed_baselines(kept_loaded_, first.header.time_ns);
      feed_clues(first.header.time_ns);
    }
  }
  feed_baselines(imported_, first.header.time_ns);
  kept_loaded_ = {};
  imported_ = {};
  return events;
}

void Monitor::log(std::span<const Event> events) {
  if (!log_) return;
  const Status status = log_->append(events);
  recorded_events_ = log_->events();
  recorded_bytes_ = log_->bytes();
  if (!status.is_error()) return;
  log_failure_ = Status(status).with_context("record: stopped");
  log_.reset();
}

void Monitor::admit(std::span<const Event> events) {
  fed_ += events.size();
  log(events);
  if (callback_) {
    for (const Event& event : events) callback_(event);
  }
  state_->engine.feed(events);
}

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
