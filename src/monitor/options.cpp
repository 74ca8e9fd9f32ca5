#include "monitor/options.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include "alert/rules.h"
#include "alert/thresholds.h"
#include "base/key_values.h"
#include "core/bounds.h"

namespace ipm::monitor {
namespace {

constexpr SettingKey kKeys[] = {
    {"memory_max_bytes", "size", "256MiB", "Bound on accounted bytes; at least 4MiB."},
    {"threads", "none|auto", "none", "auto: one thread for each live source."},
    {"self_test", "on|off", "off", "on: a live source measures a known transfer of its own when it is added."},
    {"merge_window", "duration", "50ms", "How long events of one lane wait for earlier ones of another; at most 10s."},
    {"step_span_max", "duration", "none", "Files: a step takes in events of at most so long."},
    {"lane_events", "number", "by memory", "Events that a lane holds."},
    {"cursors_max", "number", "64", "Cursors that may be open at once."},
    {"flows_max", "number", "1000000 or its share of memory", "Rows of connections, open and closed."},
    {"processes_max", "number", "65536 or its share", "Rows of processes, running and ended."},
    {"apps_max", "number", "16384 or its share", "Rows of apps."},
    {"endpoints_max", "number", "262144 or its share", "Rows of endpoints."},
    {"remotes_max", "number", "262144 or its share", "Pairs behind the column remotes."},
    {"series_blocks_max", "number", "65536 or its share", "Minutes of recent series."},
    {"texts_max", "number", "131072 or its share", "Distinct texts."},
    {"interfaces_max", "number", "256 or its share", "Rows of interfaces and of namespaces."},
    {"alerts", "on|off", "on", "off: behaviour is not watched, which costs nothing."},
    {"alerts_max", "number", "4096 or its share", "Rows of alerts, open and closed."},
    {"alerts_budget", "number", "1", "Notifications a day for each severity; what is more is in the table."},
    {"baselines", "on|off", "on", "off: nothing is learned of what is usual for apps, which costs nothing."},
    {"baselines_max", "number", "4096 or its share", "Apps whose baselines are kept in memory."},
    {"baselines_interval", "duration", "60s", "One value of each metric is learned for so long; whole seconds."},
    {"baselines_threshold", "fraction", "0.9", "A held score from here on is an alarm."},
    {"baselines_path", "path", "none", "A file that is read at the start, and written every hour and at the end."},
    {"baselines_save", "live|any|never", "live",
     "Which runs write it: of live sources and lanes, also of files, none."},
    {"clues_max", "number", "8192 or its share", "Clues to whose a flow may be, of which is known what they mean."},
    {"clues_path", "path", "none",
     "A file of them: read at the start; written by live runs, every hour and at the end."},
    {"alerts_learn", "duration", "24h", "So long a program, and the host, is watched before anything is new to it."},
    {"rule", "text", "none", "What an operator says of alerts, see alerts.md; may come several times."},
    {"threshold", "text", "none", "A limit of yours on a metric of programs, see alerts.md; may come 64 times."},
    {"udp_idle", "duration", "180s", "A UDP flow without a socket of its own ends after this silence."},
    {"intel.feed", "file", "none", "A list of threat intelligence, or FORMAT:FILE; may come several times."},
    {"intel.indicators_max", "number", "1000000", "Indicators that are kept of all lists."},
    {"geoip.country", "file", "none", "A database in MaxMind's format with countries."},
    {"geoip.asn", "file", "none", "One with autonomous systems; may be the same."},
    {"enrich.look_every", "duration", "10s", "How often these files are looked at for changes, in live runs."},
    {"hash_seed", "number", "random", "Seed of the hash tables; for experiments."},
};

std::string number_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

Status set_count(const KeyValue& entry, std::uint32_t low, std::uint32_t high, std::uint32_t& out) {
  Result<std::int64_t> value = parse_integer(entry.value);
  if (!value.ok()) return value.status().with_context(entry.key);
  if (*value < low || *value > high) {
    return Status::invalid_argument(entry.key + " = " + entry.value + " is out of range: " + std::to_string(low) +
                                    " to " + std::to_string(high));
  }
  out = static_cast<std::uint32_t>(*value);
  return Status::success();
}

Status set_duration(const KeyValue& entry, TimeNs low, TimeNs high, TimeNs& out) {
  Result<std::int64_t> value = parse_duration_ns(entry.value);
  if (!value.ok()) return value.status().with_context(entry.key);
  if (*value < low || *value > high) {
    return Status::invalid_argument(entry.key + " = " + entry.value + " is out of range: " +
                                    std::to_string(low / kSecond) + "s to " + std::to_string(high / kSecond) + "s");
  }
  out = *value;
  return Status::success();
}

Status set_fraction(const KeyValue& entry, double low, double high, std::uint32_t& out_ppm) {
  Result<double> value = parse_number(entry.value);
  if (!value.ok()) return value.status().with_context(entry.key);
  if (!(*value >= low && *value <= high)) {
    return Status::invalid_argument(entry.key + " = " + entry.value + " is out of range: " + number_text(low) + " to " +
                                    number_text(high));
  }
  out_ppm = static_cast<std::uint32_t>(std::lround(*value * 1e6));
  return Status::success();
}

Status set_switch(const KeyValue& entry, bool& on) {
  if (entry.value != "on" && entry.value != "off") return Status::invalid_argument(entry.key + " is on or off");
  on = entry.value == "on";
  return Status::success();
}

Status set_baselines_save(const KeyValue& entry, BaselinesSave& out) {
  constexpr std::string_view kNames[] = {"live", "any", "never"};  // By number.
  const auto* const named = std::find(std::begin(kNames), std::end(kNames), entry.value);
  if (named == std::end(kNames)) return Status::invalid_argument("baselines_save is live, any or never");
  out = static_cast<BaselinesSave>(named - kNames);
  return Status::success();
}

Status set_file(const KeyValue& entry, std::string& out) {
  if (entry.value.empty()) return Status::invalid_argument(entry.key + " names no file");
  out = entry.value;
  return Status::success();
}

// More than can stand would be said and not obeyed.
Status add_rule(const std::string& line, const alert::Rule& rule, MonitorOptions& options) {
  std::vector<std::string>& names = options.thresholds;
  if (rule.verb != alert::Verb::kThreshold) {
    if (++options.other_rules > alert::Rules::kMax) return Status::limit("more than 256 rules");
  } else if (std::ranges::find(names, rule.threshold_name) == names.end()) {
    if (names.size() == alert::Thresholds::kMax) return Status::limit("more than 64 thresholds");
    names.push_back(rule.threshold_name);
  }
  options.scored = options.scored || (rule.threshold && rule.threshold->needs_baseline());
  options.rules.push_back(line);
  return Status::success();
}

Status apply(const KeyValue& entry, MonitorOptions& options) {
  constexpr std::uint32_t kMany = 64'000'000;
  model::Settings& bounds = options.bounds;
  const std::string_view key = entry.key;
  if (key == "memory_max_bytes") {
    Result<std::uint64_t> value = parse_size(entry.value);
    if (!value.ok()) return value.status().with_context(entry.key);
    if (*value < core::kMemoryMinBytes)
      return Status::invalid_argument("memory_max_bytes is less than 4MiB: too little to work in");
    bounds.memory_max_bytes = *value;
    return Status::success();
  }
  if (key == "threads") {
    if (entry.value != "none" && entry.value != "auto") return Status::invalid_argument("threads is none or auto");
    options.threads = entry.value == "auto";
    return Status::success();
  }
  if (key == "self_test") return set_switch(entry, options.self_test);
  if (key == "merge_window") return set_duration(entry, 0, 10 * kSecond, options.merge_window_ns);
  if (key == "step_span_max") return set_duration(entry, kSecond, 24 * kHour, options.step_span_max_ns);
  if (key == "udp_idle") return set_duration(entry, kSecond, 24 * kHour, bounds.udp_idle_ns);
  if (key == "lane_events") return set_count(entry, 2'048, 1U << 20, options.lane_events);
  if (key == "cursors_max") return set_count(entry, 1, 65'536, options.cursors_max);
  if (key == "flows_max") return set_count(entry, 1, kMany, bounds.flows_max);
  if (key == "processes_max") return set_count(entry, 1, kMany, bounds.processes_max);
  if (key == "apps_max") return set_count(entry, 1, kMany, bounds.apps_max);
  if (key == "endpoints_max") return set_count(entry, 1, kMany, bounds.endpoints_max);
  if (key == "remotes_max") return set_count(entry, 1, kMany, bounds.remotes_max);
  if (key == "series_blocks_max") return set_count(entry, 1, kMany, bounds.series_blocks_max);
  if (key == "texts_max") return set_count(entry, 1, kMany, bounds.texts_max);
  if (key == "interfaces_max") return set_count(entry, 1, 65'536, bounds.interfaces_max);
  if (key == "alerts") {
    bool on = true;
    Status status = set_switch(entry, on);
    bounds.alerts_off = on ? 0 : 1;
    return status;
  }
  if (key == "alerts_max") return set_count(entry, 16, 1'000'000, bounds.alerts_max);
  if (key == "alerts_budget") return set_count(entry, 1, 10'000, bounds.alerts_budget);
  if (key == "baselines") {
    bool on = true;
    Status status = set_switch(entry, on);
    bounds.baselines_off = on ? 0 : 1;
    return status;
  }
  if (key == "baselines_max") return set_count(entry, 1, 1'000'000, bounds.baselines_max);
  if (key == "baselines_interval") {
    TimeNs interval = 0;
    if (Status status = set_duration(entry, kSecond, kHour, interval); !status.ok()) return status;
    if (interval % kSecond != 0) return Status::invalid_argument("baselines_interval is not in whole seconds");
    bounds.baseline_interval_s = static_cast<std::uint32_t>(interval / kSecond);
    return Status::success();
  }
  if (key == "baselines_threshold") return set_fraction(entry, 0.1, 0.999999, bounds.baseline_threshold_ppm);
  if (key == "baselines_path") {
    options.baselines_path = entry.value;
    return Status::success();
  }
  if (key == "baselines_save") return set_baselines_save(entry, options.baselines_save);
  if (key == "clues_max") return set_count(entry, 8, 1'000'000, bounds.clues_max);
  if (key == "clues_path") {
    options.clues_path = entry.value;
    return Status::success();
  }
  if (key == "alerts_learn") {
    TimeNs learn = 0;
    Status status = set_duration(entry, kSecond, 24 * 30 * kHour, learn);
    bounds.alerts_learn_s = static_cast<std::uint32_t>(learn / kSecond);
    return status;
  }
  if (key == "rule") {
    Result<alert::Rule> rule = alert::parse_rule(entry.value);
    if (!rule.ok()) return rule.status();
    if (!rule->stands())
      return Status::invalid_argument("rule: a run begins without alerts; only suppress, critical and threshold");
    return add_rule(entry.value, *rule, options);
  }
  if (key == "threshold") {
    const std::string line = "threshold " + entry.value;
    Result<alert::Rule> rule = alert::parse_rule(line);
    if (!rule.ok()) return rule.status();
    return add_rule(line, *rule, options);
  }
  LookupOptions& lookups = options.lookups;
  if (key == "intel.indicators_max") return set_count(entry, 1, 10'000'000, lookups.indicators_max);
  if (key == "enrich.look_every") return set_duration(entry, kSecond, 24 * kHour, lookups.look_every_ns);
  if (key == "geoip.country") return set_file(entry, lookups.country);
  if (key == "geoip.asn") return set_file(entry, lookups.asn);
  if (key == "intel.feed") {
    const enrich::FeedPath feed = enrich::parse_feed_path(entry.value);
    if (feed.path.empty()) return Status::invalid_argument("intel.feed names no file");
    if (lookups.feeds.size() == enrich::kFeedsMax) return Status::limit("intel.feed comes more than 256 times");
    lookups.feeds.push_back(feed);
    return Status::success();
  }
  if (key == "hash_seed") {
    Result<std::int64_t> value = parse_integer(entry.value);
    if (!value.ok()) return value.status().with_context(entry.key);
    bounds.hash_seed = static_cast<std::uint64_t>(*value);
    options.hash_seed_given = true;
    return Status::success();
  }
  std::vector<std::string_view> known;
  for (const SettingKey& setting : kKeys) known.push_back(setting.key);
  std::string message = "unknown setting " + quote_text(entry.key.substr(0, 80));
  if (const std::string_view near = nearest_word(key, known); !near.empty())
    message += "; did you mean " + std::string(near) + "?";
  return Status::invalid_argument(message);
}

}  // namespace

std::span<const SettingKey> setting_keys() {
  return kKeys;
}

Status apply_settings(std::string_view text, MonitorOptions& options) {
  Result<std::vector<KeyValue>> entries = parse_key_values(text);
  if (!entries.ok()) return entries.status().with_context("settings");
  for (const KeyValue& entry : *entries) {
    if (Status status = apply(entry, options); !status.ok()) {
      return status.with_context("settings: line " + std::to_string(entry.line));
    }
  }
  const model::Settings& bounds = options.bounds;
  if (bounds.alerts_off != 0 && !options.thresholds.empty())
    return Status::invalid_argument("settings: a threshold needs alerts = on");
  if (bounds.baselines_off != 0 && options.scored) {
    return Status::invalid_argument(
        "settings: deviation_above, deviation_below and score_above of a threshold need baselines = on");
  }
  return Status::success();
}

}  // namespace ipm::monitor
