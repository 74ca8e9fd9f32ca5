// A bounded table from a 64-bit key to a small value: open addressing that doubles up to a limit, then gives up the
// entry that was seen longest ago. Keys are whole, so nothing is ever taken for something else, and what leaves depends
// on times and keys, not on where an entry lies.
//
// Value has `seen_s`. Key 0 is not used. Threads: the owner's. Cost: O(1); giving up an entry looks at all of them.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "base/page_store.h"

namespace ipm::alert {

template <typename Value, std::uint32_t kEntriesMax>
class SmallTable {
 public:
  explicit SmallTable(PageStore& store) : store_(&store) {}
  ~SmallTable() { store_->account(-static_cast<std::int64_t>(bytes())); }
  SmallTable(const SmallTable&) = delete;
  SmallTable& operator=(const SmallTable&) = delete;

  std::uint32_t size() const { return size_; }
  std::size_t bytes() const { return std::size_t{capacity_} * sizeof(Entry); }
  std::uint64_t given_up() const { return given_up_; }

  Value* find(std::uint64_t key) {
    if (capacity_ == 0) return nullptr;
    for (std::uint32_t at = home(key);; at = (at + 1) & (capacity_ - 1)) {
      if (entries_[at].key == key) return &entries_[at].value;
      if (entries_[at].key == 0) return nullptr;
    }
  }
  const Value* find(std::uint64_t key) const { return const_cast<SmallTable*>(this)->find(key); }

  // The key must not be there.
  Value& add(std::uint64_t key, const Value& value) {
    if (size_ == kEntriesMax) {
      give_up_one();
    } else if ((size_ + 1) * 4 > capacity_ * 3) {
      resize(capacity_ == 0 ? 8 : capacity_ * 2);
    }
    ++size_;
    return place({key, value});
  }
  template <typename Each>
  void for_each(const Each& each) const {
    for (std::uint32_t i = 0; i < capacity_; ++i) {
      if (entries_[i].key != 0) each(entries_[i].key, entries_[i].value);
    }
  }

 private:
  struct Entry {
    std::uint64_t key = 0;
    Value value = {};
  };
  // The peers of a program choose keys; a long chain costs at most kEntriesMax steps.
  std::uint32_t home(std::uint64_t key) const {
    return static_cast<std::uint32_t>((key * 0x9e37'79b9'7f4a'7c15ULL) >> 40) & (capacity_ - 1);
  }
  Value& place(const Entry& entry) {
    std::uint32_t at = home(entry.key);
    while (entries_[at].key != 0) at = (at + 1) & (capacity_ - 1);
    entries_[at] = entry;
    return entries_[at].value;
  }
  void give_up_one() {
    std::uint32_t oldest = capacity_;
    for (std::uint32_t i = 0; i < capacity_; ++i) {
      const Entry& entry = entries_[i];
      if (entry.key == 0) continue;
      if (oldest == capacity_ || entry.value.seen_s < entries_[oldest].value.seen_s ||
          (entry.value.seen_s == entries_[oldest].value.seen_s && entry.key < entries_[oldest].key))
        oldest = i;
    }
    // Closes the gap by moving later entries back (Knuth, TAOCP 6.4, algorithm R).
    std::uint32_t hole = oldest;
    const std::uint32_t mask = capacity_ - 1;
    for (std::uint32_t at = (hole + 1) & mask; entries_[at].key != 0; at = (at + 1) & mask) {
      if (((at - home(entries_[at].key)) & mask) < ((at - hole) & mask)) continue;
      entries_[hole] = entries_[at];
      hole = at;
    }
    entries_[hole] = {};
    --size_;
    ++given_up_;
  }
  void resize(std::uint32_t capacity) {
    std::unique_ptr<Entry[]> old = std::move(entries_);
    const std::uint32_t old_capacity = capacity_;
    entries_ = std::make_unique<Entry[]>(capacity);
    capacity_ = capacity;
    for (std::uint32_t i = 0; i < old_capacity; ++i) {
      if (old[i].key != 0) place(old[i]);
    }
    store_->account(static_cast<std::int64_t>((capacity - old_capacity) * sizeof(Entry)));
  }

  PageStore* store_;
  std::unique_ptr<Entry[]> entries_;
  std::uint32_t capacity_ = 0;
  std::uint32_t size_ = 0;
  std::uint64_t given_up_ = 0;
};

}  // namespace ipm::alert
