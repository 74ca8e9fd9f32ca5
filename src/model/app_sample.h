// One interval of one app as numbers, and what whoever knows the usual ones says of them.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string_view>

#include "base/time.h"

namespace ipm::model {

// Numbers stand in files: they are never reused.
enum class AppMetric : std::uint8_t {
  kTxBytes = 0,
  kRxBytes = 1,
  kOpens = 2,        // Connections made and accepted.
  kRemotes = 3,      // Distinct addresses that connections were opened to.
  kCpu = 4,          // While bytes moved.
  kFailures = 5,     // Connects that did not succeed.
  kResets = 6,       // Of established connections, by either side.
  kRetransmits = 7,  // Segments.
  kRtt = 8,          // Mean of its connections' smoothed round-trip times.
  kJitter = 9,       // Mean of their mean deviations.
};
inline constexpr std::uint32_t kAppMetrics = 10;

struct AppMetricInfo {
  std::string_view name;
  std::string_view unit;  // Of one interval.
};
inline constexpr std::array<AppMetricInfo, kAppMetrics> kAppMetricInfos = {{{"tx_bytes", "bytes"},
                                                                            {"rx_bytes", "bytes"},
                                                                            {"opens", ""},
                                                                            {"remotes", ""},
                                                                            {"cpu_ms", "ms"},
                                                                            {"connect_failures", ""},
                                                                            {"resets", ""},
                                                                            {"retransmits", "segments"},
                                                                            {"srtt_us", "us"},
                                                                            {"jitter_us", "us"}}};
constexpr const AppMetricInfo& info(AppMetric metric) {
  return kAppMetricInfos[static_cast<std::size_t>(metric)];
}

struct AppSample {
  static constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();

  std::uint32_t app = 0;       // Slot.
  std::uint32_t key_text = 0;  // Of app_key(); held by the app while it has the slot.
  std::int64_t local_s = 0;    // When the interval began: Unix time plus the offset of local time.
  TimeNs begin_ns = 0;         // Engine time.
  TimeNs end_ns = 0;
  bool active = false;                     // It did something; false: it ran, and was silent.
  std::array<double, kAppMetrics> values;  // By AppMetric; NaN: not measured.

  AppSample() { values.fill(kNotMeasured); }
};

// What one value is against the usual ones.
struct AppScore {
  bool missing = true;   // Not measured: the rest says nothing.
  bool known = false;    // Enough samples for a score.
  bool alarm = false;    // An incident began lately, and goes on: the score has reached the threshold.
  bool lasting = false;  // And so has that of the mean of the newest ones.
  double score = 0;
  double value = 0;
  double expected = 0, expected_low = 0, expected_high = 0;
  double highest = 0;                  // Of all that is remembered, before this one.
  double mean = 0, mean_expected = 0;  // Of a lasting one: that mean, and what is usual for it.
  double tail_probability = 1;         // Of an alarm: of an interval as unusual as this one.
  double confidence = 0;               // n / (n + 30) of n samples; the score has it in it.
  std::uint64_t samples = 0;
  // Of one that crept away from the past week: the level of the last day or two, and that of the week. Else 0.
  double level = 0, level_before = 0;
};
using AppScores = std::array<AppScore, kAppMetrics>;

}  // namespace ipm::model
