// Processes, running and ended. Identity is (pid, start); see model/process_key.h.
//
// Bound: processes_max. A full table gives up the process that has been dead longest, then the one idle longest.
// Threads: the engine's. Cost: O(1).
#pragma once

#include <memory>
#include <vector>

#include "base/age_lists.h"
#include "base/slot_index.h"
#include "core/flow_table.h"
#include "core/rows.h"

namespace ipm::core {

class ProcessTable {
 public:
  ProcessTable(PageStore& store, std::uint32_t processes_max, std::uint64_t hash_seed);
  ~ProcessTable();

  std::uint32_t find(model::ProcessKey key) const;
  // The same; without a search if it is in the slot that the caller thinks likely.
  std::uint32_t find(model::ProcessKey key, std::uint32_t likely) const {
    return likely < rows_.slots() && indexed_[likely] && rows_.at(likely).key == key ? likely : find(key);
  }
  bool full() const { return rows_.full(); }
  std::uint32_t victim() const;
  std::uint32_t add(model::ProcessKey key, TimeNs now);  // There must be room and none with this key.
  void remove(std::uint32_t slot);                       // Its flows must have left.
  // Detaches an ended process from its key: without a start time the next one with this pid has the same.
  void forget_key(std::uint32_t slot);

  const ProcessRow& at(std::uint32_t slot) const { return rows_.at(slot); }
  ProcessRow& edit(std::uint32_t slot) { return rows_.edit(slot); }
  void prefetch(std::uint32_t slot) const { rows_.prefetch(slot); }
  void touch(std::uint32_t slot, TimeNs now) {
    if (ages_.at(slot).list != kDead) ages_.touch(slot, now);
  }
  void bury(std::uint32_t slot, TimeNs now) { ages_.move(slot, kDead, now); }

  OwnerList& flows(std::uint32_t slot) { return flows_[slot / kListsPerChunk][slot % kListsPerChunk]; }
  const ProcessPages& rows() const { return rows_; }

 private:
  static constexpr std::uint8_t kRunning = 0, kDead = 1;
  static constexpr std::uint32_t kListsPerChunk = 256;
  std::uint64_t hash(model::ProcessKey key) const;

  PageStore& store_;
  const std::uint64_t hash_seed_;
  ProcessPages rows_;
  SlotIndex index_;
  AgeLists<AgeLink, 2> ages_;
  std::vector<std::unique_ptr<OwnerList[]>> flows_;
  std::vector<bool> indexed_;
};

}  // namespace ipm::core
