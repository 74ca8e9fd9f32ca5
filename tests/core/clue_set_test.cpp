// Clues as bytes: what is written is read back, and what is not what was written is refused with its place.
#include "core/clue_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "core/clue_file.h"

namespace ipm::core {
namespace {

using model::ClueKind;
using testing::HasSubstr;

class ClueSetTest : public ::testing::Test {
 protected:
  ClueSetTest() : book_(store_, texts_, 64, evicted_) {
    add({ClueKind::kJa4, 7}, "curl", 3);
    add({ClueKind::kJa4, 7}, "fox", 2);
    add({ClueKind::kName, 5}, "fox", 1);
    book_.add({ClueKind::kName, 5}, 0, 4, 2, 0);
  }
  void add(const Clue& clue, const std::string& app, std::uint32_t flows) {
    book_.add(clue, texts_.intern(app), flows, 0, 0);
  }
  ClueSet set() const { return {book_, texts_}; }

  PageStore store_{1U << 20};
  TextTable texts_{store_, 1'000, 1U << 20, 7};
  std::uint64_t evicted_ = 0;
  ClueBook book_;
};

TEST_F(ClueSetTest, HasWhatTheBookHas) {
  const ClueSet set = this->set();
  ASSERT_EQ(set.all().size(), 2U);
  EXPECT_EQ(set.all().at({ClueKind::kJa4, 7}), (ClueApps{.flows = {{"curl", 3}, {"fox", 2}}}));
  EXPECT_EQ(set.all().at({ClueKind::kName, 5}), (ClueApps{.flows = {{"fox", 1}}, .other_flows = 4, .other_apps = 2}));
}

TEST_F(ClueSetTest, BytesGiveTheSameSetAndTheSameBytes) {
  const std::string bytes = set().encode();
  const Result<ClueSet> read = ClueSet::decode(bytes);
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->all(), set().all());
  EXPECT_EQ(read->encode(), bytes);
  ASSERT_TRUE(ClueSet::decode(ClueSet().encode()).ok());
}

TEST_F(ClueSetTest, NewerReplacesAndTheBusiestStay) {
  ClueSet all = set();
  book_.add({ClueKind::kPort, 9}, texts_.intern("fox"), 1, 0, 0);
  add({ClueKind::kJa4, 7}, "curl", 1);
  all.replace(set());
  EXPECT_EQ(all.all().at({ClueKind::kJa4, 7}).flows.at("curl"), 4U);
  EXPECT_EQ(all.all().size(), 3U);
  all.keep_busiest(2);
  EXPECT_EQ(all.all().size(), 2U);
  EXPECT_FALSE(all.all().contains({ClueKind::kPort, 9}));
}

TEST_F(ClueSetTest, EveryBitCounts) {
  const std::string good = set().encode();
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bytes = good;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(ClueSet::decode(bytes).ok()) << "bit " << bit;
  }
}

TEST_F(ClueSetTest, EveryCutIsRefused) {
  const std::string good = set().encode();
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(ClueSet::decode(good.substr(0, size)).status().code(), Code::kCorrupt) << size;
  }
  EXPECT_EQ(ClueSet::decode(good + "x").status().code(), Code::kCorrupt);
}

// Behind a checksum that is right.
TEST_F(ClueSetTest, WhatCannotBeIsRefusedWithItsPlace) {
  const std::string good = set().encode();
  constexpr std::size_t kApps = sizeof(file_format::FileHeader);
  constexpr std::size_t kFirst = kApps + 2 + 4 + 2 + 3;  // Behind "curl" and "fox".
  const auto refused = [&](std::size_t at, char value) {
    std::string bytes = good;
    bytes[at] = value;
    file_format::FileHeader header;
    std::memcpy(&header, bytes.data(), sizeof header);
    header.checksum = file_format::checksum_of(header, std::string_view(bytes).substr(sizeof header));
    std::memcpy(bytes.data(), &header, sizeof header);
    return std::string(ClueSet::decode(bytes).status().message());
  };
  EXPECT_THAT(refused(12, 1), HasSubstr("byte 38: "));  // One app fewer: what follows is no clue.
  EXPECT_THAT(refused(20, 1), HasSubstr("byte 20: not zero"));
  EXPECT_THAT(refused(8, 2), HasSubstr("version 2; this build reads version 1"));
  EXPECT_THAT(refused(kApps, 0), HasSubstr("byte 32: no key of an app is as long as this"));
  EXPECT_THAT(refused(kApps + 2, 'z'), HasSubstr("byte 38: keys of apps are not in order"));
  EXPECT_THAT(refused(kFirst + 14, 6), HasSubstr("byte 43: no clue is of this kind"));
  EXPECT_THAT(refused(kFirst + 15, 5), HasSubstr("byte 43: its apps are too many, or none"));
  EXPECT_THAT(refused(kFirst + 12, 1), HasSubstr("byte 43: its apps are too many, or none"));
  EXPECT_THAT(refused(kFirst + 16, 9), HasSubstr("byte 59: there is no such app, or it has no flows"));
  EXPECT_THAT(refused(kFirst + 20, 0), HasSubstr("byte 59: there is no such app, or it has no flows"));
  EXPECT_THAT(refused(kFirst + 24, 0), HasSubstr("byte 67: apps of a clue are not in order"));
  EXPECT_THAT(refused(kFirst + 14, 3), HasSubstr("byte 75: clues are not in order"));
}

}  // namespace
}  // namespace ipm::core
