#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "source/pcap/capture_builder.h"

namespace ipm::source::pcap {
namespace {

using test::number;
using test::Order;
using test::pcap_header;
using test::pcap_record;
using test::Reading;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PcapInBothOrders : public ::testing::TestWithParam<Order> {};
INSTANTIATE_TEST_SUITE_P(PcapReader, PcapInBothOrders, ::testing::Values(Order::kLittle, Order::kBig));

TEST_P(PcapInBothOrders, GivesMicrosecondsAsNanoseconds) {
  const Reading got(pcap_header({.order = GetParam()}) + pcap_record(1'700'000'000, 123'456, "abcd", 60, GetParam()));
  ASSERT_THAT(got.packets, SizeIs(1));
  EXPECT_EQ(got.packets[0].time_ns, 1'700'000'000'123'456'000);
  EXPECT_EQ(got.packets[0].data, "abcd");
  EXPECT_EQ(got.packets[0].original_bytes, 60U);
  EXPECT_EQ(got.packets[0].link_type, 1);
  EXPECT_EQ(got.last.code(), Code::kEnd);
  EXPECT_EQ(got.file.note(), "");
  EXPECT_EQ(got.file.container(), Container::kPcap);
}

TEST_P(PcapInBothOrders, GivesNanosecondsAsTheyAre) {
  const Reading got(pcap_header({.magic = 0xa1b23c4d, .order = GetParam()}) +
                    pcap_record(1, 999'999'999, "a", 1, GetParam()));
  ASSERT_THAT(got.packets, SizeIs(1));
  EXPECT_EQ(got.packets[0].time_ns, 1'999'999'999);
}

TEST_P(PcapInBothOrders, ReadsTheLongerHeadersOfPatchedPrograms) {
  // Interface index, protocol, type of packet (4: outgoing; 0: to us), padding.
  const auto patch = [&](std::uint8_t type) {
    return number(2, 4, GetParam()) + number(0x800, 2, GetParam()) + std::string{static_cast<char>(type), '\0'};
  };
  const Reading got(
      pcap_header({.magic = 0xa1b2cd34, .order = GetParam()}) + pcap_record(1, 0, "first", 5, GetParam(), patch(4)) +
      pcap_record(2, 0, "second", 6, GetParam(), patch(0)) + pcap_record(3, 0, "third", 5, GetParam(), patch(3)));
  ASSERT_THAT(got.packets, SizeIs(3));
  EXPECT_EQ(got.packets[0].direction, PacketDirection::kOut);
  EXPECT_EQ(got.packets[1].data, "second");
  EXPECT_EQ(got.packets[1].direction, PacketDirection::kIn);
  EXPECT_EQ(got.packets[2].direction, PacketDirection::kUnknown) << "to another host";
}

TEST(PcapReader, TellsTheLayoutsOfOneMagicByTheirRecords) {
  struct Case {
    std::uint32_t magic;
    std::size_t patch_bytes;
  };
  for (const Case& of : {Case{0xa1b2c3d4, 8}, Case{0xa1b2c3d4, 4}, Case{0xa1b2cd34, 12}}) {
    SCOPED_TRACE(of.patch_bytes);
    const std::string patch(of.patch_bytes, '\2');
    std::string file = pcap_header({.magic = of.magic});
    for (std::uint32_t i = 0; i < 4; ++i)
      file += pcap_record(1'000'000 + i, 0, "0123456789", 10, Order::kLittle, patch);
    const Reading got(file);
    ASSERT_THAT(got.packets, SizeIs(4));
    EXPECT_EQ(got.packets[3].data, "0123456789");
    EXPECT_EQ(got.file.note(), "");
  }
}

TEST(PcapReader, KeepsTheUsualLayoutIfNoneMakesSense) {
  // More captured than there was.
  const Reading more(pcap_header() + pcap_record(1, 0, "abcdef", 4) + pcap_record(2, 0, "abcdef", 4));
  ASSERT_THAT(more.packets, SizeIs(2));
  EXPECT_EQ(more.packets[1].time_ns, 2 * kSecond);
  // A second record that is damaged in every field.
  const Reading damaged(pcap_header() + pcap_record(1, 0, "abcdef", 6) + std::string(40, '\xee'));
  ASSERT_THAT(damaged.packets, SizeIs(1));
  EXPECT_EQ(damaged.packets[0].data, "abcdef");
  EXPECT_EQ(damaged.file.note(), "corrupt at byte 46: a packet of 4008636142 bytes; nothing behind it is read");
}

TEST(PcapReader, MasksTheUpperHalfOfTheLinkType) {
  // Bit 26: the length of a frame check sequence is in bits 28 to 31, in words of 16 bits.
  const Reading with(pcap_header({.link = 0x2400'0001}) + pcap_record(1, 0, "a", 1));
  ASSERT_THAT(with.packets, SizeIs(1));
  EXPECT_EQ(with.packets[0].link_type, 1);
  EXPECT_EQ(with.packets[0].fcs_bytes, 4);
  const Reading without(pcap_header({.link = 0x2001'0065}) + pcap_record(1, 0, "a", 1));
  ASSERT_THAT(without.packets, SizeIs(1));
  EXPECT_EQ(without.packets[0].link_type, 101);
  EXPECT_EQ(without.packets[0].fcs_bytes, 0);
}

TEST(PcapReader, FindsTheLengthsOfOldFilesTheOtherWayRound) {
  const std::string swapped = number(1, 4, Order::kLittle) + number(0, 4, Order::kLittle) +
                              number(9, 4, Order::kLittle) + number(3, 4, Order::kLittle) + "abc";
  for (const std::uint16_t minor : {std::uint16_t{2}, std::uint16_t{3}}) {
    const Reading got(pcap_header({.minor = minor}) + swapped);
    ASSERT_THAT(got.packets, SizeIs(1)) << minor;
    EXPECT_EQ(got.packets[0].data, "abc");
    EXPECT_EQ(got.packets[0].original_bytes, 9U);
  }
  // 2.3 with the lengths as they are now.
  const Reading got(pcap_header({.minor = 3}) + pcap_record(1, 0, "abc", 9));
  ASSERT_THAT(got.packets, SizeIs(1));
  EXPECT_EQ(got.packets[0].data, "abc");
}

TEST(PcapReader, ReadsAix) {
  // Version 2.2, an interface type, nanoseconds; FDDI frames have three bytes of padding. Lengths as before 2.3.
  const std::string record = number(1, 4, Order::kBig) + number(5, 4, Order::kBig) + number(7, 4, Order::kBig) +
                             number(7, 4, Order::kBig) + "...fddi";
  const Reading got(pcap_header({.minor = 2, .link = 15, .order = Order::kBig}) + record);
  ASSERT_THAT(got.packets, SizeIs(1));
  EXPECT_EQ(got.packets[0].link_type, 10);
  EXPECT_EQ(got.packets[0].time_ns, kSecond + 5);
  EXPECT_EQ(got.packets[0].data, "fddi");
  EXPECT_EQ(got.packets[0].original_bytes, 4U);
}

TEST(PcapReader, BelievesNoVersionBefore2) {
  const Reading got(pcap_header({.major = 1}));
  EXPECT_EQ(got.opened.code(), Code::kUnsupported);
  EXPECT_THAT(std::string(got.opened.message()), HasSubstr("pcap of version 1.4"));
}

TEST(PcapReader, BearsMoreThanTheSnapLengthAndMoreThanThereWas) {
  const Reading got(pcap_header({.snap = 4}) + pcap_record(1, 0, "abcdefgh", 6) + pcap_record(2, 0, "x", 1));
  ASSERT_THAT(got.packets, SizeIs(2));
  EXPECT_EQ(got.packets[0].data, "abcdefgh");
  EXPECT_EQ(got.packets[0].original_bytes, 6U);
}

TEST(PcapReader, CutsAnAbsurdOriginalLength) {
  const Reading got(pcap_header() + pcap_record(1, 0, "a", 0xffff'fff0));
  ASSERT_THAT(got.packets, SizeIs(1));
  EXPECT_EQ(got.packets[0].original_bytes, 0x7fff'ffffU);
}

TEST(PcapReader, AnEmptyCaptureIsFine) {
  const Reading got(pcap_header());
  EXPECT_TRUE(got.opened.ok());
  EXPECT_THAT(got.packets, IsEmpty());
  EXPECT_EQ(got.last.code(), Code::kEnd);
  EXPECT_EQ(got.file.note(), "");
}

TEST(PcapReader, GivesWhatIsBeforeACutRecordAndSaysWhereItIsCut) {
  const std::string file = pcap_header() + pcap_record(1, 0, "whole", 5) + pcap_record(2, 0, "0123456789", 10);
  const Reading in_data(file.substr(0, file.size() - 3));
  ASSERT_THAT(in_data.packets, SizeIs(1));
  EXPECT_EQ(in_data.last.code(), Code::kEnd);
  EXPECT_EQ(in_data.file.note(), "cut short at byte 68: 23 of the 26 bytes of the last record are there");
  const Reading in_header(file.substr(0, 24 + 21 + 15));
  ASSERT_THAT(in_header.packets, SizeIs(1));
  EXPECT_EQ(in_header.file.note(), "cut short at byte 60: 15 of the 16 bytes of the last record are there");
  // A cut between two records cannot be seen.
  EXPECT_EQ(Reading(file.substr(0, 24 + 21)).file.note(), "");
}

TEST(PcapReader, AHeaderThatIsNotAllThereIsAnError) {
  const Reading got(pcap_header().substr(0, 23));
  EXPECT_EQ(got.opened.code(), Code::kCorrupt);
  EXPECT_EQ(got.opened.message(), "read memory: pcap cut short in its header at byte 23");
}

TEST(PcapReader, EndsAtALengthThatNoPacketHas) {
  const std::string most(kPacketBytesMax, 'x');
  const Reading well(pcap_header({.snap = kPacketBytesMax}) + pcap_record(1, 0, most, kPacketBytesMax));
  ASSERT_THAT(well.packets, SizeIs(1));
  EXPECT_EQ(well.packets[0].data.size(), kPacketBytesMax);
  const Reading over(pcap_header() + pcap_record(1, 0, "good", 4) + pcap_record(1, 0, most + "y", kPacketBytesMax + 1) +
                     pcap_record(1, 0, "lost", 4));
  EXPECT_THAT(over.packets, SizeIs(1));
  EXPECT_EQ(over.last.code(), Code::kEnd);
  EXPECT_EQ(over.file.note(), "corrupt at byte 44: a packet of 262145 bytes; nothing behind it is read");
  EXPECT_EQ(over.counters().malformed, 1U);
}

TEST(PcapReader, GivesTheBeginningOfALongTransferOnABus) {
  constexpr std::uint32_t kUsbLinux = 189;
  const std::string transfer(kPacketBytesMax + 1'000'000, 'u');
  const Reading got(pcap_header({.link = kUsbLinux}) + pcap_record(1, 0, transfer, 1'262'144) +
                    pcap_record(2, 0, "next", 4));
  ASSERT_THAT(got.packets, SizeIs(2));
  EXPECT_EQ(got.packets[0].data.size(), kPacketBytesMax);
  EXPECT_EQ(got.packets[1].data, "next");
  EXPECT_EQ(got.counters().cut, 1U);
  // Cut in the part that is not read.
  const Reading cut((pcap_header({.link = kUsbLinux}) + pcap_record(1, 0, transfer, 1'262'144)).substr(0, 500'000));
  EXPECT_THAT(cut.packets, SizeIs(1));
  EXPECT_EQ(cut.file.note(), "cut short at byte 500000: in a part that is not read");
}

TEST(PcapReader, HasOneInterface) {
  const Reading got(pcap_header({.snap = 96, .link = 113}));
  ASSERT_THAT(got.file.interfaces(), SizeIs(1));
  EXPECT_EQ(got.file.interfaces()[0].link_type, 113);
  EXPECT_EQ(got.file.interfaces()[0].snap_bytes, 96U);
  EXPECT_EQ(got.file.sections(), 1U);
}

}  // namespace
}  // namespace ipm::source::pcap
