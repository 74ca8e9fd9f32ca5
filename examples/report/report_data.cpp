#include "report_data.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <map>
#include <set>
#include <string_view>

#include "json.h"
#include "open_table.h"
#include "report_charts.h"
#include "report_tables.h"

namespace ipm_report {
namespace {

constexpr std::size_t kSourcesMax = 256;  // As many as a monitor has.
constexpr std::size_t kLedgerMax = 200;
constexpr std::size_t kAppsOfEndpoint = 4;  // Named; the others are counted.

constexpr const char* kAppColumns =
    "app, tx_bytes, rx_bytes, layer, tx_bytes_external, rx_bytes_external, connects, accepts, connect_failures, "
    "retransmits, remotes, processes, processes_total, connections, srtt_us, score, score_metric, first_seen, "
    "last_seen, quality, coverage";
constexpr const char* kEndpointColumns =
    "remote_addr, remote_name, name_source, country, asn, as_name, scope, feed, indicator, last_port, tx_bytes, "
    "rx_bytes, layer, connects, accepts, connect_failures, flows_total, first_seen, last_seen";
constexpr const char* kConnectionColumns =
    "app, comm, pid, quality, proto, direction, local_addr, local_port, remote_addr, remote_port, remote_name, "
    "scope, state, close_reason, opened, first_seen, duration, tx_bytes, rx_bytes, layer, tx_retransmits, srtt_us, "
    "coverage";
constexpr const char* kAlertColumns =
    "id, opened, updated, since, kind, severity, score, title, pid, comm, exe, app, remote_addr, remote_port, "
    "remote_name, country, asn, feed, indicator, threshold, metric, value, expected_low, expected_high, "
    "tail_probability, confidence, samples, evidence, techniques, state, verdict, notified, drill";

double severity_weight(const ipm::Row& row) {
  constexpr std::array<std::string_view, 4> kNames = {"info", "low", "medium", "high"};
  const auto* const found = std::find(kNames.begin(), kNames.end(), row.text("severity").value_or(""));
  return static_cast<double>(found - kNames.begin()) * 10 + row.number("score").value_or(0);
}

std::string bound_json(const char* name, const ipm_bound_stats& bound) {
  JsonObject out;
  out.add("name", json_text(name));
  out.add("used", bound.used);
  out.add("max", bound.max);
  out.add("high_water", bound.high_water);
  out.add("evicted", bound.evicted);
  return out.text();
}

std::string stats_json(ipm_monitor* monitor) {
  ipm_monitor_stats stats{};
  stats.struct_size = sizeof stats;
  ipm::check(ipm_monitor_get_stats(monitor, &stats));
  JsonArray bounds;
  bounds.add(bound_json("connections", stats.flows));
  bounds.add(bound_json("processes", stats.processes));
  bounds.add(bound_json("apps", stats.apps));
  bounds.add(bound_json("endpoints", stats.endpoints));
  bounds.add(bound_json("remotes", stats.remotes));
  bounds.add(bound_json("series", stats.series_blocks));
  bounds.add(bound_json("texts", stats.texts));
  bounds.add(bound_json("interfaces", stats.interfaces));
  bounds.add(bound_json("baselines", stats.baselines));
  bounds.add(bound_json("alerts", stats.alerts));
  JsonObject out;
  out.add("events", stats.events);
  out.add("events_late", stats.events_late);
  out.add("events_unknown", stats.events_unknown);
  out.add("events_dropped", stats.events_dropped);
  out.add("data_other_layer", stats.data_other_layer);
  out.add("rows_refused", stats.rows_refused);
  out.add("programs_evicted", stats.programs_evicted);
  out.add("bounds", bounds.text());
  return out.text();
}

// What the kinds and techniques among these alerts mean.
void add_meanings(JsonObject& out, const KeptTable& alerts) {
  std::set<std::string, std::less<>> kinds, words;
  for (const auto& row : alerts.rows) kinds.emplace(alerts.text(row, "kind"));
  JsonObject meanings, names;
  for (const ipm_alert_kind_info& kind : ipm::alert_kinds()) {
    if (!kinds.contains(kind.kind)) continue;
    JsonObject meaning;
    meaning.add("means", json_text(kind.means));
    meaning.add("check", json_text(kind.check));
    meaning.add("tune", json_text(kind.tune));
    meanings.add(kind.kind, meaning.text());
  }
  for (const auto& row : alerts.rows) {
    std::string_view rest = alerts.text(row, "techniques");
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(' '), rest.size());
      words.emplace(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  for (const std::string& word : words) {
    const char* name = ipm_technique_name(word.c_str());
    if (name != nullptr) names.add(word, json_text(name));
  }
  out.add("kinds", meanings.text());
  out.add("techniques", names.text());
}

// Who talked to which of these remotes, as far as connections are still in their table.
class Talkers {
 public:
  explicit Talkers(const KeptTable& endpoints) {
    for (const auto& row : endpoints.rows) apps_.try_emplace(std::string(endpoints.text(row, "remote_addr")));
  }
  void take(const ipm::Row& connection) {
    const auto remote = connection.text("remote_addr"), app = connection.text("app");
    const auto found = remote && app ? apps_.find(*remote) : apps_.end();
    if (found != apps_.end() && !found->second.contains(*app)) found->second.emplace(*app);
  }
  // By address: how many apps, and the names of some.
  std::string json() const {
    JsonObject out;
    for (const auto& [remote, names] : apps_) {
      if (names.empty()) continue;
      JsonArray some;
      some.add(std::to_string(names.size()));
      std::size_t left = kAppsOfEndpoint;
      for (auto name = names.begin(); name != names.end() && left > 0; ++name, --left) some.add(json_text(*name));
      out.add(remote, some.text());
    }
    return out.text();
  }

 private:
  std::map<std::string, std::set<std::string, std::less<>>, std::less<>> apps_;
};

}  // namespace

std::string document(ipm_monitor* monitor, const Options& options, const Recorder::State* recorded) {
  RunSpan span{.begin_ns = std::numeric_limits<std::int64_t>::max(), .end_ns = 0};
  span.end_ns = open_table(monitor, "apps").time_ns();
  const auto begins = [&](const ipm::Row& row) {
    span.begin_ns = std::min(span.begin_ns, row.integer("first_seen").value_or(span.end_ns));
  };
  const KeptTable apps = keep_rows(monitor, {"apps", kAppColumns, options.apps_max, weight_by_bytes, begins});
  const KeptTable endpoints =
      keep_rows(monitor, {"endpoints", kEndpointColumns, options.endpoints_max, weight_by_bytes, begins});
  Talkers talkers(endpoints);
  const KeptTable connections = keep_rows(monitor, {"connections", kConnectionColumns, options.connections_max,
                                                    weight_by_bytes, [&](const ipm::Row& row) { talkers.take(row); }});
  const KeptTable alerts = keep_rows(monitor, {"alerts", kAlertColumns, options.alerts_max, severity_weight});
  const KeptTable sources = keep_rows(monitor, {"sources", "", kSourcesMax});
  const KeptTable ledger = keep_rows(monitor, {"ledger", "", kLedgerMax});
  span.begin_ns = std::min(span.begin_ns, span.end_ns);

  JsonObject out;
  out.add("title", json_text(options.title));
  out.add("version", json_text(ipm_version()));
  out.add("made", std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(
                                     std::chrono::system_clock::now().time_since_epoch())
                                     .count()));
  out.add("begin", std::to_string(span.begin_ns / IPM_MS));
  out.add("end", std::to_string(span.end_ns / IPM_MS));
  out.add("apps", apps.json());
  out.add("endpoints", endpoints.json());
  out.add("endpoint_apps", talkers.json());
  out.add("connections", connections.json());
  out.add("alerts", alerts.json());
  out.add("sources", sources.json());
  out.add("ledger", ledger.json());
  out.add("stats", stats_json(monitor));
  out.add("texts_cut", apps.texts_cut + endpoints.texts_cut + connections.texts_cut + alerts.texts_cut +
                           sources.texts_cut + ledger.texts_cut);
  add_meanings(out, alerts);
  add_charts(out, monitor, span, alerts, recorded);
  return out.text();
}

}  // namespace ipm_report
