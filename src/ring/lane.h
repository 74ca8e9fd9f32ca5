// A lane carries events from one producer thread to the consumer: a single-producer single-consumer ring of 128-byte
// slots. Push is wait-free. A full lane drops and counts; a lossless producer (a file) waits instead.
//
// Bound: `capacity` events, a power of two; memory is taken once, at construction.
// Threads: push(), reserve(), publish(), free() on the producer; pop() on the consumer; the rest on any.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

#include "model/event.h"

namespace ipm::ring {

// Two lines: adjacent-line prefetch makes neighbours share traffic on x86.
inline constexpr std::size_t kLineBytes = 128;

template <typename T>
class BasicLane {
 public:
  // capacity is rounded up to a power of two, at least 2.
  explicit BasicLane(std::uint32_t capacity)
      : mask_(std::bit_ceil(std::max<std::uint32_t>(capacity, 2)) - 1),
        slots_(std::make_unique_for_overwrite<T[]>(mask_ + 1)) {}
  BasicLane(const BasicLane&) = delete;
  BasicLane& operator=(const BasicLane&) = delete;

  std::uint64_t capacity() const noexcept { return mask_ + 1; }

  // --- producer ---

  // Copies the value in and publishes it. False: the lane is full, the value was dropped and counted.
  bool push(const T& value) noexcept {
    const std::uint64_t tail = producer_.tail.load(std::memory_order_relaxed);  // Only this thread writes it.
    if (tail - producer_.cached_head > mask_ && refresh_head() + mask_ < tail) {
      count_drops(1);
      return false;
    }
    slots_[tail & mask_] = value;
    producer_.tail.store(tail + 1, std::memory_order_release);  // Pairs with the acquire load in pop().
    return true;
  }

  // Up to `wanted` free slots that lie side by side; fewer at the end of the ring or when nearly full. Nothing is
  // visible to the consumer before publish(). An empty span means full: the caller retries or counts a drop.
  std::span<T> reserve(std::size_t wanted) noexcept {
    const std::uint64_t tail = producer_.tail.load(std::memory_order_relaxed);
    std::uint64_t room = capacity() - (tail - producer_.cached_head);
    if (room < wanted) room = capacity() - (tail - refresh_head());
    const std::uint64_t until_wrap = capacity() - (tail & mask_);
    return {slots_.get() + (tail & mask_),
            static_cast<std::size_t>(std::min<std::uint64_t>({wanted, room, until_wrap}))};
  }
  // Makes the first `count` slots of the last reserve() visible.
  void publish(std::size_t count) noexcept {
    const std::uint64_t tail = producer_.tail.load(std::memory_order_relaxed);
    producer_.tail.store(tail + count, std::memory_order_release);  // Pairs with the acquire load in pop().
  }
  // Copies a whole batch; returns how many found room. The rest is neither dropped nor counted here.
  std::size_t push_batch(std::span<const T> values) noexcept {
    std::size_t done = 0;
    while (done < values.size()) {
      const std::span<T> room = reserve(values.size() - done);
      if (room.empty()) break;
      std::memcpy(static_cast<void*>(room.data()), values.data() + done, room.size_bytes());
      publish(room.size());
      done += room.size();
    }
    return done;
  }
  // Slots that are certainly free now.
  std::uint64_t free() noexcept {
    return capacity() - (producer_.tail.load(std::memory_order_relaxed) - refresh_head());
  }
  void count_drops(std::uint64_t count) noexcept { producer_.drops.fetch_add(count, std::memory_order_relaxed); }

  // --- consumer ---

  // Moves up to out.size() events out, oldest first, and gives their slots back before the caller looks at them.
  std::size_t pop(std::span<T> out) noexcept {
    const std::uint64_t head = consumer_.head.load(std::memory_order_relaxed);  // Only this thread writes it.
    if (consumer_.cached_tail == head || consumer_.cached_tail - head < out.size()) {
      consumer_.cached_tail = producer_.tail.load(std::memory_order_acquire);  // Pairs with push() and publish().
    }
    const std::uint64_t count = std::min<std::uint64_t>(consumer_.cached_tail - head, out.size());
    const std::uint64_t first = std::min<std::uint64_t>(count, capacity() - (head & mask_));
    std::memcpy(static_cast<void*>(out.data()), slots_.get() + (head & mask_), first * sizeof(T));
    std::memcpy(static_cast<void*>(out.data() + first), slots_.get(), (count - first) * sizeof(T));
    if (count != 0) consumer_.head.store(head + count, std::memory_order_release);  // Pairs with refresh_head().
    return static_cast<std::size_t>(count);
  }

  // --- any thread ---

  std::uint64_t pushed() const noexcept { return producer_.tail.load(std::memory_order_relaxed); }
  std::uint64_t popped() const noexcept { return consumer_.head.load(std::memory_order_relaxed); }
  std::uint64_t drops() const noexcept { return producer_.drops.load(std::memory_order_relaxed); }

 private:
  std::uint64_t refresh_head() noexcept {
    return producer_.cached_head = consumer_.head.load(std::memory_order_acquire);  // Pairs with the release in pop().
  }

  struct alignas(kLineBytes) Producer {
    std::atomic<std::uint64_t> tail{0};
    std::uint64_t cached_head = 0;
    std::atomic<std::uint64_t> drops{0};
  };
  struct alignas(kLineBytes) Consumer {
    std::atomic<std::uint64_t> head{0};
    std::uint64_t cached_tail = 0;
  };

  const std::uint64_t mask_;
  const std::unique_ptr<T[]> slots_;
  Producer producer_;
  Consumer consumer_;
};

using Lane = BasicLane<model::Event>;

}  // namespace ipm::ring
