// What an operator says changes who is told, never what is known.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "source/drill/ordinary_host.h"
#include "support/alert_run.h"
#include "support/host_script.h"

namespace ipm::alert {
namespace {

using namespace ipm::test;  // NOLINT: the script is the language of these tests.
using testing::ElementsAre;
using testing::IsEmpty;

const Persona kProbe{.name = "probe", .exe = "/usr/bin/probe", .pid = 401};
const Persona kOther{.name = "other", .exe = "/usr/bin/other", .pid = 402};

// Ports of one host that nobody listens at: a scan, without anything to be learned first.
void scan(HostScript& script, TimeNs at, const Persona& who, std::string_view host, int ports, int first = 1'000) {
  for (int i = 0; i < ports; ++i) {
    script.fail(at + i * kSecond, who, host, static_cast<std::uint16_t>(first + i * 7));
  }
}

class OperatorTest : public testing::Test {
 protected:
  OperatorTest() {
    script_.start(0, kProbe);
    script_.start(0, kOther);
  }
  // "opened 1 scan probe", as they were told, with the verdict.
  std::vector<std::string> told() {
    run_.feed(script_.events());
    std::vector<std::string> out;
    for (const Raised& each : run_.changes()) {
      out.push_back(std::string(change_name(each.change)) + " " + std::to_string(each.id) + " " + each.kind + " " +
                    each.comm + (each.verdict.empty() ? "" : " " + each.verdict));
    }
    return out;
  }
  // Of the table.
  std::vector<AlertRow> rows() {
    std::vector<AlertRow> out;
    const AlertPages& pages = run_.watch().episodes().rows();
    for (std::uint32_t slot = 0; slot < pages.slots(); ++slot) {
      if (pages.at(slot).used) out.push_back(pages.at(slot));
    }
    return out;
  }

  HostScript script_;
  AlertRun run_;
};

TEST_F(OperatorTest, SuppressedIsInTheTableAndNobodyIsTold) {
  script_.say(kSecond, "suppress kind=scan app=*probe*");
  scan(script_, kMinute, kProbe, "10.4.1.9", 30);
  scan(script_, kMinute, kOther, "10.4.1.9", 30);
  EXPECT_THAT(told(), testing::Each(testing::EndsWith(" scan other")));
  const std::vector<AlertRow> all = rows();
  ASSERT_EQ(all.size(), 2U);
  for (const AlertRow& row : all) {
    const bool suppressed = std::string_view(row.comm) == "probe";
    EXPECT_EQ(verdict_name(row.verdict), suppressed ? "suppressed" : "");
    EXPECT_EQ(row.notified, !suppressed);
  }
}

TEST_F(OperatorTest, WhenASuppressionEndsWhatGoesOnIsTold) {
  script_.say(kSecond, "suppress kind=scan for=10m");
  scan(script_, kMinute, kProbe, "10.4.1.9", 30);
  scan(script_, 30 * kMinute, kProbe, "10.4.1.9", 30, 3'000);
  const std::vector<std::string> all = told();
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all.front(), "opened 1 scan probe");
  EXPECT_EQ(rows().size(), 1U);
}

TEST_F(OperatorTest, AcknowledgedIsToldAgainOnlyWhenItEscalates) {
  scan(script_, kMinute, kProbe, "10.4.1.9", 8);
  script_.say(2 * kMinute, "acknowledge alert=1");
  scan(script_, 3 * kMinute, kProbe, "10.4.1.9", 4, 3'000);
  scan(script_, 6 * kMinute, kProbe, "10.4.1.9", 60, 5'000);
  const std::vector<std::string> all = told();
  ASSERT_GE(all.size(), 3U);
  EXPECT_EQ(all[0], "opened 1 scan probe");
  std::vector<std::string> later;
  for (const std::string& each : all) {
    if (each.ends_with("acknowledged")) later.push_back(each);
  }
  EXPECT_THAT(later, ElementsAre("updated 1 scan probe acknowledged", "escalated 1 scan probe acknowledged"));
}

TEST_F(OperatorTest, AFalsePositiveEndsAndOneLikeItStaysQuietUntilItIsMuchStronger) {
  scan(script_, kMinute, kProbe, "10.4.1.9", 8);
  script_.say(2 * kMinute, "false_positive alert=1");
  const std::vector<std::string> before = told();
  EXPECT_EQ(before.back(), "closed 1 scan probe false_positive");
  HostScript again;
  scan(again, 10 * kHour, kProbe, "10.4.1.9", 20, 3'000);
  run_.feed(again.events());
  EXPECT_EQ(rows().size(), 1U);
  EXPECT_GT(run_.watch().episodes().counters().accepted, 0U);
  HostScript stronger;
  scan(stronger, 11 * kHour, kProbe, "10.4.1.9", 80, 5'000);
  run_.feed(stronger.events());
  EXPECT_EQ(rows().size(), 2U);
}

TEST_F(OperatorTest, EachPortOnWhichAProgramListensIsAnAlertOfItsOwn) {
  const Persona stranger{.name = "stranger", .exe = "/tmp/stranger", .pid = 403};
  script_.start(2 * kDay, stranger);
  script_.listen(2 * kDay + kMinute, stranger, 4'444);
  script_.listen(2 * kDay + 2 * kMinute, stranger, 5'555);
  script_.say(2 * kDay + 3 * kMinute, "false_positive alert=1");
  script_.say(2 * kDay + 3 * kMinute, "suppress kind=listener port=6666");
  script_.listen(2 * kDay + 4 * kMinute, stranger, 6'666);
  script_.listen(2 * kDay + 5 * kMinute, stranger, 7'777);
  EXPECT_THAT(told(), ElementsAre("opened 1 listener stranger", "opened 2 listener stranger",
                                  "closed 1 listener stranger false_positive", "opened 4 listener stranger"));
}

// 30 MB a minute for an hour, of a program that sent 5 kB.
void flood(HostScript& script, TimeNs at) {
  script.stream(at, source::kCrate, source::address_of(0x40, 5), 443, 10 * kSecond, 360, 5'000'000, 100);
}

// What the baseline of the bytes that crate sends has for usual after the flood.
double usual_high(AlertRun& run) {
  const baseline::BaselineSet learned = run.baselines().set();
  for (const auto& [key, known] : learned.all()) {
    if (key.app.find("crate") == std::string::npos || key.metric != 0) continue;
    return known.usual(baseline::app_options(model::AppMetric::kTxBytes, 0.9), known.last_s()).expected_high;
  }
  return -1;
}

// The run in which an operator calls that alert a false positive; 0: none.
double usual_after_a_flood(std::uint64_t false_positive, std::uint64_t* raised = nullptr) {
  HostScript script;
  source::start_ordinary_programs(script);
  source::live_ordinary_days(script, kMinute, 2 * kDay + 12 * kHour, 1);
  const TimeNs at = 2 * kDay + 9 * kHour;
  flood(script, at);
  if (false_positive != 0) script.say(at + 5 * kMinute, "false_positive alert=" + std::to_string(false_positive));
  AlertRun run;
  run.feed(script.events());
  if (raised != nullptr) *raised = run.opened("bandwidth").front().id;
  return usual_high(run);
}

TEST(FeedbackOfOperatorsTest, WhatIsCalledAFalsePositiveIsSoonUsual) {
  std::uint64_t alert = 0;
  EXPECT_LT(usual_after_a_flood(0, &alert), 1e5);
  EXPECT_GT(usual_after_a_flood(alert), 5e6);
}

TEST(FeedbackOfOperatorsTest, ADayThatIsAFalsePositiveIsTheMeasureOfDays) {
  Volume volume{.slow_day = 1e6};
  AlertRow row;
  row.part = 1;
  row.value = 2e8;
  accept_volume(volume, row);
  EXPECT_EQ(volume.slow_day, 2e8);
}

TEST_F(OperatorTest, CriticalIsNotifiedWhateverTheBudgetSays) {
  script_.say(kSecond, "critical app=*probe*");
  std::deque<std::string> texts;  // Of the programs below.
  for (std::uint32_t i = 0; i < 16; ++i) {
    const std::string& name =
        texts.emplace_back((i % 2 == 0 ? "probe" : "other") + std::string(1, static_cast<char>('a' + i)));
    const std::string& exe = texts.emplace_back("/usr/bin/" + name);
    const Persona who{.name = name, .exe = exe, .pid = 500 + i};
    script_.start(kMinute, who);
    scan(script_, (1 + i) * 10 * kMinute, who, "10.4.1.9", 30);
  }
  (void)told();
  int probe = 0, kept_back = 0;
  for (const AlertRow& row : rows()) {
    if (std::string_view(row.comm).starts_with("probe")) {
      ++probe;
      EXPECT_TRUE(row.notified);
    } else {
      kept_back += row.notified ? 0 : 1;
    }
  }
  EXPECT_GT(probe, 3);
  EXPECT_GT(kept_back, 0);
}

TEST_F(OperatorTest, WhatCannotBeObeyedIsCounted) {
  script_.say(kSecond, "acknowledge alert=77");
  script_.say(kSecond, "no rule at all");
  script_.say(kSecond, "lift critical app=x");
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_EQ(run_.watch().counters().rules_refused, 3U);
}

}  // namespace
}  // namespace ipm::alert
