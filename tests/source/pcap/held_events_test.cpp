#include "source/pcap/held_events.h"

#include <gtest/gtest.h>

namespace ipm::source::pcap {
namespace {

class HeldEventsTest : public ::testing::Test {
 protected:
  void write(TimeNs time, int count = 1) {
    for (int i = 0; i < count; ++i)
      held_.writer().write(model::make_event(time, model::EventKind::kLoss, {}, 0, model::Loss{}));
    held_.stamp(time);
  }

  HeldEvents held_{64};
  ring::Lane lane_{256};
  ring::Writer out_{lane_};
};

TEST_F(HeldEventsTest, GoOnWhenTheirTimeHasCome) {
  write(1'000, 3);
  write(2'000, 2);
  EXPECT_EQ(held_.pass_on(2'000, false, out_), 0U);
  EXPECT_EQ(held_.pass_on(1'000 + HeldEvents::kHoldNs, false, out_), 3U);
  EXPECT_EQ(held_.pass_on(2'000 + HeldEvents::kHoldNs, false, out_), 2U);
  EXPECT_TRUE(held_.empty());
}

TEST_F(HeldEventsTest, AllOfThemWhenEverythingIsWanted) {
  write(1'000, 3);
  EXPECT_EQ(held_.pass_on(1'001, true, out_), 3U);
}

TEST_F(HeldEventsTest, GoOnBeforeTheirTimeWhenThereAreMany) {
  write(1'000, 20);
  write(2'000, 20);
  EXPECT_EQ(held_.pass_on(2'001, false, out_), 40U);
  EXPECT_EQ(held_.writer().drops(), 0U);
}

TEST_F(HeldEventsTest, StayWhileThereIsNoRoom) {
  ring::Lane narrow(2);
  ring::Writer out(narrow);
  write(1'000, 5);
  EXPECT_EQ(held_.pass_on(1'001, true, out), 2U);
  EXPECT_EQ(held_.pass_on(1'001, true, out), 0U);
  std::array<model::Event, 2> taken;
  EXPECT_EQ(narrow.pop(taken), 2U);
  EXPECT_EQ(held_.pass_on(1'001, true, out), 2U);
  EXPECT_FALSE(held_.empty());
  EXPECT_EQ(out.drops(), 0U);
}

}  // namespace
}  // namespace ipm::source::pcap
