// The totals of each namespace: its interfaces, and TCP and UDP as a whole. What sources saw of single sockets is
// compared with them.
// Threads: owned by the source's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "source/host/event_out.h"
#include "source/host/namespaces.h"

namespace ipm::source::host {

class Counters {
 public:
  Counters(EventOut& out, Namespaces& namespaces);

  // A round over all namespaces that are known by now.
  void begin();
  // Goes on with it, as far as there is room. True: done.
  bool step(TimeNs now, std::uint64_t room_min);

 private:
  void count_host(Netns& netns, TimeNs now);
  void count_interfaces(Netns& netns, TimeNs now);

  EventOut& out_;
  Namespaces& namespaces_;
  std::deque<std::uint32_t> round_;  // Still to be counted.
  std::vector<std::byte> buffer_;
  std::uint32_t sequence_ = 0;
};

}  // namespace ipm::source::host
