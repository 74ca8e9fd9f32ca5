// Live and closed flows of one host.
//
// Bound: flows_max. A full table gives up the flow that has been closed longest, then the one that has been idle
// longest; the caller takes its bytes first. Threads: the engine's. Cost: O(1).
#pragma once

#include <cstdint>
#include <optional>

#include "base/age_lists.h"
#include "base/slot_index.h"
#include "core/name_book.h"
#include "core/rows.h"

namespace ipm::core {

// By age in one list of the table, and in the list of the process that owns the flow, if one does.
struct ByOwner;
struct FlowLink : AgeLink, ListHook<ByOwner> {};
using OwnerList = boost::intrusive::list<FlowLink, boost::intrusive::base_hook<ListHook<ByOwner>>,
                                         boost::intrusive::constant_time_size<false>>;

class FlowTable {
 public:
  // With a name book each flow has the names that its remote end has when it is added, and they go with it.
  FlowTable(PageStore& store, std::uint32_t flows_max, std::uint64_t hash_seed, NameBook* names = nullptr);

  std::uint64_t hash(const model::FlowKey& key) const;
  std::uint32_t find(const model::FlowKey& key, std::uint64_t hash) const;
  std::uint32_t find(const model::FlowKey& key) const { return find(key, hash(key)); }
  // The flow of a kernel source, with a cookie, that has these ends, for a source that knows no cookies and captures in
  // the namespace of the tuple: there, else the only one elsewhere whose packets may pass there. One that closed counts
  // for kCloseLagNs, since packets are told later. The first call that finds such flows there sets an index up.
  std::uint32_t find_path(const model::FlowTuple& tuple, TimeNs time);
  static constexpr TimeNs kCloseLagNs = 5 * kSecond;
  // Around a change of the ends in the row of a flow with a cookie.
  void forget_path(std::uint32_t slot);
  void keep_path(std::uint32_t slot);
  std::uint32_t without_cookie() const { return rows_.used() - with_cookie_; }
  // For batches: pull the index line in, then the row that the tag points at, then find.
  void prefetch_index(std::uint64_t hash) const { index_.prefetch(hash); }
  void prefetch_row(std::uint64_t hash) const;
  std::uint32_t guess(std::uint64_t hash) const { return index_.guess(hash); }  // Perhaps its slot; kNoSlot.

  bool full() const { return rows_.full(); }
  std::uint32_t victim() const;  // Which flow a full table gives up next.

  // A new open flow; there must be room and none with this key. Its row holds the key and nothing else.
  std::uint32_t add(const model::FlowKey& key, std::uint64_t hash, TimeNs now);
  void remove(std::uint32_t slot);  // The owner's list must have been left.
  // Detaches a closed flow from its key, so that a new one may have it; the row stays among the dead.
  void forget_key(std::uint32_t slot);

  const FlowRow& at(std::uint32_t slot) const { return rows_.at(slot); }
  FlowRow& edit(std::uint32_t slot) { return rows_.edit(slot); }

  void touch(std::uint32_t slot, TimeNs now) {
    if (ages_.at(slot).list != kDead) ages_.touch(slot, now);
  }
  void bury(std::uint32_t slot, TimeNs now) { ages_.move(slot, kDead, now); }  // It closed.
  // The flow without a cookie and without a closing handshake that has been idle longest, if at least idle_ns; kNoSlot.
  std::uint32_t timed_out(TimeNs now, TimeNs idle_ns);

  void join(OwnerList& list, std::uint32_t slot) { list.push_back(ages_.at(slot)); }
  void leave(OwnerList& list, std::uint32_t slot) { list.erase(list.iterator_to(ages_.at(slot))); }

  const FlowPages& rows() const { return rows_; }

 private:
  static constexpr std::uint8_t kLasting = 0;  // Only a close or need for room ends them.
  static constexpr std::uint8_t kTimed = 1;    // Without a cookie or a close of their own: they end by time.
  static constexpr std::uint8_t kDead = 2;

  const std::uint64_t hash_seed_;
  NameBook* const names_;
  FlowPages rows_;
  PageStore& store_;
  SlotIndex index_;
  std::optional<SlotIndex> paths_;  // Of flows with a cookie, once somebody asked.
  std::uint32_t with_cookie_ = 0;
  AgeLists<FlowLink, 3> ages_;
};

}  // namespace ipm::core
