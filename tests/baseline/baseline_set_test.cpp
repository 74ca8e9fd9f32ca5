// Baselines of many programs as one file: what was saved comes back, and nothing else is taken for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "baseline/baseline_file.h"
#include "baseline/baseline_set.h"
#include "support/noise.h"

namespace ipm::baseline {
namespace {

using testing::HasSubstr;

Baseline learned(std::uint64_t seed, double level) {
  test::Noise noise(seed);
  Baseline baseline;
  for (int i = 0; i < 1'000; ++i) baseline.update({}, i * 60, level + noise.normal());
  return baseline;
}

BaselineSet two_programs() {
  BaselineSet set;
  EXPECT_TRUE(set.put("/usr/bin/nginx", 0, learned(1, 10)).ok());
  EXPECT_TRUE(set.put("/usr/bin/nginx", 1, learned(2, 20)).ok());
  EXPECT_TRUE(set.put("/usr/bin/cron", 0, learned(3, 30)).ok());
  return set;
}

std::string message_of(std::string_view bytes) {
  const Result<BaselineSet> set = BaselineSet::decode(bytes);
  if (set.ok()) return "ok";
  return std::string(code_name(set.status().code())) + " " + std::string(set.status().message());
}

TEST(BaselineSetTest, WhatWasSavedComesBackToTheByte) {
  const BaselineSet set = two_programs();
  const std::string bytes = set.encode();
  const Result<BaselineSet> back = BaselineSet::decode(bytes);
  ASSERT_TRUE(back.ok()) << back.status().message();
  EXPECT_EQ(back->encode(), bytes);
  ASSERT_NE(back->find("/usr/bin/nginx", 1), nullptr);
  EXPECT_EQ(std::memcmp(back->find("/usr/bin/nginx", 1), set.find("/usr/bin/nginx", 1), sizeof(Baseline)), 0);
  EXPECT_EQ(back->find("/usr/bin/nginx", 2), nullptr);
}

TEST(BaselineSetTest, TheOrderInWhichItWasFilledDoesNotShow) {
  BaselineSet other;
  ASSERT_TRUE(other.put("/usr/bin/cron", 0, learned(3, 30)).ok());
  ASSERT_TRUE(other.put("/usr/bin/nginx", 1, learned(2, 20)).ok());
  ASSERT_TRUE(other.put("/usr/bin/nginx", 0, learned(1, 10)).ok());
  EXPECT_EQ(other.encode(), two_programs().encode());
}

TEST(BaselineSetTest, TheIntervalOfTheSamplesIsPartOfTheFile) {
  BaselineSet set = two_programs();
  set.set_interval_s(60);
  const Result<BaselineSet> back = BaselineSet::decode(set.encode());
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->interval_s(), 60U);
}

TEST(BaselineSetTest, AnEmptySetIsAFileToo) {
  const Result<BaselineSet> back = BaselineSet::decode(BaselineSet().encode());
  ASSERT_TRUE(back.ok());
  EXPECT_TRUE(back->all().empty());
}

TEST(BaselineSetTest, AnyFlippedBitIsFound) {
  const std::string bytes = two_programs().encode();
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << (at % 8)));
    ASSERT_FALSE(BaselineSet::decode(damaged).ok()) << at;
  }
}

TEST(BaselineSetTest, AnyCutIsFound) {
  const std::string bytes = two_programs().encode();
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    ASSERT_FALSE(BaselineSet::decode(std::string_view(bytes).substr(0, length)).ok()) << length;
  }
  EXPECT_THAT(message_of(bytes + "x"), HasSubstr("byte " + std::to_string(bytes.size()) + ": bytes behind the last"));
}

TEST(BaselineSetTest, SaysWhatIsWrongAndWhere) {
  std::string bytes = two_programs().encode();
  EXPECT_THAT(message_of("IPMLOG\r\n\x1a and more than thirty-two bytes of it"),
              HasSubstr("byte 0: this is no baseline file"));
  EXPECT_THAT(message_of(bytes.substr(0, 40)), HasSubstr("byte 32: ends within a record"));
  // The first record: its header at 32, "/usr/bin/cron" at 48, its state behind.
  bytes[48] = 'X';
  EXPECT_THAT(message_of(bytes), HasSubstr("byte 32: the record is damaged"));
  bytes = two_programs().encode();
  bytes[1] = 'p';
  EXPECT_THAT(message_of(bytes), HasSubstr("byte 0: this is no baseline file"));
}

TEST(BaselineSetTest, ALaterVersionIsRefusedByItsNumber) {
  std::string bytes = two_programs().encode();
  file_format::FileHeader header;
  std::memcpy(&header, bytes.data(), sizeof header);
  header.version = 7;
  header.checksum = file_format::checksum_of(header);
  std::memcpy(bytes.data(), &header, sizeof header);
  EXPECT_THAT(message_of(bytes), HasSubstr("version 7"));
  EXPECT_EQ(BaselineSet::decode(bytes).status().code(), Code::kUnsupported);
}

TEST(BaselineSetTest, AStateThatNoUpdateCanLeaveIsRefusedDespiteItsChecksum) {
  std::string bytes = two_programs().encode();
  file_format::RecordHeader record;
  std::memcpy(&record, bytes.data() + 32, sizeof record);
  const std::size_t state = 48 + record.app_bytes;
  const double wrong = -1;  // The unit, which comes first.
  std::memcpy(bytes.data() + state, &wrong, sizeof wrong);
  record.checksum = file_format::checksum_of(record, bytes.data() + 48, record.app_bytes + sizeof(Baseline), 0);
  std::memcpy(bytes.data() + 32, &record, sizeof record);
  EXPECT_THAT(message_of(bytes), HasSubstr("byte " + std::to_string(state) + ": no baseline looks like this"));
}

TEST(BaselineSetTest, MergingAddsWhatIsNewAndMergesWhatIsInBoth) {
  BaselineSet mine = two_programs(), theirs;
  ASSERT_TRUE(theirs.put("/usr/bin/cron", 0, learned(4, 30)).ok());
  ASSERT_TRUE(theirs.put("/usr/bin/curl", 0, learned(5, 1)).ok());
  ASSERT_TRUE(mine.merge(theirs).ok());
  EXPECT_EQ(mine.all().size(), 4U);
  EXPECT_EQ(mine.find("/usr/bin/cron", 0)->samples(), 2'000U);
  EXPECT_EQ(mine.find("/usr/bin/curl", 0)->samples(), 1'000U);
}

TEST(BaselineSetTest, WhatIsNotConfirmedIsSoInTheFileToo) {
  BaselineSet set = two_programs();
  set.set_unconfirmed("/usr/bin/nginx", true);
  const Result<BaselineSet> back = BaselineSet::decode(set.encode());
  ASSERT_TRUE(back.ok()) << back.status().message();
  EXPECT_TRUE(back->unconfirmed("/usr/bin/nginx"));
  EXPECT_FALSE(back->unconfirmed("/usr/bin/cron"));
  EXPECT_EQ(back->encode(), set.encode());
}

TEST(BaselineSetTest, OneThatIsSureMakesTheMergedOneSureAndWhatReplacesSaysWhatItIs) {
  BaselineSet sure = two_programs(), unsure = two_programs(), other;
  unsure.set_unconfirmed("/usr/bin/nginx", true);
  ASSERT_TRUE(other.put("/usr/bin/curl", 0, learned(5, 1)).ok());
  other.set_unconfirmed("/usr/bin/curl", true);
  const auto merged = [](BaselineSet into, const BaselineSet& from) {
    EXPECT_TRUE(into.merge(from).ok());
    return into;
  };
  EXPECT_FALSE(merged(sure, unsure).unconfirmed("/usr/bin/nginx"));
  EXPECT_FALSE(merged(unsure, sure).unconfirmed("/usr/bin/nginx"));
  EXPECT_TRUE(merged(unsure, unsure).unconfirmed("/usr/bin/nginx"));
  EXPECT_TRUE(merged(sure, other).unconfirmed("/usr/bin/curl"));
  BaselineSet replaced = sure;
  ASSERT_TRUE(replaced.replace(unsure).ok());
  EXPECT_TRUE(replaced.unconfirmed("/usr/bin/nginx"));
  ASSERT_TRUE(replaced.replace(sure).ok());
  EXPECT_FALSE(replaced.unconfirmed("/usr/bin/nginx"));
  unsure.keep_newest(0);
  EXPECT_FALSE(unsure.unconfirmed("/usr/bin/nginx"));
}

TEST(BaselineSetTest, AFlagThatNobodyHasGivenIsRefused) {
  std::string bytes = two_programs().encode();
  file_format::RecordHeader record;
  std::memcpy(&record, bytes.data() + 32, sizeof record);
  record.flags = 2;
  record.checksum = file_format::checksum_of(record, bytes.data() + 48, record.app_bytes + sizeof(Baseline), 0);
  std::memcpy(bytes.data() + 32, &record, sizeof record);
  EXPECT_THAT(message_of(bytes), HasSubstr("byte 32: flags that nobody has given"));
}

TEST(BaselineSetTest, AKeyLongerThanTheFileHoldsIsRefused) {
  BaselineSet set;
  EXPECT_TRUE(set.put(std::string(BaselineSet::kAppBytesMax, 'a'), 0, Baseline()).ok());
  EXPECT_EQ(set.put(std::string(BaselineSet::kAppBytesMax + 1, 'a'), 0, Baseline()).code(), Code::kLimit);
}

}  // namespace
}  // namespace ipm::baseline
