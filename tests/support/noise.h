// Seeded noise of several shapes, the same on every platform, for tests of what is usual.
#pragma once

#include <cmath>
#include <cstdint>

#include "base/random.h"

namespace ipm::test {

class Noise {
 public:
  explicit Noise(std::uint64_t seed) : random_(seed) {}

  // In (0, 1).
  double uniform() { return (static_cast<double>(random_.next() >> 11) + 0.5) * 0x1p-53; }
  std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }
  double between(double low, double high) { return low + (high - low) * uniform(); }
  bool chance(double share) { return uniform() < share; }
  double normal() { return std::sqrt(-2 * std::log(uniform())) * std::cos(6.283185307179586 * uniform()); }
  double exponential() { return -std::log(uniform()); }
  double lognormal() { return std::exp(normal()); }
  // Infinite variance.
  double pareto() { return std::pow(uniform(), -0.5) - 1; }
  double poisson(double mean) {
    double product = uniform();
    int count = 0;
    for (const double limit = std::exp(-mean); product > limit; product *= uniform()) ++count;
    return count;
  }
  // Each sample keeps nine tenths of the one before.
  double red() { return red_ = 0.9 * red_ + normal(); }

 private:
  Random random_;
  double red_ = 0;
};

}  // namespace ipm::test
