// Slow ramps: what is too slow for the fast memory to notice, because it follows. Two-sided CUSUM (Page 1954,
// doi:10.1093/biomet/41.1-2.100) of the fast level against the slow one.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "baseline/spread.h"
#include "baseline/tail.h"
#include "baseline/tuning.h"

namespace ipm::baseline {

struct Drift {
  float up = 0, down = 0;
  Tail tail;
  std::uint32_t told = 0;  // 1: an alarm told of this difference; silent until the levels meet again.

  void start() { tail.start(kDriftThreshold, kDriftExcess); }

  // Returns the surprise. `samples` before this one.
  double step(const Spread& fast, const Spread& slow, std::uint32_t samples, float resolution) {
    const float apart = (fast.median - slow.median) / slow.spread(resolution);
    const float clipped = std::clamp(apart, -kDriftClip, kDriftClip);
    up = std::max(0.0F, up + (clipped - kDriftSlack) * (1 / kDriftSamples));
    down = std::max(0.0F, down + (-clipped - kDriftSlack) * (1 / kDriftSamples));
    if (std::abs(apart) < kDriftSlack) told = 0;
    const float sum = std::max(up, down);
    const double surprise = tail.surprise(sum);
    tail.add(sum, Tail::share(samples), kDriftThreshold);
    if (told == 0) return surprise;
    up = down = 0;
    return 0;
  }

  bool well_formed() const {
    return std::isfinite(up) && up >= 0 && std::isfinite(down) && down >= 0 && tail.well_formed() && told <= 1;
  }
};

}  // namespace ipm::baseline
