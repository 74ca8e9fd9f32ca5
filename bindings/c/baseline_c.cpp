#include <ipm/baseline.h>

#include "guard.h"

using ipm::Status;
using ipm::capi::guard_monitor;
using ipm::monitor::Monitor;

// The states of the header are those of the monitor.
static_assert(static_cast<int>(ipm::monitor::KeptBaselines::State::kNone) == IPM_BASELINES_NONE);
static_assert(static_cast<int>(ipm::monitor::KeptBaselines::State::kNew) == IPM_BASELINES_NEW);
static_assert(static_cast<int>(ipm::monitor::KeptBaselines::State::kLoaded) == IPM_BASELINES_LOADED);
static_assert(static_cast<int>(ipm::monitor::KeptBaselines::State::kRefused) == IPM_BASELINES_REFUSED);

extern "C" {

ipm_status ipm_monitor_import_baselines(ipm_monitor* monitor, const char* path) {
  return guard_monitor(monitor, [&](Monitor& m) -> Status {
    if (path == nullptr) return Status::invalid_argument("path is NULL");
    return m.import_baselines(path);
  });
}

ipm_status ipm_monitor_export_baselines(ipm_monitor* monitor, const char* path) {
  return guard_monitor(monitor, [&](Monitor& m) -> Status {
    if (path == nullptr) return Status::invalid_argument("path is NULL");
    return m.export_baselines(path);
  });
}

ipm_status ipm_monitor_baselines_file(ipm_monitor* monitor, ipm_baselines_file* out) {
  return guard_monitor(monitor, [&](Monitor& m) -> Status {
    monitor->shown_baselines = m.kept_baselines();
    ipm_baselines_file value{};
    value.state = static_cast<std::int32_t>(monitor->shown_baselines.state);
    value.message = monitor->shown_baselines.message.c_str();
    return ipm::capi::write_struct(value, out, "out");
  });
}

}  // extern "C"
