#include "os/linux/conntrack.h"

#include <gtest/gtest.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>

namespace ipm::os {
namespace {

ConntrackTuple ends(std::string_view src, std::uint16_t src_port, std::string_view dst, std::uint16_t dst_port) {
  return {*model::IpAddress::parse(src), *model::IpAddress::parse(dst), src_port, dst_port, 6};
}

// What the kernel answers has the attributes of what it is asked with: once as CTA_TUPLE_ORIG, once as CTA_TUPLE_REPLY.
std::vector<std::byte> answer(const ConntrackTuple& original, const ConntrackTuple& reply) {
  std::vector<std::byte> out = conntrack_request(original, 1);
  out.erase(out.begin(), out.begin() + sizeof(nlmsghdr));
  std::vector<std::byte> second = conntrack_request(reply, 1);
  second.erase(second.begin(), second.begin() + sizeof(nlmsghdr) + 4);  // Without struct nfgenmsg.
  const std::uint16_t type = CTA_TUPLE_REPLY | NLA_F_NESTED;
  std::memcpy(second.data() + 2, &type, sizeof type);
  out.insert(out.end(), second.begin(), second.end());
  return out;
}

TEST(ConntrackTest, AnEntryHasTheEndsOfBothDirections) {
  for (const auto& [original, reply] :
       {std::pair(ends("10.0.0.2", 40'000, "192.0.2.7", 443), ends("192.0.2.7", 443, "203.0.113.1", 50'001)),
        std::pair(ends("fd00::2", 40'000, "2001:db8::7", 443), ends("2001:db8::7", 443, "2001:db8::1", 50'001))}) {
    const auto entry = parse_conntrack(answer(original, reply));
    ASSERT_TRUE(entry.has_value());
    EXPECT_EQ(entry->original, original);
    EXPECT_EQ(entry->reply, reply);
    EXPECT_EQ(entry->reply.reversed().reversed(), reply);
  }
}

TEST(ConntrackTest, WhatIsCutIsNoEntry) {
  const std::vector<std::byte> whole =
      answer(ends("10.0.0.2", 40'000, "192.0.2.7", 443), ends("192.0.2.7", 443, "203.0.113.1", 50'001));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(parse_conntrack(Bytes(whole.data(), size)).has_value()) << size;
  }
}

TEST(ConntrackTest, AnAddressOfTheWrongLengthIsNone) {
  std::vector<std::byte> odd =
      answer(ends("10.0.0.2", 40'000, "192.0.2.7", 443), ends("192.0.2.7", 443, "203.0.113.1", 50'001));
  // struct nfgenmsg, then CTA_TUPLE_ORIG { CTA_TUPLE_IP { CTA_IP_V4_SRC …: its type becomes that of 16 bytes.
  odd[4 + 4 + 4 + 2] = std::byte{CTA_IP_V6_SRC};
  EXPECT_FALSE(parse_conntrack(odd).has_value());
}

}  // namespace
}  // namespace ipm::os
