// Median, 10 % and 90 % quantile and mean deviation, by stochastic approximation (Robbins, Monro 1951,
// doi:10.1214/aoms/1177729586): each sample moves a quantile by a small step up or down, whatever its size. So an
// outlier moves it no more than any other sample does.
#pragma once

#include <algorithm>
#include <cmath>

#include "baseline/tuning.h"

namespace ipm::baseline {

struct Spread {
  float median = 0, low = 0, high = 0;  // low <= median <= high
  float deviation = 0;                  // Mean absolute deviation from the median, clipped.

  // One standard deviation of a normal distribution with these quantiles, and never less than the floors.
  float spread(float resolution) const {
    const float floor = std::max(kRelativeFloor * std::abs(median), std::max(resolution, kLeast));
    return std::max(std::max(range(), deviation), floor);
  }

  void start(float x) {
    median = low = high = x;
    deviation = 0;
  }

  // `share` is what this sample is of the memory; `known` is spread() before it. Only a memory that is `warm` clips.
  void add(float x, float share, float known, bool warm) {
    float distance = std::abs(x - median);
    if (warm && known > kLeast) distance = std::min(distance, kClipSpreads * known);
    deviation += share * (distance - deviation);
    const float step = share * std::max(range(), 1.25F * deviation);
    // Steps of 1/density at the quantile of a normal distribution: the fastest that converge.
    move(median, x, 0.5F, 2.5F * step);
    move(low, x, 0.1F, 5.7F * step);
    move(high, x, 0.9F, 5.7F * step);
    low = std::min(low, median);
    high = std::max(high, median);
  }

  void merge(const Spread& other, float share, float unit_ratio) {
    median += share * (other.median * unit_ratio - median);
    low += share * (other.low * unit_ratio - low);
    high += share * (other.high * unit_ratio - high);
    deviation += share * (other.deviation * unit_ratio - deviation);
    low = std::min(low, median);
    high = std::max(high, median);
  }

  bool well_formed() const {
    return is_scaled(median) && is_scaled(low) && is_scaled(high) && is_scaled(deviation) && low <= median &&
           median <= high && deviation >= 0;
  }

  // Whether a number can stand in a baseline: finite, and small enough for sums of it.
  static bool is_scaled(float x) { return std::abs(x) <= 64 * kScaledMax; }

 private:
  static constexpr float kLeast = 1e-30F;

  // Between the 10 % and the 90 % quantile of a normal distribution lie 2.5631 standard deviations.
  float range() const { return (high - low) * (1 / 2.5631F); }

  // Arithmetic instead of branches: which way it goes is as good as random.
  static void move(float& quantile, float x, float share, float step) {
    const float up = static_cast<float>(x > quantile), down = static_cast<float>(x < quantile);
    quantile += step * (share * up - (1 - share) * down);
  }
};

}  // namespace ipm::baseline
