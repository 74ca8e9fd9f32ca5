// Frames of every kind, cut at every byte and with every byte changed: nothing is read outside of them (the address
// sanitizer sees to that), and what is said of them holds together.
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "decode/frame_octets.h"

namespace ipm::decode {
namespace {

using test::ethernet;
using test::Exactly;
using test::hex;
using test::ipv4;
using test::ipv6;
using test::join;
using test::number;
using test::Octets;
using test::outer_ipv4;
using test::packet;
using test::packet_v6;
using test::text;
using test::text_of;
using test::udp;

struct Sample {
  std::uint16_t link_type;
  Octets frame;
};

std::vector<Sample> samples() {
  const Octets snap = hex("aaaa03 000000 0800");
  const Octets frame = ethernet(0x0800, packet());
  const Octets wlan = join({hex("8803 0000 00005e005301 00005e005302 00005e005303 1000 00005e005304 0001"),
                            hex("01 1f 00000001 00005e005305"), snap, packet()});
  const Octets msdu = join({hex("8801 0000 00005e005301 00005e005302 00005e005303 1000 8000"),
                            hex("00005e005301 00005e005302 0035"), snap, packet()});
  const auto in_udp = [&](std::uint32_t port, const Octets& payload) {
    return Sample{1, ethernet(0x0800, outer_ipv4(17, udp(50000, port, payload)))};
  };
  const auto in_gre = [](const Octets& gre) { return Sample{101, outer_ipv4(47, gre)}; };
  return {
      {1, frame},
      {1, ethernet(0x86dd, packet_v6())},
      {1, ethernet(0x88a8, join({hex("0064 8100 00c8 0800"), packet()}))},
      {1, ethernet(0x8864, join({hex("1100 0001 002f 0021"), packet()}))},
      {1, ethernet(0x8847, join({hex("00010040 00010140 00000000"), frame}))},
      {1, ethernet(52, join({snap, packet()}))},
      {1, ethernet(0x894f, join({hex("0fc2 01 03 00000001"), frame}))},
      {1, ethernet(0x22f3, join({hex("0040 0001 0002 00000000"), frame}))},
      {1, ethernet(0x88e5, join({hex("2000 00000001 00005e0053010001 0800"), packet(), Octets(16)}))},
      {1, ethernet(0x8903, join({hex("0064"), frame, Octets(4)}))},
      {0, join({hex("02000000"), packet()})},
      {108, join({hex("00000018"), packet_v6()})},
      {101, packet()},
      {229, packet_v6()},
      {113, join({hex("0004 0001 0006 00005e0053010000 0800"), packet()})},
      {113, join({hex("0000 030a 0006 00005e0053010000 0800"), packet()})},
      {276, join({hex("0800 0000 00000003 0001 04 06 00005e0053010000"), packet()})},
      {9, join({hex("ff03 0031 4301 00000001"), frame, Octets(3)})},
      {104, join({hex("0f00 0800"), packet()})},
      {107, join({hex("18404001 0300 80 000000 0800"), packet()})},
      {10, join({hex("50 00005e005301 00005e005302"), snap, packet()})},
      {6, join({hex("1040 00005e005301 80005e005302 0610 00110022"), snap, packet()})},
      {105, wlan},
      {105, msdu},
      {127, join({hex("0000 1900 030000a0 00000080 00000000"), Octets(8), hex("30"), wlan, Octets(4)})},
      {119, join({hex("44000000 90000000"), Octets(136), wlan})},
      {192, join({hex("0000 0800 01000000"), frame})},
      {258, join({hex("6c000000 01000000 01000000"), Octets(96), frame})},
      {239, join({hex("02 00 0000 0500 0a00 00 000000 3100 0900"), packet()})},
      {178, join({hex("4d4743 80 0004 01020304"), frame})},
      {1, ethernet(0x0800, outer_ipv4(1, join({hex("0304 0000 0000 0578"), packet()})))},
      {101, ipv6(58, join({hex("0200 0000 00000500"), packet_v6()}))},
      {101, ipv4(17, udp(54321, 53, text("hello")), {.fragment = 0x2000})},
      {101, ipv4(17, Octets(16), {.fragment = 0x2002})},
      {101, ipv6(0, join({hex("3c00 c204 00011170 2c00 010400000000 0600 0001 00000009"), test::tcp()}))},
      {101, ipv6(43, join({hex("3302 0001 00000000"), Octets(16), hex("0604 0000"), Octets(20), test::tcp()}))},
      {101, outer_ipv4(4, ipv6(41, packet_v6()))},
      {101, outer_ipv4(97, join({hex("3000"), frame}))},
      {101, outer_ipv4(103, join({hex("2100 0000 00000000"), packet()}))},
      in_gre(join({hex("f000 0800 12340000 00000001 00000002 0800 00 04 0a000001 00000000"), packet()})),
      in_gre(join({hex("3081 880b 003500ff 00000001 00000001 ff030021"), packet()})),
      in_gre(join({hex("1000 88be 00000001 10010000 00000000"), frame})),
      in_gre(join({hex("1000 22eb 00000001 20010000 00000000 0000 0001 0c000000 00000000"), frame})),
      in_gre(join({hex("0000 8200"), wlan})),
      in_gre(join({hex("0000 883e 00000000"), packet()})),
      in_udp(4789, join({hex("0800000000006400"), frame})),
      in_udp(4790, join({hex("0c00000400006400 0fc2 01 05 00000001 00010140"), packet()})),
      in_udp(6081, join({hex("0340 6558 00006400 01020301 00000000 01020300"), frame})),
      in_udp(2152, join({hex("34ff 0039 00000001 0000 00 85 01 1009 c0 01 0000 00"), packet()})),
      in_udp(3544, join({hex("0001 02 03 aabb ccddee 0102030405060708 00 0000 2b2b f5fffffe"), packet_v6()})),
      in_udp(1701, join({hex("4a02 0043 00010001 00010002 0002 0000 ff030021"), packet()})),
      in_udp(5247, join({hex("00 180320 0000 0000 03010203"), wlan})),
      in_udp(37008, join({hex("0100 0001 1e 02 0001 00 01"), frame})),
  };
}

// The payload lies within the bytes, and there is not more of it than the headers say.
void check(const Packet& packet, Bytes bytes) {
  EXPECT_LE(packet.payload.size(), packet.payload_bytes);
  if (packet.payload.empty()) return;
  EXPECT_GE(packet.payload.data(), bytes.data());
  EXPECT_LE(packet.payload.data() + packet.payload.size(), bytes.data() + bytes.size());
}

// What a frame is, as one line: the short way to IP and the way layer by layer have to say the same. (A header of 8
// bytes that only names the link type forces the latter.)
std::string line(std::uint16_t link_type, const Octets& octets, std::uint32_t original_bytes) {
  const Exactly exact(octets);
  Frame frame;
  const Verdict verdict = parse_frame(link_type, exact.bytes(), original_bytes, frame);
  std::string out = std::to_string(static_cast<int>(verdict)) + " " +
                    std::to_string(static_cast<int>(frame.direction)) + " " + std::to_string(frame.first_fragments) +
                    std::to_string(frame.has_icmp_error);
  if (verdict == Verdict::kOk) {
    check(frame.inner, exact.bytes());
    check(frame.outer(), exact.bytes());
    out += " " + text_of(frame.outer()) + " / " + text_of(frame.inner) + " " + std::string(tunnel_name(frame.tunnel));
  }
  return out;
}

void expect_same_both_ways(const Sample& sample, std::uint32_t original_bytes) {
  const std::string quick = line(sample.link_type, sample.frame, original_bytes);
  if (sample.link_type == 192) return;
  const Octets named = join({hex("0000 0800"), number(sample.link_type & 0xffU, 1), number(sample.link_type >> 8, 1),
                             hex("0000"), sample.frame});
  EXPECT_EQ(line(192, named, original_bytes == 0 ? 0 : original_bytes + 8), quick) << sample.link_type;
}

TEST(FramePrefixesTest, SamplesAreWhatTheyAreMeantToBe) {
  for (const Sample& sample : samples()) {
    const std::string seen = line(sample.link_type, sample.frame, 0);
    EXPECT_TRUE(seen.starts_with("0 ") || seen.ends_with("01"))
        << sample.link_type << ": " << seen;  // Or an ICMP error.
  }
}

TEST(FramePrefixesTest, EveryBeginningOfAFrameIsReadWithinItsBytes) {
  for (const Sample& sample : samples()) {
    const auto whole_bytes = static_cast<std::uint32_t>(sample.frame.size());
    for (std::size_t bytes = 0; bytes <= sample.frame.size(); ++bytes) {
      const Octets part(sample.frame.begin(), sample.frame.begin() + static_cast<std::ptrdiff_t>(bytes));
      expect_same_both_ways({sample.link_type, part}, whole_bytes);
    }
  }
}

TEST(FramePrefixesTest, EveryChangedByteIsReadWithinTheBytes) {
  for (const Sample& sample : samples()) {
    for (std::size_t at = 0; at < sample.frame.size(); ++at) {
      for (const int value : {0x00, 0x01, 0x45, 0x7f, 0x80, 0xff}) {
        Sample changed = sample;
        changed.frame[at] = static_cast<std::byte>(value);
        expect_same_both_ways(changed, 0);
      }
    }
  }
}

}  // namespace
}  // namespace ipm::decode
