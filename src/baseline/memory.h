// What is usual over a fast and a slow memory, and how rare it is to be as far from it. A deviation counts only as far
// as both memories see it, on the same side.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "baseline/spreads.h"
#include "baseline/tails.h"
#include "baseline/tuning.h"

namespace ipm::baseline {

// How much the sample at hand may teach.
struct Learning {
  float fast = 1, slow = 1;
  float resolution = 0;
};

// What the next sample is of a memory that is `samples_max` long.
inline float share_of(std::uint32_t samples, std::uint32_t samples_max) {
  return samples + 1 < samples_max ? 1 / static_cast<float>(samples + 1) : 1 / static_cast<float>(samples_max);
}

template <std::size_t kLanes>
struct Memory {
  Spreads<kLanes> fast, slow;
  Tails<kLanes> above, below;

  void start(std::size_t lane, float x) {
    fast.start(lane, x);
    slow.start(lane, x);
    above.start(lane, kThresholdSpreads, kExcess);
    below.start(lane, kThresholdSpreads, kExcess);
  }

  struct Spread {
    Lanes<kLanes> fast, slow;
  };
  Spread spread(float resolution) const { return {fast.spread(resolution), slow.spread(resolution)}; }

  // In spreads; negative: below.
  Lanes<kLanes> deviation(const Lanes<kLanes>& x, const Spread& known) const {
    Lanes<kLanes> out;
    for (std::size_t i = 0; i < kLanes; ++i) {
      const float by_fast = (x[i] - fast.median[i]) / known.fast[i];
      const float by_slow = (x[i] - slow.median[i]) / known.slow[i];
      // The nearer to 0 if they agree on the side, else 0.
      const float least = by_fast < by_slow ? by_fast : by_slow, most = by_fast < by_slow ? by_slow : by_fast;
      const float z = (least > 0 ? least : 0.0F) + (most < 0 ? most : 0.0F);
      out[i] = z < -kDeviationMax ? -kDeviationMax : z > kDeviationMax ? kDeviationMax : z;
    }
    return out;
  }

  // Lane by lane, `samples` is how many it has seen before this one; at 0 what is usual starts anew.
  void learn(const Lanes<kLanes>& x, const std::array<std::uint32_t, kLanes>& samples, const Spread& known,
             const Learning& learning) {
    Lanes<kLanes> share;
    for (std::size_t i = 0; i < kLanes; ++i) share[i] = learning.fast * share_of(samples[i], kFastSamples);
    fast.add(x, share, clip(samples, known.fast));
    // Every fourth sample stands for four: the slow memory has time.
    const bool young = samples[0] < kSlowSamples / 4;
    if (young || samples[0] % 4 == 0) {
      const float weight = learning.slow * (young ? 1 : 4);
      for (std::size_t i = 0; i < kLanes; ++i) share[i] = std::min(weight * share_of(samples[i], kSlowSamples), 1.0F);
      slow.add(x, share, clip(samples, known.slow));
    }
    for (std::size_t i = 0; i < kLanes; ++i) {
      if (samples[i] != 0) continue;
      fast.start(i, x[i]);
      slow.start(i, x[i]);
    }
  }

  void merge(const Memory& other, float share, float unit_ratio) {
    fast.merge(other.fast, share, unit_ratio);
    slow.merge(other.slow, share, unit_ratio);
    above.merge(other.above, share);
    below.merge(other.below, share);
  }

  bool well_formed() const {
    return fast.well_formed() && slow.well_formed() && above.well_formed() && below.well_formed();
  }

 private:
  // How far a distance counts that may be an outlier's. Any, as long as little is known.
  static Lanes<kLanes> clip(const std::array<std::uint32_t, kLanes>& samples, const Lanes<kLanes>& spread) {
    Lanes<kLanes> out;
    for (std::size_t i = 0; i < kLanes; ++i) {
      const bool known = samples[i] > kWarmSamples && spread[i] > kLeastSpread;
      out[i] = known ? kClipSpreads * spread[i] : 2 * kScaledMax;
    }
    return out;
  }
};

}  // namespace ipm::baseline
