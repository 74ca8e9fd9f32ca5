// Keeps work whose cost grows with the host to a share of the time: after a run that took t it may run again 20 t
// later, so it takes at most 5 %.
#pragma once

#include "base/time.h"

namespace ipm::source::sock_diag {

class Pace {
 public:
  bool due(TimeNs now) const { return now >= next_; }
  // `worked` is the time spent working, without pauses in between.
  void ran(TimeNs now, TimeNs worked) { next_ = now + 20 * worked; }

 private:
  TimeNs next_ = 0;
};

}  // namespace ipm::source::sock_diag
