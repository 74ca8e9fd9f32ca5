// Things of one size by number, taken and given back one at a time, in chunks that never move. What was given back last
// is taken first: it is still in the cache. Small slabs grow by a chunk; from a large page's worth on by as many as fit
// into one, which saves a page fault for every few items.
//
// Bounded: items_max. Threads: one caller at a time. Cost: O(1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <vector>

#include "base/large_pages.h"
#include "base/paged_table.h"

namespace ipm::decode::flow {

template <typename Item, std::uint32_t kChunkItems = 1024>
class Slab {
  static_assert(std::is_trivially_copyable_v<Item> && std::is_trivially_destructible_v<Item>);
  static_assert(sizeof(Item) >= sizeof(std::uint32_t) && (kChunkItems & (kChunkItems - 1)) == 0);

 public:
  explicit Slab(std::uint32_t items_max) : items_max_(items_max) {}
  // The same items under the same numbers.
  Slab(const Slab& from) : items_max_(from.items_max_), slots_(from.slots_), free_(from.free_), taken_(from.taken_) {
    for (std::size_t i = 0; i * kChunkItems < slots_; ++i) {
      if (i == chunks_.size()) grow();
      std::memcpy(chunks_[i], from.chunks_[i], kChunkBytes);
    }
  }
  Slab& operator=(const Slab&) = delete;

  // An item with its initial values. kNoSlot: all are taken.
  std::uint32_t take() {
    std::uint32_t slot = free_;
    if (slot != kNoSlot) {
      std::memcpy(&free_, storage(slot), sizeof free_);
    } else {
      if (slots_ == items_max_) return kNoSlot;
      slot = slots_++;
      if (slot / kChunkItems == chunks_.size()) grow();
    }
    ::new (storage(slot)) Item();
    ++taken_;
    return slot;
  }
  void give(std::uint32_t slot) {
    std::memcpy(storage(slot), &free_, sizeof free_);
    free_ = slot;
    --taken_;
  }
  Item& at(std::uint32_t slot) { return *std::launder(reinterpret_cast<Item*>(storage(slot))); }
  const Item& at(std::uint32_t slot) const {
    return *std::launder(reinterpret_cast<const Item*>(chunks_[slot / kChunkItems] + offset(slot)));
  }

  std::uint32_t taken() const { return taken_; }
  std::uint32_t slots() const { return slots_; }  // All numbers that were ever given out are below.
  bool full() const { return free_ == kNoSlot && slots_ == items_max_; }
  std::size_t bytes() const { return bytes_; }

 private:
  static constexpr std::size_t kChunkBytes = kChunkItems * sizeof(Item);
  static constexpr std::size_t kLargePageChunks = kLargePageBytes / kChunkBytes;

  struct Free {
    void operator()(std::byte* chunk) const { ::operator delete (chunk, std::align_val_t{alignof(Item)}); }
  };
  struct FreeLarge {
    void operator()(std::byte* page) const { LargePages<std::byte>().deallocate(page, kLargePageBytes); }
  };

  void grow() {
    const std::size_t chunks_left = (items_max_ + std::size_t{kChunkItems} - 1) / kChunkItems - chunks_.size();
    if (chunks_.size() < kLargePageChunks || chunks_left < kLargePageChunks) {
      small_.emplace_back(static_cast<std::byte*>(::operator new (kChunkBytes, std::align_val_t{alignof(Item)})));
      chunks_.push_back(small_.back().get());
      bytes_ += kChunkBytes;
      return;
    }
    large_.emplace_back(LargePages<std::byte>().allocate(kLargePageBytes));
    for (std::size_t i = 0; i < kLargePageChunks; ++i) chunks_.push_back(large_.back().get() + i * kChunkBytes);
    bytes_ += kLargePageBytes;
  }
  static std::size_t offset(std::uint32_t slot) { return (slot % kChunkItems) * sizeof(Item); }
  std::byte* storage(std::uint32_t slot) { return chunks_[slot / kChunkItems] + offset(slot); }

  const std::uint32_t items_max_;
  std::vector<std::unique_ptr<std::byte, Free>> small_;
  std::vector<std::unique_ptr<std::byte, FreeLarge>> large_;
  std::vector<std::byte*> chunks_;  // In both.
  std::size_t bytes_ = 0;
  std::uint32_t slots_ = 0;
  std::uint32_t free_ = kNoSlot;  // The first of a list; each free item begins with the number of the next.
  std::uint32_t taken_ = 0;
};

// What TCP measurement takes on need, one cache line at a time.
struct alignas(64) Block {
  std::uint32_t words[16] = {};
};
using BlockPool = Slab<Block, 1024>;

}  // namespace ipm::decode::flow
