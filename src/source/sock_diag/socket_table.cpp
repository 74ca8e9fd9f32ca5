#include "source/sock_diag/socket_table.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <array>
#include <cstring>
#include <utility>

namespace ipm::source::sock_diag {
namespace {

std::uint64_t endpoint_hash(std::uint32_t netns, const model::IpAddress& address, std::uint16_t port) {
  std::array<unsigned char, 22> bytes{};
  std::memcpy(bytes.data(), address.bytes.data(), 16);
  std::memcpy(bytes.data() + 16, &netns, 4);
  std::memcpy(bytes.data() + 20, &port, 2);
  return XXH3_64bits(bytes.data(), bytes.size());
}

}  // namespace

std::uint64_t path_hash(const model::FlowTuple& tuple) {
  std::array<unsigned char, 37> bytes{};
  std::memcpy(bytes.data(), tuple.local.bytes.data(), 16);
  std::memcpy(bytes.data() + 16, tuple.remote.bytes.data(), 16);
  std::memcpy(bytes.data() + 32, &tuple.local_port, 2);
  std::memcpy(bytes.data() + 34, &tuple.remote_port, 2);
  bytes[36] = tuple.protocol;
  return XXH3_64bits(bytes.data(), bytes.size());
}

model::FlowTuple reversed(const model::FlowTuple& tuple) {
  model::FlowTuple other = tuple;
  std::swap(other.local, other.remote);
  std::swap(other.local_port, other.remote_port);
  return other;
}

bool same_path_any_netns(const model::FlowTuple& a, const model::FlowTuple& b) {
  model::FlowTuple there = b;
  there.netns = a.netns;
  return a.same_path(there);
}

SocketRecord* SocketTable::find(std::uint64_t cookie) {
  const auto found = records_.find(cookie);
  return found == records_.end() ? nullptr : &found->second;
}

SocketRecord* SocketTable::insert(std::uint64_t cookie, const model::FlowTuple& tuple) {
  if (records_.size() >= sockets_max_) return nullptr;
  SocketRecord& record = records_[cookie];
  record.tuple = tuple;
  by_path_[path_hash(tuple)] = cookie;
  return &record;
}

void SocketTable::erase(std::uint64_t cookie) {
  const auto found = records_.find(cookie);
  if (found == records_.end()) return;
  const auto path = by_path_.find(path_hash(found->second.tuple));
  if (path != by_path_.end() && path->second == cookie) by_path_.erase(path);
  records_.erase(found);
}

std::pair<std::uint64_t, SocketRecord*> SocketTable::find_peer(const model::FlowTuple& tuple) {
  const model::FlowTuple other = reversed(tuple);
  const auto path = by_path_.find(path_hash(other));
  if (path == by_path_.end()) return {0, nullptr};
  SocketRecord* record = find(path->second);
  if (record == nullptr || !same_path_any_netns(record->tuple, other)) return {0, nullptr};
  return {path->second, record};
}

void ListenerBook::seen(const model::FlowTuple& tuple, TimeNs now) {
  const std::uint64_t key = endpoint_hash(tuple.netns, tuple.local, tuple.local_port);
  if (const auto found = last_seen_.find(key); found != last_seen_.end()) {
    found->second = now;
  } else if (last_seen_.size() < entries_max_) {
    last_seen_.emplace(key, now);
  }
}

bool ListenerBook::listens(const model::FlowTuple& tuple) const {
  static const model::IpAddress any_v4 = model::IpAddress::v4(0);
  static const model::IpAddress any_v6 = {};
  return last_seen_.contains(endpoint_hash(tuple.netns, tuple.local, tuple.local_port)) ||
         last_seen_.contains(endpoint_hash(tuple.netns, any_v4, tuple.local_port)) ||
         last_seen_.contains(endpoint_hash(tuple.netns, any_v6, tuple.local_port));
}

void ListenerBook::forget_before(TimeNs time) {
  std::erase_if(last_seen_, [&](const auto& entry) { return entry.second < time; });
}

}  // namespace ipm::source::sock_diag
