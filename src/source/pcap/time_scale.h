// Ticks of a pcapng interface to nanoseconds of Unix time.
#pragma once

#include <cstdint>
#include <limits>

#include "source/pcap/captured_packet.h"

namespace ipm::source::pcap {

class TimeScale {
 public:
  // `resolution` is if_tsresol: the exponent of 1/10 s or, with the high bit set, of 1/2 s. `offset_seconds` is
  // if_tsoffset.
  TimeScale(std::uint8_t resolution, std::int64_t offset_seconds);
  TimeScale() : TimeScale(6, 0) {}

  // kNoTime: no time that can be told in nanoseconds of this epoch, as before 1677 or behind kTimeMaxNs.
  TimeNs ns(std::uint64_t ticks) const {
    if (ticks < quick_ticks_end_) {
      return static_cast<TimeNs>(ticks) * ns_per_tick_ + offset_ns_;
    }
    return slowly(ticks);
  }

 private:
  TimeNs slowly(std::uint64_t ticks) const;

  // Powers of ten up to 10^-9 s, as nearly everybody writes them.
  std::uint64_t quick_ticks_end_ = 0;  // 0: never quick.
  std::int64_t ns_per_tick_ = 0;
  TimeNs offset_ns_ = 0;

  std::uint64_t ticks_per_second_ = 0;  // 0: finer than can be told.
  std::int64_t offset_seconds_ = 0;
};

}  // namespace ipm::source::pcap
