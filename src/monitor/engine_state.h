// The engine with everything that its pages need: what snapshots keep alive after the monitor is gone.
#pragma once

#include "core/engine.h"
#include "store/recent_series.h"

namespace ipm::monitor {

struct EngineState {
  explicit EngineState(const core::Bounds& bounds)
      : store(bounds.copies_max_bytes),
        series(store, bounds.rows.series_blocks_max, bounds.rows.processes_max, bounds.rows.apps_max),
        engine(bounds, store, series) {}

  PageStore store;  // First, since the others give their pages back to it.
  store::RecentSeries series;
  core::Engine engine;
};

}  // namespace ipm::monitor
