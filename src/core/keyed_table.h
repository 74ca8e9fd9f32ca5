// A bounded table of rows with one key each, for apps, endpoints, interfaces and namespaces. A full table gives up the
// row that has been idle longest of those that nobody refers to.
//
// Key: `key(row)` gives a value that is hashed by its bytes and compared by ==.
// Threads: the engine's. Cost: O(1); making room looks at most at kVictimLooks rows.
#pragma once

#include "base/age_lists.h"
#include "base/hash.h"
#include "base/slot_index.h"
#include "core/rows.h"

namespace ipm::core {

template <typename Traits>
class KeyedTable {
 public:
  using Row = typename Traits::Row;
  using Key = typename Traits::Key;
  using Pages = PagedTable<Row, Traits::kRowsPerPage>;

  KeyedTable(PageStore& store, std::uint32_t rows_max, std::uint64_t hash_seed)
      : hash_seed_(hash_seed), rows_(store, rows_max), index_(store), ages_(store) {}

  std::uint32_t find(const Key& key) const {
    return index_.find(hash(key), [&](std::uint32_t slot) { return Traits::key(rows_.at(slot)) == key; });
  }
  bool full() const { return rows_.full(); }
  // kNoSlot: every row that was looked at is in use. Rows in use that were passed count as touched now.
  std::uint32_t victim(TimeNs now) {
    for (std::uint32_t looks = 0; looks < kVictimLooks; ++looks) {
      const AgeLink* oldest = ages_.front(0);
      if (oldest == nullptr) return kNoSlot;
      if (!Traits::in_use(rows_.at(oldest->slot))) return oldest->slot;
      ages_.move(oldest->slot, 0, now);
    }
    return kNoSlot;
  }
  // There must be room, and none with this key; `fill` sets the key in the row.
  template <typename Fill>
  std::uint32_t add(const Key& key, TimeNs now, const Fill& fill) {
    const std::uint32_t slot = rows_.add();
    fill(rows_.edit(slot));
    index_.insert(hash(key), slot);
    ages_.push(slot, 0, now);
    return slot;
  }
  void remove(std::uint32_t slot) {
    index_.erase(hash(Traits::key(rows_.at(slot))), slot);
    ages_.erase(slot);
    rows_.remove(slot);
  }
  const Row& at(std::uint32_t slot) const { return rows_.at(slot); }
  Row& edit(std::uint32_t slot) { return rows_.edit(slot); }
  void prefetch(std::uint32_t slot) const { rows_.prefetch(slot); }
  void touch(std::uint32_t slot, TimeNs now) { ages_.touch(slot, now); }
  const Pages& rows() const { return rows_; }

 private:
  static constexpr std::uint32_t kVictimLooks = 64;
  std::uint64_t hash(const Key& key) const { return hash_bytes(&key, sizeof key, hash_seed_); }

  const std::uint64_t hash_seed_;
  Pages rows_;
  SlotIndex index_;
  AgeLists<AgeLink, 1> ages_;
};

struct AppTraits {
  using Row = AppRow;
  using Key = std::uint32_t;  // Text of the app key.
  static constexpr std::uint32_t kRowsPerPage = kAppsPerPage;
  static Key key(const Row& row) { return row.key; }
  static bool in_use(const Row& row) { return row.references != 0; }
};
struct EndpointTraits {
  using Row = EndpointRow;
  using Key = model::IpAddress;
  static constexpr std::uint32_t kRowsPerPage = kEndpointsPerPage;
  static Key key(const Row& row) { return row.address; }
  static bool in_use(const Row& row) { return row.flows != 0; }
};
struct InterfaceTraits {
  using Row = InterfaceRow;
  using Key = std::uint64_t;
  static constexpr std::uint32_t kRowsPerPage = kInterfacesPerPage;
  static Key make(std::uint32_t netns, std::uint32_t index) { return (Key{netns} << 32) | index; }
  static Key key(const Row& row) { return make(row.last.netns, row.last.index); }
  static bool in_use(const Row&) { return false; }
};
struct NamespaceTraits {
  using Row = NamespaceRow;
  using Key = std::uint32_t;
  static constexpr std::uint32_t kRowsPerPage = kNamespacesPerPage;
  static Key key(const Row& row) { return row.netns; }
  static bool in_use(const Row&) { return false; }
};

using AppTable = KeyedTable<AppTraits>;
using EndpointTable = KeyedTable<EndpointTraits>;
using InterfaceTable = KeyedTable<InterfaceTraits>;
using NamespaceTable = KeyedTable<NamespaceTraits>;

}  // namespace ipm::core
