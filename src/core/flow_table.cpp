#include "core/flow_table.h"

#include "base/hash.h"

namespace ipm::core {
namespace {

// What identifies a flow, without padding. One struct a kind, so that the hash knows the length when it is compiled.
struct CookieKey {
  std::uint64_t cookie;
  std::uint64_t netns;
};
struct TupleKey {
  model::IpAddress local;
  model::IpAddress remote;
  std::uint32_t ports;
  std::uint32_t space;
};
static_assert(sizeof(CookieKey) == 16 && sizeof(TupleKey) == 40);

model::FlowKey key_of(const FlowRow& row) {
  return {.cookie = row.cookie, .tuple = row.tuple};
}
bool indexed(const FlowRow& row) {
  return (row.flags & FlowRow::kForgotten) == 0;
}

// Of the ends alone, in whichever namespace.
std::uint64_t path_hash(const model::FlowTuple& tuple, std::uint64_t seed) {
  const TupleKey packed{tuple.local, tuple.remote, (std::uint32_t{tuple.local_port} << 16) | tuple.remote_port,
                        tuple.protocol};
  return hash_bytes(&packed, sizeof packed, seed);
}
bool has_path(const FlowRow& row) {
  return row.cookie != 0 && row.tuple.local_port != 0 && row.tuple.remote_port != 0;
}
bool same_ends(const model::FlowTuple& a, const model::FlowTuple& b) {
  return a.local == b.local && a.remote == b.remote && a.local_port == b.local_port && a.remote_port == b.remote_port &&
         a.protocol == b.protocol;
}

}  // namespace

FlowTable::FlowTable(PageStore& store, std::uint32_t flows_max, std::uint64_t hash_seed, NameBook* names)
    : hash_seed_(hash_seed), names_(names), rows_(store, flows_max), store_(store), index_(store), ages_(store) {}

std::uint64_t FlowTable::hash(const model::FlowKey& key) const {
  const model::FlowTuple& tuple = key.tuple;
  if (key.cookie != 0) {
    const CookieKey packed{key.cookie, tuple.netns};
    return hash_bytes(&packed, sizeof packed, hash_seed_);
  }
  const TupleKey packed{tuple.local, tuple.remote, (std::uint32_t{tuple.local_port} << 16) | tuple.remote_port,
                        tuple.netns * 257U + tuple.protocol};
  return hash_bytes(&packed, sizeof packed, hash_seed_);
}

std::uint32_t FlowTable::find(const model::FlowKey& key, std::uint64_t hash) const {
  return index_.find(hash, [&](std::uint32_t slot) {
    const FlowRow& row = rows_.at(slot);
    if ((key.cookie | row.cookie) != 0) return key.cookie == row.cookie && key.tuple.netns == row.tuple.netns;
    return key.tuple.same_path(row.tuple);
  });
}

std::uint32_t FlowTable::find_path(const model::FlowTuple& tuple, TimeNs time) {
  if (with_cookie_ == 0) return kNoSlot;
  if (!paths_) {
    paths_.emplace(store_);
    for (std::uint32_t slot = 0; slot < rows_.slots(); ++slot) {
      if (rows_.at(slot).used) keep_path(slot);
    }
  }
  std::uint32_t here = kNoSlot, elsewhere = kNoSlot;
  bool ambiguous = false;
  const auto better = [&](std::uint32_t slot, std::uint32_t than) {
    if (than == kNoSlot) return true;
    const FlowRow& row = rows_.at(slot);
    const FlowRow& other = rows_.at(than);
    return row.open() != other.open() ? row.open() : row.opened_ns > other.opened_ns;
  };
  (void)paths_->find(path_hash(tuple, hash_seed_), [&](std::uint32_t slot) {
    const FlowRow& row = rows_.at(slot);
    if (!same_ends(row.tuple, tuple) || (!row.open() && time - row.closed_ns > kCloseLagNs)) return false;
    if (tuple.netns == 0 || row.tuple.netns == tuple.netns) {
      if (better(slot, here)) here = slot;
    } else {
      ambiguous = ambiguous || (elsewhere != kNoSlot && rows_.at(elsewhere).tuple.netns != row.tuple.netns);
      if (better(slot, elsewhere)) elsewhere = slot;
    }
    return false;
  });
  if (here != kNoSlot) return here;
  // What stays within a namespace is not what passes here.
  if (ambiguous || tuple.remote.scope() == model::Scope::kLoopback) return kNoSlot;
  return elsewhere;
}

void FlowTable::forget_path(std::uint32_t slot) {
  const FlowRow& row = rows_.at(slot);
  if (paths_ && has_path(row)) paths_->erase(path_hash(row.tuple, hash_seed_), slot);
}

void FlowTable::keep_path(std::uint32_t slot) {
  const FlowRow& row = rows_.at(slot);
  if (paths_ && has_path(row)) paths_->insert(path_hash(row.tuple, hash_seed_), slot);
}

void FlowTable::prefetch_row(std::uint64_t hash) const {
  const std::uint32_t slot = index_.guess(hash);
  if (slot == kNoSlot) return;
  rows_.prefetch(slot);
  __builtin_prefetch(&ages_.at(slot), 1);
}

std::uint32_t FlowTable::victim() const {
  if (const FlowLink* dead = ages_.front(kDead)) return dead->slot;
  const FlowLink* lasting = ages_.front(kLasting);
  const FlowLink* timed = ages_.front(kTimed);
  if (lasting == nullptr && timed == nullptr) return kNoSlot;
  if (lasting == nullptr) return timed->slot;
  if (timed == nullptr) return lasting->slot;
  return timed->stamp_ns <= lasting->stamp_ns ? timed->slot : lasting->slot;
}

std::uint32_t FlowTable::add(const model::FlowKey& key, std::uint64_t hash, TimeNs now) {
  const std::uint32_t slot = rows_.add();
  FlowRow& row = rows_.edit(slot);
  row.cookie = key.cookie;
  row.tuple = key.tuple;
  if (names_ != nullptr) row.names = names_->opened(key.tuple, now);
  index_.insert(hash, slot);
  if (key.cookie != 0) ++with_cookie_;
  keep_path(slot);
  const bool timed = key.cookie == 0 && key.tuple.protocol != model::kProtocolTcp;
  ages_.push(slot, timed ? kTimed : kLasting, now);
  return slot;
}

void FlowTable::forget_key(std::uint32_t slot) {
  FlowRow& row = rows_.edit(slot);
  if (!indexed(row)) return;
  index_.erase(hash(key_of(row)), slot);
  row.flags |= FlowRow::kForgotten;
}

void FlowTable::remove(std::uint32_t slot) {
  const FlowRow& row = rows_.at(slot);
  if (indexed(row)) index_.erase(hash(key_of(row)), slot);
  if (row.cookie != 0) --with_cookie_;
  forget_path(slot);
  if (names_ != nullptr) names_->forgotten(row.names);
  ages_.erase(slot);
  rows_.remove(slot);
}

std::uint32_t FlowTable::timed_out(TimeNs now, TimeNs idle_ns) {
  while (const FlowLink* oldest = ages_.front(kTimed)) {
    if (now - oldest->stamp_ns < idle_ns) return kNoSlot;
    if (now - rows_.at(oldest->slot).last_seen_ns >= idle_ns) return oldest->slot;
    ages_.move(oldest->slot, kTimed, now);  // It was active within the grain: looked at again an idle time later.
  }
  return kNoSlot;
}

}  // namespace ipm::core
