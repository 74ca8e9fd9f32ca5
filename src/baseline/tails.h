// How rare a deviation is, learned from the peaks of its own past: peaks over a threshold (Siffer et al. 2017,
// doi:10.1145/3097983.3098144), one per episode. Samples that hang together are one episode, so a metric with memory is
// not rarer than one without. Several side by side, as in spreads.h.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "baseline/fast_log.h"
#include "baseline/spreads.h"
#include "baseline/tuning.h"

namespace ipm::baseline {

template <std::size_t kLanes>
struct Tails {
  Lanes<kLanes> threshold{};
  Lanes<kLanes> excess{};   // Mean of peak - threshold.
  Lanes<kLanes> decades{};  // -log10 of the episodes per sample.
  Lanes<kLanes> peak{};     // Of the episode that goes on.
  std::array<std::uint16_t, kLanes> peaks{};
  std::array<std::uint8_t, kLanes> quiet{};  // Samples below the threshold since the last one beyond.
  std::uint32_t inside = 0;                  // Bit by lane: an episode goes on.

  void start(std::size_t lane, float at, float mean_excess) {
    threshold[lane] = at;
    excess[lane] = mean_excess;
    decades[lane] = kEpisodeDecades;
    peak[lane] = 0;
    peaks[lane] = 0;
    quiet[lane] = 0;
    inside &= ~bit(lane);
  }

  // Returns -log10 of the rate of episodes that go so far, and learns from it. The threshold of a lane stays above its
  // `least`. A share of 0 teaches nothing.
  Lanes<kLanes> step(const Lanes<kLanes>& z, const Lanes<kLanes>& share, const Lanes<kLanes>& least) {
    Lanes<kLanes> surprises, way;
    std::uint32_t beyond = 0;
    for (std::size_t i = 0; i < kLanes; ++i) {
      // What the threshold has not cut off is no rarer than was assumed of it, however quiet it is beyond.
      const float common = decades[i] < kEpisodeDecades ? decades[i] : kEpisodeDecades;
      const float part = z[i] / threshold[i];
      surprises[i] = common * part * part;
      beyond |= static_cast<std::uint32_t>(z[i] > threshold[i]);
      way[i] = z[i] > threshold[i] ? (1 - kBeyondShare) * kThresholdStep : -kBeyondShare * kThresholdStep;
    }
    if (beyond != 0) judge_peaks(z, surprises);
    if ((beyond | inside) != 0) follow_episodes(z, share);
    constexpr float kDecadesPerShare = 0.4342945F;  // -log10(1 - share) of a small share.
    for (std::size_t i = 0; i < kLanes; ++i) {
      const float longer = decades[i] + kDecadesPerShare * share[i];
      decades[i] = longer < kDecadesMax ? longer : kDecadesMax;
      const float moved = threshold[i] + threshold[i] * share[i] * way[i];
      threshold[i] = moved > least[i] ? moved : least[i];
    }
    return surprises;
  }

  // What a sample is of the memory, after `samples`.
  static float share_of(std::uint32_t samples) {
    return 1 / smaller(kEpisodeRateSamples + static_cast<float>(samples) + 1, kEpisodeRateSamplesMax);
  }

  void merge(const Tails& other, float share) {
    const auto mix = [&](Lanes<kLanes>& mine, const Lanes<kLanes>& theirs) {
      for (std::size_t i = 0; i < kLanes; ++i) mine[i] += share * (theirs[i] - mine[i]);
    };
    mix(threshold, other.threshold);
    mix(excess, other.excess);
    mix(decades, other.decades);
    for (std::size_t i = 0; i < kLanes; ++i) {
      peaks[i] = static_cast<std::uint16_t>(std::min<std::uint32_t>(peaks[i] + other.peaks[i], 0xffff));
    }
  }

  bool started() const {
    return std::ranges::none_of(threshold, [](float each) { return each == 0; });
  }

  bool well_formed() const {
    constexpr float kStoredMax = 2 * kDeviationMax;
    for (std::size_t i = 0; i < kLanes; ++i) {
      const bool bounded = threshold[i] > 0.1F && threshold[i] < kStoredMax && excess[i] >= kExcessMin &&
                           excess[i] < kStoredMax && peak[i] >= 0 && peak[i] < kStoredMax;
      const bool unused = threshold[i] == 0 && excess[i] == 0 && peak[i] == 0 && (inside & bit(i)) == 0;
      const bool counted = decades[i] >= 0 && decades[i] <= kDecadesMax && quiet[i] < kQuietSamples;
      if (!counted || !(bounded || unused)) return false;
    }
    return inside < bit(kLanes);
  }

 private:
  static constexpr float kDecadesMax = 6;
  static constexpr float kExcessMin = 1e-3F;

  static constexpr std::uint32_t bit(std::size_t lane) { return 1U << lane; }

  void judge_peaks(const Lanes<kLanes>& z, Lanes<kLanes>& surprises) const {
    for (std::size_t i = 0; i < kLanes; ++i) {
      if (!(z[i] > threshold[i])) continue;
      const double over = static_cast<double>((z[i] - threshold[i]) / excess[i]);
      surprises[i] = decades[i] + static_cast<float>(log10_of(1 + kTailShape * over) / kTailShape);
    }
  }

  void follow_episodes(const Lanes<kLanes>& z, const Lanes<kLanes>& share) {
    for (std::size_t i = 0; i < kLanes; ++i) {
      if (share[i] == 0) continue;
      if (z[i] > threshold[i]) {
        if ((inside & bit(i)) == 0) begin_episode(i, share[i]);
        peak[i] = std::max(peak[i], z[i]);
        quiet[i] = 0;
      } else if ((inside & bit(i)) != 0 && ++quiet[i] >= kQuietSamples) {
        end_episode(i);
      }
    }
  }

  void begin_episode(std::size_t lane, float share) {
    const double rate = exp10_of(-static_cast<double>(decades[lane]));
    decades[lane] = static_cast<float>(-log10_of(rate + static_cast<double>(share)));
    peak[lane] = 0;
    inside |= bit(lane);
  }

  void end_episode(std::size_t lane) {
    inside &= ~bit(lane);
    quiet[lane] = 0;
    if (peaks[lane] < 0xffff) ++peaks[lane];
    const float over = std::min(peak[lane] - threshold[lane], kPeakClip * excess[lane]);
    const float seen = std::min(kExcessPeaks + static_cast<float>(peaks[lane]), kExcessPeaksMax);
    excess[lane] = std::max(excess[lane] + (over - excess[lane]) / seen, kExcessMin);
  }
};

}  // namespace ipm::baseline
