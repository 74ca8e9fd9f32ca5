// The flow table and its peers behind one shape: add(key), and add_bytes(keys) for a batch of known keys. All have the
// same 40-byte key, the same hash function and the same row; what is done to a row is the same.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <array>
#include <bit>
#include <boost/intrusive/unordered_set.hpp>
#include <cstring>
#include <deque>
#include <span>
#include <vector>

#include "base/hash.h"
#include "core/flow_table.h"

namespace ipm::bench {

inline constexpr std::uint64_t kHashSeed = 0x1f2e'3d4c'5b6a'7988;
inline constexpr std::size_t kGroup = 4;
inline constexpr std::size_t kAhead = 16;  // Keys between the first look at one and the work on its row.

// A five-tuple in its namespace without padding.
struct TupleKey {
  model::IpAddress local, remote;
  std::uint16_t local_port, remote_port;
  std::uint32_t space;

  explicit TupleKey(const model::FlowKey& key)
      : local(key.tuple.local),
        remote(key.tuple.remote),
        local_port(key.tuple.local_port),
        remote_port(key.tuple.remote_port),
        space(key.tuple.netns * 257U + key.tuple.protocol) {}
  bool operator==(const TupleKey& other) const { return std::memcmp(this, &other, sizeof *this) == 0; }
};
static_assert(sizeof(TupleKey) == 40 && std::has_unique_object_representations_v<TupleKey>);

struct TupleHash {
  std::size_t operator()(const TupleKey& key) const { return hash_bytes(&key, sizeof key, kHashSeed); }
};

inline void add_bytes_to(core::FlowRow& row) {
  row.tx_bytes += 100;
  row.rx_bytes += 1'400;
  row.last_seen_ns += 1;
}

class OurFlows {
 public:
  explicit OurFlows(std::uint32_t flows_max) : store_(1U << 20), table_(store_, flows_max, kHashSeed) {}
  void add(const model::FlowKey& key) { table_.add(key, table_.hash(key), 1); }
  // In the stages of Engine::feed(), a group of keys in each: pull in the index lines, then the rows, then work on
  // them.
  void add_bytes(std::span<const model::FlowKey> keys) {
    std::array<std::uint64_t, 4 * kGroup> hashes;
    const auto hash_of = [&](std::size_t at) -> std::uint64_t& { return hashes[at % hashes.size()]; };
    const auto each_of_group = [&](std::size_t begin, const auto& work) {
      for (std::size_t at = begin; at < std::min(begin + kGroup, keys.size()); ++at) work(at);
    };
    for (std::size_t begin = 0; begin < keys.size() + 2 * kGroup; begin += kGroup) {
      each_of_group(begin, [&](std::size_t at) {
        hash_of(at) = table_.hash(keys[at]);
        table_.prefetch_index(hash_of(at));
      });
      if (begin >= kGroup) each_of_group(begin - kGroup, [&](std::size_t at) { table_.prefetch_row(hash_of(at)); });
      if (begin < 2 * kGroup) continue;
      each_of_group(begin - 2 * kGroup,
                    [&](std::size_t at) { add_bytes_to(table_.edit(table_.find(keys[at], hash_of(at)))); });
    }
  }

 private:
  PageStore store_;
  core::FlowTable table_;
};

class AbslFlows {
 public:
  explicit AbslFlows(std::uint32_t flows_max) { map_.reserve(flows_max); }
  void add(const model::FlowKey& key) { map_.try_emplace(TupleKey(key)); }
  void add_bytes(std::span<const model::FlowKey> keys) {
    for (const model::FlowKey& key : keys) add_bytes_to(map_.find(TupleKey(key))->second);
  }

 protected:
  absl::flat_hash_map<TupleKey, core::FlowRow, TupleHash> map_;
};

// With what the map offers for batches: the control bytes and the slot at which its search begins.
class PrefetchedAbslFlows : public AbslFlows {
 public:
  using AbslFlows::AbslFlows;
  void add_bytes(std::span<const model::FlowKey> keys) {
    for (std::size_t at = 0; at < keys.size(); ++at) {
      if (at + kAhead < keys.size()) map_.prefetch(TupleKey(keys[at + kAhead]));
      add_bytes_to(map_.find(TupleKey(keys[at]))->second);
    }
  }
};

// With the hash stored in the node and power-of-two buckets, which is its fastest here.
class BoostFlows {
 public:
  explicit BoostFlows(std::uint32_t flows_max)
      : buckets_(std::bit_ceil(std::size_t{flows_max} * 2)), set_({buckets_.data(), buckets_.size()}) {}
  void add(const model::FlowKey& key) { set_.insert(nodes_.emplace_back(TupleKey(key))); }
  void add_bytes(std::span<const model::FlowKey> keys) {
    for (const model::FlowKey& key : keys) add_bytes_to(set_.find(TupleKey(key))->row);
  }

 private:
  struct Node : boost::intrusive::unordered_set_base_hook<boost::intrusive::store_hash<true>> {
    explicit Node(const TupleKey& tuple_key) : key(tuple_key) {}
    TupleKey key;
    core::FlowRow row;
  };
  struct KeyOf {
    using type = TupleKey;
    const TupleKey& operator()(const Node& node) const { return node.key; }
  };
  using Set =
      boost::intrusive::unordered_set<Node, boost::intrusive::key_of_value<KeyOf>, boost::intrusive::hash<TupleHash>,
                                      boost::intrusive::power_2_buckets<true>>;
  std::deque<Node> nodes_;
  std::vector<Set::bucket_type> buckets_;
  Set set_;
};

}  // namespace ipm::bench
