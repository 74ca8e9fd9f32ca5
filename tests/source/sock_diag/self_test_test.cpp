// The self-test's verdict, over a real transfer and last counters made by hand.
#include "source/sock_diag/self_test.h"

#include <gtest/gtest.h>

#include "support/events.h"

namespace ipm::source::sock_diag {
namespace {

using test::kT0;

class SelfTestTest : public testing::Test {
 protected:
  SelfTestTest() { self_test_.begin(kT0); }
  void ended(std::uint64_t sent, std::uint64_t received) {
    os::DiagSocket socket;
    socket.cookie = self_test_.cookie();
    socket.tcp.emplace();
    socket.tcp->bytes_sent = sent;
    socket.tcp->bytes_received = received;
    self_test_.ended(socket);
  }

  SelfTest self_test_;
};

TEST(SelfTestAskedForTest, NothingIsSaidIfItWasNotAskedFor) {
  EXPECT_EQ(SelfTest().text(kT0 + kHour), "");
  EXPECT_FALSE(SelfTest().missing(kT0 + kHour));
}

TEST_F(SelfTestTest, AllBytesWithTheFinOrWithoutArePassed) {
  ended(4'096, 4'097);
  EXPECT_EQ(self_test_.text(kT0), "passed: saw 8192 of 8192 bytes of a closed connection");
  ended(4'096, 4'096);
  EXPECT_EQ(self_test_.text(kT0 + kHour), "passed: saw 8192 of 8192 bytes of a closed connection");
  EXPECT_FALSE(self_test_.missing(kT0 + kHour));
}

TEST_F(SelfTestTest, OneByteLessIsAFailure) {
  ended(4'095, 4'097);
  EXPECT_EQ(self_test_.text(kT0), "failed: saw 8191 of 8192 bytes of a closed connection");
}

TEST_F(SelfTestTest, AnEndThatIsNeverToldIsAFailureWhenItsTimeIsOver) {
  EXPECT_EQ(self_test_.text(kT0 + SelfTest::kPatience - 1), "under way");
  EXPECT_FALSE(self_test_.missing(kT0 + SelfTest::kPatience - 1));
  const TimeNs over = kT0 + SelfTest::kPatience;
  EXPECT_EQ(self_test_.text(over), "failed: saw 0 of 8192 bytes; the end of its connection was not told");
  ASSERT_TRUE(self_test_.missing(over));
  EXPECT_EQ(self_test_.missing(over)->what, "connections that open and close between two dumps");
  EXPECT_EQ(self_test_.missing(over)->reason,
            "the self-test saw 0 of 8192 bytes; the end of its connection was not told");
}

TEST_F(SelfTestTest, OneThatIsToldLateIsPassedAllTheSame) {
  EXPECT_TRUE(self_test_.missing(kT0 + kHour));
  ended(4'096, 4'097);
  EXPECT_FALSE(self_test_.missing(kT0 + kHour));
}

TEST_F(SelfTestTest, TheSocketOfAnotherSelfTestSaysNothing) {
  os::DiagSocket other;
  other.cookie = self_test_.cookie() + 1;
  self_test_.ended(other);
  EXPECT_EQ(self_test_.text(kT0), "under way");
}

}  // namespace
}  // namespace ipm::source::sock_diag
