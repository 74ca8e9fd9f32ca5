// A score of 0.9 is about equally rare whatever the metric looks like: on noise that does not change, an episode that
// reaches it comes once in some hundreds of samples, and one that reaches 0.99 hardly ever.
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "baseline/baseline.h"
#include "support/noise.h"

namespace ipm::baseline {
namespace {

using test::Noise;

constexpr int kSamples = 100'000;
constexpr int kLearned = 1'000;

struct Rates {  // Per thousand samples.
  double episodes = 0;
  double alarms = 0;
  double very_rare = 0;
};

Rates rates_of(const std::function<double()>& make) {
  Baseline baseline;
  Rates counts;
  bool inside = false;
  for (int i = 0; i < kSamples + kLearned; ++i) {
    const Score score = baseline.update({}, i * 60, make());
    if (i < kLearned) continue;
    const bool high = score.score >= 0.9;
    counts.episodes += high && !inside ? 1 : 0;
    counts.alarms += score.alarm ? 1 : 0;
    counts.very_rare += score.held >= 0.99 ? 1 : 0;
    inside = high;
  }
  constexpr double kPerThousand = 1'000.0 / kSamples;
  return {counts.episodes * kPerThousand, counts.alarms * kPerThousand, counts.very_rare * kPerThousand};
}

struct Shape {
  std::string name;
  double (*make)(Noise&);
};

class CalibrationTest : public testing::TestWithParam<Shape> {};

TEST_P(CalibrationTest, NineTenthsIsReachedOnceInSomeHundredsOfSamples) {
  Noise noise(20);
  const Rates rates = rates_of([&] { return GetParam().make(noise); });
  RecordProperty("episodes", std::to_string(rates.episodes));
  RecordProperty("alarms", std::to_string(rates.alarms));
  RecordProperty("very_rare", std::to_string(rates.very_rare));
  EXPECT_GT(rates.episodes, 1.5) << "per 1,000 samples";
  EXPECT_LT(rates.episodes, 6) << "per 1,000 samples";
  EXPECT_GT(rates.alarms, 0.4) << "per 1,000 samples";
  EXPECT_LT(rates.alarms, 1.2) << "per 1,000 samples";
  EXPECT_LT(rates.very_rare, 0.15) << "per 1,000 samples";
}

INSTANTIATE_TEST_SUITE_P(Noise, CalibrationTest,
                         testing::Values(Shape{"normal", [](Noise& n) { return 5 + n.normal(); }},
                                         Shape{"uniform", [](Noise& n) { return n.uniform(); }},
                                         Shape{"exponential", [](Noise& n) { return n.exponential(); }},
                                         Shape{"lognormal", [](Noise& n) { return n.lognormal(); }},
                                         Shape{"pareto", [](Noise& n) { return n.pareto(); }},
                                         Shape{"poisson", [](Noise& n) { return n.poisson(3); }},
                                         Shape{"rare_events", [](Noise& n) { return n.poisson(0.1); }},
                                         Shape{"two_values", [](Noise& n) { return n.uniform() < 0.3 ? 1.0 : 0.0; }},
                                         Shape{"mostly_zero",
                                               [](Noise& n) { return n.uniform() < 0.02 ? n.exponential() : 0.0; }},
                                         Shape{"with_memory", [](Noise& n) { return n.red(); }}),
                         [](const testing::TestParamInfo<Shape>& shape) { return shape.param.name; });

}  // namespace
}  // namespace ipm::baseline
