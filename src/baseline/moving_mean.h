// Mean over the newest samples, in sixteen blocks: it moves a block at a time, so its window is between fifteen and
// sixteen blocks long.
#pragma once

#include <cmath>
#include <cstdint>

#include "baseline/tuning.h"

namespace ipm::baseline {

template <std::uint32_t kBlockSamples>
struct MovingMean {
  static constexpr std::uint32_t kBlocks = 16;
  static constexpr std::uint32_t kSamples = kBlocks * kBlockSamples;

  float sums[kBlocks] = {};  // Of whole blocks; the one at `block` is being filled.
  std::uint8_t block = 0;
  std::uint8_t filled = 0;  // Samples in it.
  std::uint8_t blocks = 0;  // Whole ones.
  std::uint8_t reserved = 0;
  float older = 0;  // Sum of the whole blocks.

  double add(double x) {
    if (filled == kBlockSamples) next_block();
    sums[block] = static_cast<float>(filled == 0 ? x : static_cast<double>(sums[block]) + x);
    ++filled;
    return (static_cast<double>(older) + static_cast<double>(sums[block])) / (blocks * kBlockSamples + filled);
  }

  bool well_formed() const {
    for (const float sum : sums) {
      if (!is_scaled(sum)) return false;
    }
    return block < kBlocks && filled <= kBlockSamples && blocks < kBlocks && reserved == 0 && is_scaled(older);
  }

 private:
  static bool is_scaled(float sum) { return std::abs(sum) <= 2 * static_cast<float>(kSamples) * kScaledMax; }

  void next_block() {
    const float done = sums[block];
    block = static_cast<std::uint8_t>((block + 1) % kBlocks);
    filled = 0;
    if (blocks < kBlocks - 1) ++blocks;
    older += done - sums[block];  // The oldest leaves: its place is filled next.
    sums[block] = 0;
    if (block != 0) return;
    double sum = 0;  // Anew once a round, so that rounding does not add up.
    for (const float each : sums) sum += static_cast<double>(each);
    older = static_cast<float>(sum);
  }
};

}  // namespace ipm::baseline
