#include "source/ebpf/governor.h"

#include <gtest/gtest.h>

namespace ipm::source::ebpf {
namespace {

TEST(GovernorTest, ShareThatIsReachedAndNotExceededChangesNothing) {
  Governor governor(0.05);
  governor.ticked(50 * kMillisecond, kSecond);
  EXPECT_EQ(governor.stretch(), 1);
}

TEST(GovernorTest, EachTickAboveTheShareDoublesUpToEight) {
  Governor governor(0.05);
  for (const int stretch : {2, 4, 8, 8}) {
    governor.ticked(51 * kMillisecond, kSecond);
    EXPECT_EQ(governor.stretch(), stretch);
  }
}

TEST(GovernorTest, ComesBackOnlyBelowAQuarterOfTheShare) {
  Governor governor(0.05);
  governor.ticked(kSecond, kSecond);
  governor.ticked(13 * kMillisecond, kSecond);
  EXPECT_EQ(governor.stretch(), 2);
  governor.ticked(12 * kMillisecond, kSecond);
  EXPECT_EQ(governor.stretch(), 1);
}

TEST(GovernorTest, TickWithoutTimeSaysNothing) {
  Governor governor(0.05);
  governor.ticked(kSecond, 0);
  EXPECT_EQ(governor.stretch(), 1);
}

}  // namespace
}  // namespace ipm::source::ebpf
