// IEEE 802.11 data frames, behind radiotap and older headers.
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

constexpr std::uint16_t kLinkWlan = 105, kLinkPrism = 119, kLinkRadiotap = 127, kLinkAvs = 163;

const Octets kSnapIp = hex("aaaa03 000000 0800");
const Octets kThreeAddresses = hex("00005e005301 00005e005302 00005e005303");

// Frame control as it is sent: type and subtype first.
Octets wlan(std::string_view control, const Octets& behind, std::string_view sequence = "1000") {
  return join({hex(control), hex("0000"), kThreeAddresses, hex(sequence), behind});
}
Octets body() {
  return join({kSnapIp, packet()});
}
std::string inner(const Octets& frame) {
  return see(kLinkWlan, frame).inner;
}
Verdict verdict(const Octets& frame) {
  return see(kLinkWlan, frame).verdict;
}

TEST(WlanTest, ReadsDataFramesOfEachDirection) {
  for (const std::string_view control : {"0800", "0801", "0802"}) EXPECT_EQ(inner(wlan(control, body())), kPacketText);
  EXPECT_EQ(inner(wlan("0803", join({hex("00005e005304"), body()}))), kPacketText);  // Four addresses.
}

TEST(WlanTest, QualityOfServiceAddsTwoBytesAndHtControlFour) {
  EXPECT_EQ(inner(wlan("8801", join({hex("0000"), body()}))), kPacketText);
  EXPECT_EQ(inner(wlan("8881", join({hex("0000 00000000"), body()}))), kPacketText);
  EXPECT_EQ(inner(wlan("8803", join({hex("00005e005304 0000"), body()}))), kPacketText);
  // Mesh control of 6 bytes, and of 6 and one address.
  EXPECT_EQ(inner(wlan("8803", join({hex("00005e005304 0001 00 1f 00000001"), body()}))), kPacketText);
  EXPECT_EQ(inner(wlan("8803", join({hex("00005e005304 0001 01 1f 00000001 00005e005305"), body()}))), kPacketText);
}

TEST(WlanTest, LeavesOutWhatIsNoDataOrEncrypted) {
  EXPECT_EQ(verdict(wlan("8000", body())), Verdict::kOther);                       // Beacon
  EXPECT_EQ(verdict(wlan("4801", body())), Verdict::kOther);                       // Null
  EXPECT_EQ(verdict(wlan("c801", join({hex("0000"), body()}))), Verdict::kOther);  // QoS null
  EXPECT_EQ(verdict(wlan("0841", body())), Verdict::kOther);                       // Protected
  EXPECT_EQ(verdict(wlan("0901", body())), Verdict::kOther);                       // Version 1
  EXPECT_EQ(verdict(hex("d400 0000 00005e005301")), Verdict::kOther);              // Acknowledgment
  EXPECT_EQ(verdict(hex("08")), Verdict::kShort);
}

TEST(WlanTest, FirstFrameOfAnAggregateStandsForAll) {
  const Octets first = join({hex("00005e005301 00005e005302"), number(body().size(), 2), body()});
  const Octets second = join({hex("000000"), hex("00005e005301 00005e005302 0008"), kSnapIp});
  EXPECT_EQ(inner(wlan("8801", join({hex("8000"), first, second}))), kPacketText);
}

TEST(WlanTest, LaterFragmentIsNothingUnlessItIsWhole) {
  EXPECT_EQ(verdict(wlan("0801", Octets(60, std::byte{1}), "1100")), Verdict::kOther);
  EXPECT_EQ(inner(wlan("0801", body(), "1100")), kPacketText);        // Put together by the card.
  EXPECT_EQ(verdict(wlan("0805", body(), "1100")), Verdict::kOther);  // More follow.
  EXPECT_EQ(inner(wlan("0805", body(), "1000")), kPacketText);        // The first one.
}

TEST(WlanTest, BodyMayBeAnEthernetFrameOrHaveBytesBeforeIt) {
  // To the access point: the destination is the third address, the source the second.
  EXPECT_EQ(inner(wlan("0801", join({hex("00005e005303 00005e005302 0800"), packet()}))), kPacketText);
  EXPECT_EQ(inner(wlan("0801", join({hex("0000"), body()}))), kPacketText);
  EXPECT_EQ(inner(wlan("0801", join({hex("0000 00000000 00005e005303 00005e005302 0800"), packet()}))), kPacketText);
  EXPECT_EQ(inner(wlan("0801", join({hex("0800"), packet()}))), kPacketText);  // Outside of a BSS
  EXPECT_EQ(inner(wlan("0801", join({hex("86dd"), packet_v6()}))), kPacketV6Text);
  EXPECT_EQ(verdict(wlan("0801", join({hex("ffff"), packet()}))), Verdict::kOther);
}

TEST(WlanTest, RadiotapFlagsTellOfPaddingAndOfAChecksum) {
  EXPECT_EQ(see(kLinkRadiotap, join({hex("0000 0800 00000000"), wlan("0801", body())})).inner, kPacketText);
  // Flags only: a checksum behind the frame. An IP length of 0 shows that it is left out.
  Octets without_length = packet();
  without_length[2] = without_length[3] = std::byte{0};
  const Octets frame = wlan("0801", join({kSnapIp, without_length, hex("01020304")}));
  EXPECT_EQ(see(kLinkRadiotap, join({hex("0000 0900 02000000 10"), frame})).inner, kPacketText);
  EXPECT_EQ(see(kLinkRadiotap, join({hex("0000 0900 02000000 00"), frame})).inner,
            "10.0.0.1:54321 > 192.0.2.7:443 tcp ip 49 payload 9");
  // Timer (at a multiple of 8), flags: padded. The header has 26 bytes, two fill it up.
  EXPECT_EQ(see(kLinkRadiotap,
                join({hex("0000 1100 03000000 0000000000000000 20"), wlan("8801", join({hex("0000 0000"), body()}))}))
                .inner,
            kPacketText);
  // Three words of fields, then flags.
  EXPECT_EQ(see(kLinkRadiotap, join({hex("0000 1200 02000080 00000080 00000000 10 00"), frame})).inner, kPacketText);
}

TEST(WlanTest, RadiotapHeaderThatIsTooShortIsRefused) {
  EXPECT_EQ(see(kLinkRadiotap, join({hex("0000 0700 00000000"), wlan("0801", body())})).verdict, Verdict::kMalformed);
  EXPECT_EQ(see(kLinkRadiotap, hex("0000 0800 00000080")).verdict, Verdict::kShort);
  EXPECT_EQ(see(kLinkRadiotap, hex("0000 4000 00000000")).verdict, Verdict::kShort);
}

TEST(WlanTest, OlderHeadersAreSteppedOver) {
  const Octets frame = wlan("0801", body());
  EXPECT_EQ(see(kLinkPrism, join({hex("44000000 90000000"), Octets(136, std::byte{0}), frame})).inner, kPacketText);
  EXPECT_EQ(see(kLinkPrism, join({hex("00000044 00000090"), Octets(136, std::byte{0}), frame})).inner, kPacketText);
  EXPECT_EQ(see(kLinkPrism, frame).inner, kPacketText);  // Left out for some frames.
  EXPECT_EQ(see(kLinkAvs, join({hex("80211001 00000040"), Octets(56, std::byte{0}), frame})).inner, kPacketText);
}

}  // namespace
}  // namespace ipm::decode
