// Apps by intervals: the differences of their counters, for whoever learns what is usual or watches for limits.
//
// Intervals are multiples of their length in engine time. One that the host slept through, or that nothing was seen of
// before a long silence of the whole stream, is a gap: no value, which is not zero.
#include "core/engine.h"

namespace ipm::core {

using model::AppMetric;
using model::AppSample;

namespace {

// Intervals without any event after which it is not known that nothing happened: nobody looked. A live stream says
// every second that time passes; a file may be sparse.
constexpr std::int64_t kSilentLive = 1;
constexpr std::int64_t kSilentFile = 60;

struct Moved {
  Traffic bytes;
  std::uint64_t opens, failures, resets, retransmits;
};

// What the counters have beyond those at the beginning of the interval.
Moved since_beginning(const Activity& activity, const AppInterval& begun) {
  Traffic bytes = activity.total();
  bytes.subtract(activity.before);
  bytes.subtract({begun.tx, begun.rx});
  return {.bytes = bytes,
          .opens = activity.connects + activity.accepts - begun.opens,
          .failures = activity.connect_failures - begun.failures,
          .resets = activity.resets_rx + activity.resets_tx - begun.resets,
          .retransmits = activity.retransmits - begun.retransmits};
}

AppInterval beginning(const Activity& activity) {
  Traffic bytes = activity.total();
  bytes.subtract(activity.before);
  AppInterval interval;
  interval.tx = bytes.tx;
  interval.rx = bytes.rx;
  interval.opens = activity.connects + activity.accepts;
  interval.failures = activity.connect_failures;
  interval.resets = activity.resets_rx + activity.resets_tx;
  interval.retransmits = activity.retransmits;
  interval.whole = true;
  return interval;
}

}  // namespace

void Engine::note_delay(AppInterval& interval, const model::TcpSnapshot& snapshot) {
  if ((snapshot.measured & model::TcpSnapshot::kSrtt) != 0) {
    interval.srtt_us_sum += snapshot.srtt_us;
    ++interval.srtts;
  }
  if ((snapshot.measured & model::TcpSnapshot::kJitter) != 0) {
    interval.jitter_us_sum += snapshot.jitter_us;
    ++interval.jitters;
  }
}

// `cpu_ns` since the process started; the row has what was known before.
void Engine::note_cpu(const ProcessRow& process, std::uint64_t cpu_ns) {
  if (process.app == 0 || (process.sampled & model::ProcessSample::kCpu) == 0) return;
  AppInterval& interval = apps_.edit(process.app - 1).interval;
  if (cpu_ns > process.cpu_ns) interval.cpu_ns += cpu_ns - process.cpu_ns;
  interval.cpu_measured = true;
}

void Engine::end_intervals(TimeNs time) {
  const TimeNs length = TimeNs{bounds_.rows.baseline_interval_s} * kSecond;
  const TimeNs silent_max = (time_is_told_ ? kSilentLive : kSilentFile) * length;
  if (interval_end_ == 0 || time - interval_end_ >= silent_max) return drop_interval(time);
  for (; interval_end_ <= time; interval_end_ += length) {
    sample_apps(interval_end_ - length);
    ++interval_number_;
  }
}

// The one that goes on is not whole: it teaches nothing. The next begins at the next multiple.
void Engine::drop_interval(TimeNs time) {
  const TimeNs length = TimeNs{bounds_.rows.baseline_interval_s} * kSecond;
  interval_end_ = (time / length + 1) * length;
  ++interval_number_;
  for (std::uint32_t slot = 0; slot < apps_.rows().slots(); ++slot) {
    if (apps_.at(slot).used) apps_.edit(slot).interval = {};
  }
}

void Engine::sample_apps(TimeNs begin_ns) {
  for (std::uint32_t slot = 0; slot < apps_.rows().slots(); ++slot) {
    if (apps_.at(slot).used) sample_app(slot, begin_ns);
  }
}

void Engine::sample_app(std::uint32_t slot, TimeNs begin_ns) {
  const AppRow& row = apps_.at(slot);
  const Activity& activity = row.activity;
  const AppInterval interval = row.interval;
  if (!interval.whole) {
    apps_.edit(slot).interval = beginning(activity);
    return;
  }
  const Moved moved = since_beginning(activity, interval);
  AppSample sample;
  sample.active = (moved.bytes.tx | moved.bytes.rx | moved.opens | moved.failures | moved.resets | moved.retransmits |
                   interval.remotes) != 0;
  if (!sample.active && row.processes == 0) return;  // Nobody was there who could have been silent.
  if (sample.active || interval.cpu_measured || interval.srtts != 0 || interval.jitters != 0)
    apps_.edit(slot).interval = beginning(activity);

  sample.app = slot;
  sample.key_text = row.key;
  sample.local_s = clock_.local_s(begin_ns);
  sample.begin_ns = begin_ns;
  sample.end_ns = interval_end_;
  const auto set = [&](AppMetric metric, bool measured, double value) {
    if (measured) sample.values[static_cast<std::size_t>(metric)] = value;
  };
  const auto count = [](std::uint64_t value) { return static_cast<double>(value); };
  const bool countable = activity.unmeasured == 0;
  set(AppMetric::kTxBytes, countable || (activity.measured & model::SocketData::kTxBytes) != 0, count(moved.bytes.tx));
  set(AppMetric::kRxBytes, countable || (activity.measured & model::SocketData::kRxBytes) != 0, count(moved.bytes.rx));
  set(AppMetric::kOpens, true, count(moved.opens));
  set(AppMetric::kRemotes, !interval.remotes_short, interval.remotes);
  const bool communicated = (moved.bytes.tx | moved.bytes.rx) != 0;
  set(AppMetric::kCpu, interval.cpu_measured && communicated, count(interval.cpu_ns) / 1e6);
  set(AppMetric::kFailures, (activity.measured & Activity::kFailures) != 0, count(moved.failures));
  set(AppMetric::kResets, activity.resets_rx + activity.resets_tx != 0, count(moved.resets));
  set(AppMetric::kRetransmits, (activity.measured & Activity::kRetransmits) != 0, count(moved.retransmits));
  set(AppMetric::kRtt, interval.srtts != 0, count(interval.srtt_us_sum) / interval.srtts);
  set(AppMetric::kJitter, interval.jitters != 0, count(interval.jitter_us_sum) / interval.jitters);
  const model::AppScores* scores = baselines_ == nullptr ? nullptr : baselines_->sample(sample);
  if (watch_ != nullptr) watch_->sampled(sample, scores);
}

void Engine::note_suspend(const model::Event& event) {
  const auto anchor = event.as<model::ClockAnchor>();
  if (anchor.reason == model::AnchorReason::kSuspend) drop_interval(event.header.time_ns);
}

void Engine::note_baseline(const model::Event& event) {
  if (baselines_ == nullptr) return;
  const auto part = event.as<model::BaselinePart>();
  const std::uint32_t app = texts_.of_source(event.header.source, part.app);
  if (!baselines_->learned(app, part)) ++counters_.malformed;
  texts_.release(app);
}

}  // namespace ipm::core
