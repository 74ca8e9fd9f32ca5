// How rare a deviation is, learned from the peaks of its own past: peaks over a threshold (Siffer et al. 2017,
// doi:10.1145/3097983.3098144), one per episode. Samples that hang together are one episode, so a metric with memory is
// not rarer than one without.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "baseline/fast_log.h"
#include "baseline/tuning.h"

namespace ipm::baseline {

struct Tail {
  float threshold = 0;
  float excess = 0;   // Mean of peak - threshold.
  float decades = 0;  // -log10 of the episodes per sample.
  float peak = 0;     // Of the episode that goes on.
  std::uint16_t peaks = 0;
  std::uint8_t quiet = 0;  // Samples below the threshold since the last one beyond.
  std::uint8_t inside = 0;

  void start(float at, float mean_excess) {
    threshold = at;
    excess = mean_excess;
    decades = kEpisodeDecades;
  }

  // -log10 of the rate of episodes that go so far.
  double surprise(float z) const {
    if (z <= threshold) {
      // What the threshold has not cut off is no rarer than was assumed of it, however quiet it is beyond.
      const float common = std::min(decades, kEpisodeDecades);
      return static_cast<double>(common * (z / threshold) * (z / threshold));
    }
    const double over = static_cast<double>((z - threshold) / excess);
    return static_cast<double>(decades) + log10_of(1 + kTailShape * over) / kTailShape;
  }

  // What a sample is of the memory, after `samples`.
  static float share(std::uint32_t samples) {
    const float seen = kEpisodeRateSamples + static_cast<float>(samples) + 1;
    return seen < kEpisodeRateSamplesMax ? 1 / seen : 1 / kEpisodeRateSamplesMax;
  }

  // The threshold stays above `least`.
  void add(float z, float share, float least) {
    constexpr float kDecadesPerShare = 0.4342945F;  // -log10(1 - share) of a small share.
    const bool beyond = z > threshold;
    if (beyond) {
      if (inside == 0) begin_episode(share);
      peak = std::max(peak, z);
      quiet = 0;
    } else if (inside != 0 && ++quiet >= kQuietSamples) {
      end_episode();
    }
    decades = std::min(decades + kDecadesPerShare * share, kDecadesMax);
    threshold *= 1 + kThresholdStep * share * (beyond ? 1 - kBeyondShare : -kBeyondShare);
    threshold = std::max(threshold, least);
  }

  void merge(const Tail& other, float share) {
    threshold += share * (other.threshold - threshold);
    excess += share * (other.excess - excess);
    decades += share * (other.decades - decades);
    peaks = static_cast<std::uint16_t>(std::min<std::uint32_t>(peaks + other.peaks, 0xffff));
  }

  bool well_formed() const {
    return std::isfinite(threshold) && threshold > 0 && std::isfinite(excess) && excess > 0 && decades >= 0 &&
           decades <= kDecadesMax && std::isfinite(peak) && peak >= 0 && inside <= 1 && quiet < kQuietSamples;
  }

 private:
  static constexpr float kDecadesMax = 6;

  void begin_episode(float share) {
    const double rate = exp10_of(-static_cast<double>(decades));
    decades = static_cast<float>(-log10_of(rate + static_cast<double>(share)));
    peak = 0;
    inside = 1;
  }

  void end_episode() {
    inside = 0;
    quiet = 0;
    if (peaks < 0xffff) ++peaks;
    const float over = std::min(peak - threshold, kPeakClip * excess);
    const float seen = std::min(kExcessPeaks + static_cast<float>(peaks), kExcessPeaksMax);
    excess = std::max(excess + (over - excess) / seen, 1e-3F);
  }
};

}  // namespace ipm::baseline
