#include "report_charts.h"

#include <algorithm>
#include <string>
#include <vector>

#include "open_table.h"
#include "timeline.h"

namespace ipm_report {
namespace {

constexpr std::size_t kChartApps = 6;                // As many colours as are told apart; the rest is one.
constexpr std::int64_t kSeriesNs = 15 * 60 * IPM_S;  // What the table `series` holds.

std::string numbers(const std::vector<Traffic>& series, std::uint64_t Traffic::*part) {
  JsonArray out;
  for (const Traffic& each : series) out.add(std::to_string(each.*part));
  return out.text();
}

// The newest 15 minutes by the second, of apps.
Timeline seconds_of(ipm_monitor* monitor, const RunSpan& span) {
  Timeline out(1);
  if (span.end_ns < IPM_S) return out;  // Nothing has come that has a time.
  out.extend(std::max(span.begin_ns, span.end_ns - kSeriesNs) / IPM_S);
  out.extend(span.end_ns / IPM_S);
  ipm::Cursor cursor = open_table(monitor, "series", "holder = app\ncolumns = time, metric, value, app");
  for (const ipm::Row row : cursor) {
    const std::string_view metric = row.text(1U).value_or("");
    const auto value = static_cast<std::uint64_t>(row.integer(2U).value_or(0));
    const Traffic traffic{metric == "tx_bytes" ? value : 0, metric == "rx_bytes" ? value : 0};
    if (traffic.sum() != 0) out.add(row.text(3U).value_or(""), row.integer(0U).value_or(0) / IPM_S, traffic);
  }
  return out;
}

std::string timeline_json(const Timeline& timeline) {
  const std::vector<std::string> apps = timeline.heaviest(kChartApps);
  JsonArray names, tx, rx;
  for (const std::string& app : apps) {
    names.add(json_text(app));
    tx.add(numbers(timeline.of(app), &Traffic::tx_bytes));
    rx.add(numbers(timeline.of(app), &Traffic::rx_bytes));
  }
  const std::vector<Traffic> others = timeline.of_others(apps);
  tx.add(numbers(others, &Traffic::tx_bytes));
  rx.add(numbers(others, &Traffic::rx_bytes));
  JsonObject out;
  out.add("begin", std::to_string(timeline.begin_s() * 1000));
  out.add("width_s", std::to_string(timeline.width_s()));
  out.add("buckets", timeline.buckets());
  out.add("apps", names.text());
  out.add("others", timeline.apps() - apps.size());
  out.add("tx", tx.text());
  out.add("rx", rx.text());
  return out.text();
}

// A part of a series that begins at begin_s.
struct Stretch {
  std::int64_t begin_s;
  std::int64_t width_s;
  std::vector<Traffic> traffic;

  // Leaves out what lies outside of the run, or of another span: nothing was counted there, and nothing is shown.
  void clip(std::int64_t from_s, std::int64_t to_s) {
    const auto end = [this] { return begin_s + static_cast<std::int64_t>(traffic.size()) * width_s; };
    while (!traffic.empty() && end() - width_s > to_s) traffic.pop_back();
    const std::int64_t before = std::max<std::int64_t>(0, (from_s - begin_s) / width_s);
    const auto out = std::min(traffic.size(), static_cast<std::size_t>(before));
    traffic.erase(traffic.begin(), traffic.begin() + static_cast<std::ptrdiff_t>(out));
    begin_s += before * width_s;
  }
  std::string json() const {
    JsonObject out;
    out.add("begin", std::to_string(begin_s * 1000));
    out.add("width_s", std::to_string(width_s));
    out.add("tx", numbers(traffic, &Traffic::tx_bytes));
    out.add("rx", numbers(traffic, &Traffic::rx_bytes));
    return out.text();
  }
};

std::string no_context(const char* why) {
  JsonObject out;
  out.add("why", json_text(why));
  return out.text();
}

// Of the newest 15 minutes, as far as the alert lies in them.
std::string recent_context(const Timeline& seconds, std::int64_t opened_ms, std::string_view app, std::int64_t to_s) {
  if (seconds.buckets() == 0) return no_context("no traffic of the last 15 minutes is known by time");
  const std::int64_t opened_s = opened_ms / 1000;
  if (opened_s < seconds.begin_s()) {
    return no_context("it opened before the last 15 minutes: its traffic is not known by time any more");
  }
  Stretch out{seconds.begin_s(), seconds.width_s(), app.empty() ? seconds.of_others({}) : seconds.of(std::string(app))};
  out.clip(opened_s - kContextMinutes * 60, std::min(to_s, opened_s + kContextMinutes * 60));
  return out.json();
}

std::string recorded_context(const AlertContext* context, const RunSpan& span) {
  if (context == nullptr) return no_context("the traffic around so many alerts is not kept");
  if (context->minutes.empty()) return no_context("the traffic of so many apps is not kept by time");
  Stretch out{(context->opened_minute - kContextMinutes) * 60, 60, context->minutes};
  out.clip(span.begin_ns / IPM_S, span.end_ns / IPM_S);
  return out.json();
}

}  // namespace

void add_charts(JsonObject& out, ipm_monitor* monitor, const RunSpan& span, const KeptTable& alerts,
                const Recorder::State* recorded) {
  const bool recent = recorded == nullptr || span.end_ns - span.begin_ns <= kSeriesNs;
  const Timeline seconds = recent ? seconds_of(monitor, span) : Timeline(1);
  out.add("timeline", timeline_json(recent ? seconds : recorded->timeline()));
  JsonObject contexts;
  for (const auto& row : alerts.rows) {
    const std::int64_t id = alerts.integer(row, "id"), opened_ms = alerts.integer(row, "opened");
    const std::string_view app = alerts.text(row, "app");
    contexts.add(std::to_string(id), recent ? recent_context(seconds, opened_ms, app, span.end_ns / IPM_S)
                                            : recorded_context(recorded->context(id), span));
  }
  out.add("contexts", contexts.text());
}

}  // namespace ipm_report
