// What each source could see here; then one second of auto: what was taken, what it misses and why.
#include <ipm/ipm.hpp>

#include "commands.h"
#include "output.h"
#include "run.h"

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

std::string report(const ipm::Monitor& monitor, Format format) {
  std::string out;
  for (const ipm_source_info& source : monitor.sources()) {
    if (format == Format::kJsonl) {
      out += "{\"source\":" + json_text(source.name) + ",\"uri\":" + json_text(source.uri) +
             ",\"state\":" + json_text(state_name(source.state)) + ",\"received\":" + std::to_string(source.received) +
             ",\"dropped\":" + std::to_string(source.dropped) + ",\"lost\":" + std::to_string(source.lost) +
             ",\"missing\":" + json_text(source.missing) + "}\n";
    } else {
      out += "\n" + harmless(source.uri) + " took " + harmless(source.name) + ": " + state_name(source.state) + ", " +
             std::to_string(source.received) + " events, " + std::to_string(source.dropped) + " dropped, " +
             std::to_string(source.lost) + " lost\n";
    }
  }
  if (format == Format::kJsonl) return out;
  const std::string missing = missing_lines(monitor);
  return out + (missing.empty() ? "nothing is missing\n" : missing);
}

}  // namespace

int run_doctor(const Options& options) {
  ipm_cursor* probed = nullptr;
  ipm::check(ipm_source_probe(nullptr, &probed));
  ipm::Cursor probe(probed);
  put(format_rows(probe, options.format));
  if (options.format == Format::kCsv) return 0;  // One table to a CSV.

  ipm::Monitor monitor = open_monitor(options);
  attach(monitor, options);
  run(monitor, {.duration_ns = options.duration_ns.value_or(IPM_S), .every_ns = options.every_ns, .print = [&] {
                  put(report(monitor, options.format));
                }});
  return 0;
}

}  // namespace cli
