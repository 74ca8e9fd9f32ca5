// What operators say of an alert, and what is then told of it and of others like it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alert/episodes.h"

namespace ipm::alert {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class FeedbackTest : public testing::Test {
 protected:
  bool report(const Finding& finding, TimeNs time) {
    return episodes_.report(finding, {.app = 1, .key_text = 5}, "Something.", time);
  }
  // "opened 1", "closed 1 false_positive", as they were told since the last call.
  std::vector<std::string> told() {
    std::vector<std::string> out;
    for (const AlertRow* row = episodes_.next_change(); row != nullptr; row = episodes_.next_change()) {
      const std::string verdict(verdict_name(row->verdict));
      out.push_back(std::string(change_name(row->change)) + " " + std::to_string(row->id) +
                    (verdict.empty() ? "" : " " + verdict));
      episodes_.take_change();
    }
    return out;
  }
  void say(std::string_view line, TimeNs time) { ASSERT_TRUE(episodes_.rules().take(*parse_rule(line), time)); }

  PageStore store_{1 << 20};
  Episodes episodes_{store_, 64, 64, 1};
};

TEST_F(FeedbackTest, AMagnitudeComesAgainWhenItIsFourTimesAsStrong) {
  const auto bytes = [](double sent) { return Finding{.kind = Kind::kExfil, .strength = sent, .value = sent}; };
  report(bytes(1e6), kHour);
  episodes_.call_false_positive(1, 2 * kHour);
  EXPECT_FALSE(report(bytes(3.9e6), 3 * kHour));
  EXPECT_TRUE(report(bytes(4e6), 4 * kHour));
  EXPECT_THAT(told(), ElementsAre("opened 1", "closed 1 false_positive", "opened 2"));
}

// Of ports, likelihoods and surprises there is no more and less.
TEST_F(FeedbackTest, WhatIsNoMagnitudeNeitherEscalatesNorComesAgain) {
  report({.kind = Kind::kOddPort, .value = 80}, kHour);
  EXPECT_FALSE(report({.kind = Kind::kOddPort, .value = 6667}, 2 * kHour));
  episodes_.call_false_positive(1, 3 * kHour);
  EXPECT_FALSE(report({.kind = Kind::kOddPort, .value = 65'535}, 4 * kHour));
  EXPECT_THAT(told(), ElementsAre("opened 1", "updated 1", "closed 1 false_positive"));
  EXPECT_EQ(episodes_.counters().accepted, 1U);
}

TEST_F(FeedbackTest, AFalsePositiveComesAgainWhenItIsMoreSevere) {
  Finding asked{.kind = Kind::kThreatIntel, .severity = Severity::kMedium, .strength = 1, .indicator_text = 7};
  report(asked, kHour);
  episodes_.call_false_positive(1, 2 * kHour);
  EXPECT_FALSE(report(asked, 3 * kHour));
  asked.severity = Severity::kHigh;
  EXPECT_TRUE(report(asked, 4 * kHour));
}

TEST_F(FeedbackTest, AFalsePositiveIsAboutOneSubject) {
  const auto listed = [](std::uint32_t indicator) {
    return Finding{.kind = Kind::kThreatIntel, .strength = 1, .indicator_text = indicator};
  };
  report(listed(7), kHour);
  episodes_.call_false_positive(1, 2 * kHour);
  EXPECT_FALSE(report(listed(7), 3 * kHour));
  EXPECT_TRUE(report(listed(8), 3 * kHour));
}

TEST_F(FeedbackTest, SayingItAgainReplacesWhatWasSaid) {
  const Finding scan{.kind = Kind::kScan, .strength = 10};
  for (std::uint64_t i = 1; i <= 2 * FalsePositives::kMax; ++i) {
    Finding stronger = scan;
    stronger.strength = 10 * static_cast<double>(i);
    report(stronger, kHour);
    episodes_.call_false_positive(1, kHour);
  }
  EXPECT_FALSE(report(scan, 2 * kHour));
}

TEST_F(FeedbackTest, TheOldestOfTooManyIsForgotten) {
  PageStore store(1 << 20);
  FalsePositives known(store);
  const auto row = [](std::uint64_t part) {
    AlertRow out;
    out.part = part;
    return out;
  };
  for (std::uint64_t part = 0; part <= FalsePositives::kMax; ++part) known.take(row(part));
  EXPECT_FALSE(known.cover({.part = 0, .severity = Severity::kInfo}, 0));
  EXPECT_TRUE(known.cover({.part = 1, .severity = Severity::kInfo}, 0));
  known.forget_app(0);
  EXPECT_FALSE(known.cover({.part = 1, .severity = Severity::kInfo}, 0));
  EXPECT_EQ(store.bytes_used(), 0U);
}

TEST_F(FeedbackTest, AcknowledgedAgainIsNoChange) {
  report({.kind = Kind::kScan, .strength = 10}, kHour);
  episodes_.acknowledge(1, 2 * kHour);
  EXPECT_THAT(told(), Not(IsEmpty()));
  EXPECT_NE(episodes_.acknowledge(1, 3 * kHour), nullptr);
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(FeedbackTest, ASuppressionSilencesWhatWasAcknowledged) {
  const auto scan = [](double hosts) { return Finding{.kind = Kind::kScan, .strength = hosts}; };
  report(scan(10), kHour);
  episodes_.acknowledge(1, 2 * kHour);
  (void)told();
  say("suppress kind=scan for=2h", 2 * kHour);
  EXPECT_TRUE(report(scan(40), 3 * kHour));
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_EQ(episodes_.rows().at(0).verdict, Verdict::kSuppressed);
  EXPECT_FALSE(report(scan(50), 5 * kHour));  // The suppression is over, and it is known.
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_EQ(episodes_.rows().at(0).verdict, Verdict::kAcknowledged);
  EXPECT_TRUE(report(scan(160), 6 * kHour));
  EXPECT_THAT(told(), ElementsAre("escalated 1 acknowledged"));
}

TEST_F(FeedbackTest, WhoHeardOfItHearsOfItsEnd) {
  report({.kind = Kind::kScan, .strength = 10}, kHour);
  EXPECT_THAT(told(), ElementsAre("opened 1"));
  say("suppress kind=scan", 2 * kHour);
  report({.kind = Kind::kScan, .strength = 20}, 3 * kHour);
  EXPECT_THAT(told(), IsEmpty());
  episodes_.advance(9 * kHour);
  EXPECT_THAT(told(), ElementsAre("closed 1 suppressed"));
}

TEST_F(FeedbackTest, WhoDidNotHearOfItDoesNotHearOfItsEnd) {
  say("suppress kind=scan", kHour);
  report({.kind = Kind::kScan, .strength = 10}, kHour);
  episodes_.call_false_positive(1, 2 * kHour);
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_EQ(episodes_.rows().at(0).change, Change::kClosed);
}

TEST_F(FeedbackTest, ANoteOfACriticalProgramIsStillANote) {
  say("critical app=*", kHour);
  report({.kind = Kind::kListener, .severity = Severity::kInfo, .remote_port = 80}, kHour);
  EXPECT_FALSE(episodes_.rows().at(0).notified);
}

}  // namespace
}  // namespace ipm::alert
