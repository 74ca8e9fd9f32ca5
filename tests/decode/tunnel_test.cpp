// What IP and UDP carry that is a frame or a packet again.
#include <gtest/gtest.h>

#include "decode/frame_octets.h"

namespace ipm::decode {
namespace {

using test::ethernet;
using test::hex;
using test::ipv4;
using test::ipv6;
using test::join;
using test::kLinkRaw;
using test::kPacketText;
using test::kPacketV6Text;
using test::kProtoGre;
using test::kProtoUdp;
using test::number;
using test::Octets;
using test::outer_ipv4;
using test::packet;
using test::packet_v6;
using test::see;
using test::Seen;
using test::text;
using test::udp;

const Octets kFrame = ethernet(0x0800, packet());

std::string in_ip(std::uint32_t protocol, const Octets& payload) {
  return see(kLinkRaw, outer_ipv4(protocol, payload)).inner;
}
std::string in_gre(const Octets& gre) {
  return in_ip(kProtoGre, gre);
}
// The tunnel's port is the destination, or the source.
std::string in_udp(std::uint32_t port, const Octets& payload) {
  const std::string there = in_ip(kProtoUdp, udp(50000, port, payload));
  const std::string back = in_ip(kProtoUdp, udp(port, 50000, payload));
  EXPECT_EQ(there.find("203.0.113.1") == std::string::npos, back.find("203.0.113.1") == std::string::npos);
  return there;
}
std::string name_of(std::uint32_t protocol, const Octets& payload) {
  return std::string(tunnel_name(see(kLinkRaw, outer_ipv4(protocol, payload)).frame.tunnel));
}
bool is_outer(const std::string& seen) {
  return seen.starts_with("203.0.113.1:");
}

TEST(TunnelTest, IpMayLieInIp) {
  EXPECT_EQ(in_ip(4, packet()), kPacketText);
  EXPECT_EQ(in_ip(41, packet_v6()), kPacketV6Text);
  EXPECT_EQ(see(kLinkRaw, ipv6(4, packet())).inner, kPacketText);
  EXPECT_EQ(see(kLinkRaw, ipv6(41, packet_v6())).inner, kPacketV6Text);
  EXPECT_EQ(see(kLinkRaw, outer_ipv4(41, packet())).verdict, Verdict::kOther);
  EXPECT_EQ(name_of(41, packet_v6()), "ipip");
}

TEST(TunnelTest, OtherProtocolsCarryFrames) {
  EXPECT_EQ(in_ip(97, join({hex("3000"), kFrame})), kPacketText);  // EtherIP
  EXPECT_EQ(in_ip(137, join({hex("00010140"), packet()})), kPacketText);
  EXPECT_EQ(see(kLinkRaw, ipv6(143, kFrame)).inner, kPacketText);  // Segment routing
  EXPECT_EQ(in_ip(103, join({hex("2100 0000 00000000"), packet()})), kPacketText);
  EXPECT_EQ(in_ip(103, join({hex("2000 0000 00000000"), packet()})), "");  // PIM Hello
  // An authentication header of 24 bytes.
  EXPECT_EQ(in_ip(51, join({hex("0604 0000 00000001 00000001"), Octets(12, std::byte{9}), test::tcp(text("hello"))})),
            "203.0.113.1:54321 > 198.51.100.2:443 tcp ip 69 payload 5");
}

TEST(TunnelTest, GreHasOptionalFields) {
  EXPECT_EQ(in_gre(join({hex("0000 0800"), packet()})), kPacketText);
  EXPECT_EQ(in_gre(join({hex("0000 86dd"), packet_v6()})), kPacketV6Text);
  EXPECT_EQ(in_gre(join({hex("8000 0800 12340000"), packet()})), kPacketText);
  EXPECT_EQ(in_gre(join({hex("2000 0800 00000001"), packet()})), kPacketText);
  EXPECT_EQ(in_gre(join({hex("b000 0800 12340000 00000001 00000002"), packet()})), kPacketText);
  // Routing: one entry of 4 bytes, then the empty one.
  EXPECT_EQ(in_gre(join({hex("4000 0800 00000000 0800 00 04 0a000001 00000000"), packet()})), kPacketText);
  EXPECT_EQ(in_gre(hex("0000 0800")), "");
  EXPECT_EQ(see(kLinkRaw, outer_ipv4(kProtoGre, hex("b000 0800 1234"))).verdict, Verdict::kShort);
}

TEST(TunnelTest, GreCarriesFramesAndLabels) {
  EXPECT_EQ(in_gre(join({hex("0000 6558"), kFrame})), kPacketText);
  EXPECT_EQ(in_gre(join({hex("2001 6400 00330001"), kFrame})), kPacketText);  // MikroTik
  EXPECT_EQ(in_gre(join({hex("0000 8847 00010140"), packet()})), kPacketText);
  EXPECT_EQ(in_gre(join({hex("0000 6559 184103cc"), packet()})), kPacketText);
  EXPECT_EQ(in_gre(join({hex("0000 894f 0fc2010300000001"), kFrame})), kPacketText);
  EXPECT_EQ(in_gre(join({hex("0000 2000"), kFrame})), "");  // CDP
}

TEST(TunnelTest, PptpIsGreOfVersionOne) {
  EXPECT_EQ(in_gre(join({hex("3001 880b 003500ff 00000001 ff030021"), packet()})), kPacketText);
  EXPECT_EQ(in_gre(join({hex("3081 880b 003500ff 00000001 00000001 21"), packet()})), kPacketText);
  EXPECT_EQ(in_gre(hex("2081 880b 000000ff 00000001")), "");  // An acknowledgment alone.
}

TEST(TunnelTest, RedirectedPacketsMayHaveFourBytesBeforeThem) {
  EXPECT_EQ(in_gre(join({hex("0000 883e"), packet()})), kPacketText);
  EXPECT_EQ(in_gre(join({hex("0000 883e 00000000"), packet()})), kPacketText);
}

TEST(TunnelTest, ArubaCarriesWlanFrames) {
  const Octets wlan = join({hex("0801 0000 00005e005301 00005e005302 00005e005303 1000 aaaa03 000000 0800"), packet()});
  EXPECT_EQ(in_gre(join({hex("0000 8200"), wlan})), kPacketText);
  EXPECT_EQ(in_gre(join({hex("0000 8370"), wlan})), kPacketText);
  EXPECT_EQ(in_gre(join({hex("0000 8380"), wlan})), "");
  EXPECT_EQ(in_gre(join({hex("0000 8201"), wlan})), "");
}

TEST(TunnelTest, MirroredFramesHaveThreeKindsOfHeader) {
  EXPECT_EQ(in_gre(join({hex("0000 88be"), kFrame})), kPacketText);                                       // Type I
  EXPECT_EQ(in_gre(join({hex("1000 88be 00000001 10010000 00000000"), kFrame})), kPacketText);            // Type II
  EXPECT_EQ(in_gre(join({hex("1000 22eb 00000001 20010000 00000000 0000 0000"), kFrame})), kPacketText);  // Type III
  EXPECT_EQ(in_gre(join({hex("1000 22eb 00000001 20010000 00000000 0000 0001 0c000000 00000000"), kFrame})),
            kPacketText);
  EXPECT_EQ(in_gre(join({hex("1000 22eb 00000001 20010000 00000000 0000 0800"), kFrame})), "");  // IP, not Ethernet
  EXPECT_EQ(in_gre(join({hex("1000 22eb 00000001 30010000 00000000 0000 0000"), kFrame})), "");  // Version 3
  EXPECT_EQ(name_of(kProtoGre, join({hex("0000 88be"), kFrame})), "erspan");
}

TEST(TunnelTest, VxlanCarriesFrames) {
  EXPECT_EQ(in_udp(4789, join({hex("0800000000006400"), kFrame})), kPacketText);
  EXPECT_TRUE(is_outer(in_udp(8472, join({hex("0800000000006400"), kFrame}))));
  EXPECT_EQ(in_udp(4790, join({hex("0c00000100006400"), packet()})), kPacketText);
  EXPECT_EQ(in_udp(4790, join({hex("0c00000200006400"), packet_v6()})), kPacketV6Text);
  EXPECT_EQ(in_udp(4790, join({hex("0c00000300006400"), kFrame})), kPacketText);
  EXPECT_TRUE(is_outer(in_udp(4790, join({hex("0c00000700006400"), kFrame}))));
}

TEST(TunnelTest, GeneveHasOptions) {
  EXPECT_EQ(in_udp(6081, join({hex("0000 6558 00006400"), kFrame})), kPacketText);
  EXPECT_EQ(in_udp(6081, join({hex("0340 0800 00006400 01020301 00000000 01020300"), packet()})), kPacketText);
  EXPECT_TRUE(is_outer(in_udp(6081, hex("3f00 0800 00006400 00000000"))));  // More options than there are bytes.
}

TEST(TunnelTest, GtpCarriesPacketsBehindExtensionHeaders) {
  const auto length = [](std::size_t more) { return number(packet().size() + more, 2); };
  EXPECT_EQ(in_udp(2152, join({hex("30ff"), length(0), hex("00000001"), packet()})), kPacketText);
  EXPECT_EQ(in_udp(2152, join({hex("32ff"), length(4), hex("00000001 0001 00 00"), packet()})), kPacketText);
  EXPECT_EQ(in_udp(2152, join({hex("34ff"), length(8), hex("00000001 0000 00 85 01 1009 00"), packet()})), kPacketText);
  EXPECT_EQ(in_udp(2152, join({hex("34ff"), length(12), hex("00000001 0000 00 85 01 1009 c0 01 0000 00"), packet()})),
            kPacketText);
  EXPECT_EQ(in_udp(2152, join({hex("1eff"), length(0), hex("0001 0001 ffffffff 0000000000000001"), packet()})),
            kPacketText);
  EXPECT_EQ(in_udp(2152, join({hex("30ff"), number(kFrame.size(), 2), hex("00000001"), kFrame})), kPacketText);
}

TEST(TunnelTest, OtherGtpMessagesCarryNoPacket) {
  EXPECT_TRUE(is_outer(in_udp(2152, hex("3201 0004 00000000 0001 0000"))));                      // Echo request
  EXPECT_TRUE(is_outer(in_udp(2152, join({hex("50ff 002d 00000001"), packet()}))));              // Version 2
  EXPECT_TRUE(is_outer(in_udp(2152, join({hex("20ff 002d 00000001"), packet()}))));              // GTP'
  EXPECT_TRUE(is_outer(in_udp(2152, join({hex("34ff 0031 00000001 00000085 00"), packet()}))));  // An empty extension
  EXPECT_TRUE(is_outer(in_udp(2152, hex("30ff 0000 00000001"))));
}

TEST(TunnelTest, GtpExtensionHeadersAreBounded) {
  Octets extensions = hex("0000 00 85");
  for (int i = 0; i < 100; ++i) extensions = join({extensions, hex("01 1009 85")});
  EXPECT_TRUE(is_outer(in_udp(2152, join({hex("34ff 0800 00000001"), extensions, packet()}))));
}

TEST(TunnelTest, TeredoHasIndicationsBeforeThePacket) {
  const Octets authentication = hex("0001 02 03 aabb ccddee 0102030405060708 00");
  const Octets origin = hex("0000 2b2b f5fffffe");
  EXPECT_EQ(in_udp(3544, packet_v6()), kPacketV6Text);
  EXPECT_EQ(in_udp(3544, join({origin, packet_v6()})), kPacketV6Text);
  EXPECT_EQ(in_udp(3544, join({authentication, packet_v6()})), kPacketV6Text);
  EXPECT_EQ(in_udp(3544, join({authentication, origin, packet_v6()})), kPacketV6Text);
  EXPECT_TRUE(is_outer(in_udp(3544, packet())));
  EXPECT_TRUE(is_outer(in_udp(3545, packet_v6())));
}

TEST(TunnelTest, L2tpCarriesPpp) {
  EXPECT_EQ(in_udp(1701, join({hex("0002 00010001 ff03 0021"), packet()})), kPacketText);
  EXPECT_EQ(in_udp(1701, join({hex("4002"), number(packet().size() + 10, 2), hex("00010001 0021"), packet()})),
            kPacketText);
  EXPECT_EQ(in_udp(1701, join({hex("0a02 00010001 00010002 0002 0000 0021"), packet()})), kPacketText);
  EXPECT_TRUE(is_outer(in_udp(1701, hex("c802 000c 0001 0000 0001 0001"))));         // Control
  EXPECT_TRUE(is_outer(in_udp(1701, join({hex("0003 0000 00000001"), packet()}))));  // Version 3
}

TEST(TunnelTest, CapwapCarriesFramesOfEitherKind) {
  const Octets wlan = join({hex("0108 0000 00005e005301 00005e005302 00005e005303 1000 aaaa03 000000 0800"), packet()});
  EXPECT_EQ(in_udp(5247, join({hex("00 100200 0000 0000"), kFrame})), kPacketText);
  EXPECT_EQ(in_udp(5247, join({hex("00 100300 0000 0000"), wlan})), kPacketText);
  EXPECT_EQ(in_udp(5247, join({hex("00 180320 0000 0000 03010203"), wlan})), kPacketText);
  EXPECT_TRUE(is_outer(in_udp(5247, join({hex("01 000000"), kFrame}))));            // DTLS
  EXPECT_TRUE(is_outer(in_udp(5247, join({hex("00 100208 0000 0000"), kFrame}))));  // Keep-alive
}

TEST(TunnelTest, OtherUdpPortsCarryPackets) {
  EXPECT_EQ(in_udp(6635, join({hex("00010140"), packet()})), kPacketText);                   // MPLS
  EXPECT_EQ(in_udp(4341, join({hex("c000000100000001"), packet()})), kPacketText);           // LISP
  EXPECT_EQ(in_udp(37008, join({hex("0100 0001 1e 02 0001 00 01"), kFrame})), kPacketText);  // TZSP
  EXPECT_TRUE(is_outer(in_udp(37008, hex("0104 0001 01"))));
  EXPECT_EQ(in_udp(2268, join({hex("0600"), packet()})), kPacketText);  // AMT
  EXPECT_TRUE(is_outer(in_udp(2268, join({hex("0100"), packet()}))));
  // AYIYA: an identity of 2⁴ bytes, a signature of 5 · 4.
  EXPECT_EQ(in_udp(5072, join({hex("41 52 11 29 00000001"), Octets(36), packet_v6()})), kPacketV6Text);
  EXPECT_TRUE(is_outer(in_udp(5072, join({hex("41 52 12 29 00000001"), Octets(36), packet_v6()}))));
}

TEST(TunnelTest, TheLowerPortIsAskedFirst) {
  // From 6081 to 4789: VXLAN. Read as Geneve, its first byte would be 8 · 4 of options.
  EXPECT_EQ(in_ip(kProtoUdp, udp(6081, 4789, join({hex("0800000000006400"), kFrame}))), kPacketText);
  // The lower one is no tunnel's: the higher one is asked, unless the lower is a service's.
  const Octets vxlan = join({hex("0800000000006400"), kFrame});
  EXPECT_EQ(in_ip(kProtoUdp, udp(1024, 4789, vxlan)), kPacketText);
  EXPECT_TRUE(is_outer(in_ip(kProtoUdp, udp(1023, 4789, vxlan))));
  EXPECT_TRUE(is_outer(in_ip(kProtoUdp, udp(4789, 53, vxlan))));
  EXPECT_EQ(in_ip(kProtoUdp, udp(0, 4789, vxlan)), kPacketText);
  // The lower one is a tunnel's that this is not.
  EXPECT_EQ(in_ip(kProtoUdp, udp(2152, 4789, vxlan)), kPacketText);
}

TEST(TunnelTest, WhatIsInAUdpTunnelEndsWhereIpEnds) {
  Octets inner = packet();
  inner[2] = inner[3] = std::byte{0};  // As long as there are bytes for it.
  Octets datagram = udp(50000, 2152, join({hex("30ff ffff 00000001"), inner}));
  datagram[4] = std::byte{0x10};  // UDP says that it is 4 KiB longer.
  EXPECT_EQ(see(kLinkRaw, outer_ipv4(kProtoUdp, datagram), 5000).inner, kPacketText);
}

}  // namespace
}  // namespace ipm::decode
