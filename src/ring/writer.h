// What a source writes into: its lane, with the rule of what happens when the lane is full.
#pragma once

#include <atomic>
#include <chrono>
#include <thread>

#include "ring/lane.h"

namespace ipm::ring {

class Writer {
 public:
  // kDrop: live sources; the kernel does not wait. kWait: files on a thread of their own; the consumer will come.
  enum class WhenFull { kDrop, kWait };

  explicit Writer(Lane& lane, WhenFull when_full = WhenFull::kDrop) : lane_(lane), when_full_(when_full) {}

  // False: the event was dropped (and counted), or stop() was called while waiting.
  bool write(const model::Event& event) {
    if (when_full_ == WhenFull::kWait) {
      while (lane_.free() == 0) {
        if (stopped_.load(std::memory_order_relaxed)) return false;
        std::this_thread::sleep_for(std::chrono::microseconds(50));
      }
    }
    return lane_.push(event);
  }
  Lane& lane() { return lane_; }
  // Events that fit now. A source that can stop reading (a file, a netlink dump) stops while this is small, so that
  // nothing is dropped on a thread that has to read and process in turn.
  std::uint64_t free() { return lane_.free(); }
  std::uint64_t drops() const { return lane_.drops(); }
  // Any thread: a waiting write() gives up. The flag only ever rises, so no ordering is needed.
  void stop() { stopped_.store(true, std::memory_order_relaxed); }

 private:
  Lane& lane_;
  const WhenFull when_full_;
  std::atomic<bool> stopped_{false};
};

}  // namespace ipm::ring
