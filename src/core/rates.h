// Exponentially weighted rates over 1 s, 10 s and 60 s. Bytes gather in a 100 ms slot; when the slot ends they are
// folded in, so an event costs an addition and a comparison. With time constant tau and slot s, a slot that moved b
// bytes gives
//   r ← r·e^(−s/τ) + (b/s)·(1 − e^(−s/τ)),
// the exponentially weighted mean of the piecewise constant rate. Only multiplications follow the constants below, so
// every machine gives the same bits.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "base/time.h"

namespace ipm::core {

inline constexpr TimeNs kRateSlotNs = 100 * kMillisecond;
inline constexpr std::uint32_t kRateWindows = 3;  // 1 s, 10 s, 60 s.

class Rate {
 public:
  void add(TimeNs now, std::uint64_t amount) {
    const std::int64_t slot = now / kRateSlotNs;
    if (slot != slot_) advance(slot);
    pending_ += amount;
  }
  // Per second, as of `now`; the slot that is not over yet does not count.
  double per_second(TimeNs now, std::uint32_t window) const {
    Rate copy = *this;
    const std::int64_t slot = now / kRateSlotNs;
    if (slot > slot_) copy.advance(slot);
    return copy.rates_[window];
  }

 private:
  // e^(−0.1/τ) for τ = 1, 10, 60 s.
  static constexpr std::array<double, kRateWindows> kDecay = {0.90483741803595957, 0.99004983374916805,
                                                              0.99833472145091364};

  void advance(std::int64_t slot) {
    if (slot <= slot_) return;  // A late event counts in the slot that is open.
    const std::int64_t passed = slot_ == 0 ? 1 : slot - slot_;
    const double rate = static_cast<double>(pending_) * (static_cast<double>(kSecond) / kRateSlotNs);
    for (std::uint32_t i = 0; i < kRateWindows; ++i) {
      const double folded = rates_[i] * kDecay[i] + rate * (1.0 - kDecay[i]);
      rates_[i] = folded * decay(i, passed - 1);
    }
    pending_ = 0;
    slot_ = slot;
  }

  // kDecay[window] to the powers 1, 2, 4, … as repeated squaring gives them.
  static constexpr std::uint32_t kSquares = 17;
  static constexpr std::array<std::array<double, kSquares>, kRateWindows> kDecaySquares = [] {
    std::array<std::array<double, kSquares>, kRateWindows> out{};
    for (std::uint32_t window = 0; window < kRateWindows; ++window) {
      double power = kDecay[window];
      for (double& each : out[window]) {
        each = power;
        power = power < 1e-150 ? 0 : power * power;  // What would underflow: the product is 0 long before.
      }
    }
    return out;
  }();
  // Over so many slots.
  static double decay(std::uint32_t window, std::int64_t slots) {
    if (slots > 100'000) return 0.0;  // e^(−166) of the slowest window.
    double result = 1.0;
    for (auto left = static_cast<std::uint64_t>(slots); left != 0; left &= left - 1) {
      result *= kDecaySquares[window][static_cast<std::uint32_t>(std::countr_zero(left))];
    }
    return result;
  }

  std::int64_t slot_ = 0;
  std::uint64_t pending_ = 0;
  std::array<double, kRateWindows> rates_{};
};

}  // namespace ipm::core
