// The header that a capture file puts before each frame.
#include <gtest/gtest.h>

#include "decode/frame_octets.h"

namespace ipm::decode {
namespace {

using test::ethernet;
using test::hex;
using test::join;
using test::kPacketText;
using test::kPacketV6Text;
using test::number;
using test::Octets;
using test::packet;
using test::packet_v6;
using test::see;
using test::Seen;
using test::text;

const Octets kSnapIp = hex("aaaa03 000000 0800");

TEST(LinkTest, LoopbackFamilyMayBeInEitherOrder) {
  EXPECT_EQ(see(0, join({hex("02000000"), packet()})).inner, kPacketText);
  EXPECT_EQ(see(0, join({hex("00000002"), packet()})).inner, kPacketText);
  for (const std::string_view family : {"0a000000", "18000000", "1c000000", "1e000000", "0000001e", "00000018"}) {
    EXPECT_EQ(see(0, join({hex(family), packet_v6()})).inner, kPacketV6Text) << family;
  }
  EXPECT_EQ(see(0, join({hex("07000000"), packet()})).verdict, Verdict::kOther);
}

TEST(LinkTest, LoopbackFamilyMayBeSixteenBitsOrAnEthertype) {
  EXPECT_EQ(see(0, join({hex("00020000"), packet()})).inner, kPacketText);
  EXPECT_EQ(see(0, join({hex("00000200"), packet()})).inner, kPacketText);
  EXPECT_EQ(see(0, join({hex("00000800"), packet()})).inner, kPacketText);
  EXPECT_EQ(see(0, join({hex("ff030021"), packet()})).inner, kPacketText);  // PPP, in fact.
}

TEST(LinkTest, OpenBsdLoopbackIsInNetworkOrder) {
  EXPECT_EQ(see(108, join({hex("00000002"), packet()})).inner, kPacketText);
  EXPECT_EQ(see(108, join({hex("00000018"), packet_v6()})).inner, kPacketV6Text);
}

TEST(LinkTest, RawIpIsToldByItsVersion) {
  for (const std::uint16_t link_type : {std::uint16_t{12}, std::uint16_t{14}, std::uint16_t{101}}) {
    EXPECT_EQ(see(link_type, packet()).inner, kPacketText) << link_type;
    EXPECT_EQ(see(link_type, packet_v6()).inner, kPacketV6Text) << link_type;
  }
  EXPECT_EQ(see(228, packet()).inner, kPacketText);
  EXPECT_EQ(see(229, packet_v6()).inner, kPacketV6Text);
  EXPECT_EQ(see(229, packet()).verdict, Verdict::kOther);
}

TEST(LinkTest, RawIpMayHaveWhatAnOldDriverLeftBeforeIt) {
  EXPECT_EQ(see(101, join({hex("ff030021"), packet()})).inner, kPacketText);
  EXPECT_EQ(see(101, join({hex("00005e005301 ff030021"), packet()})).inner, kPacketText);
  EXPECT_EQ(see(101, join({hex("00 ff030021"), packet()})).inner, kPacketText);
  EXPECT_EQ(see(101, join({Octets(10, std::byte{0}), packet()})).inner, kPacketText);
}

TEST(LinkTest, CookedHeaderTellsTheDirection) {
  const auto cooked = [](std::uint32_t type) {
    return join({number(type, 2), hex("0001 0006 00005e0053010000 0800"), packet()});
  };
  EXPECT_EQ(see(113, cooked(0)).inner, kPacketText);
  EXPECT_EQ(see(113, cooked(0)).frame.direction, LinkDirection::kIn);
  EXPECT_EQ(see(113, cooked(1)).frame.direction, LinkDirection::kIn);
  EXPECT_EQ(see(113, cooked(3)).frame.direction, LinkDirection::kUnknown);  // To another host.
  EXPECT_EQ(see(113, cooked(4)).frame.direction, LinkDirection::kOut);
}

TEST(LinkTest, CookedHeaderVersionTwoHasTheProtocolFirst) {
  const auto cooked = [](std::uint32_t type) {
    return join({hex("86dd 0000 00000003 0304"), number(type, 1), hex("06 00005e0053010000"), packet_v6()});
  };
  EXPECT_EQ(see(276, cooked(4)).inner, kPacketV6Text);
  EXPECT_EQ(see(276, cooked(4)).frame.direction, LinkDirection::kOut);
  EXPECT_EQ(see(276, cooked(2)).frame.direction, LinkDirection::kIn);
  EXPECT_EQ(see(276, hex("86dd 0000 00000003 0304 04")).verdict, Verdict::kShort);
}

TEST(LinkTest, CookedFramesMayHaveTagsAndOtherHeaders) {
  const auto cooked = [](std::string_view hardware, std::string_view protocol, const Octets& behind) {
    return join({hex("0000"), hex(hardware), hex("0006 00005e0053010000"), hex(protocol), behind});
  };
  EXPECT_EQ(see(113, cooked("0001", "8100", join({hex("0064 0800"), packet()}))).inner, kPacketText);
  EXPECT_EQ(see(113, cooked("0001", "0004", join({kSnapIp, packet()}))).inner, kPacketText);           // LLC
  EXPECT_EQ(see(113, cooked("0200", "0800", packet())).inner, kPacketText);                            // A PPP device
  EXPECT_EQ(see(113, cooked("030a", "0800", packet())).inner, kPacketText);                            // GRE
  EXPECT_EQ(see(113, cooked("0302", "0800", join({hex("1841 03cc"), packet()}))).inner, kPacketText);  // Frame relay
  EXPECT_EQ(see(113, cooked("0338", "0000", packet())).verdict, Verdict::kOther);                      // Netlink
  EXPECT_EQ(see(113, cooked("0338", "0800", packet())).verdict, Verdict::kOther);
}

TEST(LinkTest, PppMayLackItsFraming) {
  for (const std::uint16_t link_type : {std::uint16_t{9}, std::uint16_t{50}}) {
    EXPECT_EQ(see(link_type, join({hex("ff03 0021"), packet()})).inner, kPacketText);
    EXPECT_EQ(see(link_type, join({hex("0021"), packet()})).inner, kPacketText);
    EXPECT_EQ(see(link_type, join({hex("21"), packet()})).inner, kPacketText);
    EXPECT_EQ(see(link_type, join({hex("ff03 57"), packet_v6()})).inner, kPacketV6Text);
    EXPECT_EQ(see(link_type, join({hex("0f00 0800"), packet()})).inner, kPacketText);  // Cisco HDLC
    EXPECT_EQ(see(link_type, hex("ff03 c021 0101 0004")).verdict, Verdict::kOther);    // LCP
    EXPECT_EQ(see(link_type, {}).verdict, Verdict::kShort);
  }
}

TEST(LinkTest, PppWithADirectionByteTellsIt) {
  EXPECT_EQ(see(204, join({hex("00 ff03 0021"), packet()})).frame.direction, LinkDirection::kIn);
  const Seen sent = see(204, join({hex("01 ff03 0021"), packet()}));
  EXPECT_EQ(sent.frame.direction, LinkDirection::kOut);
  EXPECT_EQ(sent.inner, kPacketText);
}

TEST(LinkTest, PppoeStandsAlone) {
  EXPECT_EQ(see(51, join({hex("1100 0001"), number(packet().size() + 2, 2), hex("0021"), packet()})).inner,
            kPacketText);
}

TEST(LinkTest, CiscoHdlcHasAnEthertype) {
  EXPECT_EQ(see(104, join({hex("0f00 0800"), packet()})).inner, kPacketText);
  EXPECT_EQ(see(104, join({hex("8f00 86dd"), packet_v6()})).inner, kPacketV6Text);
  EXPECT_EQ(see(104, join({hex("0f00 8847 00001140"), packet()})).inner, kPacketText);
  EXPECT_EQ(see(205, join({hex("01 0f00 0800"), packet()})).inner, kPacketText);
}

TEST(LinkTest, FrameRelayHasAddressesOfTwoToFourBytes) {
  EXPECT_EQ(see(107, join({hex("1841 03cc"), packet()})).inner, kPacketText);
  EXPECT_EQ(see(107, join({hex("184001 03cc"), packet()})).inner, kPacketText);
  EXPECT_EQ(see(107, join({hex("18404001 038e"), packet_v6()})).inner, kPacketV6Text);
  EXPECT_EQ(see(107, join({hex("1841 0300 80 000000 0800"), packet()})).inner, kPacketText);  // Padding, SNAP
  EXPECT_EQ(see(107, join({hex("1841 03cf 0021"), packet()})).inner, kPacketText);            // PPP
  EXPECT_EQ(see(107, join({hex("1841 0800"), packet()})).inner, kPacketText);                 // Cisco's own
  EXPECT_EQ(see(107, join({hex("1841 0308"), packet()})).verdict, Verdict::kOther);           // Q.933
  EXPECT_EQ(see(206, join({hex("00 1841 03cc"), packet()})).inner, kPacketText);
}

TEST(LinkTest, PktapNamesTheProcessAndTheDirection) {
  const auto pktap = [](std::string_view flags, std::string_view pid, std::string_view effective,
                        const Octets& behind) {
    const auto name = [](std::string_view word) { return join({text(word), Octets(20 - word.size(), std::byte{0})}); };
    return join({hex("6c000000 01000000 01000000"), text("en0"), Octets(21, std::byte{0}), hex(flags),
                 hex("02000000 0e000000 00000000"), hex(pid), name("curl"), hex("00000000 0600 0000"), hex(effective),
                 name("Safari"), behind});
  };
  const Octets frame = ethernet(0x0800, packet());
  for (const std::uint16_t link_type : {std::uint16_t{149}, std::uint16_t{258}}) {
    const Seen seen = see(link_type, pktap("02000000", "39300000", "00000000", frame));
    EXPECT_EQ(seen.inner, kPacketText);
    EXPECT_EQ(seen.frame.direction, LinkDirection::kOut);
    ASSERT_TRUE(seen.frame.has_process);
    EXPECT_EQ(seen.frame.pid, 12345);
    EXPECT_EQ(seen.process, "curl");
  }
  const Seen behalf = see(258, pktap("01000000", "ffffffff", "39300000", frame));
  EXPECT_EQ(behalf.frame.direction, LinkDirection::kIn);
  EXPECT_EQ(behalf.frame.pid, 12345);
  EXPECT_EQ(behalf.process, "Safari");
  const Seen unknown = see(258, pktap("00000000", "ffffffff", "ffffffff", frame));
  EXPECT_EQ(unknown.frame.pid, -1);
  EXPECT_EQ(unknown.frame.direction, LinkDirection::kUnknown);
}

TEST(LinkTest, PktapInPktapIsRefused) {
  Octets octets = join({hex("6c000000 01000000 02010000"), Octets(96, std::byte{0})});
  octets = join({octets, octets, packet()});
  EXPECT_EQ(see(258, octets).verdict, Verdict::kOther);
  octets[8] = std::byte{0x0c};  // DLT_RAW
  octets[9] = std::byte{0};
  EXPECT_EQ(see(258, join({Octets(octets.begin(), octets.begin() + 108), packet()})).inner, kPacketText);
  octets[0] = std::byte{107};
  EXPECT_EQ(see(258, octets).verdict, Verdict::kMalformed);
}

TEST(LinkTest, NflogHasThePacketInAnAttribute) {
  const Octets prefix = hex("0500 0a00 00 000000");
  const auto payload = [](const Octets& bytes) {
    const auto length = static_cast<std::uint32_t>(bytes.size() + 4);
    return join({number(length & 0xff, 1), number(length >> 8, 1), hex("0900"), bytes});
  };
  EXPECT_EQ(see(239, join({hex("02 00 0000"), prefix, payload(packet())})).inner, kPacketText);
  EXPECT_EQ(see(239, join({hex("0a 00 0000"), prefix, payload(packet_v6())})).inner, kPacketV6Text);
  // The packet header attribute has the ethertype; a bridge logs family 7.
  EXPECT_EQ(see(239, join({hex("07 00 0000 0800 0100 0800 0300"), payload(packet())})).inner, kPacketText);
  EXPECT_EQ(see(239, join({hex("07 00 0000"), payload(packet())})).verdict, Verdict::kOther);
  EXPECT_EQ(see(239, hex("02 00 0000 0300 0900")).verdict, Verdict::kMalformed);
  EXPECT_EQ(see(239, join({hex("02 00 0000"), prefix})).verdict, Verdict::kShort);
}

TEST(LinkTest, PerPacketInformationNamesTheLinkTypeBehindIt) {
  EXPECT_EQ(see(192, join({hex("0000 0800 01000000"), ethernet(0x0800, packet())})).inner, kPacketText);
  EXPECT_EQ(see(192, join({hex("0000 0c00 65000000 02000000"), packet()})).inner, kPacketText);
  EXPECT_EQ(see(192, join({hex("0000 0800 c0000000 0000 0800 65000000"), packet()})).verdict, Verdict::kOther);
  EXPECT_EQ(see(192, join({hex("0000 0700 65000000"), packet()})).verdict, Verdict::kMalformed);
}

TEST(LinkTest, RingsHaveLlc) {
  EXPECT_EQ(see(10, join({hex("50 00005e005301 00005e005302"), kSnapIp, packet()})).inner, kPacketText);
  EXPECT_EQ(see(10, join({hex("41 00005e005301 00005e005302"), kSnapIp, packet()})).verdict, Verdict::kOther);
  EXPECT_EQ(see(6, join({hex("1040 00005e005301 00005e005302"), kSnapIp, packet()})).inner, kPacketText);
  // The source's first bit says that a route of 6 bytes follows.
  EXPECT_EQ(see(6, join({hex("1040 00005e005301 80005e005302 0610 00110022"), kSnapIp, packet()})).inner, kPacketText);
  EXPECT_EQ(see(6, join({hex("1000 00005e005301 00005e005302"), kSnapIp, packet()})).verdict, Verdict::kOther);
}

TEST(LinkTest, RareHeadersAreSteppedOver) {
  EXPECT_EQ(see(100, join({kSnapIp, packet()})).inner, kPacketText);                            // ATM, RFC 2684
  EXPECT_EQ(see(106, packet()).inner, kPacketText);                                             // Classical IP
  EXPECT_EQ(see(109, join({hex("02000000 00000001 00000000"), packet()})).inner, kPacketText);  // OpenBSD IPsec
  EXPECT_EQ(see(109, join({hex("00000018 00000001 00000000"), packet_v6()})).inner, kPacketV6Text);
  EXPECT_EQ(see(117, join({hex("3d 02"), Octets(62, std::byte{0}), packet()})).inner, kPacketText);  // pflog, 61 → 64
  EXPECT_EQ(see(122, join({Octets(16, std::byte{1}), kSnapIp, packet()})).inner, kPacketText);       // Fibre Channel
  EXPECT_EQ(see(138, join({Octets(16, std::byte{1}), hex("0800"), packet()})).inner, kPacketText);   // IEEE 1394
  EXPECT_EQ(see(178, join({hex("4d4743 80 0004 01020304"), ethernet(0x0800, packet())})).inner, kPacketText);
  EXPECT_EQ(see(178, join({hex("4d4743 02 02000000"), packet()})).inner, kPacketText);  // Juniper
  EXPECT_EQ(see(219, join({hex("00001140"), packet()})).inner, kPacketText);            // MPLS
  EXPECT_EQ(see(226, join({hex("01 1a"), Octets(22, std::byte{0}), packet_v6()})).inner, kPacketV6Text);
  EXPECT_EQ(see(240, join({hex("00000000"), ethernet(0x0800, packet())})).inner, kPacketText);
  EXPECT_EQ(see(242, join({Octets(40, std::byte{0}), hex("0800 0000"), packet()})).inner, kPacketText);  // InfiniBand
}

}  // namespace
}  // namespace ipm::decode
