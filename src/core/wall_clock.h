// Wall time from clock anchors: engine time plus the offset of the last anchor. Nothing reads a clock.
#pragma once

#include "model/event.h"

namespace ipm::core {

class WallClock {
 public:
  // False: out of range; the last one stays.
  bool anchor(const model::ClockAnchor& anchor) {
    const auto sane = [](TimeNs time) { return time >= 0 && time <= kTimeMaxNs; };
    if (!sane(anchor.boottime_ns) || !sane(anchor.realtime_ns)) return false;
    offset_ns_ = anchor.realtime_ns - anchor.boottime_ns;
    utc_offset_s_ = anchor.utc_offset_s;
    ticks_per_second_ = anchor.ticks_per_second == 0 ? 100 : anchor.ticks_per_second;
    ++anchors_;
    if (anchor.reason != model::AnchorReason::kOpen && anchor.reason != model::AnchorReason::kTick) ++steps_;
    return true;
  }
  TimeNs unix_ns(TimeNs engine_ns) const {
    TimeNs sum = 0;
    return __builtin_add_overflow(engine_ns, offset_ns_, &sum) ? kTimeMaxNs : sum;
  }
  // Seconds since 1970 plus the offset of local time.
  std::int64_t local_s(TimeNs engine_ns) const { return unix_ns(engine_ns) / kSecond + utc_offset_s_; }
  // Boot time of a start in clock ticks; 0, which reads as not known, where it cannot be one.
  TimeNs ticks_ns(std::uint64_t ticks) const {
    TimeNs ns = 0;
    return __builtin_mul_overflow(ticks, kSecond / ticks_per_second_, &ns) ? 0 : ns;
  }
  std::int32_t utc_offset_s() const { return utc_offset_s_; }
  std::uint64_t steps() const { return steps_; }

 private:
  TimeNs offset_ns_ = 0;
  std::int32_t utc_offset_s_ = 0;
  std::uint32_t ticks_per_second_ = 100;
  std::uint64_t anchors_ = 0;
  std::uint64_t steps_ = 0;
};

}  // namespace ipm::core
