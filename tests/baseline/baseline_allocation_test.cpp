// An update allocates nothing: counted at operator new.
#include <gtest/gtest.h>

#include "baseline/baseline.h"
#include "baseline/consensus.h"
#include "support/count_allocations.h"
#include "support/noise.h"

namespace ipm::baseline {
namespace {

TEST(BaselineAllocationTest, UpdatesAllocateNothing) {
  test::Noise noise(1);
  Baseline baselines[2];
  Consensus consensus;
  const std::size_t before = test::g_allocations;
  for (int i = 0; i < 5'000; ++i) {
    const Score scores[] = {baselines[0].update({}, i, noise.pareto()), baselines[1].update({}, i, noise.normal())};
    consensus.step({}, scores);
  }
  EXPECT_EQ(test::g_allocations - before, 0U);
}

}  // namespace
}  // namespace ipm::baseline
