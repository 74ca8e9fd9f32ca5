// Says in the stream how engine time and wall time hang together: at the start, once a minute, and whenever the
// relation changes by a step of the clock, a suspend, or a new offset from UTC.
#pragma once

#include "model/event.h"

namespace ipm::monitor {

class ClockWatch {
 public:
  // The anchor that is due at this moment, if any. Reads the clocks of this host.
  bool due(model::ClockAnchor& out);

 private:
  static constexpr TimeNs kToleranceNs = 10 * kMillisecond;
  bool opened_ = false;
  TimeNs last_ns_ = 0;
  TimeNs wall_offset_ns_ = 0;  // realtime − boottime
  TimeNs suspended_ns_ = 0;    // boottime − monotonic
  std::int32_t utc_offset_s_ = 0;
};

}  // namespace ipm::monitor
