#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "enrich/feeds.h"

namespace ipm {
namespace {

using enrich::FeedFormat;
using test::Read;
using test::read;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(FeedLinesTest, APlainListTakesAddressesNetworksDomainsFingerprintsAndHostsOfUrls) {
  const Read got = read(
      "# a comment\n; another\n\n192.0.2.7\n2001:DB8::1\n198.51.100.0/24 # a remark\n2001:db8:1::/48\n"
      "Evil.Example.\n*.wild.example\nt13d1516h2_8daaf6152771_b186095e22b6,a client\nhttp://page.example/x\n");
  ASSERT_TRUE(got.status.ok()) << got.status.message();
  EXPECT_EQ(got.report.format, FeedFormat::kPlain);
  EXPECT_THAT(got.taken.names, ElementsAre("address 192.0.2.7", "address 2001:db8::1", "network 198.51.100.0/24",
                                           "network 2001:db8:1::/48", "domain evil.example", "domain wild.example",
                                           "ja4 t13d1516h2_8daaf6152771_b186095e22b6", "domain page.example"));
  EXPECT_EQ(got.taken.indicators[2].description, "a remark");
  EXPECT_EQ(got.taken.indicators[6].description, "a client");
  EXPECT_FALSE(got.taken.indicators[5].of_url);
  EXPECT_TRUE(got.taken.indicators[7].of_url);
  EXPECT_EQ(got.report.records, 8U);
}

TEST(FeedLinesTest, ByteOrderMarkAndCarriageReturnsAreNoPartOfALine) {
  const Read got = read(
      "\xef\xbb\xbf"
      "192.0.2.7\r\nevil.example\r\n");
  EXPECT_THAT(got.taken.names, ElementsAre("address 192.0.2.7", "domain evil.example"));
  EXPECT_EQ(got.report.malformed.count, 0U);
}

TEST(FeedLinesTest, WhatIsNotUnderstoodIsCountedWithItsFirstLineAndReason) {
  const Read got = read("192.0.2.7\nnot an indicator\n300.1.2.3\n192.0.2.0/33\n0.0.0.0/0\n::/0\ncom\n");
  EXPECT_THAT(got.taken.names, ElementsAre("address 192.0.2.7"));
  EXPECT_EQ(got.report.records, 7U);
  EXPECT_EQ(got.report.malformed.count, 6U);
  EXPECT_EQ(got.report.malformed.first, 2U);
  EXPECT_EQ(got.report.malformed.reason, "no address, network, domain or JA4");
}

TEST(FeedLinesTest, ANetworkThatWouldMatchMuchOfTheInternetIsRefused) {
  EXPECT_THAT(read("9.0.0.0/7\n").report.malformed.reason, HasSubstr("wider than /8"));
  EXPECT_THAT(read("9.0.0.0/8\n").taken.names, ElementsAre("network 9.0.0.0/8"));
  EXPECT_THAT(read("2000::/15\n").report.malformed.reason, HasSubstr("wider than /8"));
  EXPECT_THAT(read("2000::/16\n").taken.names, ElementsAre("network 2000::/16"));
}

TEST(FeedLinesTest, HostBitsOfANetworkAreCleared) {
  EXPECT_THAT(read("192.0.2.200/26\n").taken.names, ElementsAre("network 192.0.2.192/26"));
}

TEST(FeedLinesTest, AHostsFileNamesWhatItSendsNowhere) {
  const Read got = read(
      "# hosts\n127.0.0.1 localhost\n0.0.0.0 evil.example other.example # ads\n::1 ip6-localhost\n"
      "192.0.2.9 printer.example\n0.0.0.0 0.0.0.0\n");
  EXPECT_EQ(got.report.format, FeedFormat::kHosts);
  EXPECT_THAT(got.taken.names, ElementsAre("domain evil.example", "domain other.example"));
  EXPECT_EQ(got.taken.indicators[0].description, "ads");
  EXPECT_EQ(got.report.ignored, 4U);
  EXPECT_EQ(got.report.malformed.count, 0U);
}

TEST(FeedLinesTest, AListOfNetworksTakesNoNames) {
  const Read got = read("192.0.2.0/24\nevil.example\n", FeedFormat::kCidr);
  EXPECT_THAT(got.taken.names, ElementsAre("network 192.0.2.0/24"));
  EXPECT_EQ(got.report.malformed.first, 2U);
}

TEST(FeedLinesTest, DropHasNetworksWithTheirCase) {
  const Read got = read("; Spamhaus DROP List\n192.0.2.0/24 ; SBL256894\n198.51.100.0/23 ; SBL1\n");
  EXPECT_EQ(got.report.format, FeedFormat::kDrop);
  EXPECT_THAT(got.taken.names, ElementsAre("network 192.0.2.0/24", "network 198.51.100.0/23"));
  EXPECT_EQ(got.taken.indicators[0].description, "SBL256894");
}

TEST(FeedLinesTest, FeodoHasAddressesWithFamilyAndDate) {
  const Read got = read(
      "################\n# "
      "Feodo\n\"first_seen_utc\",\"dst_ip\",\"dst_port\",\"c2_status\",\"last_online\",\"malware\"\n"
      "\"2021-01-17 07:44:46\",\"192.0.2.7\",\"443\",\"online\",\"2026-11-24\",\"Dridex\"\n"
      "\"2021-01-17 07:44:46\",\"nowhere\",\"443\",\"online\",\"2026-11-24\",\"Dridex\"\n");
  EXPECT_EQ(got.report.format, FeedFormat::kFeodo);
  ASSERT_THAT(got.taken.names, ElementsAre("address 192.0.2.7"));
  EXPECT_EQ(got.taken.indicators[0].description, "Dridex, port 443");
  EXPECT_EQ(got.taken.indicators[0].listed_s, 1'610'869'486);
  EXPECT_EQ(got.report.malformed.first, 5U);
}

TEST(FeedLinesTest, WhatIsBeyondTheBoundIsCountedAndNotTaken) {
  const Read got = read("192.0.2.1\n192.0.2.2\n192.0.2.3\n", FeedFormat::kDetect, 2);
  EXPECT_EQ(got.taken.names.size(), 2U);
  EXPECT_EQ(got.report.beyond, 1U);
  EXPECT_EQ(got.report.indicators(), 2U);
}

// A feed of as many lines as one likes, made as it is read. Every seventh is rubbish.
enrich::ReadBlock lines_without_end(std::uint64_t lines) {
  return [lines, at = std::uint64_t{0}, left = std::string()](std::span<char> block) mutable -> Result<std::size_t> {
    while (left.size() < block.size() && at < lines) {
      const auto number = static_cast<std::uint32_t>(0x0b00'0000 + at);
      left += at++ % 7 == 0 ? "rubbish\n" : model::IpAddress::v4(__builtin_bswap32(number)).text() + " # listed\n";
    }
    const std::size_t bytes = left.copy(block.data(), block.size());
    left.erase(0, bytes);
    return bytes;
  };
}

TEST(FeedLinesTest, AFeedOfManyLinesTakesNoMoreThanTheBoundAndCountsTheRest) {
  constexpr std::uint64_t kLines = 700'000;
  constexpr std::size_t kRoom = 10'000;
  enrich::IntelBuilder builder(kRoom, 7);
  builder.begin_feed(1);
  enrich::FeedReport report;
  ASSERT_TRUE(enrich::read_feed(lines_without_end(kLines), FeedFormat::kPlain, 1, builder, report).ok());
  EXPECT_EQ(report.records, kLines);
  EXPECT_EQ(report.indicators(), kRoom);
  EXPECT_EQ(report.malformed.count, kLines / 7);
  EXPECT_EQ(report.beyond, kLines - kLines / 7 - kRoom);
  const enrich::IntelIndex index = builder.finish();
  EXPECT_EQ(index.indicators(), kRoom);
  EXPECT_LE(index.memory_bytes(), kRoom * 64);
}

TEST(FeedLinesTest, ABinaryFileIsNoList) {
  const Read got =
      read(std::string_view("\x7f"
                            "ELF\0\0\0\0192.0.2.7\n",
                            18));
  EXPECT_EQ(got.status.code(), Code::kCorrupt);
  EXPECT_THAT(std::string(got.status.message()), HasSubstr("zero bytes"));
}

TEST(FeedLinesTest, ALineWithoutEndIsOneMalformedLine) {
  const std::string text = std::string(1'000'000, 'a') + "\n192.0.2.7\n" + std::string(5'000, 'b') + "\n192.0.2.8";
  const Read got = read(text);
  EXPECT_THAT(got.taken.names, ElementsAre("address 192.0.2.7", "address 192.0.2.8"));
  EXPECT_EQ(got.report.malformed.count, 2U);
  EXPECT_EQ(got.report.malformed.first, 1U);
  EXPECT_EQ(got.report.malformed.reason, "longer than 4096 bytes");
}

TEST(FeedLinesTest, AnEmptyFeedHasNothingInIt) {
  const Read got = read("");
  EXPECT_TRUE(got.status.ok());
  EXPECT_EQ(got.report.records, 0U);
}

TEST(FeedLinesTest, DescriptionsAreTidiedForPeople) {
  EXPECT_EQ(enrich::tidy_description("a\x1b[31m\tb\n "), "a [31m b");
  EXPECT_EQ(enrich::tidy_description(std::string(200, 'x')).size(), enrich::kDescriptionBytesMax);
  const std::string wide = std::string(95, 'x') + "\xc3\xa4";  // The last character does not fit whole.
  EXPECT_EQ(enrich::tidy_description(wide), std::string(95, 'x'));
}

TEST(FeedLinesTest, DatesAreReadInUtc) {
  EXPECT_EQ(enrich::read_date_s("1970-01-02"), 86'400);
  EXPECT_EQ(enrich::read_date_s("2000-02-29T23:59:59.123Z"), 951'868'799);
  EXPECT_EQ(enrich::read_date_s("2000-13-01"), 0);
  EXPECT_EQ(enrich::read_date_s("yesterday"), 0);
}

}  // namespace
}  // namespace ipm
