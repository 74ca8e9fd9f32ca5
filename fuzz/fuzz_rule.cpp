// Any bytes as an operator's rule: they parse or say why not, and a rule that parses stands for itself.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "alert/rules.h"
#include "alert/thresholds.h"

namespace {

using ipm::kMinute;

// It stands, judges whatever comes, and ends.
void try_threshold(const ipm::alert::Threshold& threshold) {
  ipm::PageStore store(1 << 20);
  ipm::alert::Thresholds thresholds(store, 1 << 16);
  if (!thresholds.take(threshold)) std::abort();
  ipm::model::AppScores scores;
  ipm::model::AppSample sample;
  for (const double value : {0.0, 1.0, -1.0, 1e300, 1e-300, ipm::model::AppSample::kNotMeasured, 5.0}) {
    sample.values.fill(value);
    scores.fill({.missing = false, .known = true, .score = value, .expected = value / 3});
    sample.end_ns = sample.begin_ns + kMinute;
    for (const ipm::alert::Passing& each : thresholds.judge(sample, &scores, threshold.app)) {
      if (each.lasts_ns < threshold.for_ns) std::abort();
    }
    sample.begin_ns = sample.end_ns;
  }
  if (!thresholds.lift(threshold.name) || thresholds.lines() != 0) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  ipm::Result<ipm::alert::Rule> rule = ipm::alert::parse_rule(line);
  if (!rule.ok()) {
    if (rule.status().message().empty()) std::abort();
    return 0;
  }
  if (rule->verb == ipm::alert::Verb::kThreshold) {
    if (rule->lifts == rule->threshold.has_value()) std::abort();
    if (!rule->lifts) try_threshold(*rule->threshold);
    return 0;
  }
  ipm::alert::Rules rules;
  ipm::alert::Rule standing = *rule;
  standing.lifts = false;
  if (!standing.stands()) return 0;
  if (!rules.take(standing, 0)) std::abort();
  (void)rules.suppresses({}, standing.app, 0);
  if (!standing.app.empty() && !ipm::alert::matches_pattern("*" + standing.app + "*", standing.app)) std::abort();
  standing.lifts = true;
  if (!rules.take(standing, 0)) std::abort();
  return 0;
}
