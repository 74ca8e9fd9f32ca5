// Keeps events back for a while. What a kernel source says of a flow comes with its next look; what packets say of the
// same flow is to come after that, so that it finds the flow there.
//
// Bounded by its lane: when that is nearly full, events go on before their time. Threads: its source's.
#pragma once

#include <algorithm>
#include <array>
#include <deque>

#include "ring/writer.h"

namespace ipm::source::pcap {

class HeldEvents {
 public:
  static constexpr TimeNs kHoldNs = 500 * kMillisecond;

  explicit HeldEvents(std::uint32_t capacity) : lane_(capacity), writer_(lane_) {}

  ring::Writer& writer() { return writer_; }

  // What was written since the last call was written at `now`.
  void stamp(TimeNs now) {
    if (stamps_.empty() ? lane_.pushed() == lane_.popped() : stamps_.back().until == lane_.pushed()) return;
    stamps_.push_back({lane_.pushed(), now});
  }
  // Passes on what is old enough, or everything, as far as there is room. How many.
  std::size_t pass_on(TimeNs now, bool everything, ring::Writer& out) {
    std::size_t passed = 0;
    const bool crowded = lane_.pushed() - lane_.popped() > lane_.capacity() / 2;
    while (!stamps_.empty() && (everything || crowded || now - stamps_.front().time_ns >= kHoldNs)) {
      const std::uint64_t left = stamps_.front().until - lane_.popped();
      std::array<model::Event, 64> some;
      const std::size_t wanted = std::min<std::uint64_t>({left, some.size(), out.free()});
      const std::size_t count = lane_.pop(std::span(some).first(wanted));
      for (std::size_t i = 0; i < count; ++i) out.write(some[i]);
      passed += count;
      if (count == left) stamps_.pop_front();
      if (count == 0 && left != 0) break;
    }
    return passed;
  }
  bool empty() const { return stamps_.empty(); }

 private:
  struct Stamp {
    std::uint64_t until = 0;  // Events pushed so far.
    TimeNs time_ns = 0;
  };
  ring::Lane lane_;
  ring::Writer writer_;
  std::deque<Stamp> stamps_;
};

}  // namespace ipm::source::pcap
