// What a baseline learns, what it says of the next sample, and what it must not be taught.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "baseline/baseline.h"
#include "baseline/watched_metric.h"
#include "support/noise.h"

namespace ipm::baseline {
namespace {

using test::Noise;
using test::WatchedMetric;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Around 50, spread 1.
WatchedMetric calm_metric(Noise& noise, int samples = 5'000) {
  WatchedMetric metric;
  metric.feed(samples, [&] { return 50 + noise.normal(); });
  metric.watch();
  return metric;
}

TEST(BaselineTest, SaysNothingBeforeItHasThirtySamplesAndKnowsLittleAfterThem) {
  WatchedMetric metric;
  metric.feed(kWarmSamples, [] { return 1.0; });
  EXPECT_EQ(metric.highest(), 0);
  EXPECT_GT(metric.feed(100).score, 0);
  EXPECT_NEAR(metric.last().confidence, 31.0 / 61, 1e-12);
  EXPECT_EQ(metric.last().samples, 31U);
}

TEST(BaselineTest, AJumpOfTheLevelAlarmsWithinTheSamplesThatItNeedsToStandOut) {
  Noise noise(1);
  for (const auto& [spreads, samples] : {std::pair{6.0, 2}, {3.0, 15}, {2.0, 40}, {1.0, 64}}) {
    WatchedMetric metric = calm_metric(noise);
    metric.feed(64, [&, spreads = spreads] { return 50 + spreads + noise.normal(); });
    EXPECT_GT(metric.first_alarm(), 0) << spreads;
    EXPECT_LE(metric.first_alarm(), samples) << spreads;
  }
}

TEST(BaselineTest, ADropAlarmsAsAJumpDoes) {
  Noise noise(2);
  WatchedMetric metric = calm_metric(noise);
  metric.feed(8, [&] { return 42 + noise.normal(); });
  EXPECT_EQ(metric.alarms(), 1);
  EXPECT_LT(metric.last().deviation_percent, -10);
}

TEST(BaselineTest, SaysWhatItExpectedAndWhy) {
  Noise noise(3);
  WatchedMetric metric = calm_metric(noise);
  const Score& score = metric.feed(80);
  EXPECT_TRUE(score.alarm);
  EXPECT_TRUE(score.record);
  EXPECT_NEAR(score.expected, 50, 0.2);
  EXPECT_NEAR(score.expected_low, 50 - 1.28, 0.3);
  EXPECT_NEAR(score.expected_high, 50 + 1.28, 0.3);
  EXPECT_NEAR(score.deviation_percent, 60, 1);
  EXPECT_EQ(score.reasons[0].cause, Cause::kValue);
  EXPECT_EQ(score.reasons[0].value, 80);
  EXPECT_GE(score.reasons[0].surprise, score.reasons[1].surprise);
}

TEST(BaselineTest, OneIncidentIsOneAlarmUnlessItClearlyGrows) {
  Noise noise(4);
  WatchedMetric metric = calm_metric(noise);
  metric.feed(100, [&] { return 60 + noise.normal(); });
  const int alarms = metric.alarms();  // It grows while the level and the trend join in.
  EXPECT_LE(alarms, 4);
  metric.feed(100, [&] { return 60 + noise.normal(); });
  EXPECT_EQ(metric.alarms(), alarms);
}

TEST(BaselineTest, ALastingChangeIsAcceptedInTheEnd) {
  Noise noise(5);
  WatchedMetric metric = calm_metric(noise);
  metric.feed(3'000, [&] { return 60 + noise.normal(); });
  metric.watch();
  metric.feed(5'000, [&] { return 60 + noise.normal(); });
  EXPECT_LE(metric.alarms(), 5) << "as many as any metric has in so long";
  EXPECT_NEAR(metric.last().expected, 60, 1);
}

TEST(BaselineTest, LearnsTheHoursOfTheWeek) {
  Noise noise(6);
  WatchedMetric office({}, 300);
  const auto load = [&] {
    const std::int64_t hour = office.time_s() / 3'600;
    const bool busy = hour % 24 >= 8 && hour % 24 < 18 && (hour / 24 + 3) % 7 < 5;  // 1970 began on a Thursday.
    return (busy ? 100 : 10) * (1 + 0.05 * noise.normal());
  };
  office.feed(12 * 24 * 14, load);
  office.watch();
  office.feed(12 * 24 * 14, load);
  EXPECT_LE(office.alarms(), 2) << "two weeks like the two before";
  office.feed(12 * 12, load);  // Thursday noon.
  EXPECT_NEAR(office.last().expected, 100, 25);
  office.feed(12 * 15, load);  // Friday, three in the morning.
  EXPECT_NEAR(office.last().expected, 10, 25);
  office.watch();
  office.feed(24, [&] { return 100 * (1 + 0.05 * noise.normal()); });
  EXPECT_GE(office.highest(), 0.9) << "the load of the day at night";
}

TEST(BaselineTest, TheCallersClockMayJump) {
  Noise noise(7);
  Baseline baseline;
  for (int i = 0; i < 2'000; ++i) {
    const std::int64_t time_s =
        i % 2 == 0 ? std::numeric_limits<std::int64_t>::max() - i : std::numeric_limits<std::int64_t>::min() + i;
    const Score score = baseline.update({}, time_s, noise.normal());
    ASSERT_GE(score.score, 0);
    ASSERT_LE(score.score, 1);
  }
  EXPECT_TRUE(baseline.well_formed());
}

// Samples of two weeks that are said to drift; `slope` in spreads a sample.
int drifting_alarms(double slope) {
  Noise noise(8);
  WatchedMetric metric = calm_metric(noise, 10'000);
  double level = 50;
  int alarms = 0;
  for (int i = 0; i < 20'000; ++i) {
    const Score& score = metric.feed((level += slope) + noise.normal());
    alarms += score.alarm && score.reasons[0].cause == Cause::kDrift ? 1 : 0;
  }
  return alarms;
}

TEST(BaselineTest, ASlowRampThatTheFastMemoryFollowsIsADriftAndNoiseIsNone) {
  EXPECT_EQ(drifting_alarms(0), 0);
  EXPECT_GE(drifting_alarms(0.001), 1);
  EXPECT_GE(drifting_alarms(0.0005), 1);
}

TEST(BaselineTest, AnAttackTeachesLittleSoThatTheNextOneAlarmsToo) {
  Noise noise(9);
  WatchedMetric metric = calm_metric(noise);
  for (int attack = 0; attack < 5; ++attack) {
    metric.watch();
    metric.feed(60, [&] { return 62 + noise.normal(); });
    EXPECT_GE(metric.alarms(), 1) << attack;
    metric.feed(600, [&] { return 50 + noise.normal(); });
  }
  EXPECT_NEAR(metric.last().expected, 50, 1);
}

TEST(BaselineTest, OneGiganticSampleTeachesNoMoreThanALargeOne) {
  Noise one(10), other(10);
  WatchedMetric gigantic = calm_metric(one), large = calm_metric(other);
  gigantic.feed(1e200);
  large.feed(200);
  for (int i = 0; i < 200; ++i) {
    gigantic.feed(50 + one.normal());
    large.feed(50 + other.normal());
  }
  EXPECT_NEAR(gigantic.last().expected_low, large.last().expected_low, 0.01);
  EXPECT_NEAR(gigantic.last().expected_high, large.last().expected_high, 0.01);
  gigantic.feed(300, [&] { return 50 + one.normal(); });
  EXPECT_TRUE(gigantic.feed(70).score >= 0.9);
}

TEST(BaselineTest, WhatIsMissingScoresNothingAndTeachesNothing) {
  Noise noise(11);
  WatchedMetric metric = calm_metric(noise);
  const Baseline before = metric.baseline();
  for (const double missing : {kNaN, -kNaN, kInfinity, -kInfinity}) {
    const Score& score = metric.feed(missing);
    EXPECT_TRUE(score.missing);
    EXPECT_EQ(score.score, 0);
    EXPECT_EQ(score.held, 0);
  }
  EXPECT_EQ(std::memcmp(&before, &metric.baseline(), sizeof before), 0);
}

TEST(BaselineTest, AConstantIsQuietAndAnyRealChangeOfItIsNot) {
  WatchedMetric metric;
  metric.feed(4'000, [] { return 45.0; });
  EXPECT_EQ(metric.highest(), 0);
  WatchedMetric little = metric, much = metric, gone = metric;
  EXPECT_LT(little.feed(45.1).score, 0.5) << "within half a percent of the level";
  EXPECT_TRUE(much.feed(50).alarm);
  EXPECT_TRUE(gone.feed(0).alarm);
}

TEST(BaselineTest, DifferencesBelowTheResolutionDoNotMatter) {
  WatchedMetric bytes({.resolution = 1'000});
  bytes.feed(1'000, [] { return 0.0; });
  EXPECT_LT(bytes.feed(1'000).score, 0.9);
  EXPECT_TRUE(bytes.feed(100'000).alarm);
}

TEST(BaselineTest, ALogScaleComparesRatios) {
  Noise one(12), other(12);
  const auto spans_decades = [](Noise& noise) { return std::exp(2 * noise.normal()) * 1e4; };
  WatchedMetric logarithmic({.log_scale = true}), linear;
  logarithmic.feed(3'000, [&] { return spans_decades(one); });
  linear.feed(3'000, [&] { return spans_decades(other); });
  EXPECT_TRUE(logarithmic.feed(0.001).score >= 0.9) << "a ten-millionth of what is usual";
  EXPECT_LT(linear.feed(0.001).score, 0.9);
  EXPECT_NEAR(logarithmic.last().expected / 1e4, 1, 0.3) << "in units of the metric";
}

TEST(BaselineTest, AnyMagnitudeIsScoredAndExplainedInItsUnits) {
  for (const double unit : {1e-300, 1e-30, 1.0, 1e30, 1e300}) {
    Noise noise(13);
    WatchedMetric metric;
    metric.feed(2'000, [&] { return unit * (5 + noise.normal()); });
    const Score& score = metric.feed(unit * 30);
    EXPECT_TRUE(score.alarm) << unit;
    EXPECT_NEAR(score.expected / unit, 5, 0.3) << unit;
    EXPECT_TRUE(metric.baseline().well_formed()) << unit;
  }
}

TEST(BaselineTest, NoOrderOfExtremesBreaksIt) {
  const double extremes[] = {0,  -0.0,   1e-300,  -1e-300,  1e300, -1e300,   1,
                             -1, 5e-324, 1.7e308, -1.7e308, kNaN,  kInfinity};
  Random random(14);
  for (int run = 0; run < 20; ++run) {
    const Options options{.log_scale = run % 2 == 1, .resolution = run % 3 == 0 ? 1e308 : 0};
    Baseline baseline;
    for (int i = 0; i < 3'000; ++i) {
      const double value = extremes[random.below(std::size(extremes))];
      const Score score = baseline.update(options, i, value);
      ASSERT_TRUE(score.score >= 0 && score.score <= 1) << value;
      ASSERT_TRUE(score.held == 0 || score.held == score.score);
    }
    EXPECT_TRUE(baseline.well_formed());
  }
}

TEST(BaselineTest, NegativeValuesAreValuesLikeOthers) {
  Noise one(15), other(15);
  WatchedMetric up, down;
  for (int i = 0; i < 3'000; ++i) {
    const double x = one.exponential();
    ASSERT_NEAR(up.feed(x).score, down.feed(-x).score, 1e-3);
  }
}

TEST(BaselineTest, AfterAnOperatorAcceptsTheNewLevelIsLearnedQuickly) {
  Noise noise(16);
  WatchedMetric metric = calm_metric(noise, 10'000);
  metric.feed(20, [&] { return 62 + noise.normal(); });
  WatchedMetric ignored = metric;
  ASSERT_TRUE(metric.baseline().in_alarm());
  metric.baseline().accept();
  EXPECT_FALSE(metric.baseline().in_alarm());
  metric.feed(300, [&] { return 62 + noise.normal(); });
  ignored.feed(300, [&] { return 62 + noise.normal(); });
  EXPECT_GT(metric.last().expected, 60);
  EXPECT_LT(ignored.last().expected, 55);
}

TEST(BaselineTest, MergedBaselinesKnowWhatEachKnew) {
  Noise noise(17);
  WatchedMetric one, other;
  one.feed(3'000, [&] { return 40 + noise.normal(); });
  other.feed(3'000, [&] { return 60 + noise.normal(); });
  Baseline merged = one.baseline();
  merged.merge(other.baseline());
  EXPECT_EQ(merged.samples(), 6'000U);
  EXPECT_TRUE(merged.well_formed());
  const Score score = merged.update({}, 0, 50);
  EXPECT_NEAR(score.expected, 50, 1);
  Baseline empty;
  merged = one.baseline();
  merged.merge(empty);
  EXPECT_EQ(std::memcmp(&merged, &one.baseline(), sizeof merged), 0) << "nothing to learn from";
  empty.merge(one.baseline());
  EXPECT_EQ(std::memcmp(&empty, &one.baseline(), sizeof merged), 0) << "all to learn";
}

TEST(BaselineTest, TheSameSamplesGiveTheSameBytes) {
  Noise one(18), other(18);
  WatchedMetric first, second;
  first.feed(5'000, [&] { return one.pareto(); });
  second.feed(5'000, [&] { return other.pareto(); });
  EXPECT_EQ(std::memcmp(&first.baseline(), &second.baseline(), sizeof(Baseline)), 0);
}

TEST(BaselineTest, WithoutASeasonScoresAreThoseOfABaselineWhoseSeasonIsUseless) {
  Noise noise(19);
  Baseline seasonal;
  PlainBaseline plain;
  for (int i = 0; i < 3'000; ++i) {
    const double x = 5 + noise.normal() + (i > 2'900 ? 4 : 0);
    // Always the same hour: there is nothing to explain.
    const Score one = seasonal.update({}, 0, x), other = plain.update({}, 0, x);
    ASSERT_EQ(one.score, other.score) << i;
  }
  const PlainBaseline cut(seasonal);
  EXPECT_EQ(std::memcmp(&cut, &plain, sizeof plain), 0);
  EXPECT_EQ(Baseline(plain).samples(), plain.samples());
  EXPECT_TRUE(Baseline(plain).well_formed());
}

TEST(BaselineTest, WhatIsUsualIsWhatTheNextSampleIsHeldAgainst) {
  Noise noise(20);
  WatchedMetric metric = calm_metric(noise, 5'000);
  const Usual usual = metric.baseline().usual({}, 5'000 * 60);
  Baseline next = metric.baseline();
  const Score score = next.update({}, 5'000 * 60, 1);
  EXPECT_EQ(score.expected, usual.expected);
  EXPECT_EQ(score.expected_low, usual.expected_low);
  EXPECT_EQ(score.expected_high, usual.expected_high);
}

TEST(BaselineTest, SevenMetricsOfAnAppFitInEightKibibytes) {
  EXPECT_LE(7 * sizeof(Baseline), 8U * 1024);
}

}  // namespace
}  // namespace ipm::baseline
