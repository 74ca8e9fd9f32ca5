// Keeps work whose cost grows with the host to a share of one core: after a run that took t of CPU time it may run
// again 20 t later, so it takes at most 5 %. Time in which others had the core does not count: a busy host is not a
// reason to look less often.
#pragma once

#include "base/time.h"

namespace ipm::source::host {

class Pace {
 public:
  bool due(TimeNs now) const { return now >= next_; }
  // `worked` is the CPU time of the run.
  void ran(TimeNs now, TimeNs worked) { next_ = now + 20 * worked; }

 private:
  TimeNs next_ = 0;
};

}  // namespace ipm::source::host
