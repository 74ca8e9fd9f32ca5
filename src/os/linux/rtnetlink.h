// Network interfaces and their octet counters (rtnetlink(7)): RTM_NEWLINK with IFLA_STATS64. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "os/linux/netlink_messages.h"

namespace ipm::os {

struct Link {
  std::uint32_t index = 0;
  std::uint32_t flags = 0;  // IFF_*
  std::string name;
  bool has_counters = false;
  std::uint64_t rx_bytes = 0, tx_bytes = 0, rx_packets = 0, tx_packets = 0;
  std::uint64_t rx_drops = 0, tx_drops = 0, rx_errors = 0, tx_errors = 0;
};

// The payload of one RTM_NEWLINK message.
std::optional<Link> parse_link(Bytes payload);
std::vector<std::byte> link_dump_request(std::uint32_t sequence);

}  // namespace ipm::os
