#include "decode/flow/slab.h"

#include <gtest/gtest.h>

namespace ipm::decode::flow {
namespace {

TEST(SlabTest, GivesOutItsBoundAndNoMore) {
  BlockPool pool(2);
  EXPECT_EQ(pool.take(), 0U);
  EXPECT_FALSE(pool.full());
  EXPECT_EQ(pool.take(), 1U);
  EXPECT_TRUE(pool.full());
  EXPECT_EQ(pool.take(), kNoSlot);
  EXPECT_EQ(pool.taken(), 2U);
}

TEST(SlabTest, WhatWasGivenBackLastIsTakenFirstAndIsAsNew) {
  BlockPool pool(3);
  for (int i = 0; i < 3; ++i) pool.at(pool.take()).words[5] = 7;
  pool.give(0);
  pool.give(2);
  EXPECT_EQ(pool.take(), 2U);
  EXPECT_EQ(pool.at(2).words[5], 0U);
  EXPECT_EQ(pool.take(), 0U);
  EXPECT_EQ(pool.take(), kNoSlot);
}

TEST(SlabTest, ItemsStayWhereTheyAreWhenItGrows) {
  Slab<Block, 4> pool(100);
  const Block* first = &pool.at(pool.take());
  for (int i = 0; i < 99; ++i) pool.at(pool.take()).words[0] = 1;
  EXPECT_EQ(first, &pool.at(0));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(first) % 64, 0U);
  EXPECT_EQ(pool.bytes(), 100 * sizeof(Block));
}

// 64 lines are a chunk of 4 KiB: 512 of them by one, then 512 at once.
TEST(SlabTest, ALargeSlabGrowsByLargePagesAndKeepsWhatIsInIt) {
  using Lines = Slab<Block, 64>;
  constexpr std::uint32_t kSmall = 512 * 64;
  Lines pool(4 * kSmall);
  const auto fill_to = [&](std::uint32_t count) {
    while (pool.taken() < count) {
      const std::uint32_t slot = pool.take();
      pool.at(slot).words[0] = slot;
    }
  };
  fill_to(kSmall);
  EXPECT_EQ(pool.bytes(), std::size_t{2} << 20);
  fill_to(kSmall + 1);
  EXPECT_EQ(pool.bytes(), std::size_t{4} << 20);
  fill_to(2 * kSmall);
  EXPECT_EQ(pool.bytes(), std::size_t{4} << 20);
  const Lines copy(pool);
  for (std::uint32_t slot = 0; slot < 2 * kSmall; ++slot) {
    ASSERT_EQ(pool.at(slot).words[0], slot);
    ASSERT_EQ(copy.at(slot).words[0], slot);
  }
}

TEST(SlabTest, NoLargePageIsTakenForLessThanOne) {
  Slab<Block, 64> pool(2 * 512 * 64 - 1);
  while (pool.take() != kNoSlot) {
  }
  EXPECT_EQ(pool.bytes(), std::size_t{4} << 20);
  Slab<Block, 64> shorter(512 * 64 + 64);
  while (shorter.take() != kNoSlot) {
  }
  EXPECT_EQ(shorter.bytes(), (std::size_t{2} << 20) + 4096);
}

}  // namespace
}  // namespace ipm::decode::flow
