// The scorer as a program sees it that knows the public headers only.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ipm/ipm.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace {

using testing::HasSubstr;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Close to 10, never quite the same.
double calm(int i) {
  return 10 + std::sin(i * 2.399) + 0.3 * std::sin(i * 0.71);
}

TEST(ScorerTest, ScoresWhatStandsOutAndSaysWhy) {
  ipm::Scorer scorer;
  for (int i = 0; i < 2'000; ++i) scorer.update(i * 60 * IPM_S, 0, {calm(i)});
  const ipm_score score = scorer.update(2'000 * 60 * IPM_S, 0, {40});
  EXPECT_EQ(score.alarm, 1);
  EXPECT_EQ(score.record, 1);
  EXPECT_EQ(score.metric, 0U);
  EXPECT_GT(score.score, 0.9);
  EXPECT_EQ(score.held, score.score);
  EXPECT_EQ(score.value, 40);
  EXPECT_NEAR(score.expected, 10, 0.5);
  EXPECT_LT(score.expected_low, score.expected);
  EXPECT_GT(score.expected_high, score.expected);
  EXPECT_NEAR(score.deviation_percent, 300, 20);
  EXPECT_GT(score.confidence, 0.98);
  EXPECT_EQ(score.samples, 2'001U);
  EXPECT_STREQ(ipm_cause_name(score.reasons[0].cause), "value");
}

TEST(ScorerTest, SeveralMetricsGiveOneScoreAndOneEach) {
  ipm::Scorer scorer({.metrics = 3});
  for (int i = 0; i < 2'000; ++i) scorer.update(i * IPM_S, 0, {calm(i), calm(i + 7), calm(3 * i)});
  const ipm_score all = scorer.update(2'000 * IPM_S, 0, {10, 40, kNaN});
  EXPECT_EQ(all.metric, 1U);
  EXPECT_EQ(all.value, 40);
  EXPECT_GT(scorer.metric(1).score, 0.9);
  EXPECT_LT(scorer.metric(0).score, 0.9);
  ipm_score missing{};
  missing.struct_size = sizeof missing;
  EXPECT_EQ(ipm_scorer_metric(scorer.get(), 2, &missing), IPM_NULL);
  EXPECT_EQ(ipm_scorer_metric(scorer.get(), 3, &missing), IPM_ERR_NOT_FOUND);
}

TEST(ScorerTest, OnlyMissingValuesAreNullAndScoreNothing) {
  ipm::Scorer scorer;
  ipm_score score{};
  score.struct_size = sizeof score;
  EXPECT_EQ(ipm_scorer_update(scorer.get(), 0, 0, &kNaN, 1, &score), IPM_NULL);
  EXPECT_EQ(score.score, 0);
  EXPECT_EQ(score.samples, 0U);
}

TEST(ScorerTest, LearnsWithoutAResult) {
  ipm::Scorer scorer;
  for (int i = 0; i < 100; ++i) {
    const double value = calm(i);
    ASSERT_EQ(ipm_scorer_update(scorer.get(), i, 0, &value, 1, nullptr), IPM_OK);
  }
  EXPECT_EQ(scorer.metric(0).samples, 100U);
}

TEST(ScorerTest, AnAcceptedAlarmIsOverAndTheThresholdIsTheCallers) {
  ipm::Scorer scorer({.threshold = 0.5});
  for (int i = 0; i < 2'000; ++i) scorer.update(i * IPM_S, 0, {calm(i)});
  EXPECT_EQ(scorer.update(0, 0, {15}).alarm, 1);
  scorer.accept();
  for (int i = 0; i < 200; ++i) EXPECT_EQ(scorer.update(0, 0, {15 + calm(i) - 10}).alarm, 0);
}

TEST(ScorerTest, ACallThatCannotBeMeantSaysWhatIsWrongAndLearnsNothing) {
  ipm_scorer* none = nullptr;
  ipm_scorer_options options{};
  options.struct_size = sizeof options;
  options.metrics = 1'025;
  EXPECT_EQ(ipm_scorer_open(&none, &options), IPM_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(none, nullptr);
  EXPECT_THAT(ipm_last_error(), HasSubstr("options.metrics"));
  options.metrics = 1;
  options.threshold = 1.5;
  EXPECT_EQ(ipm_scorer_open(&none, &options), IPM_ERR_INVALID_ARGUMENT);
  options.threshold = kNaN;
  EXPECT_EQ(ipm_scorer_open(&none, &options), IPM_ERR_INVALID_ARGUMENT);
  options.threshold = 0;
  options.resolution = -1;
  EXPECT_EQ(ipm_scorer_open(&none, &options), IPM_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(ipm_scorer_open(nullptr, nullptr), IPM_ERR_INVALID_ARGUMENT);

  ipm::Scorer scorer({.metrics = 2});
  const double values[] = {1, 2};
  ipm_score score{};
  score.struct_size = sizeof score;
  EXPECT_EQ(ipm_scorer_metric(scorer.get(), 0, &score), IPM_ERR_STATE);
  EXPECT_EQ(ipm_scorer_update(scorer.get(), 0, 0, values, 1, &score), IPM_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(ipm_scorer_update(scorer.get(), 0, 100'000, values, 2, &score), IPM_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(ipm_scorer_update(nullptr, 0, 0, values, 2, &score), IPM_ERR_INVALID_ARGUMENT);
  score.struct_size = 0;
  EXPECT_EQ(ipm_scorer_update(scorer.get(), 0, 0, values, 2, &score), IPM_ERR_INVALID_ARGUMENT);
  score.struct_size = sizeof score;
  EXPECT_EQ(ipm_scorer_metric(scorer.get(), 0, &score), IPM_ERR_STATE) << "none of these was an update";
  ipm_scorer_close(nullptr);
}

TEST(ScorerTest, AnOlderCallerGetsTheFieldsItKnows) {
  ipm::Scorer scorer;
  ipm_score score{};
  score.struct_size = offsetof(ipm_score, held);
  score.held = 77;
  const double value = 1;
  EXPECT_EQ(ipm_scorer_update(scorer.get(), 0, 0, &value, 1, &score), IPM_OK);
  EXPECT_EQ(score.held, 77);
}

TEST(ScorerTest, CausesHaveNames) {
  EXPECT_STREQ(ipm_cause_name(IPM_CAUSE_NONE), "none");
  EXPECT_STREQ(ipm_cause_name(IPM_CAUSE_VALUE), "value");
  EXPECT_STREQ(ipm_cause_name(IPM_CAUSE_LEVEL), "level");
  EXPECT_STREQ(ipm_cause_name(IPM_CAUSE_TREND), "trend");
  EXPECT_STREQ(ipm_cause_name(IPM_CAUSE_DRIFT), "drift");
  EXPECT_STREQ(ipm_cause_name(-1), "unknown");
  EXPECT_STREQ(ipm_cause_name(5'000), "unknown");
}

}  // namespace
