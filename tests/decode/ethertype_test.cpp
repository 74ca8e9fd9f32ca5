// What stands between a link header and IP.
#include <gtest/gtest.h>

#include "decode/frame_octets.h"

namespace ipm::decode {
namespace {

using test::ethernet;
using test::hex;
using test::join;
using test::kLinkEthernet;
using test::kPacketText;
using test::kPacketV6Text;
using test::number;
using test::Octets;
using test::packet;
using test::packet_v6;
using test::see;
using test::Seen;

std::string inner(std::uint32_t type, const Octets& payload) {
  return see(kLinkEthernet, ethernet(type, payload)).inner;
}
Verdict verdict(std::uint32_t type, const Octets& payload) {
  return see(kLinkEthernet, ethernet(type, payload)).verdict;
}

const Octets kSnapIp = hex("aaaa03 000000 0800");

TEST(EthertypeTest, TagsMayBeStacked) {
  EXPECT_EQ(inner(0x8100, join({hex("0064 0800"), packet()})), kPacketText);
  EXPECT_EQ(inner(0x88a8, join({hex("0064 8100 00c8 0800"), packet()})), kPacketText);
  EXPECT_EQ(inner(0x9100, join({hex("0064 8100 00c8 86dd"), packet_v6()})), kPacketV6Text);
  EXPECT_EQ(inner(0x9200, join({hex("0064 88a8 00c8 8100 012c 0800"), packet()})), kPacketText);
}

TEST(EthertypeTest, OtherTagsAreTagsToo) {
  EXPECT_EQ(inner(0x8926, join({hex("00010002 0800"), packet()})), kPacketText);                // VN-Tag
  EXPECT_EQ(inner(0x893f, join({hex("000000640000 8100 0064 0800"), packet()})), kPacketText);  // 802.1BR
  EXPECT_EQ(inner(0x8909, join({hex("0101 0001 0010 0800"), packet()})), kPacketText);          // Cisco metadata
}

TEST(EthertypeTest, ALengthMeansLlc) {
  const Octets llc = join({kSnapIp, packet()});
  EXPECT_EQ(inner(static_cast<std::uint32_t>(llc.size()), llc), kPacketText);
  EXPECT_EQ(inner(static_cast<std::uint32_t>(llc.size()), join({llc, Octets(9, std::byte{0})})), kPacketText);
  EXPECT_EQ(inner(1500, llc), kPacketText);                                // Longer than the frame
  EXPECT_EQ(verdict(1501, llc), Verdict::kOther);                          // Neither length nor type
  EXPECT_EQ(verdict(20, join({hex("ffff"), packet()})), Verdict::kOther);  // IPX without LLC
  EXPECT_EQ(inner(0x8100, join({hex("0064"), number(llc.size(), 2), llc})), kPacketText);
  EXPECT_EQ(inner(0x8870, llc), kPacketText);
}

TEST(EthertypeTest, LlcCarriesIpItselfOrBehindSnap) {
  EXPECT_EQ(inner(100, join({hex("060603"), packet()})), kPacketText);
  EXPECT_EQ(inner(100, join({hex("aaaa03 0000f8 0800"), packet()})), kPacketText);
  EXPECT_EQ(inner(100, join({hex("aaaa03 0080c2 0007 0000"), ethernet(0x0800, packet())})), kPacketText);
  EXPECT_EQ(verdict(100, join({hex("aaaa03 00000c 2000"), packet()})), Verdict::kOther);  // CDP
  EXPECT_EQ(verdict(100, join({hex("424203"), packet()})), Verdict::kOther);              // Spanning tree
  EXPECT_EQ(verdict(100, join({hex("0606f3"), packet()})), Verdict::kOther);              // A test, no information
}

TEST(EthertypeTest, CiscoTrunkFramesHaveAFrameInside) {
  EXPECT_EQ(see(kLinkEthernet,
                join({hex("01000c000000 00005e005302 0060 aaaa03 00000c 0001 0000 0000"), ethernet(0x0800, packet())}))
                .inner,
            kPacketText);
}

TEST(EthertypeTest, PppoeSessionsCarryPpp) {
  const auto session = [](const Octets& ppp) { return join({hex("1100 0001"), number(ppp.size(), 2), ppp}); };
  EXPECT_EQ(inner(0x8864, session(join({hex("0021"), packet()}))), kPacketText);
  EXPECT_EQ(inner(0x8864, session(join({hex("57"), packet_v6()}))), kPacketV6Text);
  EXPECT_EQ(inner(0x8864, session(join({hex("0281 00001140"), packet()}))), kPacketText);
  EXPECT_EQ(inner(0x8864, session(join({hex("0031 0001"), ethernet(0x0800, packet())}))), kPacketText);
  EXPECT_EQ(inner(0x8864, session(join({hex("0031 4001 00000001"), ethernet(0x0800, packet())}))), kPacketText);
  EXPECT_EQ(verdict(0x8864, session(hex("c021 0101 0004"))), Verdict::kOther);
  EXPECT_EQ(verdict(0x8863, hex("1109 0000 0000")), Verdict::kOther);  // Discovery
  EXPECT_EQ(verdict(0x8864, hex("1100 0001 00")), Verdict::kShort);
}

TEST(EthertypeTest, MplsIsReadToTheBottomOfTheStack) {
  EXPECT_EQ(inner(0x8847, join({hex("00010140"), packet()})), kPacketText);
  EXPECT_EQ(inner(0x8848, join({hex("00010040 00020040 00030040 00040140"), packet_v6()})), kPacketV6Text);
  EXPECT_EQ(tunnel_name(see(kLinkEthernet, ethernet(0x8847, join({hex("00010140"), packet()}))).frame.tunnel), "mpls");
  EXPECT_EQ(verdict(0x8847, hex("00010040 00020040")), Verdict::kShort);
  EXPECT_EQ(verdict(0x8847, join({hex("00010140"), Octets(60, std::byte{0x90})})), Verdict::kOther);
}

TEST(EthertypeTest, MplsPseudoWireMayHaveAControlWord) {
  const Octets frame = ethernet(0x0800, packet());
  EXPECT_EQ(inner(0x8847, join({hex("00010140"), frame})), kPacketText);
  EXPECT_EQ(inner(0x8847, join({hex("00010140 00000000"), frame})), kPacketText);
  EXPECT_EQ(inner(0x8847, join({hex("00010140 00001234"), frame})), kPacketText);
  EXPECT_EQ(inner(0x8847, join({hex("00010140"), ethernet(0x8100, join({hex("0064 0800"), packet()}))})), kPacketText);
  EXPECT_EQ(verdict(0x8847, join({hex("00010140 00000000"), ethernet(0x0806, Octets(28, std::byte{0}))})),
            Verdict::kOther);
}

TEST(EthertypeTest, MplsAssociatedChannelMayCarryIp) {
  EXPECT_EQ(inner(0x8847, join({hex("00010140 10000021"), packet()})), kPacketText);
  EXPECT_EQ(inner(0x8847, join({hex("0000d140 10000057"), packet_v6()})), kPacketV6Text);
  EXPECT_EQ(verdict(0x8847, join({hex("00010140 10000007"), packet()})), Verdict::kOther);
}

TEST(EthertypeTest, OtherFramesInFramesAreUnpacked) {
  const Octets frame = ethernet(0x0800, packet());
  EXPECT_EQ(inner(0x6558, frame), kPacketText);
  EXPECT_EQ(inner(0x88e7, join({hex("00000001"), frame})), kPacketText);                 // Provider backbone
  EXPECT_EQ(inner(0x892f, join({hex("1034 0001 0800"), packet()})), kPacketText);        // HSR
  EXPECT_EQ(inner(0xf1c1, join({hex("0000 0001 0800"), packet()})), kPacketText);        // 802.1CB
  EXPECT_EQ(inner(0x22f3, join({hex("0040 0001 0002 00000000"), frame})), kPacketText);  // TRILL, 4 of options
  EXPECT_EQ(inner(0x8903, join({hex("0064"), frame, hex("01020304")})), kPacketText);    // FabricPath
  EXPECT_EQ(inner(0x894f, join({hex("0fc2 01 03 00000001"), frame})), kPacketText);      // NSH
  EXPECT_EQ(inner(0x894f, join({hex("0fc3 02 01 00000001 00000000"), packet()})), kPacketText);
  EXPECT_EQ(verdict(0x894f, join({hex("0fc1 01 03 00000001"), frame})), Verdict::kMalformed);
  EXPECT_EQ(verdict(0x0806, Octets(28, std::byte{0})), Verdict::kOther);
}

TEST(EthertypeTest, MacsecIsReadWhereItIsNotEncrypted) {
  const Octets signature(16, std::byte{7});
  EXPECT_EQ(inner(0x88e5, join({hex("0000 00000001 0800"), packet(), signature})), kPacketText);
  EXPECT_EQ(inner(0x88e5, join({hex("2000 00000001 00005e0053010001 0800"), packet(), signature})), kPacketText);
  EXPECT_EQ(verdict(0x88e5, join({hex("0c00 00000001 0800"), packet(), signature})), Verdict::kOther);
}

TEST(EthertypeTest, TypeAndVersionHaveToAgreeForIpv6) {
  EXPECT_EQ(inner(0x0800, packet_v6()), kPacketV6Text);
  EXPECT_EQ(verdict(0x86dd, packet()), Verdict::kOther);
  EXPECT_EQ(verdict(0x0800, Octets(60, std::byte{0x50})), Verdict::kMalformed);
}

}  // namespace
}  // namespace ipm::decode
