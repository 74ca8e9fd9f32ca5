// An engine with its tables, as the monitor sets it up.
#pragma once

#include <span>

#include "alert/watch.h"
#include "baseline/app_baselines.h"
#include "core/engine.h"
#include "store/recent_series.h"

namespace ipm::bench {

class EngineHost {
 public:
  // `watched`: with the detectors and baselines, as by default.
  explicit EngineHost(std::uint64_t memory_max_bytes, bool watched = true)
      : bounds_(bounds_of(memory_max_bytes)), store_(bounds_.copies_max_bytes), watched_(watched) {}

  void feed(std::span<const model::Event> events) { engine_.feed(events); }
  const core::Engine& engine() const { return engine_; }
  const alert::Watch& watch() const { return watch_; }
  std::uint64_t bytes_used() const { return store_.bytes_used(); }

 private:
  static core::Bounds bounds_of(std::uint64_t memory_max_bytes) {
    model::Settings settings;
    settings.memory_max_bytes = memory_max_bytes;
    settings.flows_max = 1'100'000;
    return core::share_memory(settings);
  }

  const core::Bounds bounds_;
  PageStore store_;
  const bool watched_;
  store::RecentSeries series_{store_, bounds_.rows.series_blocks_max, bounds_.rows.processes_max,
                              bounds_.rows.apps_max};
  alert::Watch watch_{store_,
                      {.bytes_max = bounds_.watch_max_bytes,
                       .alerts_max = bounds_.rows.alerts_max,
                       .changes_max = bounds_.alert_changes_max,
                       .budget_per_day = bounds_.rows.alerts_budget}};
  baseline::AppBaselines baselines_{
      store_, {.apps_max = bounds_.rows.baselines_max, .interval_s = bounds_.rows.baseline_interval_s}};
  core::Engine engine_{bounds_, store_, series_, watched_ ? &watch_ : nullptr, watched_ ? &baselines_ : nullptr};
};

inline constexpr std::uint64_t kSmallHostBytes = core::kMemoryDefaultBytes;
inline constexpr std::uint64_t kLargeHostBytes = 1ULL << 30;  // Room for a million flows.

}  // namespace ipm::bench
