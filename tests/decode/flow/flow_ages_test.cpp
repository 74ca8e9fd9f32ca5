#include "decode/flow/flow_ages.h"

#include <gtest/gtest.h>

#include <vector>

namespace ipm::decode::flow {
namespace {

// What the table knows of each slot; -1: not one to be taken.
struct Ages {
  void put(std::uint32_t slot) { ages.put(slot, touched[slot]); }
  std::uint32_t take() {
    return ages.take_oldest([&](std::uint32_t slot, TimeNs* touched_ns) {
      *touched_ns = touched[slot];
      return touched[slot] >= 0;
    });
  }
  std::vector<TimeNs> touched;
  FlowAges ages;
};

TEST(FlowAgesTest, GivesWhatWasTouchedLongestAgoFirst) {
  Ages a{{30, 10, 20}, {}};
  for (std::uint32_t slot = 0; slot < 3; ++slot) a.put(slot);
  EXPECT_EQ(a.take(), 1U);
  EXPECT_EQ(a.take(), 2U);
  EXPECT_EQ(a.take(), 0U);
  EXPECT_EQ(a.take(), kNoSlot);
}

TEST(FlowAgesTest, ATouchCountsThoughItWasNotTold) {
  Ages a{{10, 20, 30}, {}};
  for (std::uint32_t slot = 0; slot < 3; ++slot) a.put(slot);
  a.touched[0] = 25;
  EXPECT_EQ(a.take(), 1U);
  EXPECT_EQ(a.take(), 0U);
}

TEST(FlowAgesTest, WhatMayNotBeTakenIsForgotten) {
  Ages a{{10, 20}, {}};
  a.put(0);
  a.put(1);
  a.touched[0] = -1;
  EXPECT_EQ(a.take(), 1U);
  EXPECT_EQ(a.take(), kNoSlot);
}

TEST(FlowAgesTest, ASlotThatChangedHandsHasOneEntry) {
  Ages a{{10, 20}, {}};
  a.put(0);
  a.put(1);
  a.touched[0] = 40;  // Another flow.
  a.put(0);
  EXPECT_EQ(a.take(), 1U);
  EXPECT_EQ(a.take(), 0U);
  EXPECT_EQ(a.take(), kNoSlot);
}

}  // namespace
}  // namespace ipm::decode::flow
