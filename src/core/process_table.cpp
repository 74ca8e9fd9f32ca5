#include "core/process_table.h"

#include "base/hash.h"

namespace ipm::core {

ProcessTable::ProcessTable(PageStore& store, std::uint32_t processes_max, std::uint64_t hash_seed)
    : store_(store), hash_seed_(hash_seed), rows_(store, processes_max), index_(store), ages_(store) {}

ProcessTable::~ProcessTable() {
  for (auto& chunk : flows_) {
    for (std::uint32_t i = 0; i < kListsPerChunk; ++i) chunk[i].clear();
  }
  store_.account(-static_cast<std::int64_t>(flows_.size() * kListsPerChunk * sizeof(OwnerList)));
}

std::uint64_t ProcessTable::hash(model::ProcessKey key) const {
  return hash_u64(key.ref(), hash_seed_);
}

std::uint32_t ProcessTable::find(model::ProcessKey key) const {
  return index_.find(hash(key), [&](std::uint32_t slot) { return rows_.at(slot).key == key; });
}

std::uint32_t ProcessTable::victim() const {
  if (const AgeLink* dead = ages_.front(kDead)) return dead->slot;
  const AgeLink* idle = ages_.front(kRunning);
  return idle == nullptr ? kNoSlot : idle->slot;
}

std::uint32_t ProcessTable::add(model::ProcessKey key, TimeNs now) {
  const std::uint32_t slot = rows_.add();
  rows_.edit(slot).key = key;
  index_.insert(hash(key), slot);
  ages_.push(slot, kRunning, now);
  while (slot / kListsPerChunk >= flows_.size()) {
    flows_.push_back(std::make_unique<OwnerList[]>(kListsPerChunk));
    store_.account(static_cast<std::int64_t>(kListsPerChunk * sizeof(OwnerList)));
    indexed_.resize(flows_.size() * kListsPerChunk);
  }
  indexed_[slot] = true;
  return slot;
}

void ProcessTable::forget_key(std::uint32_t slot) {
  if (indexed_[slot]) index_.erase(hash(rows_.at(slot).key), slot);
  indexed_[slot] = false;
}

void ProcessTable::remove(std::uint32_t slot) {
  forget_key(slot);
  ages_.erase(slot);
  rows_.remove(slot);
}

}  // namespace ipm::core
