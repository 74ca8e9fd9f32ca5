// Logarithm and power by the same arithmetic everywhere, so that a replay does not depend on the C library. Accurate to
// 1e-8, which is far below what a score needs, and a third of the library's time.
#pragma once

#include <bit>
#include <cstdint>

namespace ipm::baseline {

// Of a positive normal number.
inline double log2_of(double x) {
  std::uint64_t bits = std::bit_cast<std::uint64_t>(x);
  // Mantissa in [1/sqrt 2, sqrt 2).
  const std::uint64_t shifted = bits - 0x3fe6'a09e'667f'3bcdULL;
  const auto exponent = static_cast<std::int64_t>(shifted) >> 52;
  bits -= static_cast<std::uint64_t>(exponent) << 52;
  const double m = std::bit_cast<double>(bits);
  const double t = (m - 1) / (m + 1), s = t * t;
  constexpr double kTwoByLn2 = 2.8853900817779268;
  const double series = t * (1 + s * (1.0 / 3 + s * (1.0 / 5 + s * (1.0 / 7 + s * (1.0 / 9 + s / 11)))));
  return static_cast<double>(exponent) + kTwoByLn2 * series;
}

// Of any number; what would overflow is the largest power, what would underflow is 0.
inline double exp2_of(double x) {
  if (!(x > -1'000)) return 0;
  if (x > 1'000) x = 1'000;
  const auto whole = static_cast<std::int64_t>(x + (x < 0 ? -0.5 : 0.5));
  const double f = (x - static_cast<double>(whole)) * 0.6931471805599453;
  constexpr double k2 = 1.0 / 2, k3 = 1.0 / 6, k4 = 1.0 / 24, k5 = 1.0 / 120, k6 = 1.0 / 720, k7 = 1.0 / 5040;
  // In pairs (Estrin): half as many steps that wait for each other.
  const double f2 = f * f, f4 = f2 * f2;
  const double e = ((1 + f) + f2 * (k2 + f * k3)) + f4 * ((k4 + f * k5) + f2 * (k6 + f * k7));
  return e * std::bit_cast<double>(static_cast<std::uint64_t>(whole + 1023) << 52);
}

inline constexpr double kLog2Of10 = 3.3219280948873623;
inline constexpr double kLn2 = 0.6931471805599453;

inline double log10_of(double x) {
  return log2_of(x) * (1 / kLog2Of10);
}
inline double exp10_of(double x) {
  return exp2_of(x * kLog2Of10);
}

}  // namespace ipm::baseline
