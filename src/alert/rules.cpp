#include "alert/rules.h"

#include <algorithm>

namespace ipm::alert {

bool Rules::is_over(const Standing& standing, TimeNs now) const {
  const Rule& rule = standing.rule;
  if (rule.for_ns != 0) return now >= standing.said_ns + rule.for_ns;
  return rule.until_unix_ns != 0 && now + unix_offset_ns_ >= rule.until_unix_ns;
}

bool Rules::take(const Rule& rule, TimeNs now) {
  const auto same = std::find_if(standing_.begin(), standing_.end(),
                                 [&](const Standing& each) { return each.rule.same_but_time(rule); });
  const bool known = same != standing_.end();
  if (rule.lifts) {
    if (known) standing_.erase(same);
    return known;
  }
  if (known) {
    *same = {.rule = rule, .said_ns = now};  // Its time is another.
    return true;
  }
  if (standing_.size() >= kMax) std::erase_if(standing_, [&](const Standing& each) { return is_over(each, now); });
  if (standing_.size() >= kMax) return false;
  standing_.push_back({.rule = rule, .said_ns = now});
  return true;
}

bool Rules::suppresses(const Finding& finding, std::string_view app, TimeNs now) const {
  return std::any_of(standing_.begin(), standing_.end(), [&](const Standing& each) {
    const Rule& rule = each.rule;
    return rule.verb == Verb::kSuppress && (!rule.kind || *rule.kind == finding.kind) &&
           (rule.app.empty() || matches_pattern(rule.app, app)) &&
           (!rule.remote || (finding.remote != model::IpAddress{} && rule.remote->contains(finding.remote))) &&
           (rule.port == 0 || rule.port == finding.remote_port) &&
           (rule.threshold_name.empty() || rule.threshold_name == finding.threshold) && !is_over(each, now);
  });
}

bool Rules::is_critical(std::string_view app) const {
  return std::any_of(standing_.begin(), standing_.end(), [&](const Standing& each) {
    return each.rule.verb == Verb::kCritical && matches_pattern(each.rule.app, app);
  });
}

}  // namespace ipm::alert
