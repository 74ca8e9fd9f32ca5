// The textbook single-producer single-consumer ring: two indices on lines of their own, each side with a copy of the
// other's, one element at a time. Written here as a reference, since the well-known one of this kind (rigtorp's
// SPSCQueue) is not packaged for Debian.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

namespace ipm::bench {

template <typename T>
class TextbookRing {
 public:
  explicit TextbookRing(std::size_t capacity) : slots_(std::make_unique<T[]>(capacity + 1)), size_(capacity + 1) {}

  bool push(const T& value) {
    const std::size_t at = write_.load(std::memory_order_relaxed);
    const std::size_t next = at + 1 == size_ ? 0 : at + 1;
    if (next == read_seen_) {
      read_seen_ = read_.load(std::memory_order_acquire);  // Pairs with the release in pop().
      if (next == read_seen_) return false;
    }
    slots_[at] = value;
    write_.store(next, std::memory_order_release);  // Pairs with the acquire in pop().
    return true;
  }
  bool pop(T& out) {
    const std::size_t at = read_.load(std::memory_order_relaxed);
    if (at == write_seen_) {
      write_seen_ = write_.load(std::memory_order_acquire);  // Pairs with the release in push().
      if (at == write_seen_) return false;
    }
    out = slots_[at];
    read_.store(at + 1 == size_ ? 0 : at + 1, std::memory_order_release);  // Pairs with the acquire in push().
    return true;
  }

 private:
  static constexpr std::size_t kLineBytes = 128;
  const std::unique_ptr<T[]> slots_;
  const std::size_t size_;  // One slot stays empty, which tells full from empty.
  alignas(kLineBytes) std::atomic<std::size_t> write_{0};
  alignas(kLineBytes) std::size_t read_seen_ = 0;
  alignas(kLineBytes) std::atomic<std::size_t> read_{0};
  alignas(kLineBytes) std::size_t write_seen_ = 0;
};

}  // namespace ipm::bench
