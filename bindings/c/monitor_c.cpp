#include "guard.h"

using ipm::Status;
using ipm::capi::guard;
using ipm::capi::guard_monitor;
using ipm::monitor::Monitor;

namespace {

ipm_bound_stats bound(const ipm::monitor::MonitorStats::Bound& b) {
  return {b.used, b.max, b.high_water, b.evicted};
}

}  // namespace

extern "C" {

ipm_status ipm_monitor_open(ipm_monitor** out, const ipm_monitor_options* options) {
  return guard([&]() -> Status {
    if (out == nullptr) return Status::invalid_argument("out is NULL");
    *out = nullptr;
    ipm_monitor_options given;
    if (Status status = ipm::capi::read_struct(options, given, "ipm_monitor_options"); !status.ok()) return status;
    ipm::monitor::MonitorOptions parsed;
    if (given.settings != nullptr) {
      if (Status status = ipm::monitor::apply_settings(given.settings, parsed); !status.ok()) return status;
    }
    if (given.memory_max_bytes != 0) parsed.bounds.memory_max_bytes = given.memory_max_bytes;
    if (given.threads != IPM_THREADS_NONE && given.threads != IPM_THREADS_AUTO) {
      return Status::invalid_argument("ipm_monitor_options.threads is neither IPM_THREADS_NONE nor IPM_THREADS_AUTO");
    }
    if (given.threads == IPM_THREADS_AUTO) parsed.threads = true;
    ipm::Result<std::unique_ptr<Monitor>> monitor = Monitor::open(parsed);
    if (!monitor.ok()) return monitor.status();
    auto handle = std::make_unique<ipm_monitor>();
    handle->impl = std::move(*monitor);
    *out = handle.release();
    return Status::success();
  });
}

void ipm_monitor_close(ipm_monitor* monitor) {
  delete monitor;
}

ipm_status ipm_monitor_add_source(ipm_monitor* monitor, const char* uri) {
  return guard_monitor(monitor, [&](Monitor& m) -> Status {
    if (uri == nullptr) return Status::invalid_argument("uri is NULL");
    return m.add_source(uri);
  });
}

ipm_status ipm_monitor_step(ipm_monitor* monitor, int64_t timeout_ns) {
  return guard_monitor(monitor, [&](Monitor& m) { return m.step(timeout_ns); });
}

ipm_status ipm_monitor_flush(ipm_monitor* monitor) {
  return guard_monitor(monitor, [&](Monitor& m) { return m.flush(); });
}

int32_t ipm_monitor_fd(ipm_monitor* monitor) {
  int fd = -1;
  const ipm_status status = guard_monitor(monitor, [&](Monitor& m) {
    fd = m.fd();
    return Status::success();
  });
  return status < 0 ? status : fd;
}

ipm_status ipm_monitor_next_due(ipm_monitor* monitor, int64_t* out) {
  return guard_monitor(monitor, [&](Monitor& m) -> Status {
    if (out == nullptr) return Status::invalid_argument("out is NULL");
    *out = m.next_due_ns();
    return Status::success();
  });
}

ipm_status ipm_monitor_interrupt(ipm_monitor* monitor) {
  if (monitor == nullptr) return IPM_ERR_INVALID_ARGUMENT;  // No message: this may be a signal handler.
  monitor->impl->interrupt();
  return IPM_OK;
}

ipm_status ipm_monitor_record(ipm_monitor* monitor, const char* path) {
  return guard_monitor(monitor, [&](Monitor& m) { return m.record(path); });
}

ipm_status ipm_monitor_set_event_callback(ipm_monitor* monitor, ipm_event_callback callback, void* user) {
  return guard_monitor(monitor, [&](Monitor& m) {
    if (callback == nullptr) {
      m.set_event_callback({});
    } else {
      m.set_event_callback([callback, user](const ipm::model::Event& event) {
        ipm_event copy;
        static_assert(sizeof copy == sizeof event);
        std::memcpy(&copy, &event, sizeof copy);
        callback(&copy, user);
      });
    }
    return Status::success();
  });
}

ipm_status ipm_monitor_set_eviction_callback(ipm_monitor* monitor, ipm_eviction_callback callback, void* user) {
  return guard_monitor(monitor, [&](Monitor& m) {
    auto teller = callback == nullptr ? nullptr : std::make_unique<ipm::capi::EvictionTeller>(callback, user);
    m.set_eviction_listener(teller.get());
    monitor->eviction_teller = std::move(teller);
    return Status::success();
  });
}

ipm_status ipm_monitor_get_stats(ipm_monitor* monitor, ipm_monitor_stats* out) {
  return guard_monitor(monitor, [&](Monitor& m) -> Status {
    const ipm::monitor::MonitorStats stats = m.stats();
    ipm_monitor_stats value{};
    value.sources = static_cast<uint32_t>(stats.sources);
    value.events = stats.engine.events;
    value.events_late = stats.engine.late;
    value.events_unknown = stats.engine.unknown + stats.engine.malformed;
    value.events_dropped = stats.dropped;
    value.memory_bytes = stats.memory_bytes;
    value.memory_max_bytes = stats.memory_max_bytes;
    value.memory_high_water = stats.memory_high_water;
    value.snapshots_open = stats.snapshots_open;
    value.snapshots_revoked = stats.snapshots_revoked;
    value.recorded_events = stats.recorded_events;
    value.recorded_bytes = stats.recorded_bytes;
    value.flows = bound(stats.flows);
    value.processes = bound(stats.processes);
    value.apps = bound(stats.apps);
    value.endpoints = bound(stats.endpoints);
    value.remotes = bound(stats.remotes);
    value.series_blocks = bound(stats.series_blocks);
    value.texts = bound(stats.texts);
    value.interfaces = bound(stats.interfaces);
    value.data_other_layer = stats.engine.other_layer;
    value.rows_refused = stats.engine.no_room;
    value.intel_indicators = stats.intel_indicators;
    value.intel_bytes = stats.intel_bytes;
    value.enrich_reloads = stats.enrich_reloads;
    value.enrich_reloads_failed = stats.enrich_reloads_failed;
    value.baselines = bound(stats.baselines);
    value.baselines_refused = stats.baselines_refused;
    value.alerts = bound(stats.alerts);
    value.alert_changes_lost = stats.alert_changes_lost;
    value.rules_refused = stats.watch.rules_refused;
    value.programs_evicted = stats.watch.programs_evicted;
    value.pairs_evicted = stats.watch.pairs_evicted;
    value.clues = bound(stats.clues);
    return ipm::capi::write_struct(value, out, "out");
  });
}

}  // extern "C"
