// Alerts of a run as they come: a line each for people, records for programs, or the protocol of scorers.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <ipm/ipm.hpp>

#include "commands.h"
#include "output.h"
#include "run.h"
#include "text.h"

namespace cli {
namespace {

constexpr const char* kChanges[] = {"opened", "updated", "escalated", "closed"};
constexpr const char* kSeverities[] = {"info", "low", "medium", "high"};

template <std::size_t N>
std::string word(const char* const (&words)[N], std::int32_t number) {
  return number >= 0 && number < static_cast<std::int32_t>(N) ? words[number] : std::to_string(number);
}

std::uint64_t pid_of(const ipm_alert& alert) {
  return alert.process >> 42;  // As ipm_process_ref() packs it.
}

// The kinds that scorers know. Notices and incidents of the host are no detections of a process.
bool is_scored(const ipm_alert& alert) {
  constexpr std::array<std::string_view, 12> kKinds = {"exfil",    "bandwidth", "beacon",     "scan",
                                                       "new_dest", "odd_port",  "dns_tunnel", "long_conn",
                                                       "miner",    "lateral",   "entropy",    "fault"};
  const std::string_view kind = alert.kind;
  bool known = false;
  for (const std::string_view each : kKinds) known = known || each == kind;
  const bool news = alert.change == IPM_ALERT_OPENED || alert.change == IPM_ALERT_ESCALATED;
  return known && news && alert.process != 0;
}

std::string score_line(const ipm_alert& alert) {
  std::vector<std::string> members = {"\"t\":" + std::to_string(alert.time_ns),
                                      "\"pid\":" + std::to_string(pid_of(alert)), "\"comm\":" + json_text(alert.comm),
                                      "\"kind\":" + json_text(alert.kind), "\"score\":" + number_text(alert.score)};
  if (alert.remote_addr[0] != '\0') members.push_back("\"rip\":" + json_text(alert.remote_addr));
  if (alert.remote_port != 0) members.push_back("\"rport\":" + std::to_string(alert.remote_port));
  return json_record(members);
}

struct Cell {
  const char* name;
  std::string text;  // Empty: left out.
  bool quoted;
};

std::vector<Cell> cells_of(const ipm_alert& a) {
  return {{"id", std::to_string(a.id), false},
          {"sequence", std::to_string(a.sequence), false},
          {"change", word(kChanges, a.change), true},
          {"time", std::to_string(a.time_ns), false},
          {"opened", std::to_string(a.opened_ns), false},
          {"since", std::to_string(a.since_ns), false},
          {"kind", a.kind, true},
          {"severity", word(kSeverities, a.severity), true},
          {"score", number_text(a.score), false},
          {"title", a.title, true},
          {"pid", a.process == 0 ? "" : std::to_string(pid_of(a)), false},
          {"comm", a.comm, true},
          {"exe", a.exe, true},
          {"app", a.app, true},
          {"remote_addr", a.remote_addr, true},
          {"remote_port", a.remote_port == 0 ? "" : std::to_string(a.remote_port), false},
          {"remote_name", a.remote_name, true},
          {"metric", a.metric, true},
          {"value", number_text(a.value), false},
          {"expected_low", number_text(a.expected_low), false},
          {"expected_high", number_text(a.expected_high), false},
          {"samples", std::to_string(a.samples), false},
          {"evidence", a.evidence, true},
          {"techniques", a.techniques, true},
          {"notified", a.notified != 0 ? "true" : "false", false},
          {"drill", a.drill != 0 ? "true" : "false", false}};
}

std::string record_line(const ipm_alert& alert, Format format) {
  std::vector<std::string> cells;
  for (const Cell& cell : cells_of(alert)) {
    if (format == Format::kCsv) {
      cells.push_back(cell.quoted && !cell.text.empty() ? csv_text(cell.text) : cell.text);
    } else if (!cell.text.empty()) {
      cells.push_back(json_text(cell.name) + ":" + (cell.quoted ? json_text(cell.text) : cell.text));
    }
  }
  return format == Format::kCsv ? csv_record(cells) : json_record(cells);
}

std::string csv_header() {
  ipm_alert none{};
  none.kind = none.title = none.techniques = none.metric = none.evidence = "";
  none.comm = none.exe = none.app = none.remote_addr = none.remote_name = "";
  std::vector<std::string> names;
  for (const Cell& cell : cells_of(none)) names.emplace_back(cell.name);
  return csv_record(names);
}

std::string person_line(const ipm_alert& alert) {
  return human_time(alert.time_ns) + "  " + word(kSeverities, alert.severity) + "  " + alert.kind + "  " +
         word(kChanges, alert.change) + "  " + harmless(alert.evidence) + "\n";
}

}  // namespace

int run_detect(const Options& options) {
  if (!options.filters.empty() || !options.columns.empty() || !options.order_by.empty()) {
    throw ipm::Error(IPM_ERR_INVALID_ARGUMENT,
                     "detect prints alerts as they come: no filter, order or columns; "
                     "`ipm table alerts` has them");
  }
  ipm::Monitor monitor = open_monitor(options);
  attach(monitor, options);
  std::uint64_t left = options.limit.value_or(UINT64_MAX);
  std::string lines;
  if (options.format == Format::kCsv) {
    lines = csv_header();
  }
  const auto take = [&] {
    while (left > 0) {
      const std::optional<ipm_alert> alert = monitor.next_alert();
      if (!alert) break;
      if (options.format == Format::kScore && !is_scored(*alert)) continue;
      if (options.format == Format::kTable && alert->change == IPM_ALERT_UPDATED) continue;
      lines += options.format == Format::kScore   ? score_line(*alert)
               : options.format == Format::kTable ? person_line(*alert)
                                                  : record_line(*alert, options.format);
      --left;
    }
    if (!lines.empty()) put(lines);
    lines.clear();
  };
  run(monitor, {.duration_ns = options.duration_ns, .every_ns = options.every_ns, .print = take, .tick = [&] {
                  take();
                  return left > 0;
                }});
  return 0;
}

}  // namespace cli
