// Answers take several times as long as they did.
//
// Statistic: round-trip times smoothed fast against the same smoothed slowly. The slow mean stands still while it is
// slow. What is still slow a day after it was told is the usual one from then on, so that more on top of it is told.
#include <algorithm>

#include "alert/detectors.h"

namespace ipm::alert {
namespace {

constexpr std::uint32_t kSamplesMin = 100;
constexpr double kFast = 1.0 / 16;
constexpr double kSlow = 1.0 / 2048;
constexpr double kTimes = 4;
constexpr double kRiseMinUs = 50'000;  // Below that nobody waits.
constexpr TimeNs kAcceptNs = 24 * kHour;

// True: it is slow, and nobody was told of that much yet.
bool is_news(Latency& latency, TimeNs now) {
  if (latency.told_us == 0) return true;
  if (now - latency.told_ns < kAcceptNs) return latency.fast_us > kTimes * latency.told_us;
  latency.slow_us = latency.fast_us;
  latency.told_us = 0;
  return false;
}

}  // namespace

void look_at_latency(Stage& stage, Program& program, const model::FlowFacts& flow, std::uint32_t srtt_us) {
  Latency& latency = program.latency;
  const double value = srtt_us;
  ++latency.samples;
  if (latency.samples == 1) latency.fast_us = latency.slow_us = value;
  latency.fast_us += (value - latency.fast_us) * kFast;
  const bool slow = latency.fast_us > kTimes * latency.slow_us && latency.fast_us > latency.slow_us + kRiseMinUs;
  if (!slow || latency.samples < kSamplesMin) {
    const double weight = std::max(kSlow, 1.0 / latency.samples);
    latency.slow_us += (std::min(value, 3 * latency.slow_us + kRiseMinUs) - latency.slow_us) * weight;
    if (latency.fast_us < 2 * latency.slow_us + kRiseMinUs / 2) latency.told_us = 0;
    latency.since_ns = stage.now;
    return;
  }
  if (!is_news(latency, stage.now) || stage.host.outage(stage.now)) return;
  latency.told_us = latency.fast_us;
  latency.told_ns = stage.now;
  Finding finding{.kind = Kind::kLatency,
                  .severity = Severity::kLow,
                  .score = 0.5,
                  .strength = latency.fast_us,
                  .metric = "srtt_us",
                  .value = latency.fast_us,
                  .expected_low = 0,
                  .expected_high = kTimes * latency.slow_us,
                  .samples = latency.samples,
                  .since_ns = latency.since_ns};
  Sentence text = stage.about(program, flow.process);
  text << "waits ";
  text.number(latency.fast_us / 1000) << " ms for answers, the newest from ";
  stage.peer(text, flow.tuple->remote, flow.tuple->remote_port) << ", since ";
  text.moment(latency.since_ns) << "; usual are ";
  text.number(latency.slow_us / 1000) << " ms over ";
  text.count(latency.samples) << " samples.";
  stage.raise(program, flow.process, finding, text);
}

}  // namespace ipm::alert
