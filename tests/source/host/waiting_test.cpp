#include "source/host/waiting.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <limits>
#include <thread>

#include "os/linux/clock.h"

namespace ipm::source::host {
namespace {

class WaitingTest : public testing::Test {
 protected:
  WaitingTest() { EXPECT_TRUE(waiting_.open().ok()); }
  // Whether a wait ends long before its time.
  bool ready() {
    const TimeNs began = os::boottime_ns();
    EXPECT_FALSE(waiting_.until(began + kWait));
    return os::boottime_ns() - began < kWait;
  }

  static constexpr TimeNs kWait = 200 * kMillisecond;
  Waiting waiting_;
  os::Fd counter_{::eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK)};
};

TEST_F(WaitingTest, NotBeforeItsTimeIfNothingComes) {
  const TimeNs time = os::boottime_ns() + 3 * kMillisecond / 2;
  EXPECT_FALSE(waiting_.until(time));
  EXPECT_GE(os::boottime_ns(), time);
}

TEST_F(WaitingTest, ALevelIsReadyAsLongAsThereIsSomethingToRead) {
  ASSERT_TRUE(waiting_.watch(counter_.get()).ok());
  EXPECT_TRUE(ready());
  EXPECT_TRUE(ready());
  eventfd_t value = 0;
  ASSERT_EQ(::eventfd_read(counter_.get(), &value), 0);
  EXPECT_FALSE(ready());
}

TEST_F(WaitingTest, AnEdgeIsReadyOnceForWhatCame) {
  ASSERT_TRUE(waiting_.watch(counter_.get(), Waiting::Trigger::kEdge).ok());
  EXPECT_TRUE(ready());
  EXPECT_FALSE(ready());
  ASSERT_EQ(::eventfd_write(counter_.get(), 1), 0);
  EXPECT_TRUE(ready());
}

TEST_F(WaitingTest, AnInterruptFromAnotherThreadEndsOneWait) {
  std::thread other([this] { waiting_.interrupt(); });
  EXPECT_TRUE(waiting_.until(std::numeric_limits<TimeNs>::max()));
  other.join();
  EXPECT_FALSE(waiting_.until(0));
}

TEST_F(WaitingTest, WhatCannotBeWatchedIsAnError) {
  EXPECT_FALSE(waiting_.watch(-1).ok());
  EXPECT_TRUE(waiting_.is_open());
}

TEST_F(WaitingTest, ClosedItCanBeInterruptedAndOpenedAgain) {
  waiting_.close();
  waiting_.interrupt();
  EXPECT_FALSE(waiting_.is_open());
  ASSERT_TRUE(waiting_.open().ok());
  EXPECT_FALSE(waiting_.until(0));
}

}  // namespace
}  // namespace ipm::source::host
