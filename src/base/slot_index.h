// Finds a row's slot by hash: open addressing with linear probing over 8-byte entries {tag, slot}. The tag is the low
// half of the hash: it gives the home position and spares nearly every look at a row that is not the one. Keys live in
// the rows; the caller compares them. Grows by doubling at a load of 3/4, so a lookup is about one cache line.
//
// Threads: the owner's. Cost: O(1); growth moves entries without touching rows.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/page_store.h"
#include "base/paged_table.h"

namespace ipm {

class SlotIndex {
 public:
  explicit SlotIndex(PageStore& store) : store_(store) { resize(64); }
  SlotIndex(const SlotIndex& from, PageStore& store)
      : store_(store),
        entries_(std::make_unique_for_overwrite<Entry[]>(std::size_t{from.mask_} + 1)),
        mask_(from.mask_),
        size_(from.size_) {
    std::copy_n(from.entries_.get(), std::size_t{mask_} + 1, entries_.get());
    store_.account(static_cast<std::int64_t>(bytes()));
  }
  ~SlotIndex() { store_.account(-static_cast<std::int64_t>(bytes())); }
  SlotIndex(const SlotIndex&) = delete;
  SlotIndex& operator=(const SlotIndex&) = delete;

  std::uint32_t size() const { return size_; }
  std::size_t bytes() const { return (std::size_t{mask_} + 1) * sizeof(Entry); }

  // matches(slot) compares the key of that row. kNoSlot if there is none.
  template <typename Matches>
  std::uint32_t find(std::uint64_t hash, const Matches& matches) const {
    const auto tag = static_cast<std::uint32_t>(hash);
    for (std::uint32_t at = tag & mask_;; at = (at + 1) & mask_) {
      const Entry entry = entries_[at];
      if (entry.slot == kNoSlot) return kNoSlot;
      if (entry.tag == tag && matches(entry.slot)) return entry.slot;
    }
  }
  // The first slot whose tag agrees, for prefetching; may be another row's.
  std::uint32_t guess(std::uint64_t hash) const {
    const auto tag = static_cast<std::uint32_t>(hash);
    for (std::uint32_t at = tag & mask_;; at = (at + 1) & mask_) {
      const Entry entry = entries_[at];
      if (entry.slot == kNoSlot || entry.tag == tag) return entry.slot;
    }
  }
  void prefetch(std::uint64_t hash) const { __builtin_prefetch(&entries_[static_cast<std::uint32_t>(hash) & mask_]); }

  // The key must not be in the index.
  void insert(std::uint64_t hash, std::uint32_t slot) {
    if (size_ + 1 > (mask_ / 4) * 3) resize((mask_ + 1) * 2);
    place({static_cast<std::uint32_t>(hash), slot});
    ++size_;
  }

  // The entry must be there. Closes the gap by moving later entries back (Knuth, TAOCP 6.4, algorithm R).
  void erase(std::uint64_t hash, std::uint32_t slot) {
    std::uint32_t hole = static_cast<std::uint32_t>(hash) & mask_;
    while (entries_[hole].slot != slot) hole = (hole + 1) & mask_;
    for (std::uint32_t at = (hole + 1) & mask_; entries_[at].slot != kNoSlot; at = (at + 1) & mask_) {
      const std::uint32_t home = entries_[at].tag & mask_;
      if (((at - home) & mask_) < ((at - hole) & mask_)) continue;  // Its home lies behind the hole.
      entries_[hole] = entries_[at];
      hole = at;
    }
    entries_[hole].slot = kNoSlot;
    --size_;
  }

 private:
  struct Entry {
    std::uint32_t tag;
    std::uint32_t slot;
  };

  void place(Entry entry) {
    std::uint32_t at = entry.tag & mask_;
    while (entries_[at].slot != kNoSlot) at = (at + 1) & mask_;
    entries_[at] = entry;
  }
  void resize(std::uint32_t capacity) {
    std::unique_ptr<Entry[]> old = std::move(entries_);
    const std::uint32_t old_capacity = old ? mask_ + 1 : 0;
    entries_ = std::make_unique_for_overwrite<Entry[]>(capacity);
    for (std::uint32_t i = 0; i < capacity; ++i) entries_[i] = {0, kNoSlot};
    mask_ = capacity - 1;
    for (std::uint32_t i = 0; i < old_capacity; ++i) {
      if (old[i].slot != kNoSlot) place(old[i]);
    }
    store_.account((static_cast<std::int64_t>(capacity) - old_capacity) * static_cast<std::int64_t>(sizeof(Entry)));
  }

  PageStore& store_;
  std::unique_ptr<Entry[]> entries_;
  std::uint32_t mask_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace ipm
