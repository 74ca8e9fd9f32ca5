// The tables behind the source, and the walk over a recorded /proc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "source/sock_diag/closed_sockets.h"
#include "source/sock_diag/owner_walk.h"
#include "source/sock_diag/socket_table.h"
#include "support/events.h"

namespace ipm::source::sock_diag {
namespace {

using test::tuple;

model::FlowTuple other_end(const model::FlowTuple& t, std::uint32_t netns) {
  model::FlowTuple other = reversed(t);
  other.netns = netns;
  return other;
}

TEST(SocketTableTest, OtherEndIsFoundInAnyNamespace) {
  SocketTable table;
  const model::FlowTuple here = tuple(1'000, 80);
  ASSERT_NE(table.insert(1, here), nullptr);
  ASSERT_NE(table.insert(2, other_end(here, 99)), nullptr);
  EXPECT_EQ(table.find_peer(here).first, 2U);
  table.erase(2);
  EXPECT_EQ(table.find_peer(here).second, nullptr);
}

TEST(SocketTableTest, FullTableRefuses) {
  SocketTable table(1);
  EXPECT_NE(table.insert(1, tuple(1, 80)), nullptr);
  EXPECT_EQ(table.insert(2, tuple(2, 80)), nullptr);
}

TEST(ListenerBookTest, WildcardsOfBothFamiliesListen) {
  for (const char* address : {"10.0.0.1", "0.0.0.0", "::"}) {
    ListenerBook book;
    book.seen(tuple(80, 0, "0.0.0.0", model::kProtocolTcp, address), 5);
    EXPECT_TRUE(book.listens(tuple(80, 4'000))) << address;
    EXPECT_FALSE(book.listens(tuple(81, 4'000))) << address;
    model::FlowTuple elsewhere = tuple(80, 4'000);
    elsewhere.netns = 2;
    EXPECT_FALSE(book.listens(elsewhere)) << address;
    book.forget_before(6);
    EXPECT_FALSE(book.listens(tuple(80, 4'000))) << address;
  }
}

TEST(ClosedSocketsTest, OldestIsForgottenAtTheBound) {
  ClosedSockets closed(2);
  closed.add(1, tuple(1, 80), 10);
  closed.add(2, tuple(2, 80), 20);
  EXPECT_TRUE(closed.contains(1));
  closed.add(3, tuple(3, 80), 30);
  EXPECT_FALSE(closed.contains(1));
  EXPECT_FALSE(closed.peer_sent(other_end(tuple(1, 80), 1)));
  EXPECT_EQ(closed.peer_sent(other_end(tuple(3, 80), 7)), 30U);
}

TEST(ClosedSocketsTest, RecordOfAGoneSocketIsGivenOnce) {
  ClosedSockets closed;
  SocketRecord record;
  record.tuple = tuple(1, 80);
  record.reported.tx_bytes = 5;
  closed.add_gone(1, record);
  closed.set_sent(1, record.tuple, 9);
  ASSERT_TRUE(closed.gone(1));
  const auto taken = closed.take_gone(1);
  ASSERT_NE(taken, nullptr);
  EXPECT_EQ(taken->reported.tx_bytes, 5U);
  EXPECT_EQ(closed.take_gone(1), nullptr);
  EXPECT_TRUE(closed.contains(1));
}

TEST(ClosedSocketsTest, TupleInUseAgainForgetsTheOtherEndOfTheConnectionBefore) {
  ClosedSockets closed;
  const model::FlowTuple here = tuple(1, 80), there = other_end(here, 1);
  closed.add(1, here, 10);
  closed.add(2, there, 20);
  EXPECT_EQ(closed.peer_sent(here), 20U);
  closed.add(3, here, 30);
  EXPECT_FALSE(closed.peer_sent(here));
  closed.add(4, there, 40);
  EXPECT_EQ(closed.peer_sent(here), 40U);
  EXPECT_EQ(closed.peer_sent(there), 30U);
}

TEST(OwnerWalkTest, HoldersAreCountedByProcess) {
  OwnerWalk walk(IPM_TEST_DATA "/proc");
  walk.begin({4'711, 4'712, 5'000}, {}, 0);
  while (!walk.step(1, 0)) {
  }
  EXPECT_TRUE(walk.complete());
  ASSERT_NE(walk.holders(4'711), nullptr);
  EXPECT_EQ(walk.holders(4'711)->count, 2);
  EXPECT_THAT((std::vector<std::uint32_t>{walk.holders(4'711)->pids[0], walk.holders(4'711)->pids[1]}),
              testing::UnorderedElementsAre(101, 202));
  ASSERT_NE(walk.holders(4'712), nullptr);
  EXPECT_EQ(walk.holders(4'712)->count, 1);
  EXPECT_EQ(walk.holders(5'000), nullptr);
  EXPECT_EQ(walk.holders(999), nullptr) << "not asked for";
}

TEST(OwnerWalkTest, BetweenCompleteWalksOnlyLikelyProcessesAreLookedAt) {
  OwnerWalk walk(IPM_TEST_DATA "/proc");
  walk.begin({4'711}, {}, 0);
  while (!walk.step(100, 0)) {
  }
  walk.begin({4'711}, {202}, 1);
  while (!walk.step(100, 1)) {
  }
  EXPECT_FALSE(walk.complete());
  ASSERT_NE(walk.holders(4'711), nullptr);
  EXPECT_EQ(walk.holders(4'711)->count, 1);
}

}  // namespace
}  // namespace ipm::source::sock_diag
