#include "source/host/looks.h"

#include <gtest/gtest.h>

namespace ipm::source::host {
namespace {

TEST(LooksTest, ALookIsOpenUntilTheTickThatItBegan) {
  Looks looks;
  EXPECT_FALSE(looks.open());
  looks.ask();
  EXPECT_TRUE(looks.open());
  EXPECT_TRUE(looks.take());
  EXPECT_FALSE(looks.take());
  EXPECT_TRUE(looks.begin());
  EXPECT_TRUE(looks.open());
  looks.answer();
  EXPECT_FALSE(looks.open());
}

TEST(LooksTest, OneThatIsAskedForDuringATickIsAnsweredByTheNext) {
  Looks looks;
  EXPECT_FALSE(looks.begin());
  looks.ask();
  EXPECT_TRUE(looks.waiting());
  EXPECT_TRUE(looks.take());
  EXPECT_FALSE(looks.waiting());
  looks.answer();
  EXPECT_TRUE(looks.open());
  EXPECT_TRUE(looks.begin());
  looks.answer();
  EXPECT_FALSE(looks.open());
  EXPECT_TRUE(looks.answered());
}

TEST(LooksTest, ManyThatAreAskedForAtOnceAreOneLook) {
  Looks looks;
  for (int i = 0; i < 3; ++i) looks.ask();
  EXPECT_TRUE(looks.take());
  EXPECT_TRUE(looks.begin());
  looks.answer();
  EXPECT_FALSE(looks.open());
}

}  // namespace
}  // namespace ipm::source::host
