#include "source/pcap/time_scale.h"

namespace ipm::source::pcap {
namespace {

constexpr std::int64_t kOffsetSecondsMax = kTimeMaxNs / kSecond;

std::uint64_t power(std::uint64_t base, unsigned exponent) {
  std::uint64_t value = 1;
  for (unsigned i = 0; i < exponent; ++i) {
    if (value > std::numeric_limits<std::uint64_t>::max() / base) return 0;
    value *= base;
  }
  return value;
}

}  // namespace

TimeScale::TimeScale(std::uint8_t resolution, std::int64_t offset_seconds) : offset_seconds_(offset_seconds) {
  const unsigned exponent = resolution & 0x7F;
  const bool binary = (resolution & 0x80) != 0;
  ticks_per_second_ = power(binary ? 2 : 10, exponent);
  const bool offset_fits = offset_seconds >= -kOffsetSecondsMax && offset_seconds <= kOffsetSecondsMax;
  if (binary || exponent > 9 || !offset_fits) return;
  offset_ns_ = offset_seconds * kSecond;
  ns_per_tick_ = static_cast<std::int64_t>(power(10, 9 - exponent));
  // Both sides of the sum are within the bound, and so is the sum.
  const TimeNs most = offset_ns_ > 0 ? kTimeMaxNs - offset_ns_ : kTimeMaxNs;
  quick_ticks_end_ = static_cast<std::uint64_t>(most / ns_per_tick_) + 1;
}

TimeNs TimeScale::slowly(std::uint64_t ticks) const {
  if (ticks_per_second_ == 0) return kNoTime;
  const std::uint64_t whole = ticks / ticks_per_second_;
  const std::uint64_t rest = ticks % ticks_per_second_;
  const auto rest_ns = static_cast<TimeNs>(static_cast<unsigned __int128>(rest) * kSecond / ticks_per_second_);
  const __int128 seconds = static_cast<__int128>(whole) + offset_seconds_;
  if (seconds > kOffsetSecondsMax - 1 || seconds < -kOffsetSecondsMax) return kNoTime;
  return static_cast<TimeNs>(seconds) * kSecond + rest_ns;
}

}  // namespace ipm::source::pcap
