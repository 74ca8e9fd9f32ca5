// Waits for the kernel, for a time, or for interrupt(): the descriptors that a live source reads, behind one that its
// monitor can poll.
// Threads: owned by the source's thread; interrupt() on any.
#pragma once

#include "base/status.h"
#include "base/time.h"
#include "os/linux/fd.h"

namespace ipm::source::host {

class Waiting {
 public:
  // kLevel: while there is something to read. kEdge: once for each time that more came.
  enum class Trigger { kLevel, kEdge };

  Status open();
  void close();
  bool is_open() const { return epoll_.valid(); }

  // `fd` stays the caller's; closing it ends the watch.
  Status watch(int fd, Trigger trigger = Trigger::kLevel);
  // Until something that is watched is ready, or that time of CLOCK_BOOTTIME. True: interrupted.
  bool until(TimeNs time);
  void interrupt() noexcept;
  int fd() const noexcept { return epoll_.get(); }

 private:
  os::Fd epoll_, interrupt_;
};

}  // namespace ipm::source::host
