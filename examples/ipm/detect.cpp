// Alerts of a run as they come: a line each for people, records for programs, or the protocol of scorers.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <ipm/ipm.hpp>

#include "alert_lines.h"
#include "commands.h"
#include "output.h"
#include "run.h"
#include "text.h"

namespace cli {
namespace {

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
  std::string lines = alert_header(options.format);
  const auto take = [&] {
    while (left > 0) {
      const std::optional<ipm_alert> alert = monitor.next_alert();
      if (!alert) break;
      if (options.format == Format::kScore && !is_scored(*alert)) continue;
      if (options.format == Format::kTable && alert->change == IPM_ALERT_UPDATED) continue;
      lines += options.format == Format::kScore   ? score_line(*alert)
               : options.format == Format::kTable ? alert_person_line(*alert)
                                                  : alert_record(*alert, options.format);
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
