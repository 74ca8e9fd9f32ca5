// What is usual: median, 10 % and 90 % quantile and mean deviation, by stochastic approximation (Robbins, Monro 1951,
// doi:10.1214/aoms/1177729586). Each sample moves a quantile by a small step up or down, whatever its size, so an
// outlier moves it no more than any other sample does.
//
// Several series are kept side by side, one per lane, and treated alike: the compiler does four at a time.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "baseline/tuning.h"

namespace ipm::baseline {

inline constexpr float kLeastSpread = 1e-30F;

template <std::size_t kLanes>
using Lanes = std::array<float, kLanes>;

// Unlike std::max, by value: the loops stay free of branches, which here nobody could predict.
inline float larger(float a, float b) {
  return a > b ? a : b;
}
inline float smaller(float a, float b) {
  return a < b ? a : b;
}

template <std::size_t kLanes>
struct Spreads {
  Lanes<kLanes> median{}, low{}, high{};  // low <= median <= high
  Lanes<kLanes> deviation{};              // Mean absolute deviation from the median, clipped.

  // One standard deviation of a normal distribution with these quantiles, and never less than the floors.
  Lanes<kLanes> spread(float resolution) const {
    Lanes<kLanes> out;
    const float least = larger(resolution, kLeastSpread);
    for (std::size_t i = 0; i < kLanes; ++i) {
      const float floor = larger(kRelativeFloor * std::abs(median[i]), least);
      out[i] = larger(larger(range(i), deviation[i]), floor);
    }
    return out;
  }

  void start(std::size_t lane, float x) {
    median[lane] = low[lane] = high[lane] = x;
    deviation[lane] = 0;
  }

  // `share` is what this sample is of the memory; `clip` is the most that its distance from the median counts.
  void add(const Lanes<kLanes>& x, const Lanes<kLanes>& share, const Lanes<kLanes>& clip) {
    for (std::size_t i = 0; i < kLanes; ++i) {
      const float distance = smaller(std::abs(x[i] - median[i]), clip[i]);
      deviation[i] += share[i] * (distance - deviation[i]);
      // Steps of 1/density at the quantile of a normal distribution: the fastest that converge.
      const float step = share[i] * larger(range(i), 1.25F * deviation[i]);
      const float middle = moved(median[i], x[i], 0.5F, 2.5F * step);
      median[i] = middle;
      low[i] = smaller(moved(low[i], x[i], 0.1F, 5.7F * step), middle);
      high[i] = larger(moved(high[i], x[i], 0.9F, 5.7F * step), middle);
    }
  }

  void merge(const Spreads& other, float share, float unit_ratio) {
    const auto mix = [&](Lanes<kLanes>& mine, const Lanes<kLanes>& theirs) {
      for (std::size_t i = 0; i < kLanes; ++i) mine[i] += share * (theirs[i] * unit_ratio - mine[i]);
    };
    mix(median, other.median);
    mix(low, other.low);
    mix(high, other.high);
    mix(deviation, other.deviation);
    for (std::size_t i = 0; i < kLanes; ++i) {
      low[i] = std::min(low[i], median[i]);
      high[i] = std::max(high[i], median[i]);
    }
  }

  bool well_formed() const {
    for (std::size_t i = 0; i < kLanes; ++i) {
      for (const float each : {median[i], low[i], high[i], deviation[i]}) {
        if (!(std::abs(each) <= kStoredMax)) return false;
      }
      if (low[i] > median[i] || median[i] > high[i] || deviation[i] < 0) return false;
    }
    return true;
  }

 private:
  static constexpr float kStoredMax = 64 * kScaledMax;  // Small enough for sums.

  // Between the 10 % and the 90 % quantile of a normal distribution lie 2.5631 standard deviations.
  float range(std::size_t i) const { return (high[i] - low[i]) * (1 / 2.5631F); }

  static float moved(float quantile, float x, float share, float step) {
    return quantile + (x > quantile ? share * step : 0.0F) - (x < quantile ? (1 - share) * step : 0.0F);
  }
};

}  // namespace ipm::baseline
