// Several metrics of one host: when they agree, and when one of them is wild.
#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "baseline/consensus.h"
#include "support/noise.h"

namespace ipm::baseline {
namespace {

class Host {
 public:
  explicit Host(std::size_t metrics) : noise_(1), baselines_(metrics) {}

  // The first `moved` metrics stand `by` spreads higher.
  Consensus::Result step(std::size_t moved = 0, double by = 0) {
    std::vector<double> values(baselines_.size());
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = 20 + noise_.normal() + (i < moved ? by : 0);
    return step(values);
  }
  Consensus::Result step(const std::vector<double>& values) {
    std::vector<Score> scores;
    for (std::size_t i = 0; i < values.size(); ++i) scores.push_back(baselines_[i].update({}, time_s_, values[i]));
    time_s_ += 60;
    return consensus_.step({}, scores);
  }
  int alarms(int samples) {
    int count = 0;
    for (int i = 0; i < samples; ++i) count += step().alarm ? 1 : 0;
    return count;
  }

 private:
  test::Noise noise_;
  std::vector<Baseline> baselines_;
  Consensus consensus_;
  std::int64_t time_s_ = 0;
};

TEST(ConsensusTest, MetricsThatMoveTogetherAlarmBeforeAnyOfThemWouldAlone) {
  Host host(12);
  host.alarms(3'000);
  int first = 0;
  for (int i = 1; i <= 64 && first == 0; ++i) {
    if (host.step(6, 2).alarm) first = i;
  }
  EXPECT_GT(first, 0);
  EXPECT_LE(first, 24) << "two spreads take one metric 32 samples";
}

TEST(ConsensusTest, ManyMetricsDoNotAlarmMoreOftenThanFew) {
  for (const std::size_t metrics : {2U, 7U, 19U}) {
    Host host(metrics);
    host.alarms(1'000);
    EXPECT_LE(host.alarms(20'000), 24) << metrics;
  }
}

TEST(ConsensusTest, OneMetricPassesThrough) {
  Host host(1);
  host.alarms(3'000);
  const Consensus::Result result = host.step(1, 30);
  EXPECT_TRUE(result.alarm);
  EXPECT_EQ(result.score, result.held);
}

TEST(ConsensusTest, NamesTheMostSurprisingMetric) {
  Host host(5);
  host.alarms(1'000);
  std::vector<double> values(5, 20.0);
  values[3] = 60;
  EXPECT_EQ(host.step(values).strongest, 3U);
}

TEST(ConsensusTest, MissingMetricsAreLeftOutAndAllMissingIsMissing) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  Host host(3);
  host.alarms(1'000);
  const Consensus::Result some = host.step({kNaN, 60, kNaN});
  EXPECT_FALSE(some.missing);
  EXPECT_EQ(some.strongest, 1U);
  const Consensus::Result none = host.step({kNaN, kNaN, kNaN});
  EXPECT_TRUE(none.missing);
  EXPECT_EQ(none.score, 0);
}

}  // namespace
}  // namespace ipm::baseline
