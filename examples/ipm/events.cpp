// The event stream as it is decoded, one line each: JSON, or CSV with the JSON in its last column.
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

std::string format_event(const ipm_event& event) {
  char line[1024];
  const std::size_t bytes = ipm_event_format(&event, line, sizeof line);
  if (bytes < sizeof line) return {line, bytes};
  std::string longer(bytes + 1, '\0');
  ipm_event_format(&event, longer.data(), longer.size());
  longer.resize(bytes);
  return longer;
}

// The library writes time and kind first, before any text of a stranger.
std::string_view kind_of(std::string_view json) {
  constexpr std::string_view kKey = "\"kind\":\"";
  const std::size_t at = json.find(kKey);
  if (at == std::string_view::npos) return {};
  json.remove_prefix(at + kKey.size());
  return json.substr(0, json.find('"'));
}

std::string csv_event(const ipm_event& event) {
  const std::string json = format_event(event);
  const std::uint64_t pid = event.process >> 42;  // As ipm_process_ref() packs it.
  return csv_record({std::to_string(event.time_ns), std::string(kind_of(json)), std::to_string(event.source),
                     pid != 0 ? std::to_string(pid) : std::string(),
                     event.flow != 0 ? std::to_string(event.flow) : std::string(), csv_text(json)});
}

// Lives where the callback finds it. A C callback throws nothing: what it met is looked at after the step.
struct EventPrinter {
  std::uint64_t left;
  bool csv;
  std::string lines;
  bool failed = false;

  static void take(const ipm_event* event, void* user) noexcept {
    auto* self = static_cast<EventPrinter*>(user);
    if (self->left == 0) return;
    --self->left;
    try {
      self->lines += self->csv ? csv_event(*event) : format_event(*event) + "\n";
    } catch (...) {
      self->failed = true;
    }
  }
};

}  // namespace

int run_events(const Options& options) {
  if (!options.filters.empty() || !options.columns.empty() || !options.order_by.empty()) {
    throw ipm::Error(IPM_ERR_INVALID_ARGUMENT, "events are no table: no filter, order or columns");
  }
  EventPrinter printer{.left = options.limit.value_or(UINT64_MAX), .csv = options.format == Format::kCsv, .lines = {}};
  if (printer.csv) printer.lines = csv_record({"time", "kind", "source", "pid", "flow", "event"});
  ipm::Monitor monitor = open_monitor(options);
  ipm::check(ipm_monitor_set_event_callback(monitor.get(), EventPrinter::take, &printer));
  attach(monitor, options);
  const auto print = [&] {
    if (printer.failed) throw ipm::Error(IPM_ERR_NO_MEMORY, "out of memory");
    if (!printer.lines.empty()) put(printer.lines);
    printer.lines.clear();
  };
  run(monitor, {.duration_ns = options.duration_ns, .every_ns = options.every_ns, .print = print, .tick = [&] {
                  print();
                  return printer.left > 0;
                }});
  return 0;
}

}  // namespace cli
