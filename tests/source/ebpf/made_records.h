// Records as the kernel side would write them, made by hand, and a map of traffic in memory.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <tuple>
#include <vector>

#include "os/linux/clock.h"
#include "source/ebpf/kernel_side.h"
#include "support/events.h"

namespace ipm::test {

// Milliseconds after the beginning of a test.
constexpr TimeNs at(std::int64_t milliseconds) {
  return kT0 + milliseconds * kMillisecond;
}

constexpr std::uint64_t kStartTicks = 123'456;  // Of the processes in tests/data/proc.

inline ipm_actor actor(std::uint32_t pid, std::uint32_t image = 1) {
  if (pid == 0) return {};
  const std::uint64_t tick_ns = static_cast<std::uint64_t>(kSecond) / os::ticks_per_second();
  return {.start_ns = kStartTicks * tick_ns + 1, .pid = pid, .image = image};
}

// 10.0.0.1:LOCAL to 192.0.2.7:REMOTE.
inline ipm_tuple kernel_tuple(std::uint16_t local_port, std::uint16_t remote_port, std::uint16_t protocol = 6,
                              std::uint16_t type = 1) {
  ipm_tuple out{};
  const unsigned char local[] = {10, 0, 0, 1}, remote[] = {192, 0, 2, 7};
  std::memcpy(out.local_addr, local, sizeof local);
  if (remote_port != 0) std::memcpy(out.remote_addr, remote, sizeof remote);
  out.local_port = local_port;
  out.remote_port = remote_port;
  out.netns = 7;
  out.family = 2;
  out.protocol = protocol;
  out.type = type;
  return out;
}

// Counters of a connection that sent and received so much, nothing twice, all of it read.
inline ipm_tcp counters(std::uint64_t sent, std::uint64_t received) {
  ipm_tcp out{};
  out.bytes_sent = sent;
  out.bytes_received = received;
  out.measured = 1;
  return out;
}

template <class T>
T with_head(std::uint32_t type, TimeNs time) {
  T out{};
  out.head = {.type = type, .bytes = sizeof out, .time_ns = static_cast<ipm_u64>(time)};
  return out;
}

inline ipm_record_io io_record(std::uint64_t cookie, std::uint32_t pid, std::uint32_t image = 1) {
  auto out = with_head<ipm_record_io>(IPM_RECORD_IO, 0);
  out.key = {.cookie = cookie, .pid = pid, .image = image};
  return out;
}

// 192.0.2.7:REMOTE, over the socket with that cookie.
inline ipm_peer_key peer_key(std::uint64_t cookie, std::uint16_t remote_port) {
  ipm_peer_key out{};
  out.cookie = cookie;
  const unsigned char remote[] = {192, 0, 2, 7};
  std::memcpy(out.remote_addr, remote, sizeof remote);
  out.remote_port = remote_port;
  out.family = 2;
  return out;
}

inline ipm_record_peer peer_record(const ipm_peer_key& key) {
  auto out = with_head<ipm_record_peer>(IPM_RECORD_PEER, 0);
  out.key = key;
  return out;
}

inline ipm_record_socket socket_record(std::uint32_t what, std::uint64_t cookie, TimeNs time) {
  auto out = with_head<ipm_record_socket>(IPM_RECORD_SOCKET, time);
  out.what = what;
  out.cookie = cookie;
  out.tuple = kernel_tuple(40'000, 443);
  out.uid = 1000;
  return out;
}

inline ipm_record_socket connect_record(std::uint64_t cookie, std::uint32_t pid, TimeNs time) {
  auto out = socket_record(IPM_SOCKET_CONNECT, cookie, time);
  out.tuple.local_port = 0;  // Chosen after this.
  out.actor = actor(pid);
  out.opened_ns = static_cast<ipm_u64>(time);
  return out;
}

inline ipm_record_socket listen_record(std::uint64_t cookie, std::uint32_t pid, TimeNs time,
                                       std::uint16_t local_port = 443) {
  auto out = socket_record(IPM_SOCKET_LISTEN, cookie, time);
  out.tuple = kernel_tuple(local_port, 0);
  out.actor = actor(pid);
  out.opened_ns = static_cast<ipm_u64>(time);
  return out;
}

inline ipm_record_socket established_record(std::uint64_t cookie, TimeNs time) {
  return socket_record(IPM_SOCKET_ESTABLISHED, cookie, time);
}

// Came out of a listener at port 443.
inline ipm_record_socket passive_record(std::uint64_t cookie, TimeNs time) {
  auto out = socket_record(IPM_SOCKET_ESTABLISHED, cookie, time);
  out.tuple = kernel_tuple(443, 50'000);
  out.flags = IPM_FLAG_PASSIVE;
  return out;
}

inline ipm_record_socket closed_record(std::uint64_t cookie, TimeNs time, model::TcpState before, const ipm_tcp& tcp,
                                       std::int32_t error = 0) {
  auto out = socket_record(IPM_SOCKET_CLOSED, cookie, time);
  out.state_before = static_cast<ipm_u8>(before);
  out.tcp = tcp;
  out.error = error;
  return out;
}

inline ipm_record_socket destroyed_record(std::uint64_t cookie, TimeNs time, const ipm_tcp& tcp = {}) {
  auto out = socket_record(IPM_SOCKET_DESTROYED, cookie, time);
  out.tcp = tcp;
  return out;
}

inline ipm_record_owner owner_record(std::uint32_t type, std::uint64_t cookie, std::uint32_t pid, TimeNs time,
                                     std::uint16_t protocol = 6) {
  auto out = with_head<ipm_record_owner>(type, time);
  out.cookie = cookie;
  out.actor = actor(pid);
  out.family = 2;
  out.protocol = protocol;
  out.netns = 7;
  return out;
}

inline ipm_record_process process_record(std::uint32_t pid, TimeNs time, std::uint32_t image = 1,
                                         std::uint32_t flags = 0) {
  auto out = with_head<ipm_record_process>(IPM_RECORD_PROCESS, time);
  out.actor = actor(pid, image);
  out.flags = flags;
  out.exe_begin = IPM_EXE_BYTES;
  return out;
}

inline ipm_record_exit exit_record(std::uint32_t pid, TimeNs time, std::int32_t code = 0) {
  auto out = with_head<ipm_record_exit>(IPM_RECORD_EXIT, time);
  out.actor = actor(pid);
  out.exit_code = code;
  return out;
}

// An established connection that was there before the hooks.
inline ipm_record_seed seed_record(std::uint64_t cookie, std::uint32_t pid, const ipm_tcp& tcp = {}) {
  ipm_record_seed out{};
  out.socket = socket_record(IPM_SOCKET_SEED, cookie, 0);
  out.socket.actor = actor(pid);
  out.socket.flags = IPM_FLAG_SEEDED | IPM_FLAG_OWNED;
  out.socket.tuple.state = static_cast<ipm_u8>(model::TcpState::kEstablished);
  out.socket.tcp = tcp;
  return out;
}

class FakeTraffic final : public source::ebpf::Traffic {
 public:
  bool read(const ipm_io_key& key, ipm_io& out) override {
    ++reads;
    const auto found = entries.find(id(key));
    if (found == entries.end()) return false;
    out = found->second;
    return true;
  }
  bool read(const ipm_peer_key& key, ipm_peer& out) override {
    ++reads;
    const auto found = peers.find(id(key));
    if (found == peers.end()) return false;
    out = found->second;
    return true;
  }
  void forget(const ipm_io_key& key) override { entries.erase(id(key)); }
  void forget(const ipm_peer_key& key) override { peers.erase(id(key)); }
  Status each(const std::function<bool(const ipm_io_key&, const ipm_io&)>& visit) override {
    const auto moment = entries;  // Who is visited may forget it.
    for (const auto& [id, entry] : moment) {
      const ipm_io_key key{.cookie = std::get<0>(id), .pid = std::get<1>(id), .image = std::get<2>(id)};
      if (!visit(key, entry)) break;
    }
    return Status::success();
  }
  Status each(const std::function<bool(const ipm_peer_key&, const ipm_peer&)>& visit) override {
    for (const auto& [id, peer] : peers) {
      if (!visit(peer_key(std::get<0>(id), std::get<1>(id)), peer)) break;
    }
    return Status::success();
  }
  std::uint32_t epoch() const override { return now; }
  std::uint32_t uses_lost() const override { return lost; }

  // As a send and a receive do it. True: the first use in this tick, of which the kernel side tells.
  bool moved(std::uint64_t cookie, std::uint32_t pid, std::uint64_t tx, std::uint64_t rx, const ipm_tuple& tuple,
             const ipm_tcp& tcp = {}, std::uint32_t image = 1) {
    ipm_io& entry = entries[id({.cookie = cookie, .pid = pid, .image = image})];
    entry.tx_bytes += tx;
    entry.rx_bytes += rx;
    entry.actor = actor(pid, image);
    entry.tuple = tuple;
    if (std::exchange(entry.epoch, now) == now) return false;
    entry.tcp = tcp;
    return true;
  }

  // A datagram each way with so much payload, 0: none. True: the first in this tick.
  bool passed(const ipm_peer_key& key, std::uint64_t tx, std::uint64_t rx) {
    const auto [found, fresh] = peers.try_emplace(id(key));
    ipm_peer& peer = found->second;
    if (fresh) peer.sent_first = tx != 0 ? 1 : 0;
    peer.local_port = 5'353;
    peer.netns = 7;
    const unsigned char local[] = {10, 0, 0, 1};
    std::memcpy(peer.local_addr, local, sizeof local);
    if (tx != 0) peer.tx_packets += 1, peer.tx_payload += tx;
    if (rx != 0) peer.rx_packets += 1, peer.rx_payload += rx;
    return std::exchange(peer.epoch, now) != now;
  }

  std::map<std::tuple<std::uint64_t, std::uint32_t, std::uint32_t>, ipm_io> entries;
  std::map<std::tuple<std::uint64_t, std::uint16_t>, ipm_peer> peers;
  std::uint32_t now = 1;   // The tick.
  std::uint32_t lost = 0;  // Records of first uses.
  int reads = 0;           // Of single entries.

 private:
  static std::tuple<std::uint64_t, std::uint32_t, std::uint32_t> id(const ipm_io_key& key) {
    return {key.cookie, key.pid, key.image};
  }
  static std::tuple<std::uint64_t, std::uint16_t> id(const ipm_peer_key& key) { return {key.cookie, key.remote_port}; }
};

}  // namespace ipm::test
