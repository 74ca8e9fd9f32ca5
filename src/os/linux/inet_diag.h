// The kernel's socket records (sock_diag(7), include/uapi/linux/inet_diag.h): requests to send, replies to parse. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/flow_key.h"
#include "os/linux/netlink_messages.h"

namespace ipm::os {

// Destroy multicast groups of NETLINK_SOCK_DIAG: TCP and UDP, IPv4 and IPv6 (enum sknetlink_groups).
inline constexpr std::uint32_t kDestroyGroups = 0xf;

inline constexpr std::uint8_t kTcpStateTimeWait = 6, kTcpStateFinWait2 = 5, kTcpStateListen = 10;

// The part of tcp_info that this library reads. Zero where the kernel is too old to have the field.
struct TcpCounters {
  std::uint64_t bytes_sent = 0;  // With retransmitted bytes; 4.19.
  std::uint64_t bytes_retrans = 0;
  std::uint64_t bytes_acked = 0;     // With the SYN of the active side, and an acknowledged FIN.
  std::uint64_t bytes_received = 0;  // With a FIN that came into the full socket.
  std::uint32_t segs_out = 0;
  std::uint32_t segs_in = 0;
  std::uint32_t total_retrans = 0;
  std::uint32_t rcv_ooopack = 0;  // 5.4.
  std::uint32_t rtt_us = 0;
  std::uint32_t rttvar_us = 0;  // mdev_us: tcp_get_info() reports the mean deviation, not the floored rttvar_us.
  std::uint32_t min_rtt_us = 0;
  bool has_bytes_sent = false;  // False before 4.19.

  // tcp_disconnect() clears everything: a refused or aborted connection.
  bool zeroed() const {
    return bytes_sent == 0 && bytes_acked == 0 && bytes_received == 0 && segs_out == 0 && segs_in == 0;
  }
};

struct DiagSocket {
  model::FlowTuple tuple = {};  // Protocol only if the record says it; netns never.
  std::uint8_t family = 0;
  std::uint8_t state = 0;
  std::uint8_t timer = 0;
  std::uint32_t uid = 0;
  std::uint32_t inode = 0;  // 0: no file refers to it (orphaned, or not yet accepted).
  std::uint32_t interface = 0;
  std::uint64_t cookie = 0;
  std::uint64_t cgroup_id = 0;   // 0: not sent.
  std::uint8_t shutdown = 0;     // RCV_SHUTDOWN 1, SEND_SHUTDOWN 2.
  std::uint32_t rmem_bytes = 0;  // From SKMEMINFO.
  std::uint32_t drops = 0;       // From SKMEMINFO.
  bool has_memory = false;
  std::optional<TcpCounters> tcp;  // Absent for UDP, for TIME_WAIT mini-sockets and for embryonic ones.
};

// The record in a SOCK_DIAG_BY_FAMILY payload. Nothing if it is too short or of another family.
std::optional<DiagSocket> parse_inet_diag(Bytes payload);

// Every socket of a family and protocol whose state is in `states` (bit per TCP_* number), with tcp_info and memory.
std::vector<std::byte> inet_diag_dump_request(std::uint8_t family, std::uint8_t protocol, std::uint32_t states,
                                              std::uint32_t sequence);
// The one TCP socket with exactly this tuple; the kernel may answer with a listener of the port instead.
std::vector<std::byte> inet_diag_lookup_request(std::uint8_t family, const model::FlowTuple& tuple,
                                                std::uint32_t interface, std::uint32_t sequence);

}  // namespace ipm::os
