// What the kernel side or the bounds here had no room for, as loss events: a pure function of how the counters grew.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "model/event.h"
#include "source/ebpf/bpf/layout.h"

namespace ipm::source::ebpf {

using KernelCounters = std::array<std::uint64_t, IPM_COUNTERS>;

struct Losses {
  std::vector<model::Loss> events;
  std::uint64_t names = 0;    // Packets with names: no event, since no number is wrong without them.
  std::uint64_t records = 0;  // Of connections and processes: a look at all sockets is to follow.
};

// `grown`: since the last time. `refused`: records that were not taken because there are too many sockets.
Losses losses_of(const KernelCounters& grown, std::uint64_t refused, bool with_length, bool with_lifecycle);

}  // namespace ipm::source::ebpf
