// Which process and which app has talked to which remote address: exact distinct counts for the column `remotes`, and
// of each interval.
//
// Bound: remotes_max pairs. A full set takes no new pair and says so: the count is then a lower bound (kEvictedPart).
// Pairs of an evicted process or app are given back. Threads: the engine's. Cost: O(1) a pair.
#pragma once

#include <algorithm>
#include <vector>

#include "base/hash.h"
#include "base/slot_index.h"
#include "model/ip_address.h"

namespace ipm::core {

class RemoteSet {
 public:
  enum class Added { kNew, kKnown, kNoRoom };
  struct Met {
    Added added;
    bool first_now;  // For the first time in this interval.
  };

  RemoteSet(PageStore& store, std::uint32_t remotes_max, std::uint64_t hash_seed)
      : store_(store), hash_seed_(hash_seed), remotes_max_(remotes_max), index_(store) {}
  ~RemoteSet() { store_.account(-accounted_); }

  // `head` is the chain of the holder's pairs (slot + 1, 0 empty), kept by the holder; `interval` the number of the one
  // that goes on.
  Met add(std::uint32_t holder, const model::IpAddress& address, std::uint32_t& head, std::uint32_t interval) {
    const Pair pair{holder, address, 0, interval};
    const std::uint64_t hash_value = hash(pair);
    const std::uint32_t found = index_.find(hash_value, [&](std::uint32_t slot) {
      return pairs_[slot].holder == holder && pairs_[slot].address == address;
    });
    if (found != kNoSlot) {
      const bool first_now = pairs_[found].interval != interval;
      pairs_[found].interval = interval;
      return {Added::kKnown, first_now};
    }
    if (index_.size() >= remotes_max_) {
      ++refused_;
      return {Added::kNoRoom, false};
    }
    std::uint32_t slot;
    if (free_ != 0) {
      slot = free_ - 1;
      free_ = pairs_[slot].next;
    } else {
      slot = static_cast<std::uint32_t>(pairs_.size());
      if (pairs_.size() == pairs_.capacity()) {
        pairs_.reserve(std::min<std::size_t>(remotes_max_, std::max<std::size_t>(64, pairs_.size() * 2)));
      }
      pairs_.emplace_back();
      account();
    }
    pairs_[slot] = pair;
    pairs_[slot].next = head;
    head = slot + 1;
    index_.insert(hash_value, slot);
    if (index_.size() > high_water_) high_water_ = index_.size();
    return {Added::kNew, true};
  }
  void forget(std::uint32_t& head) {
    while (head != 0) {
      Pair& pair = pairs_[head - 1];
      index_.erase(hash(pair), head - 1);
      const std::uint32_t next = pair.next;
      pair.next = free_;
      free_ = head;
      head = next;
    }
  }

  std::uint32_t used() const { return index_.size(); }
  std::uint32_t max() const { return remotes_max_; }
  std::uint32_t high_water() const { return high_water_; }
  std::uint64_t refused() const { return refused_; }
  static constexpr std::size_t bytes_per_pair() { return sizeof(Pair) + 16; }  // With its share of the index.

 private:
  struct Pair {
    std::uint32_t holder = 0;
    model::IpAddress address = {};
    std::uint32_t next = 0;
    std::uint32_t interval = 0;  // In which it was met last.
  };
  std::uint64_t hash(const Pair& pair) const { return hash_bytes(&pair, 20, hash_seed_); }
  void account() {
    const auto now = static_cast<std::int64_t>(pairs_.capacity() * sizeof(Pair));
    store_.account(now - accounted_);
    accounted_ = now;
  }

  PageStore& store_;
  const std::uint64_t hash_seed_;
  const std::uint32_t remotes_max_;
  SlotIndex index_;
  std::vector<Pair> pairs_;
  std::uint32_t free_ = 0;
  std::int64_t accounted_ = 0;
  std::uint64_t refused_ = 0;
  std::uint32_t high_water_ = 0;
};

}  // namespace ipm::core
