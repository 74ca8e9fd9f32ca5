// The baselines of apps within their bounds: who gives way, what an attack teaches, what comes from outside.
#include "baseline/app_baselines.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "support/noise.h"

namespace ipm::baseline {
namespace {

// Keys by number, as the engine's table of texts gives them.
class Texts final : public model::TextHolder {
 public:
  void hold(std::uint32_t text) override { ++holds[text]; }
  void let_go(std::uint32_t text) override { --holds[text]; }
  std::string_view view(std::uint32_t text) const override {
    return names_.emplace(text, "/usr/bin/app" + std::to_string(text)).first->second;
  }
  std::uint32_t name_of(const model::IpAddress&) const override { return 0; }
  model::Place place_of(const model::IpAddress&) const override { return {}; }
  std::map<std::uint32_t, int> holds;

 private:
  mutable std::map<std::uint32_t, std::string> names_;
};

class AppBaselinesTest : public ::testing::Test {
 protected:
  explicit AppBaselinesTest(std::uint32_t apps_max = 8) : baselines_(store_, {.apps_max = apps_max}) {
    baselines_.use_texts(&texts_);
  }
  // One interval of an app; its key is its slot + 1.
  const model::AppScores* sample(std::uint32_t app, double tx, bool active = true) {
    model::AppSample sample;
    sample.app = app;
    sample.key_text = app + 1;
    sample.local_s = minute_ * 60;
    sample.begin_ns = minute_ * kMinute;
    sample.end_ns = sample.begin_ns + kMinute;
    sample.active = active;
    sample.values[0] = tx;
    return baselines_.sample(sample);
  }
  void learn(std::uint32_t app, int minutes) {
    for (int i = 0; i < minutes; ++i, ++minute_) sample(app, 50'000 + 2'000 * noise_.normal());
  }
  // Of the app's tx_bytes, as it would be saved.
  std::string state(std::uint32_t app) const {
    const Baseline* found = nullptr;
    const BaselineSet set = baselines_.set();
    found = set.find(texts_.view(app + 1), 0);
    return found == nullptr ? "" : std::string(reinterpret_cast<const char*>(found), sizeof *found);
  }
  std::vector<model::BaselinePart> parts_of(const std::string& state, std::uint16_t metric = 0) const {
    std::vector<model::BaselinePart> out;
    for (std::size_t at = 0; at < state.size(); at += model::BaselinePart::kPartBytes) {
      model::BaselinePart part;
      part.metric = metric;
      part.part = static_cast<std::uint16_t>(out.size());
      part.bytes_here =
          static_cast<std::uint8_t>(std::min<std::size_t>(model::BaselinePart::kPartBytes, state.size() - at));
      part.interval_s = 60;
      std::memcpy(part.bytes, state.data() + at, part.bytes_here);
      out.push_back(part);
    }
    for (model::BaselinePart& part : out) part.parts = static_cast<std::uint16_t>(out.size());
    return out;
  }

  PageStore store_{1 << 20};
  Texts texts_;
  AppBaselines baselines_;
  test::Noise noise_{1};
  std::int64_t minute_ = 27'000'000;
};

TEST_F(AppBaselinesTest, TenMetricsOfAnAppFitInEightKibibytes) {
  EXPECT_LE(sizeof(AppBaselineRow), 8'192U);
  EXPECT_EQ(kAppMetrics, 10U);
}

TEST_F(AppBaselinesTest, ASpikeIsAnAlarmWithWhatWasUsual) {
  learn(0, 2'000);
  const model::AppScores* scores = sample(0, 5e7);
  const model::AppScore& sent = (*scores)[0];
  EXPECT_TRUE(sent.alarm);
  EXPECT_GT(sent.score, 0.99);
  EXPECT_NEAR(sent.expected, 50'000, 1'000);
  EXPECT_GT(sent.expected_low, 40'000);
  EXPECT_LT(sent.expected_high, 60'000);
  EXPECT_EQ(sent.samples, 2'001U);
  EXPECT_TRUE((*scores)[1].missing);
}

// An attacker who goes on for an hour has not made himself usual.
TEST_F(AppBaselinesTest, AnAttackThatGoesOnTeachesLittle) {
  learn(0, 5'000);
  for (int i = 0; i < 60; ++i, ++minute_) sample(0, 5e6);
  const model::AppScore after = (*sample(0, 50'000))[0];
  EXPECT_LT(after.expected, 55'000);
  learn(0, 400);  // The alarm is over.
  EXPECT_TRUE((*sample(0, 5e6))[0].alarm) << "the next one alarms too";
}

// An operator says so, in this run or in the one before.
TEST_F(AppBaselinesTest, WhatIsAcceptedIsSoonUsualAlsoForTheNextRun) {
  learn(0, 2'000);
  for (int i = 0; i < 5; ++i, ++minute_) sample(0, 900'000);
  ASSERT_TRUE(baselines_.rows().at(0).in_alarm());
  baselines_.accepted(0, AppMetric::kTxBytes);
  EXPECT_FALSE(baselines_.rows().at(0).in_alarm());
  baselines_.accepted(7, AppMetric::kTxBytes);  // Nobody.

  AppBaselines next(store_, {.apps_max = 8});
  next.use_texts(&texts_);
  for (const model::BaselinePart& part : parts_of(state(0))) ASSERT_TRUE(next.learned(1, part));
  double high = 0;
  for (int i = 0; i < 60; ++i, ++minute_) {
    model::AppSample again;
    again.key_text = 1;
    again.local_s = minute_ * 60;
    again.begin_ns = minute_ * kMinute;
    again.end_ns = again.begin_ns + kMinute;
    again.active = true;
    again.values[0] = 900'000;
    const model::AppScore score = (*next.sample(again))[0];
    EXPECT_FALSE(score.alarm);
    high = score.expected_high;
  }
  EXPECT_GT(high, 800'000);
  next.use_texts(nullptr);
}

TEST_F(AppBaselinesTest, AConstantIsQuietAndGapsTeachNothing) {
  for (int i = 0; i < 1'000; ++i, ++minute_) sample(0, 420);
  EXPECT_EQ((*sample(0, 420))[0].score, 0);
  const std::string before = state(0);
  minute_ += 100'000;  // Months without an interval, then values that are no numbers.
  EXPECT_TRUE((*sample(0, model::AppSample::kNotMeasured))[0].missing);
  EXPECT_EQ(state(0), before);
}

TEST_F(AppBaselinesTest, AClockThatJumpsChangesTheHourAndNothingElse) {
  learn(0, 2'000);
  minute_ -= 1'000'000;
  EXPECT_LT((*sample(0, 50'000))[0].score, 0.9);
  minute_ += 5'000'000;
  EXPECT_LT((*sample(0, 50'000))[0].score, 0.9);
  EXPECT_TRUE(baselines_.set().find(texts_.view(1), 0)->well_formed());
}

TEST_F(AppBaselinesTest, AnAppThatNeverDidAnythingHasNoRow) {
  EXPECT_EQ(sample(0, 0, false), nullptr);
  EXPECT_EQ(baselines_.rows().used(), 0U);
  EXPECT_EQ(baselines_.counters().refused, 0U);
}

TEST_F(AppBaselinesTest, TheAppThatHasBeenQuietLongestGivesWayUnlessItIsInAlarm) {
  learn(0, 200);
  sample(0, 5e8);  // In alarm, and the quietest from now on.
  for (std::uint32_t app = 1; app < 8; ++app, ++minute_) sample(app, 1);
  minute_ += 10;
  ASSERT_NE(sample(8, 1), nullptr);
  EXPECT_EQ(baselines_.counters().evicted, 1U);
  EXPECT_NE(state(0), "") << "in alarm";
  EXPECT_EQ(state(1), "") << "the quietest of the others";
  EXPECT_EQ(texts_.holds[2], 0);
  EXPECT_EQ(texts_.holds[9], 1);
}

TEST_F(AppBaselinesTest, WhereEveryAppIsBusyANewcomerIsRefusedAndCounted) {
  for (std::uint32_t app = 0; app < 8; ++app) sample(app, 1);
  EXPECT_EQ(sample(8, 1), nullptr);
  EXPECT_EQ(baselines_.counters().evicted, 0U);
  EXPECT_EQ(baselines_.counters().refused, 1U);
}

TEST_F(AppBaselinesTest, WhatIsKnownOutlivesTheRowOfTheApp) {
  learn(0, 100);
  baselines_.forget_app(0);
  model::AppSample sample;
  sample.app = 5;  // The same key under another slot.
  sample.key_text = 1;
  sample.active = true;
  sample.end_ns = (minute_ + 1) * kMinute;
  sample.values[0] = 50'000;
  EXPECT_EQ((*baselines_.sample(sample))[0].samples, 101U);
}

TEST_F(AppBaselinesTest, WhatOneRunLearnedAnotherTakesUp) {
  learn(0, 500);
  const std::string learned = state(0);
  AppBaselines next(store_, {.apps_max = 8});
  next.use_texts(&texts_);
  for (const model::BaselinePart& part : parts_of(learned)) EXPECT_TRUE(next.learned(1, part));
  EXPECT_EQ(next.counters().loaded, 1U);
  const BaselineSet set = next.set();
  ASSERT_NE(set.find(texts_.view(1), 0), nullptr);
  EXPECT_EQ(std::memcmp(set.find(texts_.view(1), 0), learned.data(), learned.size()), 0);
}

TEST_F(AppBaselinesTest, APartThatCannotBeOneIsRefusedAndWhatCameBeforeItForgotten) {
  learn(0, 500);
  const std::vector<model::BaselinePart> good = parts_of(state(0));
  AppBaselines next(store_, {.apps_max = 8});
  const auto refused = [&](std::size_t at, auto&& spoil) {
    std::vector<model::BaselinePart> parts = good;
    spoil(parts[at]);
    bool taken = true;
    for (const model::BaselinePart& part : parts) taken = next.learned(1, part) && taken;
    return !taken && next.counters().loaded == 0;
  };
  EXPECT_TRUE(refused(3, [](auto& part) { part.part = 7; }));
  EXPECT_TRUE(refused(3, [](auto& part) { part.part = 60'000; }));
  EXPECT_TRUE(refused(3, [](auto& part) { part.parts = 2; }));
  EXPECT_TRUE(refused(3, [](auto& part) { part.metric = 1; }));
  EXPECT_TRUE(refused(0, [](auto& part) { part.metric = 99; }));
  EXPECT_TRUE(refused(3, [](auto& part) { part.bytes_here = 79; }));
  EXPECT_TRUE(refused(3, [](auto& part) { part.interval_s = 10; }));
  EXPECT_TRUE(refused(0, [](auto& part) { std::memset(part.bytes, 0xff, 8); })) << "no state looks like this";
}

TEST_F(AppBaselinesTest, AnHeirGoesOnFromWhatIsKnownOfTheOneThatFellSilent) {
  learn(0, 500);
  baselines_.inherited(1, 2, 0);  // In its first minute, which the other may have begun.
  sample(0, 50'000);
  EXPECT_EQ((*sample(1, 50'000))[0].samples, 1U);
  ++minute_;
  EXPECT_EQ((*sample(1, 50'000))[0].samples, 502U);
  EXPECT_EQ(texts_.holds[1], 1) << "only its own row's";
  const AppBaselineViews views = baselines_.views();
  EXPECT_TRUE(views.of_app(1)->unconfirmed);
  baselines_.confirmed(1);
  EXPECT_FALSE(baselines_.views().of_app(1)->unconfirmed);
}

// Some of its processes are new, some old, until the last old one has ended.
class RollingDeployTest : public AppBaselinesTest {
 protected:
  void overlap(int minutes) {
    learn(0, 500);
    baselines_.inherited(1, 2, 0);
    for (int i = 0; i < minutes; ++i, ++minute_) {
      sample(0, 25'000);
      sample(1, 25'000);
    }
    EXPECT_EQ(baselines_.counters().inherited, 0U);
  }
  std::uint64_t samples_of_heir() { return (*sample(1, 50'000))[0].samples; }
};

TEST_F(RollingDeployTest, AnHeirGoesOnWhenTheLastProcessOfTheOldOneHasEnded) {
  overlap(30);
  EXPECT_EQ(samples_of_heir(), 31U) << "the old one may still come in this minute";
  ++minute_;
  EXPECT_EQ(samples_of_heir(), 531U);
  EXPECT_TRUE(baselines_.views().of_app(1)->unconfirmed);
  EXPECT_EQ(texts_.holds[1], 1) << "only its own row's";
}

// Sources that do not tell when a process ends.
TEST_F(RollingDeployTest, AnHeirGoesOnWhenTheOldOneHasBeenSilentForTenIntervals) {
  overlap(30);
  for (int i = 0; i < 10; ++i, ++minute_) {
    sample(0, 0, false);
    EXPECT_EQ(samples_of_heir(), 31U + static_cast<unsigned>(i));
  }
  sample(0, 0, false);
  EXPECT_EQ(samples_of_heir(), 542U);  // 530 of the old one, its zeros, and this.
}

TEST_F(RollingDeployTest, TwoThatRunSideBySideForHoursAreTwo) {
  overlap(7 * 60);
  EXPECT_EQ(texts_.holds[1], 1);
  minute_ += 30;
  EXPECT_EQ(samples_of_heir(), 421U);
  EXPECT_EQ(baselines_.counters().inherited, 0U);
}

// --- what is not confirmed, in another run ---

class UnconfirmedTest : public AppBaselinesTest {
 protected:
  // Loads what this run would save.
  void load_into(AppBaselines& next) {
    next.use_texts(&texts_);
    const BaselineSet saved = *BaselineSet::decode(baselines_.set().encode());
    for (const std::uint32_t key : {1U, 2U}) {
      const Baseline* found = saved.find(texts_.view(key), 0);
      ASSERT_NE(found, nullptr);
      for (model::BaselinePart part : parts_of(std::string(reinterpret_cast<const char*>(found), sizeof *found))) {
        if (saved.unconfirmed(texts_.view(key))) part.flags = model::BaselinePart::kUnconfirmed;
        EXPECT_TRUE(next.learned(key, part));
      }
    }
  }
  void inherit() {
    learn(0, 500);
    baselines_.inherited(1, 2, 0);
    minute_ += 2;
    sample(1, 50'000);
    ASSERT_TRUE(baselines_.views().of_app(1)->unconfirmed);
  }
};

TEST_F(UnconfirmedTest, ItStaysSoUntilThreeHundredIntervalsWentByWithoutAnAlarm) {
  inherit();
  AppBaselines next(store_, {.apps_max = 8});
  load_into(next);
  model::AppSample sample;
  sample.app = 1;
  sample.key_text = 2;
  sample.active = true;
  const auto is_unconfirmed = [&] { return next.views().of_app(1)->unconfirmed; };
  for (int i = 0; i < 299; ++i) {
    sample.local_s = ++minute_ * 60;
    sample.end_ns = minute_ * kMinute;
    sample.values[0] = 50'000 + 2'000 * noise_.normal();
    next.sample(sample);
    ASSERT_TRUE(is_unconfirmed()) << i;
  }
  sample.end_ns += kMinute;
  next.sample(sample);
  EXPECT_FALSE(is_unconfirmed());
  EXPECT_FALSE(next.set().unconfirmed(texts_.view(2)));
}

TEST_F(UnconfirmedTest, WhatIsConfirmedOrLearnedHereIsNot) {
  inherit();
  baselines_.confirmed(1);
  AppBaselines next(store_, {.apps_max = 8});
  load_into(next);
  EXPECT_FALSE(next.set().unconfirmed(texts_.view(1)));
  EXPECT_FALSE(next.set().unconfirmed(texts_.view(2)));
}

}  // namespace
}  // namespace ipm::baseline
