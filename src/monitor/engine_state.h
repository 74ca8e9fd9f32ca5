// The engine with everything that its pages need: what snapshots keep alive after the monitor is gone.
#pragma once

#include "alert/watch.h"
#include "core/engine.h"
#include "store/recent_series.h"

namespace ipm::monitor {

struct EngineState {
  explicit EngineState(const core::Bounds& bounds)
      : store(bounds.copies_max_bytes),
        series(store, bounds.rows.series_blocks_max, bounds.rows.processes_max, bounds.rows.apps_max),
        watch(watch_of(bounds, store)),
        engine(bounds, store, series, watch.get()) {}

  static std::unique_ptr<alert::Watch> watch_of(const core::Bounds& bounds, PageStore& store) {
    if (bounds.rows.alerts_off != 0) return nullptr;
    return std::make_unique<alert::Watch>(store, alert::WatchBounds{.bytes_max = bounds.watch_max_bytes,
                                                                    .alerts_max = bounds.rows.alerts_max,
                                                                    .changes_max = bounds.alert_changes_max,
                                                                    .budget_per_day = bounds.rows.alerts_budget});
  }

  PageStore store;  // First, since the others give their pages back to it.
  store::RecentSeries series;
  std::unique_ptr<alert::Watch> watch;  // Null: alerts = off.
  core::Engine engine;
};

}  // namespace ipm::monitor
