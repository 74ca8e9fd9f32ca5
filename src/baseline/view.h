// One way to look at a metric (its value, its level, its trend): what is usual there, over a fast and a slow memory,
// and how rare it is to be as far from it. A deviation counts only as far as both memories see it, on the same side.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "baseline/spread.h"
#include "baseline/tail.h"
#include "baseline/tuning.h"

namespace ipm::baseline {

// How much the sample at hand may teach.
struct Learning {
  float fast = 1, slow = 1;
  float resolution = 0;
};

struct View {
  Spread fast, slow;
  Tail above, below;

  void start(float x) {
    fast.start(x);
    slow.start(x);
    above.start(kThresholdSpreads, kExcess);
    below.start(kThresholdSpreads, kExcess);
  }

  // Returns the surprise. `samples` is how many the view has seen before this one.
  double step(float x, std::uint32_t samples, const Learning& learning) {
    if (samples == 0) {
      start(x);
      return 0;
    }
    const float fast_spread = fast.spread(learning.resolution), slow_spread = slow.spread(learning.resolution);
    const bool warm = samples >= kWarmSamples;
    double surprise = 0;
    if (warm) {
      const float z = deviation(x, fast_spread, slow_spread);
      const float over = std::max(z, 0.0F), under = std::max(-z, 0.0F);
      const float share = Tail::share(samples - kWarmSamples);
      surprise = (z < 0 ? below : above).surprise(over + under);
      above.add(over, share, kThresholdSpreads);
      below.add(under, share, kThresholdSpreads);
    }
    fast.add(x, learning.fast * share_of(samples, kFastSamples), fast_spread, warm);
    // Every fourth sample stands for four: the slow memory has time.
    if (samples < kSlowSamples / 4 || samples % 4 == 0) {
      const float weight = samples < kSlowSamples / 4 ? 1 : 4;
      slow.add(x, weight * learning.slow * share_of(samples, kSlowSamples), slow_spread, warm);
    }
    return surprise;
  }

  // What the next sample is of a memory that is `samples_max` long.
  static float share_of(std::uint32_t samples, std::uint32_t samples_max) {
    return 1 / static_cast<float>(std::min(samples + 1, samples_max));
  }

  void merge(const View& other, float share, float unit_ratio) {
    fast.merge(other.fast, share, unit_ratio);
    slow.merge(other.slow, share, unit_ratio);
    above.merge(other.above, share);
    below.merge(other.below, share);
  }

  bool well_formed() const {
    return fast.well_formed() && slow.well_formed() && above.well_formed() && below.well_formed();
  }

 private:
  // In spreads; negative: below.
  float deviation(float x, float fast_spread, float slow_spread) const {
    const float by_fast = (x - fast.median) / fast_spread, by_slow = (x - slow.median) / slow_spread;
    // The nearer to 0 if they agree on the side, else 0.
    const float z = std::max(0.0F, std::min(by_fast, by_slow)) + std::min(0.0F, std::max(by_fast, by_slow));
    return std::clamp(z, -kDeviationMax, kDeviationMax);
  }
};

}  // namespace ipm::baseline
