// Limits that operators set: how they are written, what passes them, and what is then told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alert/thresholds.h"
#include "support/alert_run.h"
#include "support/small_host.h"

namespace ipm::alert {
namespace {

using namespace ipm::test;  // NOLINT: the script is the language of these tests.
using model::AppMetric;
using testing::ElementsAre;
using testing::IsEmpty;

// --- how they are written ---

std::string wrong(std::string_view words) {
  Result<Threshold> threshold = parse_threshold(words);
  return threshold.ok() ? "understood" : std::string(threshold.status().message());
}

TEST(ThresholdTest, SaysWhatItIsAbout) {
  Result<Threshold> threshold = parse_threshold(
      R"(big-upload metric=tx_bytes app="/opt/a b/*" above=1.5G deviation_above=300% per=10m for=3m quiet=1h)"
      " severity=high");
  ASSERT_TRUE(threshold.ok()) << threshold.status().message();
  EXPECT_EQ(threshold->name, "big-upload");
  EXPECT_EQ(threshold->metric, AppMetric::kTxBytes);
  EXPECT_EQ(threshold->app, "/opt/a b/*");
  EXPECT_EQ(threshold->above, 1.5e9);
  EXPECT_EQ(threshold->deviation_above, 300);
  EXPECT_EQ(threshold->per_ns, 10 * kMinute);
  EXPECT_EQ(threshold->for_ns, 3 * kMinute);
  EXPECT_EQ(threshold->quiet_ns, kHour);
  EXPECT_EQ(threshold->severity, Severity::kHigh);
}

TEST(ThresholdTest, AmountsAreInTheUnitOfTheMetric) {
  const auto above = [](std::string_view metric, std::string_view amount) {
    Result<Threshold> threshold = parse_threshold("x metric=" + std::string(metric) + " above=" + std::string(amount));
    return threshold.ok() ? *threshold->above : -1;
  };
  EXPECT_EQ(above("rx_bytes", "20MiB"), 20.0 * (1 << 20));
  EXPECT_EQ(above("opens", "2k"), 2000);
  EXPECT_EQ(above("srtt_us", "250ms"), 250'000);
  EXPECT_EQ(above("srtt_us", "250"), 250);
  EXPECT_EQ(above("cpu_ms", "1.5s"), 1500);
  EXPECT_EQ(above("srtt_us", "250M"), -1);
  EXPECT_EQ(above("opens", "1e9"), -1);
  EXPECT_EQ(above("opens", "-1"), -1);
  EXPECT_EQ(above("opens", "nan"), -1);
}

TEST(ThresholdTest, ARiseIsAnAmountOrAShare) {
  Result<Threshold> threshold = parse_threshold("x metric=opens app=* rise_above=100 fall_above=50% within=10m");
  ASSERT_TRUE(threshold.ok()) << threshold.status().message();
  EXPECT_EQ(threshold->rise_above, (Rise{.amount = 100, .percent = false}));
  EXPECT_EQ(threshold->fall_above, (Rise{.amount = 50, .percent = true}));
  EXPECT_EQ(threshold->within_ns, 10 * kMinute);
}

TEST(ThresholdTest, ErrorsSayWhatWouldHelp) {
  EXPECT_EQ(wrong(""), "threshold: what is it called? The name comes first, then metric= and a limit");
  EXPECT_EQ(wrong("metric=tx_bytes above=1"),
            "threshold: what is it called? The name comes first, then metric= and a limit");
  EXPECT_EQ(wrong("a/b metric=opens above=1"),
            "threshold: \"a/b\" is no name of at most 31 letters, digits, _, - and .");
  EXPECT_EQ(wrong("x above=1"), "threshold x: of which metric? say metric=tx_bytes, or another one");
  EXPECT_EQ(wrong("x metric=tx_byte above=1"),
            "threshold x: metric: \"tx_byte\" is none of tx_bytes, rx_bytes, opens, remotes, cpu_ms, connect_failures, "
            "resets, retransmits, srtt_us and jitter_us; did you mean tx_bytes?");
  EXPECT_EQ(wrong("x metric=opens abov=1"),
            "threshold x: takes metric, app, above, below, deviation_above, deviation_below, rise_above, fall_above, "
            "score_above, per, within, for, quiet and severity, and not \"abov\"; did you mean above?");
  EXPECT_EQ(wrong("x metric=opens above=many"),
            "threshold x: above: \"many\" is no amount; write it like 1000, 500k, 20M or 1.5G");
  EXPECT_EQ(wrong("x metric=srtt_us above=5k"), "threshold x: above: \"5k\" is no time; write it like 250ms, or in us");
  EXPECT_EQ(wrong("x metric=opens deviation_above=3"),
            "threshold x: deviation_above: \"3\" is no percentage; write it like 300%");
  EXPECT_EQ(wrong("x metric=opens score_above=1"), "threshold x: score_above: \"1\" is no score from 0.1 to 0.999999");
  EXPECT_EQ(wrong("x metric=opens"),
            "threshold x: says no limit; say one of above=, below=, deviation_above=, deviation_below=, rise_above=, "
            "fall_above=, score_above=");
  EXPECT_EQ(wrong("x metric=opens below=1"),
            "threshold x: every program that does little would pass it; say which with app=");
  EXPECT_EQ(wrong("x metric=opens app=a below=0"), "threshold x: nothing is below 0");
  EXPECT_EQ(wrong("x metric=opens app=a fall_above=100%"), "threshold x: fall_above: nothing falls by 100 % or more");
  EXPECT_EQ(wrong("x metric=remotes above=3 per=1h"), "threshold x: per: remotes does not add up over time");
  EXPECT_EQ(wrong("x metric=opens above=3 within=1h"), "threshold x: within: belongs to rise_above= and fall_above=");
  EXPECT_EQ(wrong("x metric=opens above=3 for=8d"), "threshold x: for: \"8d\" is not from 1s to 7d");
  EXPECT_EQ(wrong("x metric=opens above=3 severity=hi"),
            "threshold x: severity: \"hi\" is none of info, low, medium and high; did you mean high?");
  EXPECT_EQ(wrong("x metric=opens above=3 above=4"), "threshold x: above comes twice");
}

// --- what passes them ---

// Intervals of one app, one after the other.
class ThresholdsTest : public testing::Test {
 protected:
  void say(std::string_view words) {
    Result<Threshold> threshold = parse_threshold(words);
    ASSERT_TRUE(threshold.ok()) << threshold.status().message();
    ASSERT_TRUE(thresholds_.take(*threshold));
  }
  // The names of those that pass; "x~" if that is no news.
  std::string next(AppMetric metric, double value, std::uint32_t app = 0) {
    model::AppSample sample;
    sample.app = app;
    sample.begin_ns = now_;
    sample.end_ns = now_ += interval_;
    sample.values[static_cast<std::size_t>(metric)] = value;
    std::string out;
    for (const Passing& each : thresholds_.judge(sample, scores_known_ ? &scores_ : nullptr, "/usr/bin/app user")) {
      out += (out.empty() ? "" : " ") + each.threshold->name + (each.goes_on ? "~" : "");
      last_ = each;
    }
    return out;
  }
  void expect(AppMetric metric, double expected) {
    scores_known_ = true;
    scores_[static_cast<std::size_t>(metric)] = {.missing = false, .known = true, .expected = expected};
  }

  PageStore store_{1 << 20};
  Thresholds thresholds_{store_, 1 << 20};
  TimeNs interval_ = kMinute;
  TimeNs now_ = 1000 * kMinute;
  model::AppScores scores_;
  bool scores_known_ = false;
  Passing last_;
};

TEST_F(ThresholdsTest, OneOfAnotherProgramIsNotPassed) {
  say("mine metric=opens app=/usr/bin/app* above=10");
  say("other metric=opens app=/usr/bin/other* above=10");
  EXPECT_EQ(next(AppMetric::kOpens, 10), "");
  EXPECT_EQ(next(AppMetric::kOpens, 11), "mine");
  EXPECT_EQ(next(AppMetric::kRxBytes, 11), "");
}

TEST_F(ThresholdsTest, ItIsNewsAgainWhenItIsTwiceAsFarBeyond) {
  say("x metric=opens above=10");
  EXPECT_EQ(next(AppMetric::kOpens, 20), "x");
  EXPECT_EQ(last_.times, 2);
  EXPECT_EQ(next(AppMetric::kOpens, 39), "x~");
  EXPECT_EQ(next(AppMetric::kOpens, 40), "x");
  EXPECT_EQ(next(AppMetric::kOpens, 5), "");
  EXPECT_EQ(next(AppMetric::kOpens, 20), "x");
  EXPECT_EQ(thresholds_.lines(), 1U);
  EXPECT_EQ(next(AppMetric::kOpens, 5), "");
  EXPECT_EQ(thresholds_.lines(), 0U);
}

TEST_F(ThresholdsTest, ForAsLongAsItSays) {
  say("x metric=opens above=10 for=3m");
  EXPECT_EQ(next(AppMetric::kOpens, 20), "");
  EXPECT_EQ(next(AppMetric::kOpens, 20), "");
  EXPECT_EQ(next(AppMetric::kOpens, 20), "x");
  EXPECT_EQ(last_.since_ns, 1000 * kMinute);
  EXPECT_EQ(next(AppMetric::kOpens, 5), "");
  EXPECT_EQ(next(AppMetric::kOpens, 20), "");
  EXPECT_EQ(next(AppMetric::kOpens, 20), "");
  now_ += kMinute;  // An interval that was not seen.
  EXPECT_EQ(next(AppMetric::kOpens, 20), "");
}

TEST_F(ThresholdsTest, WhatIsNotMeasuredSaysNeitherYesNorNo) {
  say("x metric=srtt_us above=100ms for=3m");
  const double none = model::AppSample::kNotMeasured;
  EXPECT_EQ(next(AppMetric::kRtt, 200'000), "");
  EXPECT_EQ(next(AppMetric::kRtt, none), "");
  EXPECT_EQ(next(AppMetric::kRtt, 200'000), "x");
}

TEST_F(ThresholdsTest, ACountIsPerMinuteUnlessItSaysOtherwise) {
  interval_ = 10 * kSecond;
  now_ = 0;
  say("minute metric=opens above=60");
  say("second metric=opens above=1 per=1s");
  EXPECT_EQ(next(AppMetric::kOpens, 50), "second");
  EXPECT_EQ(last_.value, 5);
  EXPECT_EQ(next(AppMetric::kOpens, 10), "");
  EXPECT_EQ(next(AppMetric::kOpens, 1), "minute");
  EXPECT_EQ(last_.value, 61);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(next(AppMetric::kOpens, 0), "minute~");
  EXPECT_EQ(next(AppMetric::kOpens, 0), "");  // The first of the seven is over.
}

TEST_F(ThresholdsTest, AnHourIsSummedUpToATwelfth) {
  now_ = 0;
  say("x metric=tx_bytes above=1G per=1h");
  for (int i = 0; i < 59; ++i) EXPECT_EQ(next(AppMetric::kTxBytes, 17e6), i == 58 ? "x" : "");
  for (int i = 0; i < 4; ++i) (void)next(AppMetric::kTxBytes, 0);
  EXPECT_EQ(next(AppMetric::kTxBytes, 0), "");  // The first five minutes are over.
}

TEST_F(ThresholdsTest, BelowIsJudgedWhenTheWholeTimeWasThereAndNothingWasLost) {
  now_ = 0;
  say("silent metric=opens app=* below=1 per=1h");
  for (int i = 0; i < 59; ++i) EXPECT_EQ(next(AppMetric::kOpens, 0), "") << i;
  EXPECT_EQ(next(AppMetric::kOpens, 0), "silent");
  thresholds_.lost(now_ + 1);
  EXPECT_EQ(next(AppMetric::kOpens, 0), "");
  EXPECT_EQ(next(AppMetric::kOpens, 0), "silent");
  EXPECT_EQ(next(AppMetric::kOpens, 1), "");
  for (int i = 0; i < 59; ++i) EXPECT_EQ(next(AppMetric::kOpens, 0), "") << i;
}

TEST_F(ThresholdsTest, ADeviationIsFromWhatTheBaselineExpects) {
  say("up metric=rx_bytes deviation_above=300%");
  say("down metric=rx_bytes app=* deviation_below=50%");
  EXPECT_EQ(next(AppMetric::kRxBytes, 500), "");  // Nothing is known.
  expect(AppMetric::kRxBytes, 100);
  EXPECT_EQ(next(AppMetric::kRxBytes, 400), "");
  EXPECT_EQ(next(AppMetric::kRxBytes, 401), "up");
  EXPECT_EQ(next(AppMetric::kRxBytes, 50), "");
  EXPECT_EQ(next(AppMetric::kRxBytes, 49), "down");
  expect(AppMetric::kRxBytes, 0);
  EXPECT_EQ(next(AppMetric::kRxBytes, 0), "");
  EXPECT_EQ(next(AppMetric::kRxBytes, 1), "up");
}

TEST_F(ThresholdsTest, AllLimitsHaveToBePassed) {
  say("x metric=rx_bytes above=1M deviation_above=300%");
  expect(AppMetric::kRxBytes, 100);
  EXPECT_EQ(next(AppMetric::kRxBytes, 500), "");
  EXPECT_EQ(next(AppMetric::kRxBytes, 2e6), "x");
  expect(AppMetric::kRxBytes, 1e6);
  EXPECT_EQ(next(AppMetric::kRxBytes, 2e6), "");
}

TEST_F(ThresholdsTest, AChangeIsFromTheLeastOrTheMostOfTheTimeBefore) {
  say("rise metric=srtt_us rise_above=100ms within=5m");
  say("double metric=srtt_us rise_above=100% within=5m");
  say("fall metric=srtt_us app=* fall_above=100ms within=5m");
  EXPECT_EQ(next(AppMetric::kRtt, 300'000), "");  // There is nothing before.
  EXPECT_EQ(next(AppMetric::kRtt, 400'000), "");
  EXPECT_EQ(next(AppMetric::kRtt, 400'001), "rise");
  EXPECT_EQ(last_.before, 300'000);
  EXPECT_EQ(next(AppMetric::kRtt, 601'000), "rise double");
  EXPECT_EQ(next(AppMetric::kRtt, 400'000), "fall");
  EXPECT_EQ(last_.before, 601'000);
  EXPECT_EQ(next(AppMetric::kRtt, 400'000), "fall~");  // 300 ms were more than five minutes ago …
  EXPECT_EQ(next(AppMetric::kRtt, 450'000), "fall~");
}

TEST_F(ThresholdsTest, AScoreIsTheBaselines) {
  say("x metric=resets score_above=0.99");
  expect(AppMetric::kResets, 0);
  scores_[static_cast<std::size_t>(AppMetric::kResets)].score = 0.98;
  EXPECT_EQ(next(AppMetric::kResets, 5), "");
  scores_[static_cast<std::size_t>(AppMetric::kResets)].score = 0.995;
  EXPECT_EQ(next(AppMetric::kResets, 5), "x");
}

TEST_F(ThresholdsTest, OneOfTheSameNameTakesItsPlaceAndLiftingEndsIt) {
  say("x metric=opens above=10 for=2m");
  EXPECT_EQ(next(AppMetric::kOpens, 20), "");
  say("x metric=opens above=15 for=2m");
  EXPECT_EQ(next(AppMetric::kOpens, 20), "");
  EXPECT_EQ(next(AppMetric::kOpens, 20), "x");
  EXPECT_FALSE(thresholds_.lift("y"));
  EXPECT_TRUE(thresholds_.lift("x"));
  EXPECT_EQ(next(AppMetric::kOpens, 20), "");
  EXPECT_EQ(thresholds_.lines(), 0U);
}

TEST_F(ThresholdsTest, OneTooManyIsRefused) {
  for (std::size_t i = 0; i < Thresholds::kMax; ++i) say("x" + std::to_string(i) + " metric=opens above=10");
  EXPECT_FALSE(thresholds_.take(*parse_threshold("one-more metric=opens above=10")));
  EXPECT_TRUE(thresholds_.take(*parse_threshold("x7 metric=opens above=11")));
}

TEST_F(ThresholdsTest, LinesStayWithinTheirBoundAndWhoIsGoneGivesWay) {
  Thresholds few(store_, 4'000);
  ASSERT_TRUE(few.take(*parse_threshold("x metric=opens above=10")));
  const auto pass = [&](std::uint32_t app, TimeNs begin) {
    model::AppSample sample;
    sample.app = app;
    sample.begin_ns = begin;
    sample.end_ns = begin + kMinute;
    sample.values[static_cast<std::size_t>(AppMetric::kOpens)] = 20;
    return !few.judge(sample, nullptr, "app").empty();
  };
  std::uint32_t lines = 0;
  while (pass(lines, kHour)) ++lines;
  EXPECT_GT(lines, 4U);
  EXPECT_EQ(few.lines(), lines);
  EXPECT_EQ(few.refused(), 1U);
  few.forget_app(0);
  EXPECT_TRUE(pass(lines, kHour));
  // An interval later nobody is gone yet; two later all that are not there any more.
  EXPECT_FALSE(pass(lines + 1, kHour + kMinute));
  EXPECT_TRUE(pass(lines + 1, kHour + 2 * kMinute));
  EXPECT_LE(few.lines(), lines);
}

// --- what is told ---

class ThresholdAlertTest : public testing::Test {
 protected:
  ThresholdAlertTest() { script_.start(0, kCrate); }
  // `minutes` of so many bytes each.
  void send(TimeNs at, int minutes, std::uint64_t bytes) {
    script_.stream(at, kCrate, "198.51.100.20", 443, 10 * kSecond, minutes * 6, bytes / 6, 100);
  }
  // "opened high", "updated medium"
  std::vector<std::string> told() {
    run_.feed(script_.events());
    std::vector<std::string> out;
    for (const Raised& each : run_.changes()) {
      if (each.kind != "threshold") continue;
      out.push_back(std::string(change_name(each.change)) + " " + std::string(severity_name(each.severity)) +
                    (each.notified ? "" : " quietly"));
    }
    return out;
  }
  HostScript script_;
  AlertRun run_;
};

TEST_F(ThresholdAlertTest, IsToldBesideTheBudgetAndEndsWhenItIsQuiet) {
  script_.say(kMinute, "threshold up metric=tx_bytes app=*crate* above=10M for=3m severity=high quiet=10m");
  for (int i = 0; i < 8; ++i) send((1 + i) * kHour, 10, 12'000'000);
  script_.mark_drill(10 * kHour, false, 0);  // Time passes.
  const std::vector<std::string> all = told();
  ASSERT_EQ(all.size(), 16U);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], i % 2 == 0 ? "opened high" : "closed high");
}

TEST_F(ThresholdAlertTest, ANoteIsNoNotification) {
  script_.say(kMinute, "threshold up metric=tx_bytes above=10M severity=info");
  send(kHour, 3, 12'000'000);
  EXPECT_THAT(told(), ElementsAre("opened info quietly"));
}

TEST_F(ThresholdAlertTest, WhatIsFourTimesAsFarBeyondEscalates) {
  script_.say(kMinute, "threshold up metric=tx_bytes above=10M");
  send(kHour, 3, 12'000'000);
  send(kHour + 5 * kMinute, 3, 60'000'000);
  EXPECT_THAT(told(), ElementsAre("opened medium", "updated medium", "escalated medium"));
}

TEST_F(ThresholdAlertTest, OneCanBeSuppressedByItsName) {
  script_.say(kMinute, "threshold up metric=tx_bytes above=10M");
  script_.say(kMinute, "suppress threshold=up");
  send(kHour, 3, 12'000'000);
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_EQ(run_.watch().episodes().rows().used(), 1U);
}

TEST_F(ThresholdAlertTest, EachThresholdIsAnAlertOfItsOwnAndSaysItsName) {
  script_.say(kMinute, "threshold up metric=tx_bytes above=10M");
  script_.say(kMinute, "threshold more metric=tx_bytes above=11M");
  send(kHour, 3, 12'000'000);
  run_.feed(script_.events());
  std::vector<std::string> names;
  const AlertPages& rows = run_.watch().episodes().rows();
  for (std::uint32_t slot = 0; slot < rows.slots(); ++slot) {
    if (rows.at(slot).used) names.emplace_back(rows.at(slot).threshold);
  }
  EXPECT_THAT(names, ElementsAre("up", "more"));
  EXPECT_THAT(run_.opened("threshold").front().evidence,
              testing::StartsWith("crate (pid 304) sent 12.0 MB per 60 s since 2023-11-14 "));
  EXPECT_THAT(run_.opened("threshold").front().evidence, testing::EndsWith("; your threshold up is above 10.0 MB."));
}

TEST(ThresholdSentenceTest, SaysEachLimit) {
  HostScript script = learned_host();
  script.say(kThirdDay, "threshold slow metric=srtt_us app=*gauge* above=100ms deviation_above=300%");
  script.say(kThirdDay - 2 * kHour, "threshold jump metric=srtt_us app=*gauge* rise_above=100% within=1h severity=low");
  script.say(kThirdDay, "threshold odd metric=srtt_us app=*gauge* score_above=0.5 above=100ms");
  for (int i = 0; i < 30; ++i) script.round_trip(kThirdDay + i * kMinute, source::kGauge, "203.0.113.50", 443, 300'000);
  AlertRun run;
  run.feed(script.events());
  std::vector<std::string> sentences;
  for (const Raised& each : run.opened("threshold")) sentences.push_back(each.evidence);
  const std::string begin = "gauge (pid 310) waited 160 ms for answers since 2023-11-17 07:13 UTC; your threshold ";
  EXPECT_THAT(
      sentences,
      ElementsAre(begin + "jump is up by more than 100 % within 60 min, from 18 ms; usual is 18 ms to 22 ms.",
                  begin + "slow is above 100 ms and more than 300 % above the expected 20 ms; usual is 18 ms to "
                          "22 ms.",
                  begin + "odd is above 100 ms and a score of 0.500, now 1.000; usual is 18 ms to 22 ms."));
}

TEST_F(ThresholdAlertTest, NeedsNoBaselines) {
  model::Settings settings;
  settings.baselines_off = 1;
  const core::Bounds bounds = core::share_memory(settings);
  PageStore store(bounds.copies_max_bytes);
  NoSeries series;
  Watch watch(store, {.bytes_max = bounds.watch_max_bytes});
  core::Engine engine(bounds, store, series, &watch, nullptr);
  script_.say(kMinute, "threshold up metric=tx_bytes above=10M");
  send(kHour, 3, 12'000'000);
  engine.feed(script_.events());
  ASSERT_NE(watch.episodes().next_change(), nullptr);
  EXPECT_EQ(watch.episodes().next_change()->kind, Kind::kThreshold);
}

}  // namespace
}  // namespace ipm::alert
