#include "decode/dns_queries.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace ipm::decode {
namespace {

constexpr std::size_t kKeyBytes = 40;
static_assert(sizeof(DnsQueries::Key) == kKeyBytes, "hashed as bytes: no padding");

}  // namespace

DnsQueries::DnsQueries(std::uint32_t queries_max, std::uint64_t seed)
    : seed_(seed), entries_(std::max<std::uint32_t>(queries_max, 1)), buckets_(std::bit_ceil(entries_.size()), kNone) {}

std::uint64_t DnsQueries::question_hash(std::string_view name, std::uint16_t type) const {
  return XXH3_64bits_withSeed(name.data(), name.size(), seed_ + type);
}

std::uint32_t DnsQueries::bucket_of(const Key& key) const {
  return static_cast<std::uint32_t>(XXH3_64bits_withSeed(&key, kKeyBytes, seed_) & (buckets_.size() - 1));
}

std::optional<DnsQueries::Query> DnsQueries::answer(const Key& key) {
  for (std::uint32_t index = buckets_[bucket_of(key)]; index != kNone; index = entries_[index].next) {
    Entry& entry = entries_[index];
    if (entry.key != key) continue;
    entry.answered = true;
    return entry.query;
  }
  return std::nullopt;
}

bool DnsQueries::add(const Key& key, const Query& query) {
  const std::uint32_t bucket = bucket_of(key);
  for (std::uint32_t index = buckets_[bucket]; index != kNone; index = entries_[index].next) {
    Entry& entry = entries_[index];
    if (entry.key != key) continue;
    const bool repeated = entry.query.question == query.question && query.time_ns - entry.query.time_ns < kRepeatNs;
    if (!repeated) {  // The id is used again.
      entry.query = query;
      entry.answered = false;
    }
    return false;
  }
  Entry& entry = entries_[oldest_];
  if (entry.used) unlink(oldest_);
  const bool forgotten = entry.used && !entry.answered;
  entry = {key, query, buckets_[bucket], true, false};
  buckets_[bucket] = oldest_;
  oldest_ = oldest_ + 1 == entries_.size() ? 0 : oldest_ + 1;
  return forgotten;
}

void DnsQueries::unlink(std::uint32_t index) {
  std::uint32_t* link = &buckets_[bucket_of(entries_[index].key)];
  while (*link != index) link = &entries_[*link].next;
  *link = entries_[index].next;
}

}  // namespace ipm::decode
