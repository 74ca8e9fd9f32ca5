#include "monitor/options.h"

#include <limits>
#include <string>
#include <vector>

#include "base/key_values.h"
#include "core/bounds.h"

namespace ipm::monitor {
namespace {

constexpr SettingKey kKeys[] = {
    {"memory_max_bytes", "size", "256MiB", "Bound on accounted bytes; at least 4MiB."},
    {"threads", "none|auto", "none", "auto: one thread for each live source."},
    {"self_test", "on|off", "off", "on: a live source measures a known transfer of its own when it is added."},
    {"merge_window", "duration", "50ms", "How long events of one lane wait for earlier ones of another; at most 10s."},
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
    {"udp_idle", "duration", "180s", "A UDP flow without a socket of its own ends after this silence."},
    {"hash_seed", "number", "random", "Seed of the hash tables; for experiments."},
};

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
  if (key == "self_test") {
    if (entry.value != "on" && entry.value != "off") return Status::invalid_argument("self_test is on or off");
    options.self_test = entry.value == "on";
    return Status::success();
  }
  if (key == "merge_window") return set_duration(entry, 0, 10 * kSecond, options.merge_window_ns);
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
    if (entry.value != "on" && entry.value != "off") return Status::invalid_argument("alerts is on or off");
    bounds.alerts_off = entry.value == "off" ? 1 : 0;
    return Status::success();
  }
  if (key == "alerts_max") return set_count(entry, 16, 1'000'000, bounds.alerts_max);
  if (key == "alerts_budget") return set_count(entry, 1, 10'000, bounds.alerts_budget);
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
  return Status::success();
}

}  // namespace ipm::monitor
