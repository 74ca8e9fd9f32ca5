// What the hour of the week adds to the level. A slot counts once it was visited; until it is well known it leans on
// the same hour of other days. Used only as far as it explains the metric.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "baseline/tuning.h"

namespace ipm::baseline {

struct Season {
  static constexpr std::uint32_t kSlots = 7 * 24;

  std::int16_t offsets[kSlots] = {};  // In steps, from the median of the metric.
  std::uint8_t visits[kSlots] = {};   // At most kSeasonVisitsMax.
  float step = 0;                     // 0: nothing learned yet.
  float deviation_without = 0, deviation_with = 0;
  std::uint16_t samples = 0;    // At most kFastSamples.
  std::uint16_t slot = 0xffff;  // What the two below belong to.
  float day_offset = 0;         // Of this hour over the days of the week, in steps,
  float day_weight = 0;         // and how far it is believed.

  // `hour`: of local time. The result is in the unit of the metric.
  double offset(std::int64_t hour) {
    if (step == 0) return 0;
    const std::int64_t at = hour % kSlots;
    turn_to(static_cast<std::uint16_t>(at < 0 ? at + kSlots : at));
    return predicted() * static_cast<double>(step);
  }

  // 0: useless, 1: use all of it.
  double use() const {
    if (samples < kSeasonWarmSamples || !(deviation_without > 0)) return 0;
    const double left = static_cast<double>(deviation_with) / static_cast<double>(deviation_without);
    return std::clamp((kSeasonUseless - left) * (1 / (kSeasonUseless - kSeasonUseful)), 0.0, 1.0);
  }

  // After offset() of the same hour. `above` is the sample minus the median.
  void add(double above, double spread) {
    if (step == 0) step = static_cast<float>(spread / 1024);
    if (slot >= kSlots || !(step > 0)) return;
    const double unit = static_cast<double>(step);
    const double clipped = std::clamp(above, -kSeasonClip * spread, kSeasonClip * spread);
    if (samples < kFastSamples) ++samples;
    const double left = std::abs(clipped - predicted() * unit);
    const double share = samples < kFastSamples ? 1.0 / samples : 1.0 / kFastSamples;
    deviation_without = static_cast<float>(deviation_without + (std::abs(clipped) - deviation_without) * share);
    deviation_with = static_cast<float>(deviation_with + (left - deviation_with) * share);
    if (visits[slot] < kSeasonVisitsMax) ++visits[slot];
    const double old = offsets[slot];
    const double learned = old + (clipped / unit - old) / visits[slot];
    if (std::abs(learned) > 32'000) return coarsen(learned);
    offsets[slot] = rounded(learned);
  }

  void merge(const Season& other, double share, double unit_ratio) {
    const auto other_step = static_cast<float>(static_cast<double>(other.step) * unit_ratio);
    if (other_step == 0) return;
    if (step == 0) step = other_step;
    const double ratio = static_cast<double>(other_step) / static_cast<double>(step);
    for (std::uint32_t i = 0; i < kSlots; ++i) {
      const std::uint32_t both = visits[i] + other.visits[i];
      if (both == 0) continue;
      const double mixed = (offsets[i] * visits[i] + other.offsets[i] * ratio * other.visits[i]) / both;
      offsets[i] = rounded(mixed);
      visits[i] = static_cast<std::uint8_t>(std::min(both, kSeasonVisitsMax));
    }
    deviation_without =
        static_cast<float>(deviation_without + share * (other.deviation_without * unit_ratio - deviation_without));
    deviation_with = static_cast<float>(deviation_with + share * (other.deviation_with * unit_ratio - deviation_with));
    samples = std::max(samples, other.samples);
    slot = 0xffff;
  }

  bool well_formed() const {
    for (const std::uint8_t count : visits) {
      if (count > kSeasonVisitsMax) return false;
    }
    return step >= 0 && step <= kScaledMax && std::isfinite(deviation_without) && deviation_without >= 0 &&
           std::isfinite(deviation_with) && deviation_with >= 0 && (slot < kSlots || slot == 0xffff) &&
           std::isfinite(day_offset) && day_weight >= 0 && day_weight <= 1;
  }

 private:
  static std::int16_t rounded(double x) {
    const double bounded = std::clamp(x, -32'000.0, 32'000.0);
    return static_cast<std::int16_t>(bounded + std::copysign(0.5, bounded));
  }

  // In steps.
  double predicted() const {
    const double day = static_cast<double>(day_weight) * static_cast<double>(day_offset);
    const double weight = visits[slot] / (visits[slot] + kSeasonShrink);
    return day + weight * (offsets[slot] - day);
  }

  void turn_to(std::uint16_t now) {
    if (now == slot) return;
    slot = now;
    double sum = 0, count = 0;
    for (std::uint32_t i = slot % 24; i < kSlots; i += 24) {
      sum += static_cast<double>(offsets[i]) * visits[i];
      count += visits[i];
    }
    day_offset = static_cast<float>(count > 0 ? sum / count : 0);
    day_weight = static_cast<float>(count / (count + kSeasonShrink));
  }

  // Twice the step: offsets of a metric that has grown fit again.
  void coarsen(double learned) {
    step *= 2;
    for (std::int16_t& each : offsets) each = static_cast<std::int16_t>(each / 2);
    offsets[slot] = rounded(learned / 2);
    day_offset /= 2;
  }
};

// Of a metric that has none: delays and failures follow no clock, and their baselines are half as large.
struct NoSeason {
  static double offset(std::int64_t /*hour*/) { return 0; }
  static double use() { return 0; }
  static void add(double /*above*/, double /*spread*/) {}
  static void merge(const NoSeason& /*other*/, double /*share*/, double /*unit_ratio*/) {}
  static bool well_formed() { return true; }
};

}  // namespace ipm::baseline
