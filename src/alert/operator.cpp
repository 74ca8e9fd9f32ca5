// What an operator says, and what is learned from it.
#include "alert/watch.h"

namespace ipm::alert {

void Watch::wall_clock(TimeNs unix_minus_engine_ns) {
  stage_.unix_offset_ns = unix_minus_engine_ns;
  episodes_.rules().set_wall_clock(unix_minus_engine_ns);
}

// What was too much is normal: for those who measure by it too.
void Watch::learn_from(const AlertRow& row) {
  if (row.app == 0 || (row.kind != Kind::kBandwidth && row.kind != Kind::kThreshold)) return;
  const std::uint32_t app = row.app - 1;
  if (row.kind == Kind::kBandwidth && find(app) != nullptr) accept_volume(find(app)->volume, row);
  if (baselines_ == nullptr) return;
  for (std::uint32_t i = 0; i < model::kAppMetrics; ++i) {
    const auto metric = static_cast<model::AppMetric>(i);
    if (model::info(metric).name == row.metric) baselines_->accepted(app, metric);
  }
}

void Watch::rule(std::string_view line, TimeNs time) {
  begin(time);
  const Result<Rule> rule = parse_rule(line);
  const auto obey = [&] {
    if (!rule.ok()) return false;
    if (rule->verb == Verb::kAcknowledge) return episodes_.acknowledge(rule->alert, time) != nullptr;
    if (rule->verb == Verb::kFalsePositive) {
      const AlertRow* row = episodes_.call_false_positive(rule->alert, time);
      if (row != nullptr) learn_from(*row);
      return row != nullptr;
    }
    if (rule->verb == Verb::kThreshold)
      return rule->lifts ? thresholds_.lift(rule->threshold_name) : thresholds_.take(*rule->threshold);
    return episodes_.rules().take(*rule, time);
  };
  if (!obey()) ++counters_.rules_refused;
}

}  // namespace ipm::alert
