#include <ipm/alert.h>

#include "alert/alert.h"
#include "guard.h"
#include "source/drill/rehearsal.h"

using ipm::Status;
using ipm::capi::guard;
using ipm::capi::guard_monitor;
using ipm::monitor::Monitor;

namespace {

// Its texts are those of `shown`.
ipm_alert alert_of(const ipm::monitor::AlertChange& shown) {
  const ipm::alert::AlertRow& row = shown.row;
  const ipm::alert::KindInfo& kind = ipm::alert::info(row.kind);
  ipm_alert value{};
  value.struct_size = sizeof value;
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
  value.evidence = shown.evidence.c_str();
  value.comm = shown.comm.c_str();
  value.exe = shown.exe.c_str();
  value.app = shown.app.c_str();
  value.remote_addr = shown.remote.c_str();
  value.remote_name = shown.remote_name.c_str();
  value.severity = static_cast<std::int32_t>(row.severity);
  value.remote_port = row.remote_port;
  value.notified = row.notified ? 1 : 0;
  value.drill = row.drill ? 1 : 0;
  value.verdict = ipm::alert::verdict_name(row.verdict).data();
  value.country = shown.country.c_str();
  value.feed = shown.feed.c_str();
  value.indicator = shown.indicator.c_str();
  value.asn = row.place.asn;
  value.threshold = row.threshold;
  value.listed_ns = row.listed_unix_ns;
  return value;
}

}  // namespace

extern "C" {

ipm_status ipm_monitor_next_alert(ipm_monitor* monitor, ipm_alert* out) {
  return guard_monitor(monitor, [&](Monitor& m) -> Status {
    if (out == nullptr) return Status::invalid_argument("out is NULL");
    if (!m.next_alert(monitor->shown_alert)) return Status::end();
    return ipm::capi::write_struct(alert_of(monitor->shown_alert), out, "out");
  });
}

ipm_status ipm_monitor_set_alert_callback(ipm_monitor* monitor, ipm_alert_callback callback, void* user) {
  return guard_monitor(monitor, [&](Monitor& m) {
    if (callback == nullptr) {
      m.set_alert_callback({});
    } else {
      m.set_alert_callback([callback, user](const ipm::monitor::AlertChange& change) {
        const ipm_alert alert = alert_of(change);
        callback(&alert, user);
      });
    }
    return Status::success();
  });
}

ipm_status ipm_monitor_rule(ipm_monitor* monitor, const char* line) {
  return guard_monitor(monitor, [&](Monitor& m) -> Status {
    if (line == nullptr) return Status::invalid_argument("line is NULL");
    return m.rule(line);
  });
}

ipm_status ipm_alert_kind_describe(uint32_t index, ipm_alert_kind_info* out) {
  return guard([&]() -> Status {
    if (index >= ipm::alert::kKinds) return Status::end();
    const ipm::alert::KindInfo& kind = ipm::alert::info(static_cast<ipm::alert::Kind>(index));
    ipm_alert_kind_info value{};
    value.kind = kind.name.data();
    value.title = kind.title.data();
    value.techniques = kind.techniques.data();
    value.means = kind.means.data();
    value.computed = kind.computed.data();
    value.check = kind.check.data();
    value.tune = kind.tune.data();
    return ipm::capi::write_struct(value, out, "out");
  });
}

const char* ipm_technique_name(const char* technique) {
  return technique == nullptr ? nullptr : ipm::alert::technique_name(technique).data();
}

ipm_status ipm_drill_describe(uint32_t index, ipm_drill_info* out) {
  return guard([&]() -> Status {
    const std::span<const ipm::source::Incident> all = ipm::source::incidents();
    if (index >= all.size()) return Status::end();
    ipm_drill_info value{};
    value.kind = all[index].kind.data();
    value.comm = all[index].who->name.c_str();
    value.what = all[index].what.data();
    value.begins_ns = ipm::source::kScriptBegin + ipm::source::Rehearsal::begin_of(0);
    value.ends_ns = value.begins_ns + ipm::source::kIncidentNs;
    return ipm::capi::write_struct(value, out, "out");
  });
}

}  // extern "C"
