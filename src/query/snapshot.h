// One consistent moment of a monitor: the pages of every table under one pin, and what is small enough to copy.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "alert/alert.h"
#include "base/page_store.h"
#include "baseline/app_baselines.h"
#include "core/engine.h"
#include "store/recent_series.h"

namespace ipm::query {

// A source as the `sources` table shows it. `number` is what rows refer to.
struct SourceRow {
  std::uint32_t number = 0;
  std::string name;
  std::string uri;
  std::string state;
  std::string missing;
  std::string self_test;
  std::uint64_t received = 0;
  std::uint64_t written = 0;
  std::uint64_t filtered = 0;
  std::uint64_t dropped = 0;
  std::uint64_t malformed = 0;
  std::uint64_t lost = 0;
};

struct Snapshot {
  std::shared_ptr<const void> keep;  // Whoever owns the pages.
  std::shared_ptr<Pin> pin;
  core::EngineViews engine;
  store::SeriesViews series;
  alert::AlertPages::View alerts;        // Without rows where alerts are off.
  baseline::AppBaselineViews baselines;  // Without rows where baselines are off.
  std::vector<SourceRow> sources;

  ~Snapshot() {
    if (pin) pin->close();
  }
  TimeNs unix_ns(TimeNs engine_ns) const { return engine.clock.unix_ns(engine_ns); }
  const core::ProcessRow* process(std::uint32_t slot_plus_one) const {
    if (slot_plus_one == 0 || slot_plus_one > engine.processes.slots()) return nullptr;
    return &engine.processes.at(slot_plus_one - 1);
  }
};

}  // namespace ipm::query
