// The command line of libipm, on its public interface only.
#include <clocale>
#include <csignal>
#include <cstdio>
#include <exception>

#include <ipm/ipm.hpp>

#include "commands.h"
#include "options.h"
#include "output.h"
#include "run.h"
#include "text.h"

namespace cli {
namespace {

int run_table(const Options& options) {
  ipm::Monitor monitor = open_monitor(options);
  const std::string filter =
      options.filter(options.format == Format::kTable ? default_columns(options.table) : std::string());
  monitor.table(options.table.c_str(), filter);  // A mistake shows now and not after the run.
  attach(monitor, options);
  RunPlan plan{.duration_ns = options.duration_ns, .every_ns = options.every_ns};
  plan.print = [&] {
    ipm::Cursor cursor = monitor.table(options.table.c_str(), filter);
    put(format_rows(cursor, options.format));
  };
  run(monitor, plan);
  return 0;
}

int run_record(const Options& options) {
  ipm::Monitor monitor = open_monitor(options);
  monitor.record(options.output.c_str());
  attach(monitor, options);
  const auto print = [&] {
    const ipm_monitor_stats stats = monitor.stats();
    const std::string events = std::to_string(stats.recorded_events);
    const std::string bytes = std::to_string(stats.recorded_bytes);
    if (options.format == Format::kJsonl) {
      put("{\"recorded_events\":" + events + ",\"recorded_bytes\":" + bytes + "}\n");
    } else if (options.format == Format::kCsv) {
      put("recorded_events,recorded_bytes\r\n" + events + "," + bytes + "\r\n");
    } else {
      put(events + " events, " + human(static_cast<double>(stats.recorded_bytes), "bytes") + " in " +
          harmless(options.output) + "\n");
    }
  };
  run(monitor, {.duration_ns = options.duration_ns, .every_ns = options.every_ns, .print = print});
  monitor.record(nullptr);  // Says if the end of the log could not be written.
  return 0;
}

int run_columns(const Options& options) {
  std::vector<std::vector<std::string>> rows;
  if (options.table.empty()) {
    for (std::uint32_t i = 0; ipm_table_name(i) != nullptr; ++i) rows.push_back({ipm_table_name(i)});
    put(format_texts({"table"}, rows, options.format));
    return 0;
  }
  constexpr const char* kTypes[] = {"", "int64", "double", "text", "time", "bool"};
  ipm_column_info info{};
  info.struct_size = sizeof info;
  for (std::uint32_t i = 0; ipm::check(ipm_column_describe(options.table.c_str(), i, &info)) == IPM_OK; ++i) {
    const bool known = info.type >= IPM_TYPE_INT64 && info.type <= IPM_TYPE_BOOL;
    rows.push_back({info.name, known ? kTypes[info.type] : "?", info.unit, info.layer, info.null_when, info.help});
  }
  put(format_texts({"column", "type", "unit", "layer", "null_when", "meaning"}, rows, options.format));
  return 0;
}

int run_command(const Options& options) {
  switch (options.command) {
    case Command::kTable:
      return run_table(options);
    case Command::kEvents:
      return run_events(options);
    case Command::kRecord:
      return run_record(options);
    case Command::kDoctor:
      return run_doctor(options);
    case Command::kTop:
      return run_top(options);
    case Command::kDetect:
      return run_detect(options);
    case Command::kDrill:
      return run_drill(options);
    case Command::kExplain:
      return run_explain(options);
    case Command::kFlows:
      return run_flows(options);
    case Command::kReport:
      return run_report(options);
    case Command::kColumns:
      return run_columns(options);
    case Command::kBaseline:
      return run_baseline(options);
    case Command::kIntelCheck:
      return run_intel_check(options);
    case Command::kIntelMatch:
      return run_intel_match(options);
    case Command::kScore:
      return run_score(options);
  }
  return 1;
}

// What the caller wrote or gave to read is 2, what the system did is 1.
int exit_code(ipm_status status) {
  const bool input = status == IPM_ERR_INVALID_ARGUMENT || status == IPM_ERR_NOT_FOUND || status == IPM_ERR_CORRUPT;
  return input ? 2 : 1;
}

}  // namespace
}  // namespace cli

int main(int argc, char** argv) {
  std::setlocale(LC_CTYPE, "C.UTF-8");  // How wide characters are, whatever the caller's locale. Numbers stay as in C.
  std::signal(SIGPIPE, SIG_IGN);        // put() sees the closed pipe and ends the run quietly.
  try {
    cli::Options options;
    if (const std::optional<int> code = cli::parse(argc, argv, options)) return *code;
    return cli::run_command(options);
  } catch (const cli::PipeClosed&) {
    return 0;
  } catch (const ipm::Error& error) {
    std::string message = error.what();
    for (char& c : message) c = c == '\n' ? ' ' : c;
    std::fprintf(stderr, "ipm: %s\n", cli::harmless(message).c_str());
    return cli::exit_code(error.status());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ipm: %s\n", error.what());
    return 1;
  }
}
