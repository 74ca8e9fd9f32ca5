// The book of clues: what it keeps of each, and what goes when it is full.
#include "core/clue_book.h"

#include <gtest/gtest.h>

#include <string>

#include "core/bounds.h"
#include "support/events.h"

namespace ipm::core {
namespace {

using model::ClueKind;
using test::kT0;

class ClueBookTest : public ::testing::Test {
 protected:
  explicit ClueBookTest(std::uint32_t clues_max = 16) : book_(store_, texts_, clues_max, evicted_) {}
  std::uint32_t app(const std::string& key) { return texts_.intern(key); }
  // Keys of one set, whatever the number of sets below 1,000.
  static Clue clue(std::uint64_t number) { return {ClueKind::kJa4, number * 1'000'000}; }
  const ClueRow* find(const Clue& clue) const { return find_clue(book_.rows(), clue); }
  std::uint32_t flows_of(const Clue& clue, std::uint32_t app) const {
    const ClueRow* row = find(clue);
    for (std::uint32_t i = 0; row != nullptr && i < ClueRow::kApps; ++i) {
      if (row->apps[i] == app) return row->flows[i];
    }
    return 0;
  }

  PageStore store_{1U << 20};
  TextTable texts_{store_, 1'000, 1U << 20, 7};
  std::uint64_t evicted_ = 0;
  ClueBook book_;
};

TEST_F(ClueBookTest, HoldsNothingBeforeTheFirstClue) {
  EXPECT_EQ(find(clue(1)), nullptr);
  EXPECT_EQ(book_.rows().slots(), 0U);
}

TEST_F(ClueBookTest, AddsUpByAppAndKind) {
  const std::uint32_t a = app("a"), b = app("b");
  book_.add(clue(1), a, 1, 0, kT0);
  book_.add(clue(1), a, 2, 0, kT0);
  book_.add(clue(1), b, 1, 0, kT0);
  book_.add({ClueKind::kName, clue(1).key}, b, 9, 0, kT0);
  EXPECT_EQ(flows_of(clue(1), a), 3U);
  EXPECT_EQ(flows_of(clue(1), b), 1U);
  EXPECT_EQ(find(clue(1))->all_flows(), 4U);
  EXPECT_EQ(book_.used(), 2U);
}

TEST_F(ClueBookTest, FifthAppTakesThePlaceOfTheRarest) {
  for (std::uint32_t i = 1; i <= 4; ++i) book_.add(clue(1), app("app" + std::to_string(i)), i, 0, kT0);
  book_.add(clue(1), app("new"), 1, 0, kT0);
  EXPECT_EQ(flows_of(clue(1), app("app1")), 0U);
  EXPECT_EQ(flows_of(clue(1), app("new")), 1U);
  EXPECT_EQ(find(clue(1))->other_flows, 1U);
  EXPECT_EQ(find(clue(1))->other_apps, 1U);
  EXPECT_EQ(find(clue(1))->all_flows(), 11U);
}

TEST_F(ClueBookTest, CountsAreHalvedBeforeTheyReachTheirBound) {
  const std::uint32_t often = app("often"), once = app("once");
  book_.add(clue(1), once, 1, 0, kT0);
  book_.add(clue(1), often, ClueBook::kFlowsMax - 2, 0, kT0);
  EXPECT_EQ(find(clue(1))->all_flows(), ClueBook::kFlowsMax - 1);
  book_.add(clue(1), often, 1, 0, kT0);
  EXPECT_EQ(flows_of(clue(1), often), (ClueBook::kFlowsMax - 1) / 2);
  EXPECT_EQ(flows_of(clue(1), once), 0U);
}

// A file may say anything.
TEST_F(ClueBookTest, NumbersBeyondTheBoundAreCut) {
  const std::uint32_t a = app("a");
  book_.add(clue(1), a, 0xffff'ffff, 0, kT0);
  book_.add(clue(1), 0, 0xffff'ffff, 0xffff, kT0);
  book_.add(clue(1), 0, 0xffff'ffff, 0xffff, kT0);
  EXPECT_LT(find(clue(1))->all_flows(), ClueBook::kFlowsMax);
  EXPECT_EQ(find(clue(1))->other_apps, 0xffffU);
}

class FullClueBookTest : public ClueBookTest {
 protected:
  FullClueBookTest() : ClueBookTest(8) {
    for (std::uint64_t i = 1; i <= 8; ++i)
      book_.add(clue(i), app("a"), i == 5 ? 1 : 3, 0, kT0 + static_cast<TimeNs>(i));
  }
};

TEST_F(FullClueBookTest, ClueThatFewestFlowsShowedMakesRoom) {
  EXPECT_EQ(evicted_, 0U);
  book_.add(clue(9), app("b"), 1, 0, kT0 + 9);
  EXPECT_EQ(find(clue(5)), nullptr);
  EXPECT_NE(find(clue(9)), nullptr);
  EXPECT_EQ(evicted_, 1U);
  EXPECT_EQ(book_.used(), 8U);
}

TEST_F(FullClueBookTest, OfEqualsTheOneShownLongestAgoMakesRoom) {
  book_.add(clue(5), app("a"), 2, 0, kT0 + 9);
  book_.add(clue(1), app("a"), 0, 0, kT0 + 10);
  book_.add(clue(9), app("b"), 1, 0, kT0 + 11);
  EXPECT_EQ(find(clue(2)), nullptr);
  EXPECT_NE(find(clue(1)), nullptr);
}

TEST_F(FullClueBookTest, BoundHoldsAndTextsGoWithTheirClues) {
  for (std::uint64_t i = 10; i < 1'000; ++i) {
    const std::uint32_t text = app("app" + std::to_string(i));
    book_.add(clue(i), text, 1, 0, kT0 + static_cast<TimeNs>(i));
    texts_.release(text);
  }
  EXPECT_EQ(book_.used(), 8U);
  EXPECT_EQ(book_.rows().slots(), 8U);
  EXPECT_EQ(evicted_, 990U);
  EXPECT_LE(texts_.rows().used(), 8U + 1);  // Of each row at most one, and "a".
}

}  // namespace
}  // namespace ipm::core
