#include "alert/pair.h"

#include <algorithm>
#include <cmath>

namespace ipm::alert {
namespace {

double median_of(const double* sorted, std::uint32_t n) {
  return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

// Mean of 1 - |Bowley skew| and of (median - MAD) / median, as RITA scores intervals and sizes.
double rita_score(double* values, std::uint32_t n, double& median) {
  std::sort(values, values + n);
  median = median_of(values, n);
  if (median <= 0) return 0;
  const double q1 = values[n / 4];
  const double q3 = values[n - 1 - n / 4];
  const bool flat = q3 - q1 < median * 0.01;
  const double skew = flat || median == q1 || median == q3 ? 0 : (q1 + q3 - 2 * median) / (q3 - q1);
  double deviations[Pair::kRing] = {};
  for (std::uint32_t i = 0; i < n; ++i) deviations[i] = std::abs(values[i] - median);
  std::sort(deviations, deviations + n);
  const double spread = std::max(0.0, (median - median_of(deviations, n)) / median);
  return (1 - std::abs(skew) + spread) / 2;
}

// How many gaps lie within a quarter of the period or, where check-ins were missed, of its double or triple.
double share_near(const double* values, std::uint32_t n, double period) {
  std::uint32_t near = 0;
  for (std::uint32_t i = 0; i < n; ++i) {
    const double periods = std::clamp(std::round(values[i] / period), 1.0, 3.0);
    if (std::abs(values[i] - periods * period) <= 0.25 * period * (periods == 1 ? 1 : 1.2)) ++near;
  }
  return static_cast<double>(near) / n;
}

}  // namespace

void Pair::call(TimeNs time) {
  if (last_call_ns != 0) {
    const TimeNs gap = std::clamp<TimeNs>((time - last_call_ns) / kMillisecond, 0, 0xffff'ffff);
    gap_ms[next] = static_cast<std::uint32_t>(gap);
    size_log[next] =
        static_cast<std::uint16_t>(std::min(255.0, std::log2(1 + static_cast<double>(call_tx_bytes))) * 256);
    next = static_cast<std::uint8_t>((next + 1) % kRing);
    if (filled < kRing) ++filled;
  }
  last_call_ns = time;
  call_tx_bytes = 0;
}

Regularity regularity_of(const std::uint32_t* gap_ms, std::uint32_t n) {
  Regularity out;
  out.samples = n;
  if (n < 4) return out;
  double values[Pair::kRing] = {};
  for (std::uint32_t i = 0; i < n; ++i) values[i] = gap_ms[i];
  double period = 0;
  const double shape = rita_score(values, n, period);
  out.median_ns = static_cast<TimeNs>(period) * kMillisecond;
  if (period > 0) out.intervals = 0.5 * shape + 0.5 * share_near(values, n, period);
  return out;
}

Regularity Pair::regularity() const {
  Regularity out = regularity_of(gap_ms, filled);
  if (filled < 4) return out;
  double values[kRing] = {};
  for (std::uint32_t i = 0; i < filled; ++i) values[i] = std::exp2(size_log[i] / 256.0);
  out.sizes = rita_score(values, filled, out.median_bytes);
  return out;
}

}  // namespace ipm::alert
