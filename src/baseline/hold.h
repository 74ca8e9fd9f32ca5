// One alarm per incident: a surprise is shown when it is clearly larger than the last one shown, or when that one is
// long past.
#pragma once

#include <cmath>
#include <cstdint>

#include "baseline/tuning.h"

namespace ipm::baseline {

struct Hold {
  float shown = 0;
  std::uint32_t left = 0;  // Samples.

  // True: show this one.
  bool step(double surprise, std::uint32_t hold_samples) {
    if (left > 0 && surprise <= kEscape * static_cast<double>(shown)) {
      --left;
      return false;
    }
    shown = static_cast<float>(surprise);
    left = hold_samples;
    return true;
  }

  bool well_formed() const { return std::isfinite(shown) && shown >= 0; }
};

}  // namespace ipm::baseline
