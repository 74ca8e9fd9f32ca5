#include "ring/lane.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "ring/writer.h"

namespace ipm::ring {
namespace {

model::Event numbered(std::uint64_t number) {
  model::Event event;
  event.header.flow = number;
  return event;
}

TEST(LaneTest, KeepsOrderAcrossTheWrap) {
  Lane lane(4);
  std::vector<model::Event> out(3);
  std::uint64_t next_in = 0;
  std::uint64_t next_out = 0;
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(lane.push(numbered(next_in++)));
    ASSERT_EQ(lane.pop(out), 3U);
    for (const model::Event& event : out) ASSERT_EQ(event.header.flow, next_out++);
  }
}

TEST(LaneTest, FullLaneDropsTheNewestAndCountsIt) {
  Lane lane(4);
  for (std::uint64_t i = 0; i < 4; ++i) EXPECT_TRUE(lane.push(numbered(i)));
  EXPECT_FALSE(lane.push(numbered(4)));
  EXPECT_FALSE(lane.push(numbered(5)));
  EXPECT_EQ(lane.drops(), 2U);
  std::vector<model::Event> out(8);
  ASSERT_EQ(lane.pop(out), 4U);
  EXPECT_EQ(out[3].header.flow, 3U);
  EXPECT_TRUE(lane.push(numbered(6)));
}

TEST(LaneTest, ReservedSlotsAreInvisibleUntilPublished) {
  Lane lane(8);
  std::vector<model::Event> out(8);
  const std::span<model::Event> slots = lane.reserve(5);
  ASSERT_EQ(slots.size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) slots[i] = numbered(i);
  EXPECT_EQ(lane.pop(out), 0U);
  lane.publish(5);
  EXPECT_EQ(lane.reserve(8).size(), 3U);
  EXPECT_EQ(lane.pop(out), 5U);
}

TEST(LaneTest, BatchGoesInAsFarAsThereIsRoom) {
  Lane lane(8);
  std::vector<model::Event> in;
  for (std::uint64_t i = 0; i < 12; ++i) in.push_back(numbered(i));
  EXPECT_EQ(lane.push_batch(in), 8U);
  EXPECT_EQ(lane.drops(), 0U);
  std::vector<model::Event> out(16);
  EXPECT_EQ(lane.pop(out), 8U);
}

// The producer and the consumer run at once; under TSan this is also the proof of the memory order.
TEST(LaneTest, TwoThreadsLoseNothingUncounted) {
  Lane lane(256);
  constexpr std::uint64_t kEvents = 200'000;
  std::uint64_t accepted = 0;
  std::atomic<bool> done{false};
  std::thread producer([&] {
    for (std::uint64_t i = 0; i < kEvents; ++i) accepted += lane.push(numbered(i)) ? 1U : 0U;
    done.store(true);
  });
  std::vector<model::Event> out(256);
  std::uint64_t received = 0;
  std::uint64_t last = 0;
  bool ordered = true;
  for (;;) {
    const bool finished = done.load();
    const std::size_t count = lane.pop(out);
    for (std::size_t i = 0; i < count; ++i) {
      ordered = ordered && (received == 0 || out[i].header.flow > last);
      last = out[i].header.flow;
      ++received;
    }
    if (count == 0 && finished) break;
  }
  producer.join();
  EXPECT_TRUE(ordered);
  EXPECT_EQ(received, accepted);
  EXPECT_EQ(accepted + lane.drops(), kEvents);
}

TEST(WriterTest, LosslessWriterWaitsForRoom) {
  Lane lane(4);
  Writer writer(lane, Writer::WhenFull::kWait);
  std::thread producer([&] {
    for (std::uint64_t i = 0; i < 1'000; ++i) writer.write(numbered(i));
  });
  std::vector<model::Event> out(4);
  std::uint64_t received = 0;
  while (received < 1'000) received += lane.pop(out);
  producer.join();
  EXPECT_EQ(lane.drops(), 0U);
}

TEST(WriterTest, StopEndsTheWait) {
  Lane lane(2);
  Writer writer(lane, Writer::WhenFull::kWait);
  EXPECT_TRUE(writer.write(numbered(0)));
  EXPECT_TRUE(writer.write(numbered(1)));
  std::thread producer([&] { EXPECT_FALSE(writer.write(numbered(2))); });
  writer.stop();
  producer.join();
}

}  // namespace
}  // namespace ipm::ring
