#include "source/pcap/time_scale.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace ipm::source::pcap {
namespace {

constexpr std::int64_t kMostSeconds = kTimeMaxNs / kSecond;

TEST(TimeScale, PowersOfTen) {
  EXPECT_EQ(TimeScale(0, 0).ns(7), 7 * kSecond);
  EXPECT_EQ(TimeScale(3, 0).ns(1'500), 1'500 * kMillisecond);
  EXPECT_EQ(TimeScale().ns(1'700'000'000'123'456), 1'700'000'000'123'456'000);
  EXPECT_EQ(TimeScale(9, 0).ns(1'700'000'000'123'456'789), 1'700'000'000'123'456'789);
  EXPECT_EQ(TimeScale(12, 0).ns(1'234'567'891'999), 1'234'567'891) << "finer than a nanosecond is cut";
  EXPECT_EQ(TimeScale(19, 0).ns(10'000'000'000'000'000'000U), kSecond);
}

TEST(TimeScale, PowersOfTwo) {
  EXPECT_EQ(TimeScale(0x80, 0).ns(3), 3 * kSecond);
  EXPECT_EQ(TimeScale(0x80 | 10, 0).ns(1'536), 1'500 * kMillisecond);
  EXPECT_EQ(TimeScale(0x80 | 63, 0).ns(std::uint64_t{1} << 62), kSecond / 2);
}

TEST(TimeScale, FinerThanItCanTellIsNoTime) {
  EXPECT_EQ(TimeScale(20, 0).ns(1), kNoTime);
  EXPECT_EQ(TimeScale(0x80 | 64, 0).ns(1), kNoTime);
  EXPECT_EQ(TimeScale(0xff, 0).ns(0), kNoTime);
}

TEST(TimeScale, TheOffsetIsAdded) {
  EXPECT_EQ(TimeScale(6, 100).ns(1), 100 * kSecond + kMicrosecond);
  EXPECT_EQ(TimeScale(6, -100).ns(0), -100 * kSecond);
  EXPECT_EQ(TimeScale(0x80 | 1, -1).ns(1), -kSecond / 2);
  EXPECT_EQ(TimeScale(0x80 | 1, 5).ns(0), 5 * kSecond);
}

TEST(TimeScale, BothSidesOfWhatCanBeTold) {
  constexpr auto kMost = static_cast<std::uint64_t>(kMostSeconds);
  EXPECT_EQ(TimeScale(6, 0).ns(kMost * 1'000'000), kTimeMaxNs);
  EXPECT_EQ(TimeScale(6, 0).ns(kMost * 1'000'000 + 1), kNoTime);
  EXPECT_EQ(TimeScale(9, 0).ns(std::numeric_limits<std::uint64_t>::max()), kNoTime);
  EXPECT_EQ(TimeScale(0, kMostSeconds).ns(0), kTimeMaxNs);
  EXPECT_EQ(TimeScale(0, kMostSeconds).ns(1), kNoTime);
  EXPECT_EQ(TimeScale(0, kMostSeconds + 1).ns(0), kNoTime);
  EXPECT_EQ(TimeScale(0, -kMostSeconds).ns(0), -kTimeMaxNs);
  EXPECT_EQ(TimeScale(0, -kMostSeconds - 1).ns(0), kNoTime);
  EXPECT_EQ(TimeScale(0, std::numeric_limits<std::int64_t>::min()).ns(std::numeric_limits<std::uint64_t>::max()),
            kNoTime);
  EXPECT_EQ(TimeScale(0, std::numeric_limits<std::int64_t>::max()).ns(std::numeric_limits<std::uint64_t>::max()),
            kNoTime);
}

}  // namespace
}  // namespace ipm::source::pcap
