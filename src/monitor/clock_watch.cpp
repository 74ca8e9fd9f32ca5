#include "monitor/clock_watch.h"

#include <cstdlib>
#include <cstring>

#include "os/linux/host_clock.h"

namespace ipm::monitor {

bool ClockWatch::due(model::ClockAnchor& out) {
  using model::AnchorReason;
  const TimeNs boottime = os::boottime_ns();
  const TimeNs realtime = os::realtime_ns();
  const TimeNs suspended = boottime - os::monotonic_ns();
  const std::int32_t utc_offset = os::utc_offset_s(realtime);
  AnchorReason reason;
  if (!opened_) {
    reason = AnchorReason::kOpen;
  } else if (std::llabs(suspended - suspended_ns_) > kToleranceNs) {
    reason = AnchorReason::kSuspend;
  } else if (std::llabs(realtime - boottime - wall_offset_ns_) > kToleranceNs) {
    reason = AnchorReason::kStep;
  } else if (utc_offset != utc_offset_s_) {
    reason = AnchorReason::kZone;
  } else if (boottime - last_ns_ >= kMinute) {
    reason = AnchorReason::kTick;
  } else {
    return false;
  }
  opened_ = true;
  last_ns_ = boottime;
  wall_offset_ns_ = realtime - boottime;
  suspended_ns_ = suspended;
  utc_offset_s_ = utc_offset;
  out = {};
  out.boottime_ns = boottime;
  out.realtime_ns = realtime;
  out.utc_offset_s = utc_offset;
  out.reason = reason;
  out.ticks_per_second = os::ticks_per_second();
  if (const auto id = os::boot_id(); id.ok()) std::memcpy(out.boot_id, id->data(), id->size());
  return true;
}

}  // namespace ipm::monitor
