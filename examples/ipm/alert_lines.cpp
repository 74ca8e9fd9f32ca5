#include "alert_lines.h"

#include <cstddef>
#include <vector>

#include "output.h"
#include "text.h"

namespace cli {
namespace {

constexpr const char* kChanges[] = {"opened", "updated", "escalated", "closed"};
constexpr const char* kSeverities[] = {"info", "low", "medium", "high"};

template <std::size_t N>
std::string word(const char* const (&words)[N], std::int32_t number) {
  return number >= 0 && number < static_cast<std::int32_t>(N) ? words[number] : std::to_string(number);
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
          {"country", a.country, true},
          {"asn", a.asn == 0 ? "" : std::to_string(a.asn), false},
          {"feed", a.feed, true},
          {"indicator", a.indicator, true},
          {"threshold", a.threshold, true},
          {"listed", a.listed_ns == 0 ? "" : std::to_string(a.listed_ns), false},
          {"metric", a.metric, true},
          {"value", number_text(a.value), false},
          {"expected_low", number_text(a.expected_low), false},
          {"expected_high", number_text(a.expected_high), false},
          {"samples", std::to_string(a.samples), false},
          {"evidence", a.evidence, true},
          {"techniques", a.techniques, true},
          {"verdict", a.verdict, true},
          {"notified", a.notified != 0 ? "true" : "false", false},
          {"drill", a.drill != 0 ? "true" : "false", false}};
}

}  // namespace

std::uint64_t pid_of(const ipm_alert& alert) {
  return alert.process >> 42;  // As ipm_process_ref() packs it.
}

std::string alert_record(const ipm_alert& alert, Format format) {
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

std::string alert_header(Format format) {
  if (format != Format::kCsv) return {};
  ipm_alert none{};
  none.kind = none.title = none.techniques = none.metric = none.evidence = "";
  none.comm = none.exe = none.app = none.remote_addr = none.remote_name = none.verdict = "";
  none.country = none.feed = none.indicator = none.threshold = "";
  std::vector<std::string> names;
  for (const Cell& cell : cells_of(none)) names.emplace_back(cell.name);
  return csv_record(names);
}

std::string alert_person_line(const ipm_alert& alert) {
  return human_time(alert.time_ns) + "  #" + std::to_string(alert.id) + "  " + word(kSeverities, alert.severity) +
         "  " + alert.kind + "  " + word(kChanges, alert.change) + "  " + harmless(alert.evidence) + "\n";
}

}  // namespace cli
