#include "decode/ip.h"

#include <gtest/gtest.h>

#include "decode/octets.h"

namespace ipm::decode {
namespace {

using test::Exactly;
using test::hex;
using test::join;
using test::number;
using test::Octets;
using test::text;

constexpr std::uint32_t kUdp = 17, kTcp = 6;

// 10.0.0.1 → 192.0.2.7; flags_and_offset as in the header.
Octets ipv4(std::uint32_t protocol, std::size_t total_bytes, const Octets& behind, std::uint32_t fragment = 0) {
  return join({hex("4500"), number(total_bytes, 2), hex("0001"), number(fragment, 2), hex("40"), number(protocol, 1),
               hex("0000 0a000001 c0000207"), behind});
}
// 2001:db8::1 → 2001:db8::2.
Octets ipv6(std::uint32_t next_header, std::size_t payload_bytes, const Octets& behind) {
  return join({hex("60000000"), number(payload_bytes, 2), number(next_header, 1), hex("40"),
               hex("20010db8000000000000000000000001 20010db8000000000000000000000002"), behind});
}
Octets udp(const Octets& payload) {
  return join({hex("d431 0035"), number(payload.size() + 8, 2), hex("0000"), payload});
}
const Octets kTcpSyn = hex("d431 01bb 000003e8 000007d0 50 02 ffff 0000 0000");

Packet parsed(const Octets& octets, Verdict expected = Verdict::kOk) {
  const Exactly bytes(octets);
  Packet packet;
  EXPECT_EQ(parse_ip(bytes.bytes(), packet), expected);
  packet.payload = {};  // Points into what is about to go.
  return packet;
}
std::size_t payload_size(const Octets& octets) {
  Packet packet;
  EXPECT_EQ(parse_ip(octets, packet), Verdict::kOk);
  return packet.payload.size();
}

TEST(IpTest, ReadsUdpOverIpv4) {
  const Octets octets = ipv4(kUdp, 33, udp(text("hello")));
  Packet packet;
  ASSERT_EQ(parse_ip(octets, packet), Verdict::kOk);
  EXPECT_EQ(packet.src.text(), "10.0.0.1");
  EXPECT_EQ(packet.dst.text(), "192.0.2.7");
  EXPECT_EQ(packet.src_port, 54321);
  EXPECT_EQ(packet.dst_port, 53);
  EXPECT_EQ(packet.protocol, kUdp);
  EXPECT_EQ(packet.ip_bytes, 33U);
  EXPECT_EQ(packet.payload_bytes, 5U);
  EXPECT_TRUE(std::ranges::equal(packet.payload, text("hello")));
  EXPECT_FALSE(packet.cut());
  EXPECT_FALSE(packet.first_fragment);
}

TEST(IpTest, ReadsFlagsAndNumbersOfTcp) {
  const Packet packet = parsed(ipv4(kTcp, 40, kTcpSyn));
  EXPECT_EQ(packet.dst_port, 443);
  EXPECT_EQ(packet.tcp_flags, kSyn);
  EXPECT_EQ(packet.seq, 1000U);
  EXPECT_EQ(packet.ack, 2000U);
  EXPECT_EQ(packet.payload_bytes, 0U);
}

TEST(IpTest, ReadsWindowAndTimestampsOfTcp) {
  const Octets usual = hex("d431 01bb 000003e8 000007d0 80 10 2000 0000 0000 0101 080a 00000011 00000022");
  const Packet packet = parsed(ipv4(kTcp, 52, usual));
  EXPECT_EQ(packet.window, 0x2000);
  EXPECT_TRUE(packet.has_timestamps);
  EXPECT_EQ(packet.ts_value, 0x11U);
  EXPECT_EQ(packet.ts_echo, 0x22U);
  EXPECT_FALSE(parsed(ipv4(kTcp, 40, kTcpSyn)).has_timestamps);
}

TEST(IpTest, FindsTimestampsAmongOtherOptions) {
  const auto with_options = [](std::string_view options) {
    const Octets bytes = hex(options);
    return parsed(ipv4(kTcp, 40 + bytes.size(),
                       join({hex("d431 01bb 000003e8 00000000"), number(bytes.size() / 4 * 16 + 80, 1),
                             hex("02 2000 0000 0000"), bytes})));
  };
  const Packet syn = with_options("020405b4 0402 080a 00000011 00000000 01 030307");
  EXPECT_TRUE(syn.has_timestamps);
  EXPECT_EQ(syn.ts_value, 0x11U);
  EXPECT_FALSE(with_options("00 080a 00000011 00000022 00").has_timestamps);  // Behind the end of the list.
  EXPECT_FALSE(with_options("0101 0809 00000011 000000").has_timestamps);     // Of another length.
  EXPECT_FALSE(with_options("0500 080a 00000011 00000022").has_timestamps);   // Behind an option of no length.
  EXPECT_FALSE(with_options("01010101 01010101 0101 080a").has_timestamps);   // Ends before its values.
}

TEST(IpTest, LeavesOutPaddingBehindThePacket) {
  EXPECT_EQ(payload_size(join({ipv4(kUdp, 33, udp(text("hello"))), Octets(13, std::byte{0})})), 5U);
}

TEST(IpTest, LeavesOutBytesBehindTheDatagram) {
  EXPECT_EQ(payload_size(ipv4(kUdp, 36, join({udp(text("hello")), text("xxx")}))), 5U);
}

TEST(IpTest, CountsWhatACaptureCutOff) {
  Packet packet;
  const Octets octets = ipv4(kTcp, 1500, join({kTcpSyn, text("GET")}));
  ASSERT_EQ(parse_ip(octets, packet), Verdict::kOk);
  EXPECT_EQ(packet.ip_bytes, 1500U);
  EXPECT_EQ(packet.payload_bytes, 1460U);
  EXPECT_EQ(packet.payload.size(), 3U);
  EXPECT_TRUE(packet.cut());
}

TEST(IpTest, CutInsideTheTcpOptionsHasThePortsAndNoPayload) {
  const Packet packet = parsed(ipv4(kTcp, 1500, hex("d431 01bb 000003e8 000007d0 f0 10 ffff 0000 0000 0101")));
  EXPECT_EQ(packet.payload_bytes, 1420U);
  EXPECT_TRUE(packet.cut());
}

TEST(IpTest, TotalLengthZeroMeansAllThatIsHere) {
  const Packet packet = parsed(ipv4(kTcp, 0, join({kTcpSyn, Octets(60'000, std::byte{1})})));
  EXPECT_EQ(packet.ip_bytes, 60'040U);
  EXPECT_EQ(packet.payload_bytes, 60'000U);
}

TEST(IpTest, TotalLengthZeroMeansAllThatWasInTheFrame) {
  const Octets octets = ipv4(kTcp, 0, join({kTcpSyn, text("GET")}));
  Packet packet;
  ASSERT_EQ(parse_ip(octets, packet, 1000), Verdict::kOk);
  EXPECT_EQ(packet.ip_bytes, 1000U);
  EXPECT_EQ(packet.payload_bytes, 960U);
}

TEST(IpTest, PayloadLengthZeroMeansTheSameWhereThePacketHadToBeCut) {
  const Octets octets = ipv6(kTcp, 0, join({kTcpSyn, text("GET")}));
  Packet packet;
  ASSERT_EQ(parse_ip(octets, packet, 1281), Verdict::kOk);
  EXPECT_EQ(packet.ip_bytes, 1281U);
  EXPECT_EQ(packet.payload_bytes, 1221U);
  EXPECT_EQ(parse_ip(octets, packet, 1280), Verdict::kMalformed);
}

TEST(IpTest, PayloadOfTcpEndsWhereTheFrameEnded) {
  const Octets octets = ipv4(kTcp, 1500, join({kTcpSyn, text("GET")}));
  Packet packet;
  ASSERT_EQ(parse_ip(octets, packet, 43), Verdict::kOk);
  EXPECT_EQ(packet.ip_bytes, 1500U);
  EXPECT_EQ(packet.payload_bytes, 3U);
  ASSERT_EQ(parse_ip(octets, packet, 2000), Verdict::kOk);
  EXPECT_EQ(packet.payload_bytes, 1460U);
}

TEST(IpTest, PayloadOfUdpIsWhatUdpSays) {
  const Octets octets = ipv4(kUdp, 33, hex("d431 0035 0fa0 0000 68656c6c6f"));  // 4,000 bytes, of which IP has 13.
  Packet packet;
  ASSERT_EQ(parse_ip(octets, packet), Verdict::kOk);
  EXPECT_EQ(packet.payload_bytes, 3992U);
  EXPECT_EQ(packet.payload.size(), 5U);
  EXPECT_EQ(packet.ip_bytes, 33U);
}

TEST(IpTest, UdpOfLengthZeroIsAJumbogramInIpv6Only) {
  const Octets datagram = hex("d431 0035 0000 0000 68656c6c6f");
  EXPECT_EQ(parsed(ipv6(kUdp, 13, datagram)).payload_bytes, 5U);
  EXPECT_TRUE(parsed(ipv4(kUdp, 33, datagram), Verdict::kMalformed).ports_only);
}

TEST(IpTest, SourceRouteLeadsToItsLastAddress) {
  const auto routed = [](std::string_view option) {
    Octets octets = ipv4(kTcp, 52, join({hex(option), kTcpSyn}));
    octets[0] = std::byte{0x48};
    return parsed(octets).dst.text();
  };
  EXPECT_EQ(routed("83 0b 04 c6336401 c6336402 00"), "198.51.100.2");
  EXPECT_EQ(routed("01 89 0b 08 c6336401 c6336402"), "198.51.100.2");
  EXPECT_EQ(routed("83 0b 0c c6336401 c6336402 00"), "192.0.2.7");  // Followed to its end.
  EXPECT_EQ(routed("83 0d 04 c6336401 c6336402 00"), "192.0.2.7");  // Longer than the header.
  EXPECT_EQ(routed("07 0b 04 c6336401 c6336402 00"), "192.0.2.7");  // The route that was recorded.
}

TEST(IpTest, CutHeaderHasItsPortsAndTheSequenceNumber) {
  Packet packet;
  const Octets octets = ipv4(kTcp, 1500, hex("d431 01bb 000003e8"));
  ASSERT_EQ(parse_ip(octets, packet), Verdict::kShort);
  EXPECT_TRUE(packet.ports_only);
  EXPECT_EQ(packet.dst_port, 443);
  EXPECT_EQ(packet.seq, 1000U);
  const Octets without = ipv4(kTcp, 1500, hex("d431 01"));
  ASSERT_EQ(parse_ip(without, packet), Verdict::kShort);
  EXPECT_FALSE(packet.ports_only);
}

TEST(IpTest, FirstFragmentHasThePortsAndSaysSo) {
  // More fragments; the UDP length says 108 bytes, of which 8 + 16 are here.
  const Octets part = join({hex("d431 0035 006c 0000"), Octets(16, std::byte{1})});
  const Packet packet = parsed(ipv4(kUdp, 44, part, 0x2000));
  EXPECT_TRUE(packet.first_fragment);
  EXPECT_EQ(packet.dst_port, 53);
  EXPECT_EQ(packet.payload_bytes, 16U);
}

TEST(IpTest, LaterFragmentHasAddressesOnly) {
  const Packet packet = parsed(ipv4(kUdp, 44, Octets(24, std::byte{1}), 0x0003), Verdict::kOther);
  EXPECT_EQ(packet.src.text(), "10.0.0.1");
  EXPECT_EQ(packet.src_port, 0);
  EXPECT_EQ(packet.ip_bytes, 44U);
  EXPECT_TRUE(packet.later_fragment);
  EXPECT_EQ(packet.fragment_id, 1U);
  EXPECT_EQ(packet.fragment_protocol, kUdp);
  EXPECT_EQ(packet.payload_bytes, 24U);
}

TEST(IpTest, ReadsUdpOverIpv6) {
  const Packet packet = parsed(ipv6(kUdp, 13, udp(text("hello"))));
  EXPECT_EQ(packet.src.text(), "2001:db8::1");
  EXPECT_EQ(packet.dst.text(), "2001:db8::2");
  EXPECT_EQ(packet.ip_bytes, 53U);
  EXPECT_EQ(packet.payload_bytes, 5U);
}

TEST(IpTest, StepsOverIpv6ExtensionHeaders) {
  // Hop-by-hop (8), routing (24), destination options (8), authentication of 4 · (4 + 2) = 24.
  const Octets behind = join({hex("2b00 050200000100"), hex("3c02 0000 00000000"), Octets(16, std::byte{0}),
                              hex("3300 0104 00000000"), hex("0604 0000"), Octets(20, std::byte{0}), kTcpSyn});
  const Packet packet = parsed(ipv6(0, behind.size(), behind));
  EXPECT_EQ(packet.protocol, kTcp);
  EXPECT_EQ(packet.dst_port, 443);
  EXPECT_EQ(packet.payload_bytes, 0U);
  EXPECT_EQ(packet.ip_bytes, 40U + 64 + 20);
}

TEST(IpTest, FollowsAsManyExtensionHeadersAsItsBound) {
  Octets behind = hex("1100 010400000000");  // To UDP.
  for (std::uint32_t i = 1; i < kExtensionHeadersMax; ++i) behind = join({hex("3c00 010400000000"), behind});
  behind = join({behind, udp(text("x"))});
  EXPECT_EQ(parsed(ipv6(60, behind.size(), behind)).dst_port, 53);
  behind = join({hex("3c00 010400000000"), behind});
  parsed(ipv6(60, behind.size(), behind), Verdict::kMalformed);
}

TEST(IpTest, TellsIpv6FragmentsApart) {
  const Octets datagram = udp(text("hello"));
  EXPECT_FALSE(parsed(ipv6(44, 21, join({hex("1100 0000 00000007"), datagram}))).first_fragment);  // Atomic, RFC 6946.
  EXPECT_TRUE(parsed(ipv6(44, 21, join({hex("1100 0001 00000007"), datagram}))).first_fragment);
  const Packet later = parsed(ipv6(44, 21, join({hex("1100 0008 00000007"), datagram})), Verdict::kOther);
  EXPECT_EQ(later.protocol, kUdp);
  EXPECT_EQ(later.src_port, 0);
}

TEST(IpTest, TakesTheLengthOfAJumbogram) {
  const Octets behind = join({hex("0600 c204 00011170"), kTcpSyn});  // 70,000 bytes
  const Packet packet = parsed(ipv6(0, 0, behind));
  EXPECT_EQ(packet.ip_bytes, 70'040U);
  EXPECT_EQ(packet.payload_bytes, 70'000U - 8 - 20);
}

TEST(IpTest, OtherProtocolsHaveAddressesOnly) {
  const Packet packet = parsed(ipv4(1, 28, Octets(8, std::byte{0})), Verdict::kOther);
  EXPECT_EQ(packet.protocol, 1);
  EXPECT_EQ(packet.dst.text(), "192.0.2.7");
  EXPECT_EQ(packet.payload_bytes, 8U);
}

TEST(IpTest, RefusesHeadersThatContradictThemselves) {
  Octets short_header = ipv4(kUdp, 33, udp(text("hello")));
  short_header[0] = std::byte{0x44};
  parsed(short_header, Verdict::kMalformed);
  parsed(ipv4(kUdp, 19, udp(text("hello"))), Verdict::kMalformed);
  parsed(ipv4(kUdp, 27, udp(text("hello"))), Verdict::kMalformed);          // No room for UDP.
  parsed(ipv4(kUdp, 28, hex("d431 0035 0007 0000")), Verdict::kMalformed);  // UDP of 7 bytes.
  parsed(ipv4(kTcp, 40, hex("d431 01bb 000003e8 000007d0 40 02 ffff 0000 0000")), Verdict::kMalformed);
  parsed(ipv4(kTcp, 40, hex("d431 01bb 000003e8 000007d0 60 02 ffff 0000 0000")), Verdict::kMalformed);
  parsed(hex("50"), Verdict::kMalformed);
}

TEST(IpTest, EveryBeginningOfAPacketIsShortUntilTheHeadersAreThere) {
  const Octets whole = ipv4(kTcp, 45, join({kTcpSyn, text("hello")}));
  for (std::size_t bytes = 0; bytes <= whole.size(); ++bytes) {
    const Exactly part(Bytes(whole).first(bytes));
    Packet packet;
    EXPECT_EQ(parse_ip(part.bytes(), packet), bytes < 40 ? Verdict::kShort : Verdict::kOk) << bytes;
  }
}

TEST(IpTest, ReadsFromTheTransportHeaderOn) {
  const Octets octets = udp(text("hello"));
  Packet packet;
  ASSERT_EQ(parse_transport(kUdp, octets, 13, packet), Verdict::kOk);
  EXPECT_EQ(packet.src_port, 54321);
  EXPECT_EQ(packet.payload.size(), 5U);
}

}  // namespace
}  // namespace ipm::decode
