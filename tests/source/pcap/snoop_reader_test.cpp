#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "source/pcap/capture_builder.h"

namespace ipm::source::pcap {
namespace {

using test::Order;
using test::Reading;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string u32(std::uint32_t value) {
  return test::number(value, 4, Order::kBig);
}

std::string header(std::uint32_t version = 2, std::uint32_t link = 4) {
  return std::string("snoop\0\0\0", 8) + u32(version) + u32(link);
}

std::string record(const std::string& data, std::uint32_t original, const std::string& behind,
                   std::uint32_t drops = 0) {
  const auto size = static_cast<std::uint32_t>(data.size());
  return u32(original) + u32(size) + u32(static_cast<std::uint32_t>(24 + size + behind.size())) + u32(drops) + u32(10) +
         u32(5) + data + behind;
}

TEST(SnoopReader, GivesPacketsWithoutTheirPadding) {
  const Reading got(header() + record("abcde", 60, "...") + record("x", 1, "...", 7));
  ASSERT_THAT(got.packets, SizeIs(2));
  EXPECT_EQ(got.packets[0].time_ns, 10 * kSecond + 5 * kMicrosecond);
  EXPECT_EQ(got.packets[0].data, "abcde");
  EXPECT_EQ(got.packets[0].original_bytes, 60U);
  EXPECT_EQ(got.packets[0].link_type, 1);
  EXPECT_EQ(got.packets[0].fcs_bytes, 0);
  EXPECT_EQ(got.counters().dropped, 7U);
  EXPECT_EQ(got.file.container(), Container::kSnoop);
}

TEST(SnoopReader, KnowsShomitiByWhatIsBehindItsPackets) {
  const Reading below(header(2, 8) + record("abcd", 4, std::string(15, '.')));
  ASSERT_THAT(below.packets, SizeIs(1));
  EXPECT_EQ(below.packets[0].link_type, 10) << "FDDI";
  const Reading got(header(4, 12) + record("abcd", 4, std::string(16, '.')) + record("efgh", 4, std::string(16, '.')));
  ASSERT_THAT(got.packets, SizeIs(2));
  EXPECT_EQ(got.packets[1].data, "efgh");
  EXPECT_EQ(got.packets[1].link_type, 1) << "Ethernet at 1 Gb/s";
  EXPECT_EQ(got.packets[1].fcs_bytes, 4);
}

TEST(SnoopReader, SaysOfALinkTypeThatHasNoNumberThatItHasNone) {
  const Reading got(header(2, 6) + record("abcd", 4, ""));
  ASSERT_THAT(got.packets, SizeIs(1));
  EXPECT_EQ(got.packets[0].link_type, 0xffff);
}

TEST(SnoopReader, EndsAtARecordThatCannotBe) {
  std::string wrong = record("abcd", 4, "");
  wrong.replace(8, 4, u32(27));
  const Reading got(header() + record("abcd", 4, "") + wrong + record("lost", 4, ""));
  EXPECT_THAT(got.packets, SizeIs(1));
  EXPECT_EQ(got.file.note(), "corrupt at byte 44: a packet of 4 bytes in a record of 27; nothing behind it is read");
}

TEST(SnoopReader, GivesWhatIsBeforeACut) {
  const std::string file = header() + record("abcd", 4, "") + record("efgh", 4, "");
  const Reading got(file.substr(0, file.size() - 1));
  EXPECT_THAT(got.packets, SizeIs(1));
  EXPECT_EQ(got.file.note(), "cut short at byte 71: 27 of the 28 bytes of the last record are there");
}

TEST(SnoopReader, BelievesNoOtherVersion) {
  for (const std::uint32_t version : {1U, 6U}) {
    EXPECT_EQ(Reading(header(version)).opened.code(), Code::kUnsupported);
  }
  EXPECT_TRUE(Reading(header(5)).opened.ok());
  EXPECT_THAT(std::string(Reading(header().substr(0, 15)).opened.message()), HasSubstr("cut short in its header"));
}

}  // namespace
}  // namespace ipm::source::pcap
