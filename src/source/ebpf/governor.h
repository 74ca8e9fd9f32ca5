// Keeps what the source costs below a share of one core: when a tick took more, the next comes later. The sums wait in
// the kernel meanwhile; nothing is lost by it but how fresh they are.
#pragma once

#include <algorithm>

#include "base/time.h"

namespace ipm::source::ebpf {

class Governor {
 public:
  static constexpr int kStretchMax = 8;

  // `share_max`: 0.05 is 5 % of a core.
  explicit Governor(double share_max) : share_max_(share_max) {}

  // After a tick: CPU time since the last one, in this much time. Doubles the stretch above the share, halves it below
  // a quarter of it, so that it does not swing.
  void ticked(TimeNs cpu_ns, TimeNs elapsed_ns) {
    if (elapsed_ns <= 0) return;
    const double share = static_cast<double>(cpu_ns) / static_cast<double>(elapsed_ns);
    if (share > share_max_) {
      stretch_ = std::min(stretch_ * 2, kStretchMax);
    } else if (share < share_max_ / 4) {
      stretch_ = std::max(stretch_ / 2, 1);
    }
  }
  // How many intervals lie between two ticks. 1: as asked.
  int stretch() const { return stretch_; }

 private:
  double share_max_;
  int stretch_ = 1;
};

}  // namespace ipm::source::ebpf
