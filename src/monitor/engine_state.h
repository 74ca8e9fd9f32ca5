// The engine with everything that its pages need: what snapshots keep alive after the monitor is gone.
#pragma once

#include "alert/watch.h"
#include "baseline/app_baselines.h"
#include "core/engine.h"
#include "store/recent_series.h"

namespace ipm::monitor {

struct EngineState {
  explicit EngineState(const core::Bounds& bounds)
      : store(bounds.copies_max_bytes),
        series(store, bounds.rows.series_blocks_max, bounds.rows.processes_max, bounds.rows.apps_max),
        baselines(baselines_of(bounds, store)),
        watch(watch_of(bounds, store)),
        engine(bounds, store, series, watch.get(), baselines.get()) {
    if (watch) watch->use_baselines(baselines.get());
  }

  static std::unique_ptr<alert::Watch> watch_of(const core::Bounds& bounds, PageStore& store) {
    if (bounds.rows.alerts_off != 0) return nullptr;
    return std::make_unique<alert::Watch>(store, alert::WatchBounds{.bytes_max = bounds.watch_max_bytes,
                                                                    .alerts_max = bounds.rows.alerts_max,
                                                                    .changes_max = bounds.alert_changes_max,
                                                                    .budget_per_day = bounds.rows.alerts_budget,
                                                                    .learn_ns = bounds.rows.alerts_learn_s * kSecond});
  }

  static std::unique_ptr<baseline::AppBaselines> baselines_of(const core::Bounds& bounds, PageStore& store) {
    if (bounds.rows.baselines_off != 0) return nullptr;
    return std::make_unique<baseline::AppBaselines>(
        store, baseline::AppBaselines::Settings{.apps_max = bounds.rows.baselines_max,
                                                .interval_s = bounds.rows.baseline_interval_s,
                                                .threshold = bounds.rows.baseline_threshold_ppm / 1e6});
  }

  PageStore store;  // First, since the others give their pages back to it.
  store::RecentSeries series;
  std::unique_ptr<baseline::AppBaselines> baselines;  // Null: baselines = off.
  std::unique_ptr<alert::Watch> watch;                // Null: alerts = off.
  core::Engine engine;
};

}  // namespace ipm::monitor
