#include "source/pcap/local_ends.h"

#include <gtest/gtest.h>

namespace ipm::source::pcap {
namespace {

decode::Packet packet(const char* src, const char* dst) {
  decode::Packet out;
  out.src = *model::IpAddress::parse(src);
  out.dst = *model::IpAddress::parse(dst);
  return out;
}

TEST(LocalEndsTest, WhatTheCaptureSaysOfAPacketComesFirst) {
  const LocalEnds ends;
  // By scope the other end would be it.
  const auto in = ends.find(packet("192.168.1.10", "198.51.100.7"), PacketDirection::kIn, true);
  EXPECT_FALSE(in.sender);
  EXPECT_EQ(in.rule, LocalRule::kPacket);
  EXPECT_TRUE(ends.find(packet("198.51.100.7", "192.168.1.10"), PacketDirection::kOut, false).sender);
}

TEST(LocalEndsTest, AnAddressThatAPacketShowedIsKnownFromThenOn) {
  LocalEnds ends;
  ends.note(packet("198.51.100.7", "203.0.113.9"), PacketDirection::kOut);
  const auto found = ends.find(packet("203.0.113.50", "198.51.100.7"), PacketDirection::kUnknown, true);
  EXPECT_FALSE(found.sender);
  EXPECT_EQ(found.rule, LocalRule::kAddress);
  EXPECT_TRUE(ends.find(packet("198.51.100.7", "203.0.113.50"), PacketDirection::kUnknown, false).sender);
}

TEST(LocalEndsTest, AnAddressSeenOnBothSidesTellsNothing) {
  LocalEnds ends;
  ends.note(packet("198.51.100.7", "203.0.113.9"), PacketDirection::kOut);
  ends.note(packet("198.51.100.7", "203.0.113.9"), PacketDirection::kIn);
  EXPECT_EQ(ends.find(packet("198.51.100.7", "203.0.113.50"), PacketDirection::kUnknown, true).rule,
            LocalRule::kOpener);
}

TEST(LocalEndsTest, AMulticastDestinationIsNoAddressOfThisHost) {
  LocalEnds ends;
  ends.note(packet("198.51.100.7", "224.0.0.251"), PacketDirection::kIn);
  EXPECT_EQ(ends.find(packet("203.0.113.50", "224.0.0.251"), PacketDirection::kUnknown, true).rule, LocalRule::kOpener);
}

TEST(LocalEndsTest, APrivateEndIsThisHostWhereTheOtherIsPublic) {
  const LocalEnds ends;
  const auto out = ends.find(packet("192.168.1.10", "198.51.100.7"), PacketDirection::kUnknown, false);
  EXPECT_TRUE(out.sender);
  EXPECT_EQ(out.rule, LocalRule::kScope);
  EXPECT_FALSE(ends.find(packet("2001:db8::7", "fd00::1"), PacketDirection::kUnknown, true).sender);
}

TEST(LocalEndsTest, ElseWhoOpenedTheFlowIsThisHost) {
  const LocalEnds ends;
  for (const bool opener : {true, false}) {
    const auto found = ends.find(packet("10.0.0.1", "10.0.0.2"), PacketDirection::kUnknown, opener);
    EXPECT_EQ(found.sender, opener);
    EXPECT_EQ(found.rule, LocalRule::kOpener);
  }
}

}  // namespace
}  // namespace ipm::source::pcap
