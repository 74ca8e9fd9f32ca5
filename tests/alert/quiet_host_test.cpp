// What must not alarm does not: ordinary days, and the honest disturbances of a host.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/alert_run.h"
#include "support/small_host.h"

namespace ipm::alert {
namespace {

using namespace ipm::test;  // NOLINT: the script is the language of these tests.
using testing::IsEmpty;

// Above a note, after learning.
std::vector<std::string> alarms(HostScript& script) {
  AlertRun run;
  run.feed(script.events());
  std::vector<std::string> out;
  for (const Raised& each : run.opened()) {
    if (each.severity != Severity::kInfo && each.time_ns >= kScriptBegin + kDay)
      out.push_back(each.kind + ": " + each.evidence);
  }
  return out;
}

TEST(QuietHostTest, OrdinaryDaysRaiseNothing) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    HostScript script = learned_host({}, seed);
    EXPECT_THAT(alarms(script), IsEmpty()) << "seed " << seed;
  }
}

TEST(QuietHostTest, WhatIsSaidOfTheSourceBeforeItBeginsIsNotTheBeginningOfTheWatch) {
  HostScript script = learned_host();
  AlertRun run;
  model::Event told = {};
  told.header.kind = model::EventKind::kTimeAdvance;
  told.header.version = 1;
  told.header.time_ns = 1;
  run.feed({&told, 1});
  run.feed(script.events());
  EXPECT_THAT(run.opened("new_program"), IsEmpty());
}

TEST(QuietHostTest, ANewAgentThatReportsToTheSiteIsOneNote) {
  HostScript script = learned_host();
  const Persona agent{.name = "probe", .exe = "/usr/sbin/probe", .pid = 400, .uid = 990};
  script.start(kThirdDay, agent);
  for (int i = 0; i < 600; ++i) script.connect(kThirdDay + i * kMinute, agent, "10.4.1.40", 4317, 2'000, 300);
  EXPECT_THAT(alarms(script), IsEmpty());
  AlertRun run;
  run.feed(script.events());
  ASSERT_EQ(run.opened("new_program").size(), 1U);
  EXPECT_EQ(run.opened("new_program").front().severity, Severity::kInfo);
  EXPECT_FALSE(run.opened("new_program").front().notified);
}

// An implant that was put where programs are does the same: who installed an agent knows it, and who did not wants to.
TEST(QuietHostTest, ANewAgentThatCallsSomebodyOutsideIsToldOnceAndMildly) {
  HostScript script = learned_host();
  const Persona agent{.name = "probe", .exe = "/usr/sbin/probe", .pid = 400, .uid = 990};
  script.start(kThirdDay, agent);
  for (int i = 0; i < 600; ++i) script.connect(kThirdDay + i * kMinute, agent, "192.0.2.40", 4317, 2'000, 300);
  AlertRun run;
  run.feed(script.events());
  std::vector<Raised> raised;
  for (const Raised& each : run.opened()) {
    if (each.comm == agent.name && each.severity != Severity::kInfo) raised.push_back(each);
  }
  ASSERT_EQ(raised.size(), 1U);
  EXPECT_EQ(raised.front().kind, "beacon");
  EXPECT_EQ(raised.front().severity, Severity::kMedium);
  EXPECT_LT(raised.front().score, 0.6);
}

TEST(QuietHostTest, AServiceThatMovesToOtherAddressesIsNoNewDestination) {
  HostScript script = learned_host();
  Random random(4);
  TimeNs at = kThirdDay;
  for (int i = 0; i < 40; ++i) {
    at += static_cast<TimeNs>(1 + random.below(i < 4 ? 60 : random.one_in(3) ? 900 : 120)) * kSecond;
    script.connect(at, kPilot, i % 2 == 0 ? "192.0.2.91" : "192.88.1.4", 443, 1'200, 6'000);
  }
  EXPECT_THAT(alarms(script), IsEmpty());
}

TEST(QuietHostTest, AnAgentWhoseServerMovesKeepsItsRhythmUnderTheNewAddress) {
  HostScript script;
  start_all(script);
  ordinary_days(script, kMinute, 2 * kDay);
  for (int i = 0; i < 200; ++i) script.connect(2 * kDay + i * 4 * kMinute, kTally, "192.0.2.60", 443, 700, 300);
  EXPECT_THAT(alarms(script), testing::Each(testing::Not(testing::StartsWith("beacon"))));
}

TEST(QuietHostTest, ARedeployedProgramKeepsWhatWasLearned) {
  HostScript script;
  start_all(script);
  ordinary_days(script, kMinute, 2 * kDay);
  const Persona moved{.name = "crate", .exe = "/srv/crate-two/bin/crate", .pid = 700};
  script.start(2 * kDay, moved);
  const auto turn = [&](TimeNs at, int i) {
    return script.connect(at, moved, address_of(0x40 + static_cast<std::uint64_t>(i) % 8, 5), 443, 5'000, 9'000);
  };
  for (int i = 0; i < 100; ++i) turn(2 * kDay + i * 5 * kMinute, i);
  EXPECT_THAT(alarms(script), IsEmpty());
  // It does not have to be learned again: what is odd is told at once.
  script.connect(2 * kDay + 10 * kHour, moved, "2001:db8:41::5", 6667, 500, 500);
  AlertRun run;
  run.feed(script.events());
  ASSERT_EQ(run.opened("odd_port").size(), 1U);
  EXPECT_EQ(run.opened("odd_port").front().pid, 700U);
  // Nor does what it sends; and by now its networks have shown that it is the same.
  EXPECT_EQ(run.baselines().counters().inherited, 1U);
  const baseline::AppBaselineViews views = run.baselines().views();
  std::uint64_t known = 0, unconfirmed = 0;
  for (std::uint32_t row = 0; row < views.rows.slots(); ++row) {
    known += views.rows.at(row).seasonal[0].samples() > 2'000 ? 1 : 0;
    unconfirmed += views.rows.at(row).unconfirmed ? 1 : 0;
  }
  EXPECT_GT(known, 1U);
  EXPECT_EQ(unconfirmed, 0U);
}

TEST(QuietHostTest, ALargerBackupToTheOldPeerIsNoLeak) {
  HostScript script = learned_host();
  script.stream(kThirdDay, kVault, "198.51.100.20", 443, 10 * kSecond, 60, 3'000'000, 900);
  EXPECT_THAT(alarms(script), IsEmpty());
}

TEST(QuietHostTest, ACrowdOfVisitorsIsNoAttack) {
  HostScript script = learned_host();
  for (int i = 0; i < 2'000; ++i) {
    script.serve(kThirdDay + i * kSecond, kPorter,
                 address_of(0x200 + static_cast<std::uint64_t>(i) % 90, static_cast<std::uint64_t>(i) % 200 + 1), 443,
                 30'000, 900);
  }
  EXPECT_THAT(alarms(script), IsEmpty());
}

TEST(QuietHostTest, AnOutageOfTheUplinkIsOneIncidentOfTheHost) {
  HostScript script = learned_host();
  for (int i = 0; i < 20; ++i) {
    const TimeNs at = kThirdDay + i * 20 * kSecond;
    script.fail(at, kTally, "203.0.113.10", 443, ETIMEDOUT);
    script.fail(at, kWeaver, address_of(0x900 + static_cast<std::uint64_t>(i), 8), 443, ETIMEDOUT);
    script.fail(at, kCrate, "2001:db8:42::5", 443, ETIMEDOUT);
    script.fail(at, kVault, "198.51.100.20", 443, ETIMEDOUT);
    script.fail(at, kPilot, "198.51.100.7", 443, ETIMEDOUT);
  }
  AlertRun run;
  run.feed(script.events());
  ASSERT_EQ(run.opened("fault").size(), 1U);
  EXPECT_EQ(run.opened("fault").front().pid, 0U);
  EXPECT_THAT(run.opened("scan"), IsEmpty());
  EXPECT_EQ(run.opened("fault").front().evidence,
            "The uplink seems down: 3 programs, the last one crate, got no answer from outside within 3 min, since "
            "2023-11-17 07:13 UTC, and nobody did for 30 s or longer; it takes 3 then to call it that.");
}

TEST(QuietHostTest, FiveSilentProgramsAreAnOutageWhileOthersGetAnswers) {
  HostScript script;
  start_all(script);
  const Persona* silent[] = {&kTally, &kWeaver, &kCrate, &kVault, &kPilot};
  for (const Persona* who : silent) script.connect(kMinute, *who, "198.51.100.7", 443, 500, 500);
  for (int i = 0; i < 5; ++i) {
    script.connect(kHour + i * 10 * kSecond - 5 * kSecond, kLetters, "198.51.100.9", 443, 500, 500);
    script.fail(kHour + i * 10 * kSecond, *silent[i], "198.51.100.7", 443, ETIMEDOUT);
  }
  AlertRun run;
  run.feed(script.events());
  ASSERT_EQ(run.opened("fault").size(), 1U);
  EXPECT_EQ(run.opened("fault").front().evidence,
            "The uplink seems down: 5 programs, the last one pilot, got no answer from outside within 3 min, since "
            "2023-11-14 23:14 UTC, while others did; it takes 5 then to call it that.");
}

}  // namespace
}  // namespace ipm::alert
