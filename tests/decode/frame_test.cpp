// What is inner and what is outer, what counts and what does not; bounds of the walk.
#include "decode/frame.h"

#include <gtest/gtest.h>

#include <vector>

#include "decode/frame_octets.h"

namespace ipm::decode {
namespace {

using test::ethernet;
using test::hex;
using test::ipv4;
using test::ipv6;
using test::join;
using test::kLinkEthernet;
using test::kLinkRaw;
using test::kPacketText;
using test::kPacketV6Text;
using test::kProtoGre;
using test::kProtoIcmp;
using test::kProtoIpIp;
using test::kProtoTcp;
using test::kProtoUdp;
using test::number;
using test::Octets;
using test::outer_ipv4;
using test::packet;
using test::packet_v6;
using test::see;
using test::Seen;
using test::tcp;
using test::text;
using test::text_of;
using test::udp;

Octets vxlan(const Octets& frame) {
  return udp(50000, 4789, join({hex("0800000000006400"), frame}));
}

TEST(FrameTest, PlainFrameHasOneHeaderForBothViews) {
  const Seen seen = see(kLinkEthernet, ethernet(0x0800, packet()));
  ASSERT_EQ(seen.verdict, Verdict::kOk);
  EXPECT_EQ(seen.inner, kPacketText);
  EXPECT_EQ(seen.outer, kPacketText);
  EXPECT_FALSE(seen.frame.tunnelled);
  EXPECT_EQ(seen.frame.tunnel, Tunnel::kNone);
  EXPECT_EQ(seen.frame.direction, LinkDirection::kUnknown);
  EXPECT_EQ(see(kLinkEthernet, ethernet(0x86dd, packet_v6())).inner, kPacketV6Text);
}

TEST(FrameTest, UdpTunnelHasAnInnerAndAnOuterHeader) {
  const Seen seen = see(kLinkEthernet, ethernet(0x0800, outer_ipv4(kProtoUdp, vxlan(ethernet(0x0800, packet())))));
  EXPECT_EQ(seen.inner, kPacketText);
  // 45 + 14 + 8 bytes in the datagram.
  EXPECT_EQ(seen.outer, "203.0.113.1:50000 > 198.51.100.2:4789 udp ip 95 payload 67");
  EXPECT_TRUE(seen.frame.tunnelled);
  EXPECT_EQ(tunnel_name(seen.frame.tunnel), "vxlan");
}

TEST(FrameTest, TunnelWithoutATransportHeaderOfItsOwnHasTheInnerOneOnly) {
  const Seen seen = see(kLinkRaw, outer_ipv4(kProtoGre, join({hex("0000 0800"), packet()})));
  EXPECT_EQ(seen.inner, kPacketText);
  EXPECT_EQ(seen.outer, kPacketText);
  EXPECT_FALSE(seen.frame.tunnelled);
  EXPECT_EQ(tunnel_name(seen.frame.tunnel), "gre");
}

TEST(FrameTest, TunnelOfSomethingElseIsCountedAtItsOwnHeader) {
  const Octets arp = ethernet(0x0806, Octets(28, std::byte{0}));
  const Seen seen = see(kLinkRaw, outer_ipv4(kProtoUdp, vxlan(arp)));
  EXPECT_EQ(seen.inner, "203.0.113.1:50000 > 198.51.100.2:4789 udp ip 78 payload 50");
  EXPECT_FALSE(seen.frame.tunnelled);
  EXPECT_EQ(seen.frame.tunnel, Tunnel::kNone);
}

TEST(FrameTest, TunnelWhoseInnerHeadersWereCutIsCountedAtItsOwnHeader) {
  const Octets whole = outer_ipv4(kProtoUdp, vxlan(ethernet(0x0800, packet())));
  // 20 + 8 + 8 + 14 + 20 to the inner TCP header, and its ports are 4 bytes.
  const Octets without_ports(whole.begin(), whole.begin() + 73);
  EXPECT_EQ(see(kLinkRaw, without_ports, 95).inner, "203.0.113.1:50000 > 198.51.100.2:4789 udp ip 95 payload 67");
  const Octets with_ports(whole.begin(), whole.begin() + 74);
  const Seen seen = see(kLinkRaw, with_ports, 95);
  EXPECT_EQ(seen.inner, "10.0.0.1:54321 > 192.0.2.7:443 tcp ip 45 payload 0 ports only");
  EXPECT_EQ(seen.outer, "203.0.113.1:50000 > 198.51.100.2:4789 udp ip 95 payload 67");
}

TEST(FrameTest, OfThreeHeadersTheMiddleOneIsInNoView) {
  const Octets middle = ethernet(0x0800, ipv4(kProtoUdp, vxlan(ethernet(0x0800, packet()))));
  const Seen seen = see(kLinkRaw, outer_ipv4(kProtoUdp, vxlan(middle)));
  EXPECT_EQ(seen.inner, kPacketText);
  EXPECT_EQ(seen.outer, "203.0.113.1:50000 > 198.51.100.2:4789 udp ip 145 payload 117");
}

TEST(FrameTest, HeadersCutBehindThePortsStillCount) {
  const Octets whole = packet();
  for (std::size_t bytes = 20; bytes <= whole.size(); ++bytes) {
    const Seen seen = see(kLinkRaw, Octets(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(bytes)), 45);
    EXPECT_EQ(seen.verdict, bytes < 24 ? Verdict::kShort : Verdict::kOk) << bytes;
    if (seen.verdict != Verdict::kOk) continue;
    EXPECT_EQ(seen.frame.inner.ports_only, bytes < 40) << bytes;
    EXPECT_EQ(seen.frame.inner.ip_bytes, 45U);
    EXPECT_EQ(seen.frame.inner.payload_bytes, bytes < 33 ? 0U : 5U) << bytes;  // Byte 12 is the header's length.
  }
}

TEST(FrameTest, HeaderThatContradictsItselfBehindThePortsCountsByItsPorts) {
  Octets octets = packet();
  octets[32] = std::byte{0x40};  // A TCP header of 16 bytes.
  const Seen seen = see(kLinkRaw, octets);
  EXPECT_EQ(seen.inner, "10.0.0.1:54321 > 192.0.2.7:443 tcp ip 45 payload 9 ports only");
  EXPECT_EQ(seen.frame.inner.tcp_flags, 0);
}

TEST(FrameTest, TotalLengthZeroMeansTheRestOfTheFrameAsItWas) {
  Octets octets = packet();
  octets[2] = octets[3] = std::byte{0};
  EXPECT_EQ(see(kLinkEthernet, ethernet(0x0800, octets), 14 + 3000).inner,
            "10.0.0.1:54321 > 192.0.2.7:443 tcp ip 3000 payload 2960");
  EXPECT_EQ(see(kLinkEthernet, ethernet(0x8100, join({hex("0064 0800"), octets})), 18 + 3000).inner,
            "10.0.0.1:54321 > 192.0.2.7:443 tcp ip 3000 payload 2960");
}

TEST(FrameTest, PayloadIsNoLongerThanTheFrameWasThatCarriedIt) {
  Octets octets = packet();
  octets[3] = std::byte{200};
  EXPECT_EQ(see(kLinkRaw, octets, 45).inner, "10.0.0.1:54321 > 192.0.2.7:443 tcp ip 200 payload 5");
}

TEST(FrameTest, IcmpErrorIsNoFlowAndQuotesOne) {
  const Octets icmp = join({hex("0304 0000 0000 0578"), packet()});
  const Seen seen = see(kLinkEthernet, ethernet(0x0800, outer_ipv4(kProtoIcmp, icmp)));
  EXPECT_EQ(seen.verdict, Verdict::kOther);
  ASSERT_TRUE(seen.frame.has_icmp_error);
  const IcmpError& error = seen.frame.icmp_error;
  EXPECT_EQ(error.type, 3);
  EXPECT_EQ(error.code, 4);
  EXPECT_EQ(error.mtu, 1400U);
  EXPECT_FALSE(error.v6);
  EXPECT_EQ(error.from.text(), "203.0.113.1");
  EXPECT_EQ(text_of(error.quoted), kPacketText);
}

TEST(FrameTest, IcmpErrorQuotesEightBytesBehindTheIpHeader) {
  const Octets whole = packet();
  const Octets icmp = join({hex("0b00 0000 0000 0000"), Octets(whole.begin(), whole.begin() + 28)});
  const Seen seen = see(kLinkRaw, outer_ipv4(kProtoIcmp, icmp));
  ASSERT_TRUE(seen.frame.has_icmp_error);
  EXPECT_EQ(seen.frame.icmp_error.quoted.src_port, 54321);
  EXPECT_EQ(seen.frame.icmp_error.quoted.seq, 1000U);
  EXPECT_TRUE(seen.frame.icmp_error.quoted.ports_only);
  EXPECT_EQ(seen.frame.icmp_error.mtu, 0U);
}

TEST(FrameTest, Icmpv6TooBigTellsTheMtu) {
  const Octets icmp = join({hex("0200 0000 00000500"), packet_v6()});
  const Seen seen = see(kLinkRaw, ipv6(58, icmp));
  ASSERT_TRUE(seen.frame.has_icmp_error);
  EXPECT_TRUE(seen.frame.icmp_error.v6);
  EXPECT_EQ(seen.frame.icmp_error.mtu, 1280U);
  EXPECT_EQ(text_of(seen.frame.icmp_error.quoted), kPacketV6Text);
}

TEST(FrameTest, IcmpThatIsNoErrorIsNoEvent) {
  EXPECT_FALSE(
      see(kLinkRaw, outer_ipv4(kProtoIcmp, join({hex("0800 0000 0001 0001"), packet()}))).frame.has_icmp_error);
  EXPECT_FALSE(see(kLinkRaw, outer_ipv4(kProtoIcmp, join({hex("0501 0000 0a000001"), packet()}))).frame.has_icmp_error);
  EXPECT_FALSE(see(kLinkRaw, ipv6(58, join({hex("8000 0000 0001 0001"), packet_v6()}))).frame.has_icmp_error);
}

TEST(FrameTest, IcmpErrorInATunnelIsAnEventAndTheTunnelCounts) {
  const Octets icmp = ipv4(kProtoIcmp, join({hex("0301 0000 0000 0000"), packet()}));
  const Seen seen = see(kLinkRaw, outer_ipv4(kProtoUdp, vxlan(ethernet(0x0800, icmp))));
  EXPECT_EQ(seen.verdict, Verdict::kOk);
  EXPECT_FALSE(seen.frame.tunnelled);
  EXPECT_TRUE(seen.frame.has_icmp_error);
}

TEST(FrameTest, WhatOneFrameHadIsNotSaidOfTheNext) {
  Frame frame;
  const Octets error = outer_ipv4(kProtoIcmp, join({hex("0301 0000 0000 0000"), packet()}));
  const Octets tunnel = outer_ipv4(kProtoUdp, vxlan(ethernet(0x0800, packet())));
  const Octets first = ipv4(kProtoUdp, udp(1, 2, text("x")), {.fragment = 0x2000});
  (void)parse_frame(kLinkRaw, error, 0, frame);
  (void)parse_frame(kLinkRaw, tunnel, 0, frame);
  (void)parse_frame(kLinkRaw, first, 0, frame);
  const Octets plain = packet();
  ASSERT_EQ(parse_frame(kLinkRaw, plain, 0, frame), Verdict::kOk);
  EXPECT_FALSE(frame.has_icmp_error);
  EXPECT_FALSE(frame.tunnelled);
  EXPECT_EQ(frame.first_fragments, 0);
  EXPECT_EQ(frame.tunnel, Tunnel::kNone);
  EXPECT_EQ(text_of(frame.outer()), kPacketText);
}

TEST(FrameTest, FollowsAsManyTunnelsAsItsBound) {
  Octets octets = packet();
  for (std::uint32_t i = 0; i < kTunnelsMax; ++i) octets = outer_ipv4(kProtoIpIp, octets);
  EXPECT_EQ(see(kLinkRaw, octets).inner, kPacketText);
  EXPECT_EQ(see(kLinkRaw, outer_ipv4(kProtoIpIp, octets)).verdict, Verdict::kOther);
}

TEST(FrameTest, ATowerOfTagsEnds) {
  Octets octets = packet();
  octets = join({hex("0001 0800"), octets});
  for (int i = 0; i < 10; ++i) octets = join({hex("0001 8100"), octets});
  EXPECT_EQ(see(kLinkEthernet, ethernet(0x8100, octets)).inner, kPacketText);
  for (int i = 0; i < 10'000; ++i) octets = join({hex("0001 8100"), octets});
  EXPECT_EQ(see(kLinkEthernet, ethernet(0x8100, octets)).verdict, Verdict::kOther);
}

TEST(FrameTest, FragmentsAreNamedByWhatIpSaysThatTheyAre) {
  const Octets datagram = udp(54321, 53, text("hello"));
  const Seen first = see(kLinkEthernet, ethernet(0x0800, ipv4(kProtoUdp, datagram, {.fragment = 0x2000, .id = 99})));
  EXPECT_EQ(first.inner, "10.0.0.1:54321 > 192.0.2.7:53 udp ip 33 payload 5 first");
  ASSERT_EQ(first.frame.first_fragments, 1);
  const Seen later = see(kLinkEthernet, ethernet(0x0800, ipv4(kProtoUdp, datagram, {.fragment = 2, .id = 99})));
  EXPECT_EQ(later.inner, "10.0.0.1:0 > 192.0.2.7:0 udp ip 33 payload 13 later");
  EXPECT_EQ(later.frame.first_fragments, 0);
  EXPECT_EQ(first.frame.first_fragment[0].key, fragment_key(later.frame.inner));
  EXPECT_EQ(first.frame.first_fragment[0].key.id, 99U);
  EXPECT_FALSE(first.frame.first_fragment[0].in_datagram);
}

TEST(FrameTest, Ipv6FragmentIsNamedByTheHeaderBehindTheFragmentHeader) {
  const Octets behind = join({hex("1100 010400000000"), udp(54321, 53, text("hello"))});  // Options, then UDP.
  const Seen first = see(kLinkRaw, ipv6(44, join({hex("3c00 0001 00000009"), behind})));
  EXPECT_EQ(first.frame.inner.protocol, 17);
  ASSERT_EQ(first.frame.first_fragments, 1);
  const Seen later = see(kLinkRaw, ipv6(44, join({hex("3c00 0010 00000009"), Octets(16, std::byte{1})})));
  EXPECT_EQ(later.inner, "2001:db8::1:0 > 2001:db8::2:0 60 ip 64 payload 16 later");
  EXPECT_EQ(first.frame.first_fragment[0].key, fragment_key(later.frame.inner));
}

TEST(FrameTest, LaterFragmentOfWhatHasNoPortsIsNoFlow) {
  EXPECT_EQ(see(kLinkRaw, ipv4(kProtoIcmp, Octets(8, std::byte{0}), {.fragment = 2})).verdict, Verdict::kOther);
  EXPECT_EQ(see(kLinkRaw, ipv4(50, Octets(8, std::byte{0}), {.fragment = 2})).verdict, Verdict::kOther);
  EXPECT_EQ(see(kLinkRaw, ipv4(kProtoGre, Octets(8, std::byte{0}), {.fragment = 2})).verdict, Verdict::kOk);
}

TEST(FrameTest, LaterFragmentInATunnelIsTheInnerPacket) {
  const Octets later = ethernet(0x0800, ipv4(kProtoTcp, Octets(16, std::byte{1}), {.fragment = 2}));
  const Seen seen = see(kLinkRaw, outer_ipv4(kProtoUdp, vxlan(later)));
  EXPECT_TRUE(seen.frame.tunnelled);
  EXPECT_EQ(seen.inner, "10.0.0.1:0 > 192.0.2.7:0 tcp ip 36 payload 16 later");
  EXPECT_EQ(seen.outer, "203.0.113.1:50000 > 198.51.100.2:4789 udp ip 86 payload 58");
}

TEST(FrameTest, FirstFragmentOfATunnelShowsWhatIsInIt) {
  const Octets datagram = vxlan(ethernet(0x0800, packet()));
  const Seen seen =
      see(kLinkRaw, ipv4(kProtoUdp, datagram, {.src = test::kOuterSrc, .dst = test::kOuterDst, .fragment = 0x2000}));
  EXPECT_EQ(seen.inner, kPacketText);
  EXPECT_TRUE(seen.frame.tunnelled);
  ASSERT_EQ(seen.frame.first_fragments, 1);
  EXPECT_FALSE(seen.frame.first_fragment[0].in_datagram);
}

TEST(FrameTest, UnknownLinkTypesAreNothing) {
  EXPECT_EQ(see(147, ethernet(0x0800, packet())).verdict, Verdict::kOther);
  EXPECT_EQ(see(65535, ethernet(0x0800, packet())).verdict, Verdict::kOther);
  EXPECT_EQ(see(kLinkEthernet, {}).verdict, Verdict::kShort);
}

}  // namespace
}  // namespace ipm::decode
