// Slow ramps: what is too slow for the fast memory to notice, because it follows. Two-sided CUSUM (Page 1954,
// doi:10.1093/biomet/41.1-2.100) of the fast level against the slow one.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "baseline/tuning.h"

namespace ipm::baseline {

struct Drift {
  float up = 0, down = 0;
  std::uint32_t told = 0;  // 1: an alarm told of this difference; silent until the levels meet again.
  std::uint32_t reserved = 0;

  // `apart`: fast minus slow level, in spreads of the slow memory.
  void step(float apart) {
    const float clipped = std::clamp(apart, -kDriftClip, kDriftClip);
    up = std::max(0.0F, up + (clipped - kDriftSlack) * (1 / kDriftSamples));
    down = std::max(0.0F, down + (-clipped - kDriftSlack) * (1 / kDriftSamples));
    if (std::abs(apart) < kDriftSlack) told = 0;
    if (told != 0) up = down = 0;
  }

  bool well_formed() const {
    return std::isfinite(up) && up >= 0 && std::isfinite(down) && down >= 0 && told <= 1 && reserved == 0;
  }
};

}  // namespace ipm::baseline
