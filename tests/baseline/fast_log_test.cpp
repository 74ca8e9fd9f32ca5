// The arithmetic that does not depend on the C library is as good as that library for a score.
#include "baseline/fast_log.h"

#include <gtest/gtest.h>

#include <cmath>

namespace ipm::baseline {
namespace {

TEST(FastLogTest, AgreesWithTheLibraryToOneInAHundredMillion) {
  for (double x = 1e-300; x < 1e300; x *= 1.37) EXPECT_NEAR(log2_of(x), std::log2(x), 1e-8) << x;
  for (double x = -300; x < 300; x += 0.171) EXPECT_NEAR(exp2_of(x) / std::exp2(x), 1, 1e-8) << x;
  EXPECT_EQ(log2_of(1), 0);
  EXPECT_EQ(exp2_of(0), 1);
}

TEST(FastLogTest, PowersOutOfRangeAreZeroOrTheLargest) {
  EXPECT_EQ(exp2_of(-5'000), 0);
  EXPECT_EQ(exp2_of(std::nan("")), 0);
  EXPECT_TRUE(std::isfinite(exp2_of(5'000)));
}

}  // namespace
}  // namespace ipm::baseline
