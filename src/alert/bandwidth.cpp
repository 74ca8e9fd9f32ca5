// Far more leaves in ten minutes than in any ten minutes before.
//
// Statistic: bytes sent in windows of ten minutes against the largest so far, which fades by 5 % a day.
#include <algorithm>
#include <cmath>

#include "alert/detectors.h"

namespace ipm::alert {
namespace {

constexpr TimeNs kWindowNs = 10 * kMinute;
constexpr TimeNs kDayNs = 24 * kHour;
constexpr std::uint32_t kWindowsMin = 12;
constexpr double kTimes = 10;
constexpr double kBytesMin = 5e7;
constexpr std::uint64_t kNeverBytes = ~std::uint64_t{0};
constexpr double kNever = 1e19;
constexpr double kFadePerDay = 0.95;

void roll_day(Volume& volume, TimeNs now) {
  if (volume.day_ns == 0) volume.day_ns = now;
  while (now - volume.day_ns >= kDayNs) {
    volume.day_max = std::max(volume.day_max * kFadePerDay, static_cast<double>(volume.day_tx));
    volume.window_max *= kFadePerDay;
    volume.day_tx = 0;
    // A long silence is one step: what was largest has faded by then anyway.
    volume.day_ns = now - volume.day_ns >= 60 * kDayNs ? now : volume.day_ns + kDayNs;
  }
}

}  // namespace

void look_at_volume(Stage& stage, Program& program, const model::FlowFacts& flow) {
  Volume& volume = program.volume;
  const TimeNs now = stage.now;
  roll_day(volume, now);
  if (now - volume.window_ns >= kWindowNs) {
    // The record that came now belongs to the new window. It is one of many.
    const auto sent = static_cast<double>(volume.window_tx);
    // An attack must not teach what is usual: a window counts for at most twice the largest before it.
    const double taught = volume.windows < kWindowsMin ? sent : std::min(sent, 2 * volume.window_max + kBytesMin / 50);
    volume.window_max = std::max(volume.window_max, taught);
    if (sent != 0) ++volume.windows;
    volume.window_ns = now;
    volume.window_tx = 0;
    const bool judged = volume.windows >= kWindowsMin && program.learned(now);
    const double limit = std::max(kBytesMin, kTimes * volume.window_max);
    volume.window_limit = judged && limit < kNever ? static_cast<std::uint64_t>(limit) : kNeverBytes;
  }
  volume.look_ns = std::min(volume.window_ns + kWindowNs, volume.day_ns + kDayNs);
  if (volume.window_tx < volume.window_limit) return;
  volume.window_limit = kNeverBytes;  // Once a window.
  const auto sent = static_cast<double>(volume.window_tx);
  Finding finding{.kind = Kind::kBandwidth,
                  .severity = Severity::kMedium,
                  .score = std::clamp(0.55 + 0.08 * std::log2(sent / (kTimes * volume.window_max + 1)), 0.0, 0.9),
                  .metric = "tx_bytes",
                  .value = sent,
                  .expected_low = 0,
                  .expected_high = volume.window_max,
                  .samples = volume.windows,
                  .since_ns = volume.window_ns};
  Sentence text = stage.about(program, flow.process);
  text << "sent ";
  text.bytes(sent) << " in the ";
  text.span(std::max(now - volume.window_ns, kSecond)) << " since ";
  text.moment(volume.window_ns) << ", the last part of it to ";
  text.peer(flow.tuple->remote, flow.tuple->remote_port) << "; the most in ten minutes so far was ";
  text.bytes(volume.window_max) << ", over ";
  text.count(volume.windows) << " such windows with traffic.";
  stage.raise(program, flow.process, finding, text);
}

}  // namespace ipm::alert
