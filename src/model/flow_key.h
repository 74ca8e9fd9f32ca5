// Which flow. Kernel sources have a socket cookie (SO_COOKIE, unique per boot); with the network namespace that is the
// identity. Without a cookie it is the five-tuple in its namespace. The tuple is carried in both cases.
#pragma once

#include <cstdint>
#include <cstring>

#include "model/ip_address.h"

namespace ipm::model {

inline constexpr std::uint8_t kProtocolTcp = 6;
inline constexpr std::uint8_t kProtocolUdp = 17;
// A UDP socket talks to many. Each conversation is a flow: the socket's cookie, which has fewer bits than this, and the
// number of the conversation in those above.
inline constexpr unsigned kConversationShift = 48;
constexpr std::uint64_t socket_of_flow(std::uint64_t flow, std::uint8_t protocol) {
  return protocol == kProtocolUdp ? flow & ((std::uint64_t{1} << kConversationShift) - 1) : flow;
}

enum class Direction : std::uint8_t { kUnknown = 0, kOut = 1, kIn = 2, kListen = 3 };

// Who talks to whom, as this host sees it. 44 bytes, the head of every flow event.
struct FlowTuple {
  IpAddress local = {};
  IpAddress remote = {};
  std::uint16_t local_port = 0;  // Host order.
  std::uint16_t remote_port = 0;
  std::uint32_t netns = 0;    // Inode of the network namespace (nsfs); 0 where the source has none.
  std::uint8_t protocol = 0;  // IANA number: 6 TCP, 17 UDP.
  Direction direction = Direction::kUnknown;
  std::uint16_t reserved = 0;

  // Without direction, which is a finding about the flow and no part of its identity.
  bool same_path(const FlowTuple& other) const noexcept {
    return local == other.local && remote == other.remote && local_port == other.local_port &&
           remote_port == other.remote_port && netns == other.netns && protocol == other.protocol;
  }
};
static_assert(sizeof(FlowTuple) == 44);

// cookie 0: the tuple is the identity.
struct FlowKey {
  std::uint64_t cookie = 0;
  FlowTuple tuple = {};

  bool same(const FlowKey& other) const noexcept {
    if (cookie != 0 || other.cookie != 0) return cookie == other.cookie && tuple.netns == other.tuple.netns;
    return tuple.same_path(other.tuple);
  }
};

constexpr std::string_view direction_name(Direction direction) {
  switch (direction) {
    case Direction::kUnknown:
      return "";
    case Direction::kOut:
      return "out";
    case Direction::kIn:
      return "in";
    case Direction::kListen:
      return "listen";
  }
  return "";
}

// "tcp", "udp", or the number.
std::string protocol_name(std::uint8_t protocol);

}  // namespace ipm::model
