#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "source/pcap/capture_builder.h"

namespace ipm::source::pcap {
namespace {

using test::Order;
using test::PcapngBuilder;
using test::Reading;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PcapngInBothOrders : public ::testing::TestWithParam<Order> {
 protected:
  const PcapngBuilder b{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(PcapngReader, PcapngInBothOrders, ::testing::Values(Order::kLittle, Order::kBig));

TEST_P(PcapngInBothOrders, GivesPacketsOfTheirInterface) {
  const Reading got(b.section() + b.interface(1) + b.interface(101) + b.packet(1, 1'700'000'000'123'456, "abcde", 60) +
                    b.packet(0, 5, "x", 1));
  ASSERT_THAT(got.packets, SizeIs(2));
  EXPECT_EQ(got.packets[0].time_ns, 1'700'000'000'123'456'000);
  EXPECT_EQ(got.packets[0].data, "abcde");
  EXPECT_EQ(got.packets[0].original_bytes, 60U);
  EXPECT_EQ(got.packets[0].link_type, 101);
  EXPECT_EQ(got.packets[0].interface_index, 1U);
  EXPECT_EQ(got.packets[1].link_type, 1);
  EXPECT_EQ(got.last.code(), Code::kEnd);
  EXPECT_EQ(got.file.note(), "");
  EXPECT_EQ(got.file.container(), Container::kPcapng);
}

TEST_P(PcapngInBothOrders, ReadsResolutionAndOffsetOfAnInterface) {
  // 10^-9 s; 2^-10 s with one day more.
  const Reading got(b.section() + b.interface(1, 0, b.option(9, b.u(9, 1))) +
                    b.interface(1, 0, b.option(9, b.u(0x8a, 1)) + b.option(14, b.u(86'400, 8))) +
                    b.packet(0, 1'000'000'001, "a", 1) + b.packet(1, 1536, "b", 1));
  ASSERT_THAT(got.packets, SizeIs(2));
  EXPECT_EQ(got.packets[0].time_ns, 1'000'000'001);
  EXPECT_EQ(got.packets[1].time_ns, 86'401'500'000'000);
}

TEST_P(PcapngInBothOrders, ReadsTheObsoletePacketBlock) {
  // Interface and drops share 32 bits.
  const std::string body = b.u(0, 2) + b.u(7, 2) + b.u(0, 4) + b.u(3'000'000, 4) + b.u(3, 4) + b.u(9, 4) + "abc" +
                           std::string(1, '\0') + b.option(2, b.u(2, 4));
  const Reading got(b.section() + b.interface() + b.block(2, body));
  ASSERT_THAT(got.packets, SizeIs(1));
  EXPECT_EQ(got.packets[0].time_ns, 3 * kSecond);
  EXPECT_EQ(got.packets[0].data, "abc");
  EXPECT_EQ(got.packets[0].original_bytes, 9U);
  EXPECT_EQ(got.packets[0].direction, PacketDirection::kOut);
}

TEST_P(PcapngInBothOrders, ASimplePacketHasNoTimeAndAsMuchAsTheInterfaceLetsThrough) {
  const Reading got(b.section() + b.interface(1, 4) + b.interface(101) + b.block(3, b.u(9, 4) + "abcd") +
                    b.block(3, b.u(3, 4) + "abc"));
  ASSERT_THAT(got.packets, SizeIs(2));
  EXPECT_EQ(got.packets[0].time_ns, kNoTime);
  EXPECT_EQ(got.packets[0].data, "abcd");
  EXPECT_EQ(got.packets[0].original_bytes, 9U);
  EXPECT_EQ(got.packets[0].link_type, 1) << "always of the first interface";
  EXPECT_EQ(got.packets[1].data, "abc");
}

TEST_P(PcapngInBothOrders, FlagsTellDirectionAndCheckSequence) {
  const auto flags = [&](std::uint32_t value) { return b.option(2, b.u(value, 4)); };
  // The interface has a check sequence of 32 bits; the second packet says that it has one of two octets.
  const Reading got(b.section() + b.interface(1, 0, b.option(13, b.u(32, 1))) + b.packet(0, 1, "a", 1, flags(1)) +
                    b.packet(0, 2, "b", 1, flags(2 | 2 << 5)) + b.packet(0, 3, "c", 1, flags(3)) +
                    b.packet(0, 4, "d", 1));
  ASSERT_THAT(got.packets, SizeIs(4));
  EXPECT_EQ(got.packets[0].direction, PacketDirection::kIn);
  EXPECT_EQ(got.packets[0].fcs_bytes, 4);
  EXPECT_EQ(got.packets[1].direction, PacketDirection::kOut);
  EXPECT_EQ(got.packets[1].fcs_bytes, 2);
  EXPECT_EQ(got.packets[2].direction, PacketDirection::kUnknown);
  EXPECT_EQ(got.packets[3].direction, PacketDirection::kUnknown);
}

TEST_P(PcapngInBothOrders, ReadsNamesOfAddresses) {
  const std::string v4 = std::string("\x0a\0\0\1", 4) + std::string("one\0uno\0", 8);
  const std::string v6 = std::string("\xfe\x80", 2) + std::string(13, '\0') + "\1" + std::string("six\0", 4);
  const auto record = [&](std::uint16_t type, const std::string& body) {
    return b.u(type, 2) + b.u(body.size(), 2) + b.padded(body);
  };
  Reading got(b.section() + b.block(4, record(1, v4) + record(99, "skipped") + record(2, v6) + record(0, "")));
  const auto names = got.file.take_names();
  ASSERT_THAT(names, SizeIs(3));
  EXPECT_EQ(names[0].address.text(), "10.0.0.1");
  EXPECT_EQ(names[0].name, "one");
  EXPECT_EQ(names[1].name, "uno");
  EXPECT_EQ(names[2].address.text(), "fe80::1");
  EXPECT_EQ(names[2].name, "six");
  EXPECT_THAT(got.file.take_names(), IsEmpty());
  EXPECT_EQ(got.counters().malformed, 0U);
}

TEST_P(PcapngInBothOrders, StatisticsTellWhatTheCapturingHostDropped) {
  const auto statistics = [&](std::uint32_t interface, std::uint64_t received, std::uint64_t by_interface,
                              std::uint64_t by_system) {
    return b.block(5, b.u(interface, 4) + b.u(0, 8) + b.option(4, b.u(received, 8)) +
                          b.option(5, b.u(by_interface, 8)) + b.option(7, b.u(by_system, 8)));
  };
  // They count from the start, so the second of interface 0 holds the first.
  const Reading got(b.section() + b.interface() + b.interface() + statistics(0, 100, 2, 3) + statistics(0, 200, 4, 3) +
                    statistics(1, 50, 0, 10));
  ASSERT_THAT(got.file.interfaces(), SizeIs(2));
  EXPECT_EQ(got.file.interfaces()[0].received, 200);
  EXPECT_EQ(got.file.interfaces()[0].dropped_by_interface, 4);
  EXPECT_EQ(got.file.interfaces()[0].dropped_by_system, 3);
  EXPECT_EQ(got.counters().dropped, 17U);
}

TEST_P(PcapngInBothOrders, ReadsAppleProcessBlocks) {
  const auto process = [&](std::uint32_t pid, const std::string& name) {
    return b.block(0x80000001, b.u(pid, 4) + b.option(2, name) + b.option(4, std::string(16, 'u')));
  };
  CaptureFile file;
  ASSERT_TRUE(file.open_memory(b.section() + b.interface() + process(500, "nsurlsessiond") + process(77, "Mail") +
                               b.packet(0, 1, "a", 1, b.option(0x8001, b.u(0, 4)) + b.option(0x8003, b.u(1, 4))) +
                               b.packet(0, 2, "b", 1) + b.packet(0, 3, "c", 1, b.option(0x8001, b.u(2, 4))) +
                               b.section() + b.interface() + process(9, "later") +
                               b.packet(0, 4, "d", 1, b.option(0x8001, b.u(0, 4))))
                  .ok());
  CapturedPacket packet;
  ASSERT_TRUE(file.next(packet).ok());
  ASSERT_NE(packet.process, nullptr);
  EXPECT_EQ(packet.process->process.pid, 500);
  EXPECT_EQ(packet.process->process.name, "nsurlsessiond");
  EXPECT_EQ(packet.process->effective.pid, 77);
  EXPECT_EQ(packet.process->effective.name, "Mail");
  EXPECT_FALSE(packet.process->hint_only);
  ASSERT_TRUE(file.next(packet).ok());
  EXPECT_EQ(packet.process, nullptr);
  ASSERT_TRUE(file.next(packet).ok());
  EXPECT_EQ(packet.process, nullptr) << "there is no process of number 2";
  ASSERT_TRUE(file.next(packet).ok());
  ASSERT_NE(packet.process, nullptr);
  EXPECT_EQ(packet.process->process.name, "later") << "each section numbers its processes anew";
}

TEST_P(PcapngInBothOrders, ReadsProcessesFromComments) {
  const Reading got(
      b.section() + b.interface() +
      b.packet(0, 1, "a", 1, b.option(1, "PID: 42\nCmd: /usr/bin/curl\nArgs: curl x") + b.option(1, "ParentPID: 1")) +
      b.packet(0, 2, "b", 1, b.option(1, "what a strange packet: really")));
  ASSERT_THAT(got.packets, SizeIs(2));
  EXPECT_EQ(got.packets[0].pid, 42);
  EXPECT_EQ(got.packets[0].process, "/usr/bin/curl");
  EXPECT_EQ(got.packets[1].pid, 0);
}

TEST(PcapngReader, SectionsHaveTheirOwnByteOrderAndInterfaces) {
  const PcapngBuilder little(Order::kLittle);
  const PcapngBuilder big(Order::kBig);
  const Reading got(little.section() + little.interface(1) + little.interface(101) + little.packet(1, 1, "a", 1) +
                    big.section() + big.interface(113) + big.packet(0, 2, "b", 1));
  ASSERT_THAT(got.packets, SizeIs(2));
  EXPECT_EQ(got.packets[0].link_type, 101);
  EXPECT_EQ(got.packets[1].link_type, 113);
  EXPECT_EQ(got.packets[1].time_ns, 2'000);
  EXPECT_EQ(got.file.sections(), 2U);
  EXPECT_THAT(got.file.interfaces(), SizeIs(1));
}

const PcapngBuilder kB;

TEST(PcapngReader, TellsWhatIsKnownOfAnInterface) {
  const Reading got(kB.section() + kB.interface(1, 96,
                                                kB.option(2, "eth0") + kB.option(3, "uplink") +
                                                    kB.option(12, std::string("Linux 6.1\0", 10)) +
                                                    kB.option(1, std::string(300, 'c')) + kB.option(0, "") + "rest"));
  ASSERT_THAT(got.file.interfaces(), SizeIs(1));
  const CapturedInterface& interface = got.file.interfaces()[0];
  EXPECT_EQ(interface.name, "eth0");
  EXPECT_EQ(interface.description, "uplink");
  EXPECT_EQ(interface.os, "Linux 6.1");
  EXPECT_EQ(interface.comment, std::string(kInterfaceTextBytesMax, 'c'));
  EXPECT_EQ(interface.snap_bytes, 96U);
  EXPECT_EQ(interface.received, -1);
}

TEST(PcapngReader, SkipsSecretsAndWhatItDoesNotKnow) {
  const Reading got(kB.section() + kB.interface() + kB.block(0xa, "keys") + kB.block(0xbad, kB.u(32473, 4) + "own") +
                    kB.block(0x7777, std::string(5'000'000, '?')) + kB.packet(0, 1, "a", 1));
  EXPECT_THAT(got.packets, SizeIs(1));
  EXPECT_EQ(got.counters().skipped, 3U);
  EXPECT_EQ(got.file.note(), "");
}

TEST(PcapngReader, SkipsAnUnknownBlockBeyondTheBoundOfThoseItReads) {
  const Reading got(kB.section() + kB.interface() + kB.block(0x7777, std::string(kBlockBytesMax, '?')) +
                    kB.packet(0, 1, "a", 1));
  EXPECT_THAT(got.packets, SizeIs(1));
}

TEST(PcapngReader, RoundsLengthsThatForgetTheirPadding) {
  // 12 + 20 + 5 bytes instead of 40; both lengths say so.
  std::string odd = kB.packet(0, 1, "abcde", 5);
  odd.replace(4, 4, kB.u(37, 4));
  odd.replace(36, 4, kB.u(37, 4));
  const Reading got(kB.section() + kB.interface() + odd + kB.packet(0, 2, "b", 1));
  ASSERT_THAT(got.packets, SizeIs(2));
  EXPECT_EQ(got.packets[0].data, "abcde");
  EXPECT_EQ(got.file.note(), "");
}

TEST(PcapngReader, AWrongLengthBehindABlockIsAWarning) {
  std::string odd = kB.packet(0, 1, "abcd", 4);
  odd.replace(36 - 4, 4, kB.u(99, 4));
  const std::string before = kB.section() + kB.interface();
  const Reading got(before + odd + kB.packet(0, 2, "b", 1));
  EXPECT_THAT(got.packets, SizeIs(2));
  EXPECT_EQ(got.counters().malformed, 1U);
  EXPECT_EQ(got.file.note(),
            "a wrong length behind the block at byte " + std::to_string(before.size()) + ": 99 instead of 36");
}

TEST(PcapngReader, EndsAtABlockThatCannotBe) {
  const std::string before = kB.section() + kB.interface() + kB.packet(0, 1, "good", 4);
  const std::string place = "corrupt at byte " + std::to_string(before.size()) + ": ";
  const std::string behind = "; nothing behind it is read";
  const auto note_of = [&](const std::string& block) {
    const Reading got(before + block + kB.packet(0, 2, "lost", 4));
    EXPECT_THAT(got.packets, SizeIs(1));
    EXPECT_EQ(got.last.code(), Code::kEnd);
    EXPECT_EQ(got.counters().malformed, 1U);
    return got.file.note();
  };
  EXPECT_EQ(note_of(kB.u(6, 4) + kB.u(8, 4)), place + "a block with a length of 8" + behind);
  EXPECT_EQ(note_of(kB.block(6, std::string(16, '\0'))), place + "a packet block without room for its header" + behind);
  EXPECT_EQ(note_of(kB.packet(1, 0, "x", 1)), place + "a packet of interface 1, which was not described" + behind);
  // Five bytes in room for four.
  std::string narrow = kB.packet(0, 0, "abcd", 4);
  narrow.replace(20, 4, kB.u(5, 4));
  EXPECT_EQ(note_of(narrow), place + "a packet of 5 bytes in a block with room for 4" + behind);
  EXPECT_EQ(note_of(kB.packet(0, 0, std::string(kPacketBytesMax + 1, 'x'), 4)),
            place + "a packet of 262145 bytes in a block with room for 262148" + behind);
  EXPECT_EQ(note_of(kB.section(2)), place + "a section of version 2" + behind);
  EXPECT_EQ(note_of(kB.block(0x0a0d0d0a, kB.u(0x11111111, 4) + kB.u(1, 4) + kB.u(0, 8))),
            place + "a section whose byte order is neither of the two" + behind);
  EXPECT_EQ(note_of(kB.block(1, "1234")), place + "an interface without its header" + behind);
}

TEST(PcapngReader, GivesAPacketOfTheGreatestLength) {
  const Reading got(kB.section() + kB.interface() + kB.packet(0, 0, std::string(kPacketBytesMax, 'x'), 4));
  ASSERT_THAT(got.packets, SizeIs(1));
  EXPECT_EQ(got.packets[0].data.size(), kPacketBytesMax);
}

TEST(PcapngReader, APacketBeforeAnyInterfaceIsCorrupt) {
  const Reading got(kB.section() + kB.block(3, kB.u(1, 4) + "a"));
  EXPECT_THAT(got.packets, IsEmpty());
  EXPECT_EQ(got.file.note(), "corrupt at byte 28: a packet before any interface; nothing behind it is read");
}

TEST(PcapngReader, GivesWhatIsBeforeACut) {
  const std::string before = kB.section() + kB.interface() + kB.packet(0, 1, "good", 4);
  const std::string file = before + kB.packet(0, 2, "0123456789", 10);
  const Reading got(file.substr(0, file.size() - 1));
  ASSERT_THAT(got.packets, SizeIs(1));
  EXPECT_EQ(got.file.note(), "cut short at byte " + std::to_string(file.size() - 1) +
                                 ": 43 of the 44 bytes of the last record are there");
  const Reading in_header(file.substr(0, before.size() + 7));
  ASSERT_THAT(in_header.packets, SizeIs(1));
  EXPECT_EQ(in_header.file.note(), "cut short at byte " + std::to_string(before.size() + 7) +
                                       ": 7 of the 8 bytes of the last record are there");
  const Reading in_skipped((before + kB.block(0x7777, "unknown")).substr(0, before.size() + 12));
  EXPECT_EQ(in_skipped.file.note(),
            "cut short at byte " + std::to_string(before.size() + 12) + ": in a part that is not read");
}

TEST(PcapngReader, OptionsThatDoNotFitAreCountedAndThePacketIsGiven) {
  const Reading got(kB.section() + kB.interface() +
                    kB.packet(0, 1, "a", 1, kB.option(2, kB.u(1, 4)) + kB.u(1, 2) + kB.u(5, 2) + "four") +
                    kB.packet(0, 2, "b", 1));
  ASSERT_THAT(got.packets, SizeIs(2));
  EXPECT_EQ(got.packets[0].direction, PacketDirection::kIn);
  EXPECT_EQ(got.counters().malformed, 1U);
}

TEST(PcapngReader, NoTimeIsBetterThanOneThatCannotBe) {
  const Reading got(kB.section() + kB.interface() + kB.packet(0, ~std::uint64_t{0}, "a", 1));
  ASSERT_THAT(got.packets, SizeIs(1));
  EXPECT_EQ(got.packets[0].time_ns, kNoTime);
}

TEST(PcapngReader, RemembersOnlySoManyInterfaces) {
  std::string file = kB.section();
  for (std::uint32_t i = 0; i < kInterfacesMax + 2; ++i) file += kB.interface();
  const Reading got(file + kB.packet(kInterfacesMax - 1, 1, "a", 1) + kB.packet(kInterfacesMax, 1, "b", 1));
  EXPECT_THAT(got.packets, SizeIs(1));
  EXPECT_EQ(got.counters().forgotten, 2U);
}

TEST(PcapngReader, TheFirstBlockDecidesWhetherItIsOne) {
  const Reading order(kB.block(0x0a0d0d0a, kB.u(0x11111111, 4) + kB.u(1, 4) + kB.u(0, 8)));
  EXPECT_EQ(order.opened.code(), Code::kCorrupt);
  const Reading version(kB.section(2));
  EXPECT_EQ(version.opened.code(), Code::kUnsupported);
  EXPECT_EQ(version.opened.message(), "read memory: pcapng of version 2.0: only 1.x can be read");
  const Reading cut(kB.section().substr(0, 23));
  EXPECT_EQ(cut.opened.message(), "read memory: pcapng cut short in its header at byte 23");
  const Reading empty(kB.section());
  EXPECT_TRUE(empty.opened.ok());
  EXPECT_EQ(empty.file.note(), "");
}

TEST(PcapngReader, KeepsTheFirstComplaintsOnly) {
  std::string odd = kB.packet(0, 1, "abcd", 4);
  odd.replace(36 - 4, 4, kB.u(99, 4));
  std::string file = kB.section() + kB.interface();
  for (int i = 0; i < 100; ++i) file += odd;
  const Reading got(file);
  EXPECT_THAT(got.packets, SizeIs(100));
  EXPECT_EQ(got.counters().malformed, 100U);
  EXPECT_LT(got.file.note().size(), 400U);
  EXPECT_TRUE(got.file.note().ends_with("; and more"));
}

}  // namespace
}  // namespace ipm::source::pcap
