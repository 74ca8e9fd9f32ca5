// A bounded table from a 64-bit key to a small value, in two generations: what is new or was met again is in the young
// one; when that is full the old one is forgotten and they change places. Keys are whole, so nothing is ever taken for
// something else, and what leaves depends on the order of calls, not on where an entry lies.
//
// Bound: kEntriesMax. Key 0 is not used. Threads: the owner's. Cost: O(1), and once in kEntriesMax / 2 new entries a
// pass over a generation.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "base/page_store.h"

namespace ipm::alert {

template <typename Value, std::uint32_t kEntriesMax>
class SmallTable {
 public:
  // What bytes() never exceeds.
  static constexpr std::size_t bytes_max() {
    std::size_t capacity = kCapacityMin;
    while (is_tight(kEntriesMax / 2, capacity)) capacity *= 2;
    return 2 * capacity * sizeof(Entry);
  }

  explicit SmallTable(PageStore& store) : store_(&store) {}
  ~SmallTable() { store_->account(-static_cast<std::int64_t>(bytes())); }
  SmallTable(const SmallTable&) = delete;
  SmallTable& operator=(const SmallTable&) = delete;

  std::uint32_t size() const { return generations_[0].size + generations_[1].size; }
  std::size_t bytes() const { return std::size_t{generations_[0].capacity + generations_[1].capacity} * sizeof(Entry); }
  std::uint64_t given_up() const { return given_up_; }

  // Counts as met: the entry is young again. The value is good until the next call of find() or add().
  Value* find(std::uint64_t key) {
    if (Entry* entry = young().find(key)) return &entry->value;
    Entry* entry = old().find(key);
    if (entry == nullptr) return nullptr;
    const Entry copy = *entry;
    old().erase(entry);
    return &insert(copy);
  }
  const Value* peek(std::uint64_t key) const {
    for (const Generation& generation : generations_) {
      if (const Entry* entry = const_cast<Generation&>(generation).find(key)) return &entry->value;
    }
    return nullptr;
  }
  // The key must not be there.
  Value& add(std::uint64_t key, const Value& value) { return insert({key, value}); }

  template <typename Each>
  void for_each(const Each& each) const {
    for (const Generation& generation : generations_) {
      for (std::uint32_t i = 0; i < generation.capacity; ++i) {
        if (generation.entries[i].key != 0) each(generation.entries[i].key, generation.entries[i].value);
      }
    }
  }

 private:
  static constexpr std::size_t kCapacityMin = 8;
  static constexpr bool is_tight(std::size_t size, std::size_t capacity) { return size * 4 > capacity * 3; }

  struct Entry {
    std::uint64_t key = 0;
    [[no_unique_address]] Value value = {};  // May be empty: then the table is a set.
  };
  struct Generation {
    std::unique_ptr<Entry[]> entries;
    std::uint32_t capacity = 0;
    std::uint32_t size = 0;

    // The peers of a program choose keys; a long chain costs at most kEntriesMax / 2 steps.
    std::uint32_t home(std::uint64_t key) const {
      return static_cast<std::uint32_t>((key * 0x9e37'79b9'7f4a'7c15ULL) >> 40) & (capacity - 1);
    }
    Entry* find(std::uint64_t key) {
      if (size == 0) return nullptr;
      for (std::uint32_t at = home(key);; at = (at + 1) & (capacity - 1)) {
        if (entries[at].key == key) return &entries[at];
        if (entries[at].key == 0) return nullptr;
      }
    }
    Entry& place(const Entry& entry) {
      std::uint32_t at = home(entry.key);
      while (entries[at].key != 0) at = (at + 1) & (capacity - 1);
      entries[at] = entry;
      return entries[at];
    }
    // Closes the gap by moving later entries back (Knuth, TAOCP 6.4, algorithm R).
    void erase(Entry* entry) {
      const std::uint32_t mask = capacity - 1;
      auto hole = static_cast<std::uint32_t>(entry - entries.get());
      for (std::uint32_t at = (hole + 1) & mask; entries[at].key != 0; at = (at + 1) & mask) {
        if (((at - home(entries[at].key)) & mask) < ((at - hole) & mask)) continue;
        entries[hole] = entries[at];
        hole = at;
      }
      entries[hole] = {};
      --size;
    }
    void grow(PageStore& store) {
      const std::uint32_t before = capacity;
      std::unique_ptr<Entry[]> from = std::move(entries);
      capacity = before == 0 ? kCapacityMin : before * 2;
      entries = std::make_unique<Entry[]>(capacity);
      for (std::uint32_t i = 0; i < before; ++i) {
        if (from[i].key != 0) place(from[i]);
      }
      store.account(static_cast<std::int64_t>((capacity - before) * sizeof(Entry)));
    }
    void clear() {
      for (std::uint32_t i = 0; i < capacity; ++i) entries[i] = {};
      size = 0;
    }
  };

  Generation& young() { return generations_[young_]; }
  Generation& old() { return generations_[1 - young_]; }
  Value& insert(const Entry& entry) {
    if (young().size == kEntriesMax / 2) {
      given_up_ += old().size;
      old().clear();
      young_ = 1 - young_;
    }
    if (is_tight(young().size + 1, young().capacity)) young().grow(*store_);
    ++young().size;
    return young().place(entry).value;
  }

  PageStore* store_;
  Generation generations_[2];
  std::uint32_t young_ = 0;
  std::uint64_t given_up_ = 0;
};

}  // namespace ipm::alert
