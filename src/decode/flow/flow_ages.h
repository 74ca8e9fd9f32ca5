// Which flow has been idle longest, for a table that has to make room: a heap that costs nothing until then, and
// nothing per packet. An entry may be older than its flow; it is put right when it comes up.
//
// Every slot has one entry at most. Threads: one caller at a time. Cost: O(log flows) a flow taken, and one correction
// for each flow that had packets since it was last looked at.
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/paged_table.h"
#include "base/time.h"

namespace ipm::decode::flow {

class FlowAges {
 public:
  // `touched_ns` may be too early, never too late. Nothing happens if the slot has an entry, which is older.
  void put(std::uint32_t slot, TimeNs touched_ns) {
    if (slot >= listed_.size()) listed_.resize(std::size_t{slot} + 1);
    if (listed_[slot]) return;
    listed_[slot] = true;
    heap_.push_back({touched_ns, slot});
    std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
  }
  // Takes the slot that has been idle longest out. touched(slot, &time) sets its time, or returns false if it is not
  // one that may be taken, and then its entry goes. kNoSlot: there is none.
  template <typename Touched>
  std::uint32_t take_oldest(const Touched& touched) {
    while (!heap_.empty()) {
      std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
      Entry& entry = heap_.back();
      TimeNs touched_ns = 0;
      const bool valid = touched(entry.slot, &touched_ns);
      if (valid && touched_ns != entry.touched_ns) {
        entry.touched_ns = touched_ns;
        std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
        continue;
      }
      const std::uint32_t slot = entry.slot;
      listed_[slot] = false;
      heap_.pop_back();
      if (valid) return slot;
    }
    return kNoSlot;
  }
  std::size_t bytes() const { return heap_.capacity() * sizeof(Entry) + listed_.capacity() / 8; }

 private:
  struct Entry {
    TimeNs touched_ns;
    std::uint32_t slot;
    auto operator<=>(const Entry&) const = default;
  };
  std::vector<Entry> heap_;
  std::vector<bool> listed_;  // By slot.
};

}  // namespace ipm::decode::flow
