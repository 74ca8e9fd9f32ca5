#include "decode/flow/seen_bytes.h"

#include <gtest/gtest.h>

#include <ostream>

namespace ipm::decode::flow {

bool operator==(const NewBytes& a, const NewBytes& b) {
  return a.fresh == b.fresh && a.repeated == b.repeated && a.fills == b.fills;
}
void PrintTo(const NewBytes& bytes, std::ostream* out) {
  *out << bytes.fresh << " fresh, " << bytes.repeated << " repeated" << (bytes.fills ? ", fills" : "");
}

namespace {

struct Stream {
  explicit Stream(std::uint32_t first_byte = 100, std::uint32_t blocks_max = 10) : pool(blocks_max) {
    begin_stream(seen, first_byte);
  }
  NewBytes see(std::uint32_t start, std::uint32_t bytes) { return flow::see(seen, pool, start, bytes); }
  void ack(std::uint32_t number) { acknowledge(seen, pool, number); }
  std::uint64_t unseen() const { return unseen_bytes(seen, pool); }

  BlockPool pool;
  SeenBytes seen;
};
constexpr NewBytes fresh(std::uint32_t bytes) {
  return {bytes, 0, false};
}
constexpr NewBytes filling(std::uint32_t bytes, std::uint32_t repeated = 0) {
  return {bytes, repeated, true};
}
constexpr NewBytes again(std::uint32_t bytes) {
  return {0, bytes, false};
}

TEST(SeenBytesTest, BytesInOrderAreFresh) {
  Stream s;
  EXPECT_EQ(s.see(100, 10), fresh(10));
  EXPECT_EQ(s.see(110, 10), fresh(10));
  EXPECT_EQ(s.unseen(), 0U);
}

TEST(SeenBytesTest, BytesThatCameBeforeAreRepeated) {
  Stream s;
  s.see(100, 20);
  EXPECT_EQ(s.see(105, 10), again(10));
  EXPECT_EQ(s.see(110, 20), (NewBytes{10, 10, false}));
}

TEST(SeenBytesTest, AHoleIsUnseenUntilItIsFilled) {
  Stream s;
  s.see(100, 10);
  EXPECT_EQ(s.see(130, 10), fresh(10));
  EXPECT_EQ(s.unseen(), 20U);
  EXPECT_EQ(s.see(110, 20), filling(20));
  EXPECT_EQ(s.unseen(), 0U);
  EXPECT_EQ(s.pool.taken(), 0U);
}

TEST(SeenBytesTest, AHoleMayBeFilledFromBothEndsAndTheMiddle) {
  Stream s;
  s.see(140, 10);
  EXPECT_EQ(s.see(100, 10), filling(10));
  EXPECT_EQ(s.see(135, 10), filling(5, 5));
  EXPECT_EQ(s.see(120, 5), filling(5));
  EXPECT_EQ(s.unseen(), 20U);
  EXPECT_EQ(s.see(100, 50), filling(20, 30));
  EXPECT_EQ(s.unseen(), 0U);
}

TEST(SeenBytesTest, OneSegmentMayFillSeveralHolesAndGoOn) {
  Stream s;
  s.see(110, 10);
  s.see(130, 10);
  EXPECT_EQ(s.see(100, 50), (NewBytes{30, 20, true}));
}

TEST(SeenBytesTest, WhatThePeerHasWillNotBeSeen) {
  Stream s;
  s.see(120, 10);
  s.ack(110);
  EXPECT_EQ(s.unseen(), 20U);
  EXPECT_EQ(s.see(100, 20), filling(10, 10));
  s.ack(130);
  EXPECT_EQ(s.unseen(), 10U);
  EXPECT_EQ(s.pool.taken(), 0U);
}

TEST(SeenBytesTest, SevenHolesAreRememberedAndTheEighthCostsTheLowest) {
  Stream s;
  for (std::uint32_t i = 1; i <= kHolesMax; ++i) s.see(100 + i * 10, 5);
  EXPECT_TRUE(s.seen.exact);
  EXPECT_EQ(s.unseen(), 10U + 6 * 5);
  s.see(200, 5);
  EXPECT_FALSE(s.seen.exact);
  EXPECT_EQ(s.unseen(), 10U + 6 * 5 + 25);
  EXPECT_EQ(s.see(100, 10), again(10));
  EXPECT_EQ(s.see(115, 5), filling(5));
}

TEST(SeenBytesTest, WithoutMemoryAHoleIsUnseenForGood) {
  Stream s(100, 0);
  s.see(110, 10);
  EXPECT_FALSE(s.seen.exact);
  EXPECT_EQ(s.unseen(), 10U);
  EXPECT_EQ(s.see(100, 10), again(10));
}

TEST(SeenBytesTest, BelowTheStartOfACaptureBytesAreFreshUntilTheyAreAcknowledged) {
  BlockPool pool(10);
  SeenBytes seen;
  EXPECT_EQ(see(seen, pool, 1000, 10), fresh(10));
  EXPECT_EQ(see(seen, pool, 980, 20), filling(20));
  acknowledge(seen, pool, 999);
  EXPECT_EQ(see(seen, pool, 960, 20), filling(20));
  acknowledge(seen, pool, 1000);
  EXPECT_EQ(see(seen, pool, 940, 20), again(20));
}

TEST(SeenBytesTest, AJumpBeyondAnyWindowIsNoHole) {
  Stream s;
  EXPECT_EQ(s.see(100 + kWindowMaxBytes, 1), fresh(1));
  EXPECT_EQ(s.unseen(), kWindowMaxBytes);
  Stream t;
  EXPECT_EQ(t.see(101 + kWindowMaxBytes, 1), fresh(1));
  EXPECT_EQ(t.unseen(), 0U);
  EXPECT_FALSE(t.seen.exact);
}

TEST(SeenBytesTest, GoesOnBehindTheLastNumber) {
  Stream s(0xffff'fff0);
  EXPECT_EQ(s.see(0xffff'fff0, 10), fresh(10));
  EXPECT_EQ(s.see(4, 10), fresh(10));
  EXPECT_EQ(s.unseen(), 10U);
  EXPECT_EQ(s.see(0xffff'fffa, 10), filling(10));
  EXPECT_EQ(s.see(0xffff'fff0, 30), again(30));
}

}  // namespace
}  // namespace ipm::decode::flow
