// A rehearsal: plays incidents that are known beforehand, and says if the alerts came that have to come.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include <ipm/ipm.hpp>

#include "alert_lines.h"
#include "commands.h"
#include "output.h"
#include "run.h"

namespace cli {
namespace {

std::vector<ipm_drill_info> chosen(const std::string& kind) {
  std::vector<ipm_drill_info> out = ipm::drills();
  if (kind != "all") std::erase_if(out, [&](const ipm_drill_info& each) { return each.kind != kind; });
  if (!out.empty()) return out;
  throw ipm::Error(IPM_ERR_INVALID_ARGUMENT,
                   kind.empty() ? "drill: which kind? `ipm drill --list` has them"
                                : "drill: there is none called \"" + kind + "\"; `ipm drill --list` has them");
}

int list(Format format) {
  std::vector<std::vector<std::string>> rows;
  for (const ipm_drill_info& each : ipm::drills()) rows.push_back({each.kind, each.comm, each.what});
  put(format_texts({"kind", "program", "incident"}, rows, format));
  return 0;
}

// True: the alert that has to come came.
bool rehearse(const ipm_drill_info& drill, const Options& options) {
  ipm::Monitor monitor = open_monitor(options);
  const std::string uri = "drill:" + std::string(drill.kind) + "?seed=" + std::to_string(options.seed);
  monitor.add_source(uri);
  const bool table = options.format == Format::kTable;
  if (table) put(std::string(drill.kind) + ": " + drill.what + "\n");
  std::uint64_t came = 0;  // Its number.
  for (bool more = true; more;) {
    more = monitor.step(0) != IPM_END;
    while (const std::optional<ipm_alert> alert = monitor.next_alert()) {
      // What ordinary life raised before is no part of the incident.
      if (alert->change != IPM_ALERT_OPENED || alert->opened_ns < drill.begins_ns) continue;
      const bool expected = std::string_view(alert->kind) == drill.kind && std::string_view(alert->comm) == drill.comm;
      if (came == 0 && expected && alert->opened_ns < drill.ends_ns) came = alert->id;
      put(table ? "  " + alert_person_line(*alert) : alert_record(*alert, options.format));
    }
  }
  if (table && came != 0) {
    put("  came: " + std::string(drill.kind) + " of " + drill.comm + ". More: ipm explain " + std::to_string(came) +
        " '" + uri + "'\n");
  }
  if (came == 0) std::fprintf(stderr, "ipm: drill %s: no alert of that kind came for %s\n", drill.kind, drill.comm);
  return came != 0;
}

}  // namespace

int run_drill(const Options& options) {
  if (options.list) return list(options.format);
  const std::vector<ipm_drill_info> drills = chosen(options.subject);
  put(alert_header(options.format));
  const auto missed =
      std::count_if(drills.begin(), drills.end(), [&](const auto& each) { return !rehearse(each, options); });
  return missed == 0 ? 0 : 1;
}

}  // namespace cli
