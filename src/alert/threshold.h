// What an operator wants to be told of, in one line of text:
//
//   big-upload metric=tx_bytes app="/usr/bin/*" above=500M per=1m for=3m severity=high
//   slow-db metric=srtt_us app=*/ledgerd* above=200ms deviation_above=300%
//   silent metric=opens app=*/backup* below=1 per=1d
//
// Each limit that is named has to be passed. docs/alerts.md says what each means.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "alert/alert.h"
#include "base/status.h"
#include "model/app_sample.h"

namespace ipm::alert {

// So much, or such a share of what was there before.
struct Rise {
  double amount = 0;  // In units of the metric, or per cent.
  bool percent = false;

  bool operator==(const Rise&) const = default;
};

struct Threshold {
  std::string name;
  model::AppMetric metric = model::AppMetric::kTxBytes;
  std::string app;  // Of an app key; '*' stands for anything. Empty: any.
  std::optional<double> above, below;
  std::optional<double> deviation_above, deviation_below;  // Per cent of what the baseline expects.
  std::optional<Rise> rise_above, fall_above;              // Within within_ns.
  std::optional<double> score_above;                       // Of the baseline.
  TimeNs per_ns = kMinute;                                 // Of a metric that counts: so much in that time.
  TimeNs within_ns = 5 * kMinute;
  TimeNs for_ns = 0;               // So long at a stretch.
  TimeNs quiet_ns = 15 * kMinute;  // The alert ends after so long without it.
  Severity severity = Severity::kMedium;

  bool needs_baseline() const { return deviation_above || deviation_below || score_above; }
  bool needs_change() const { return rise_above || fall_above; }
};

// Whether values of intervals add up: bytes, connections, segments, CPU time.
bool is_counted(model::AppMetric metric);

// Behind the word "threshold". INVALID_ARGUMENT: what is wrong with it and what it could be.
Result<Threshold> parse_threshold(std::string_view words);
// Only the name, of one that is to end.
Result<std::string> parse_threshold_name(std::string_view& words);

}  // namespace ipm::alert
