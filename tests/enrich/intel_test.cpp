#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "enrich/feeds.h"
#include "enrich/intel.h"

namespace ipm {
namespace {

using enrich::FeedFormat;
using enrich::Intel;
using enrich::load_intel;
using enrich::parse_feed_path;
using enrich::reload_intel;
using testing::HasSubstr;

TEST(IntelTest, AFeedIsNamedAfterItsFileAndItsFormatMayBeGiven) {
  EXPECT_EQ(parse_feed_path("/var/feeds/a.txt").format, FeedFormat::kDetect);
  EXPECT_EQ(parse_feed_path("/var/feeds/a.txt").path, "/var/feeds/a.txt");
  EXPECT_EQ(parse_feed_path("drop:/var/feeds/a.txt").format, FeedFormat::kDrop);
  EXPECT_EQ(parse_feed_path("drop:/var/feeds/a.txt").path, "/var/feeds/a.txt");
  EXPECT_EQ(parse_feed_path("odd:name").path, "odd:name");
}

TEST(IntelTest, SeveralFeedsAreOneIndex) {
  const test::WrittenFile addresses("192.0.2.7 # bad\n"), names("0.0.0.0 evil.example\n");
  const auto intel = load_intel({{.path = addresses.path()}, {.path = names.path()}}, 100, 7, 0);
  ASSERT_TRUE(intel.ok()) << intel.status().message();
  EXPECT_EQ((*intel)->index.find(*model::IpAddress::parse("192.0.2.7"))->feed, 0);
  EXPECT_EQ((*intel)->index.find_domain("evil.example")->feed, 1);
  EXPECT_NE((*intel)->index.find_domain("evil.example")->listed_s, 0);  // The file's own date.
  EXPECT_EQ(enrich::shortcomings((*intel)->feeds[0]), "");
}

TEST(IntelTest, WhatWasNotTakenIsOneLine) {
  const test::WrittenFile file("192.0.2.7\nrubbish\n192.0.2.8\n");
  const auto intel = load_intel({{.path = file.path()}}, 1, 7, 0);
  const std::string line = enrich::shortcomings((*intel)->feeds[0]);
  EXPECT_THAT(line, HasSubstr("1 malformed (first: line 2, no address, network, domain or JA4)"));
  EXPECT_THAT(line, HasSubstr("1 beyond intel.indicators_max"));
}

TEST(IntelTest, AFileThatCannotBeReadNamesItself) {
  EXPECT_THAT(std::string(load_intel({{.path = "/nowhere/feed"}}, 1, 7, 0).status().message()),
              HasSubstr("/nowhere/feed"));
  EXPECT_THAT(std::string(load_intel({{.path = "/dev/zero"}}, 1, 7, 0).status().message()),
              HasSubstr("no regular file"));
  EXPECT_THAT(std::string(load_intel({{.path = "/"}}, 1, 7, 0).status().message()), HasSubstr("no regular file"));
  const std::string pipe = "ipm-intel-test-" + std::to_string(::getpid());
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(std::string(load_intel({{.path = pipe}}, 1, 7, 0).status().message()), HasSubstr("no regular file"));
  std::filesystem::remove(pipe);
}

// --- reloads ---

constexpr auto kAny = "192.0.2.7";
bool lists(const Intel& intel, std::string_view subject) {
  const enrich::Indicator what = *enrich::read_indicator(subject).indicator;
  const bool name = what.type == enrich::IndicatorType::kDomain;
  return (name ? intel.index.find_domain(what.name) : intel.index.find(what.address)).has_value();
}

std::shared_ptr<const Intel> loaded(const std::vector<std::string>& paths, std::size_t max = 100) {
  std::vector<enrich::FeedPath> from;
  for (const std::string& path : paths) from.push_back({.path = path});
  const auto intel = load_intel(from, max, 7, test::kNowS);
  EXPECT_TRUE(intel.ok()) << intel.status().message();
  return *intel;
}

std::shared_ptr<const Intel> reloaded(const Intel& before, const std::vector<bool>& changed, std::size_t max = 100,
                                      std::int64_t now_s = test::kNowS) {
  const auto intel = reload_intel(before, changed, max, 8, now_s);
  EXPECT_TRUE(intel.ok()) << intel.status().message();
  return *intel;
}

TEST(IntelTest, AFeedThatCannotBeReadKeepsItsOwnWhileTheOthersAreNew) {
  const test::WrittenFile bad("192.0.2.7 # Dridex\n198.51.100.0/24\nevil.example\n2001:db8::/32\n"),
      good("192.0.2.8\n");
  const auto before = loaded({bad.path(), good.path()});
  bad.write(std::string_view("192.0.2.99\n\0", 12));  // No text any more.
  good.write("192.0.2.9\n");
  const auto after = reloaded(*before, {true, true});
  for (const char* kept : {"192.0.2.7", "198.51.100.200", "www.evil.example", "2001:db8::5"})
    EXPECT_TRUE(lists(*after, kept)) << kept;
  EXPECT_EQ(after->index.find(*model::IpAddress::parse("192.0.2.7"))->description, "Dridex");
  EXPECT_FALSE(lists(*after, "192.0.2.99"));
  EXPECT_FALSE(lists(*after, "192.0.2.8"));
  EXPECT_TRUE(lists(*after, "192.0.2.9"));
  EXPECT_THAT(after->feeds[0].failure, HasSubstr("zero bytes"));
  EXPECT_EQ(after->feeds[0].report.indicators(), 4U);
  EXPECT_EQ(after->feeds[1].failure, "");
  EXPECT_EQ(after->files_read, 1U);
  EXPECT_EQ(after->files_failed, 1U);
  const auto again = reloaded(*after, {false, false});  // As often as one likes.
  EXPECT_TRUE(lists(*again, kAny));
  EXPECT_THAT(again->feeds[0].failure, HasSubstr("zero bytes"));
  bad.write("192.0.2.99\n");
  EXPECT_EQ(reloaded(*again, {true, false})->feeds[0].failure, "");
}

// The document is only seen to be none when lines of it were taken.
TEST(IntelTest, NothingOfAFileThatTurnsOutToBeUnreadableIsTaken) {
  const test::WrittenFile first("192.0.2.7 # one\n"), second("evil.example # two\n");
  const auto before = loaded({first.path(), second.path()});
  std::atomic<bool> stop{true};
  EXPECT_EQ(reload_intel(*before, {true, true}, 100, 7, test::kNowS, &stop).status().code(), Code::kState);
  enrich::IntelBuilder builder(100, 7);
  builder.begin_feed(1);
  builder.take(*enrich::read_indicator("192.0.2.7").indicator);
  builder.begin_feed(1);
  for (const char* each : {"192.0.2.8", "192.0.2.0/24", "2001:db8::1", "gone.example"}) {
    enrich::Indicator indicator = *enrich::read_indicator(each).indicator;
    indicator.description = "gone";
    indicator.expires_s = test::kNowS;
    builder.take(indicator);
  }
  builder.take_back_feed();
  builder.take(*enrich::read_indicator("203.0.113.1").indicator);
  const enrich::IntelIndex index = builder.finish();
  EXPECT_EQ(index.indicators(), 2U);
  EXPECT_EQ(index.find(*model::IpAddress::parse("203.0.113.1"))->feed, 1);
  EXPECT_FALSE(index.find(*model::IpAddress::parse("192.0.2.8")));
  EXPECT_FALSE(index.find(*model::IpAddress::parse("2001:db8::1")));
  EXPECT_FALSE(index.find_domain("gone.example"));
  EXPECT_GT(index.next_expiry_s(), test::kNowS);
}

TEST(IntelTest, WhatTwoFeedsSayIsSaidByTheOtherWhenOneNoLongerDoes) {
  const test::WrittenFile first("192.0.2.7\n"), second("192.0.2.7\n192.0.2.0/24\n");
  const auto before = loaded({first.path(), second.path()});
  EXPECT_EQ(before->index.find(*model::IpAddress::parse(kAny))->feed, 0);
  first.write("192.0.2.1\n");
  const auto after = reloaded(*before, {true, false});
  EXPECT_EQ(after->index.find(*model::IpAddress::parse(kAny))->feed, 1);
}

TEST(IntelTest, WhatALongerListLeavesNoRoomForIsCountedAsBeyond) {
  const test::WrittenFile first("192.0.2.1\n"), second("192.0.2.7\n192.0.2.8\n");
  const auto before = loaded({first.path(), second.path()}, 3);
  first.write("192.0.2.1\n192.0.2.2\n");
  const auto after = reloaded(*before, {true, false}, 3);
  EXPECT_EQ(after->index.indicators(), 3U);
  EXPECT_EQ(after->feeds[1].report.indicators(), 1U);
  EXPECT_EQ(after->feeds[1].report.beyond, 1U);
}

#ifdef IPM_WITH_SIMDJSON
std::string indicator_until(std::string_view address, std::string_view until) {
  return R"({"type":"indicator","pattern_type":"stix","pattern":"[ipv4-addr:value=')" + std::string(address) +
         R"(']","valid_until":")" + std::string(until) + "\"}";
}

TEST(IntelTest, WhatHasExpiredIsLeftOutAndWhatItStoodBeforeIsFound) {
  const test::WrittenFile first("[" + indicator_until("192.0.2.7", "2026-09-21T15:00:00Z") + "," +
                                indicator_until("192.0.2.8", "2026-09-21T16:00:00Z") + "]"),
      second("192.0.2.7\n");
  const auto before = loaded({first.path(), second.path()});
  constexpr std::int64_t kFirst = 1'790'002'800;  // 15:00.
  EXPECT_EQ(before->index.next_expiry_s(), kFirst);
  EXPECT_EQ(reloaded(*before, {false, false}, 100, kFirst - 1)->index.find(*model::IpAddress::parse(kAny))->feed, 0);
  const auto after = reloaded(*before, {false, false}, 100, kFirst);
  EXPECT_EQ(after->index.find(*model::IpAddress::parse(kAny))->feed, 1);
  EXPECT_TRUE(lists(*after, "192.0.2.8"));
  EXPECT_EQ(after->feeds[0].report.expired, 1U);
  EXPECT_EQ(after->feeds[0].report.indicators(), 1U);
  EXPECT_EQ(after->files_read, 0U);
  EXPECT_EQ(after->index.next_expiry_s(), kFirst + 3'600);
}
#endif

TEST(IntelTest, AReplacedFileHasAnotherStamp) {
  const test::WrittenFile file("192.0.2.7\n");
  const enrich::FileStamp before = enrich::stamp_of(file.path());
  EXPECT_EQ(before, enrich::stamp_of(file.path()));
  const test::WrittenFile next("192.0.2.8\n");
  std::filesystem::copy(next.path(), file.path(), std::filesystem::copy_options::overwrite_existing);
  EXPECT_NE(before, enrich::stamp_of(file.path()));
  EXPECT_EQ(enrich::stamp_of("/nowhere").bytes, -1);
}

}  // namespace
}  // namespace ipm
