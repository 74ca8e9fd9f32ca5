// What each source could see here; then one second of auto: what was taken, what it misses and why, and what became of
// the self-test.
#include <sstream>

#include <ipm/ipm.hpp>

#include "commands.h"
#include "output.h"
#include "run.h"
#include "text.h"

namespace cli {
namespace {

const char* state_name(std::int32_t state) {
  switch (state) {
    case IPM_SOURCE_OPEN:
      return "open";
    case IPM_SOURCE_REDUCED:
      return "reduced";
    case IPM_SOURCE_ENDED:
      return "ended";
    case IPM_SOURCE_FAILED:
      return "failed";
    default:
      return "unknown";
  }
}

// What became of the self-test of each source, in the order in which they were added; empty: it had none.
std::vector<std::string> self_tests(ipm::Monitor& monitor) {
  std::vector<std::string> out;
  ipm::Cursor cursor = monitor.table("sources", "columns = self_test");
  while (cursor.next()) out.emplace_back(cursor.row().text("self_test").value_or(""));
  return out;
}

// In CSV the report goes on in the columns of the probe: source, what, available, reason.
std::string csv_report(ipm::Monitor& monitor) {
  std::string out;
  const std::vector<std::string> tests = self_tests(monitor);
  for (std::size_t i = 0; const ipm_source_info& source : monitor.sources()) {
    out += csv_record({csv_text(source.name), csv_text("taken for " + std::string(source.uri)), "true",
                       csv_text(state_name(source.state))});
    const std::string& test = tests.at(i++);
    if (test.empty()) continue;
    out +=
        csv_record({csv_text(source.name), "self-test", test.starts_with("passed") ? "true" : "false", csv_text(test)});
  }
  std::istringstream lines(missing_lines(monitor));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t colon = line.find(": ");
    out += csv_record({csv_text(line.substr(0, colon)), "missing", "false",
                       csv_text(colon == std::string::npos ? line : line.substr(colon + 2))});
  }
  return out;
}

std::string json_report(ipm::Monitor& monitor) {
  std::string out;
  const std::vector<std::string> tests = self_tests(monitor);
  for (std::size_t i = 0; const ipm_source_info& source : monitor.sources()) {
    const std::string& test = tests.at(i++);
    std::vector<std::string> fields{"\"source\":" + json_text(source.name),
                                    "\"uri\":" + json_text(source.uri),
                                    "\"state\":" + json_text(state_name(source.state)),
                                    "\"received\":" + std::to_string(source.received),
                                    "\"dropped\":" + std::to_string(source.dropped),
                                    "\"lost\":" + std::to_string(source.lost),
                                    "\"missing\":" + json_text(source.missing)};
    if (!test.empty()) fields.push_back("\"self_test\":" + json_text(test));
    out += json_record(fields);
  }
  return out;
}

std::string report(ipm::Monitor& monitor, Format format) {
  if (format == Format::kCsv) return csv_report(monitor);
  if (format == Format::kJsonl) return json_report(monitor);
  std::string out;
  const std::vector<std::string> tests = self_tests(monitor);
  for (std::size_t i = 0; const ipm_source_info& source : monitor.sources()) {
    out += "\n" + harmless(source.uri) + " took " + harmless(source.name) + ": " + state_name(source.state) + ", " +
           std::to_string(source.received) + " events, " + std::to_string(source.dropped) + " dropped, " +
           std::to_string(source.lost) + " lost\n";
    const std::string& test = tests.at(i++);
    if (!test.empty()) out += "self-test of " + harmless(source.name) + " " + harmless(test) + "\n";
  }
  const std::string missing = missing_lines(monitor);
  return out + (missing.empty() ? "nothing is missing\n" : missing);
}

}  // namespace

int run_doctor(const Options& options) {
  ipm_cursor* probed = nullptr;
  ipm::check(ipm_source_probe(nullptr, &probed));
  ipm::Cursor probe(probed);
  put(format_rows(probe, options.format));

  ipm::Monitor monitor = open_monitor(options);
  attach(monitor, options);
  run(monitor, {.duration_ns = options.duration_ns.value_or(IPM_S), .every_ns = options.every_ns, .print = [&] {
                  put(report(monitor, options.format));
                }});
  return 0;
}

}  // namespace cli
