// The kernel's table of tracked connections, one entry at a time: ctnetlink (include/uapi/linux/netfilter/
// nfnetlink_conntrack.h). An entry has the ends of both directions, which differ where addresses are translated. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/ip_address.h"
#include "os/linux/netlink_messages.h"

namespace ipm::os {

struct ConntrackTuple {
  model::IpAddress src = {};
  model::IpAddress dst = {};
  std::uint16_t src_port = 0;
  std::uint16_t dst_port = 0;
  std::uint8_t protocol = 0;  // IANA number, with ports.

  ConntrackTuple reversed() const { return {dst, src, dst_port, src_port, protocol}; }
  bool operator==(const ConntrackTuple&) const = default;
};

struct ConntrackEntry {
  ConntrackTuple original = {};  // Of the packets of who began …
  ConntrackTuple reply = {};     // … and of those that answer.
};

// Asks for the entry that has this tuple in either direction.
std::vector<std::byte> conntrack_request(const ConntrackTuple& tuple, std::uint32_t sequence);
bool is_conntrack_entry(std::uint16_t message_type);
// The payload of such a message.
std::optional<ConntrackEntry> parse_conntrack(Bytes payload);

}  // namespace ipm::os
