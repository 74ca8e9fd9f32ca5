#include <ipm/alert.h>

#include "guard.h"

using ipm::Status;
using ipm::capi::guard_monitor;
using ipm::monitor::Monitor;

extern "C" {

ipm_status ipm_monitor_next_alert(ipm_monitor* monitor, ipm_alert* out) {
  return guard_monitor(monitor, [&](Monitor& m) -> Status {
    if (out == nullptr) return Status::invalid_argument("out is NULL");
    ipm::monitor::AlertChange& shown = monitor->shown_alert;
    if (!m.next_alert(shown)) return Status::end();
    const ipm::alert::AlertRow& row = shown.row;
    const ipm::alert::KindInfo& kind = ipm::alert::info(row.kind);
    ipm_alert value{};
    value.change = static_cast<std::int32_t>(row.change);
    value.id = row.id;
    value.sequence = row.sequence;
    value.time_ns = shown.time_unix_ns;
    value.opened_ns = shown.opened_unix_ns;
    value.since_ns = shown.since_unix_ns;
    value.process = row.process.ref();
    value.score = row.score;
    value.value = row.value;
    value.expected_low = row.expected_low;
    value.expected_high = row.expected_high;
    value.samples = row.samples;
    value.changes_lost = shown.changes_lost;
    value.kind = kind.name.data();
    value.title = kind.title.data();
    value.techniques = kind.techniques.data();
    value.metric = row.metric == nullptr ? "" : row.metric;
    value.evidence = row.evidence;
    value.comm = row.comm;
    value.exe = shown.exe.c_str();
    value.app = shown.app.c_str();
    value.remote_addr = shown.remote.c_str();
    value.remote_name = shown.remote_name.c_str();
    value.severity = static_cast<std::int32_t>(row.severity);
    value.remote_port = row.remote_port;
    value.notified = row.notified ? 1 : 0;
    value.drill = row.drill ? 1 : 0;
    return ipm::capi::write_struct(value, out, "out");
  });
}

}  // extern "C"
