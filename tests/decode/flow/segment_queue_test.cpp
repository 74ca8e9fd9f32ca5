#include "decode/flow/segment_queue.h"

#include <gtest/gtest.h>

namespace ipm::decode::flow {
namespace {

struct Queue {
  explicit Queue(std::uint32_t blocks_max = 100, std::uint32_t segments_max = 64)
      : pool(blocks_max), limit(segments_max) {}
  void push(std::uint32_t start, std::uint32_t end, TimeNs time_ns, bool repeated = false) {
    Segments(queue, near, pool).push(start, {end, repeated, time_ns}, limit);
  }
  Acknowledged pop(std::uint32_t ack) { return Segments(queue, near, pool).pop(ack); }

  BlockPool pool;
  std::uint32_t limit;
  SegmentQueue queue;
  NearSegments near;
};

TEST(SegmentQueueTest, AnAckTakesAllSegmentsThatEndUpToIt) {
  Queue q;
  q.push(0, 10, 1);
  q.push(10, 20, 2);
  q.push(20, 30, 3);
  const Acknowledged acked = q.pop(20);
  EXPECT_TRUE(acked.exact);
  EXPECT_EQ(acked.exact_time_ns, 2);
  EXPECT_EQ(acked.newest.end, 20U);
  EXPECT_EQ(q.queue.segments, 1);
}

TEST(SegmentQueueTest, AnAckInsideOfASegmentIsNotExact) {
  Queue q;
  q.push(0, 10, 1);
  q.push(10, 20, 2);
  const Acknowledged acked = q.pop(19);
  EXPECT_FALSE(acked.exact);
  EXPECT_TRUE(acked.any);
  EXPECT_EQ(acked.newest.end, 10U);
  EXPECT_EQ(q.queue.segments, 1);
}

TEST(SegmentQueueTest, OfSegmentsWithOneEndTheFirstCounts) {
  Queue q;
  q.push(0, 10, 1);
  q.push(0, 10, 7, true);
  const Acknowledged acked = q.pop(10);
  EXPECT_EQ(acked.exact_time_ns, 1);
  EXPECT_TRUE(acked.newest.repeated);
}

TEST(SegmentQueueTest, ARepeatMarksWhatItCoversAndNothingElse) {
  Queue q;
  for (std::uint32_t i = 0; i < 4; ++i) q.push(i * 10, i * 10 + 10, i);
  q.push(10, 30, 9, true);
  EXPECT_FALSE(q.pop(10).newest.repeated);
  EXPECT_TRUE(q.pop(20).newest.repeated);
  EXPECT_TRUE(q.pop(30).newest.repeated);
  EXPECT_FALSE(q.pop(40).newest.repeated);
}

// Segments of other sizes than the first time, over several blocks of the pool.
TEST(SegmentQueueTest, ASegmentFromTheMiddleFindsItsPlace) {
  Queue q;
  for (std::uint32_t i = 0; i < 12; ++i) q.push(i * 10, i * 10 + 10, i);
  q.push(30, 35, 50, true);
  EXPECT_EQ(q.queue.segments, 13);
  EXPECT_EQ(q.pop(30).exact_time_ns, 2);
  EXPECT_EQ(q.pop(35).exact_time_ns, 50);
  EXPECT_EQ(q.pop(40).exact_time_ns, 3);
  for (std::uint32_t i = 4; i < 12; ++i) EXPECT_EQ(q.pop(i * 10 + 10).exact_time_ns, i);
  EXPECT_EQ(q.pool.taken(), 0U);
}

TEST(SegmentQueueTest, AFullQueueForgetsEverySecondSegment) {
  Queue q(100, 8);
  for (std::uint32_t i = 1; i <= 8; ++i) q.push(i, i + 1, i);
  EXPECT_EQ(q.queue.segments, 8);
  q.push(9, 10, 9);
  EXPECT_EQ(q.queue.segments, 5);
  EXPECT_EQ(q.pop(2).exact_time_ns, 1);
  EXPECT_FALSE(q.pop(3).any);
  EXPECT_EQ(q.pop(4).exact_time_ns, 3);
  EXPECT_EQ(q.pop(10).exact_time_ns, 9);
  EXPECT_EQ(q.pool.taken(), 0U);
}

TEST(SegmentQueueTest, AnEmptyPoolKeepsWhatIsThere) {
  Queue q(1);
  for (std::uint32_t i = 0; i < 9; ++i) q.push(i * 10, i * 10 + 10, i);
  EXPECT_EQ(q.queue.segments, 7);
  EXPECT_EQ(q.pop(90).newest.end, 70U);
  EXPECT_EQ(q.pool.taken(), 0U);
  q.push(90, 100, 9);
  EXPECT_TRUE(q.pop(100).exact);
}

TEST(SegmentQueueTest, TwoSegmentsTakeNothingFromThePool) {
  Queue q(0);
  for (std::uint32_t i = 0; i < 100; ++i) {
    q.push(i, i + 1, i);
    if (i != 0) {
      EXPECT_EQ(q.pop(i).exact_time_ns, i - 1);
    }
  }
  EXPECT_EQ(q.queue.segments, 1);
  q.push(100, 101, 100);
  q.push(101, 102, 101);  // No room.
  EXPECT_EQ(q.pop(102).newest.end, 101U);
}

TEST(SegmentQueueTest, AQueueThatWasThinnedMayFitBesideTheFlow) {
  Queue q(100, 3);
  for (std::uint32_t i = 1; i <= 3; ++i) q.push(i, i + 1, i);
  EXPECT_EQ(q.pool.taken(), 1U);
  q.push(4, 5, 4);
  EXPECT_EQ(q.queue.segments, 3);
  EXPECT_EQ(q.pop(2).exact_time_ns, 1);
  EXPECT_EQ(q.pop(4).exact_time_ns, 3);
  EXPECT_EQ(q.pop(5).exact_time_ns, 4);
  EXPECT_EQ(q.pool.taken(), 0U);
}

TEST(SegmentQueueTest, GoesOnBehindTheLastNumber) {
  Queue q;
  q.push(0xffff'fff0, 0xffff'fffa, 1);
  q.push(0xffff'fffa, 4, 2);
  EXPECT_FALSE(q.pop(0xffff'fff9).any);
  EXPECT_EQ(q.pop(4).exact_time_ns, 2);
}

TEST(SegmentQueueTest, ClearingGivesEveryBlockBack) {
  Queue q;
  for (std::uint32_t i = 0; i < 23; ++i) q.push(i, i + 1, i);
  Segments(q.queue, q.near, q.pool).clear();
  EXPECT_EQ(q.pool.taken(), 0U);
  EXPECT_EQ(q.queue.segments, 0);
}

}  // namespace
}  // namespace ipm::decode::flow
