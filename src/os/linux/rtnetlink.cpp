#include "os/linux/rtnetlink.h"

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <algorithm>

namespace ipm::os {

std::optional<Link> parse_link(Bytes payload) {
  const auto head = read_front<ifinfomsg>(payload);
  if (!head) return std::nullopt;
  Link link;
  link.index = static_cast<std::uint32_t>(head->ifi_index);
  link.flags = head->ifi_flags;
  NetlinkAttributes attributes(payload.subspan(std::min(payload.size(), std::size_t{NLMSG_ALIGN(sizeof *head)})));
  while (const auto attribute = attributes.next()) {
    if (attribute->type == IFLA_IFNAME) {
      const auto* text = reinterpret_cast<const char*>(attribute->value.data());
      link.name.assign(text, strnlen(text, attribute->value.size()));
    } else if (attribute->type == IFLA_STATS64 && attribute->value.size() >= offsetof(rtnl_link_stats64, multicast)) {
      const auto stats = read_prefix<rtnl_link_stats64>(attribute->value);
      link.has_counters = true;
      link.rx_bytes = stats.rx_bytes;
      link.tx_bytes = stats.tx_bytes;
      link.rx_packets = stats.rx_packets;
      link.tx_packets = stats.tx_packets;
      link.rx_drops = stats.rx_dropped;
      link.tx_drops = stats.tx_dropped;
      link.rx_errors = stats.rx_errors;
      link.tx_errors = stats.tx_errors;
    }
  }
  if (attributes.malformed()) return std::nullopt;
  return link;
}

std::vector<std::byte> link_dump_request(std::uint32_t sequence) {
  struct {
    nlmsghdr header;
    ifinfomsg body;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_GETLINK;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.header.nlmsg_seq = sequence;
  std::vector<std::byte> bytes(sizeof request);
  std::memcpy(bytes.data(), &request, sizeof request);
  return bytes;
}

}  // namespace ipm::os
