// Looks that were asked for, by number: asked, taken note of, begun with the current tick, answered. A look that is
// asked for while one is under way is answered by the next.
// Threads: ask() and open() on any; the others on the source's thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace ipm::source::host {

class Looks {
 public:
  void ask() { asked_.fetch_add(1, std::memory_order_relaxed); }  // A number alone, so relaxed is enough.
  // One was asked for and is not answered. Acquire pairs with the release in answer(): what it saw is in the lane.
  bool open() const { return done_.load(std::memory_order_acquire) != asked_.load(std::memory_order_relaxed); }

  // One was asked for that take() has not seen.
  bool waiting() const { return asked_.load(std::memory_order_relaxed) != taken_; }
  // True: there was one, and the next tick is to begin now.
  bool take() {
    const std::uint32_t asked = asked_.load(std::memory_order_relaxed);
    const bool some = asked != taken_;
    taken_ = asked;
    return some;
  }
  // The tick begins. True: somebody waits for it.
  bool begin() { return std::exchange(begun_, taken_) != taken_; }
  bool answered() const { return done_.load(std::memory_order_relaxed) == begun_; }
  void answer() { done_.store(begun_, std::memory_order_release); }  // The tick is over, and told.

 private:
  std::atomic<std::uint32_t> asked_{0};
  std::uint32_t taken_ = 0, begun_ = 0;
  std::atomic<std::uint32_t> done_{0};
};

}  // namespace ipm::source::host
