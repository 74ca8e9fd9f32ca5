// Who was there while the host was being learned, or goes so slowly that each step looks small, is not safe.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/alert_run.h"
#include "support/small_host.h"

namespace ipm::alert {
namespace {

using namespace ipm::test;  // NOLINT: the script is the language of these tests.
using testing::IsEmpty;
using testing::Not;

std::vector<Raised> alarms(HostScript& script, const Persona& who, std::string_view kind, TimeNs since) {
  AlertRun run;
  run.feed(script.events());
  std::vector<Raised> out;
  for (const Raised& each : run.opened(kind)) {
    if (each.comm == who.name && each.time_ns >= kScriptBegin + since) out.push_back(each);
  }
  return out;
}

// A host with one more peer, called from the first hours on, under whose cover the rest happens.
HostScript infected_host() {
  HostScript script = learned_host();
  for (TimeNs at = 2 * kHour; at < 3 * kDay; at += 7 * kMinute) script.connect(at, kCrate, "192.0.2.66", 443, 500, 300);
  return script;
}

TEST(PoisonTest, ABeaconOfTheFirstDayIsAtLeastANote) {
  HostScript script = infected_host();
  const std::vector<Raised> notes = alarms(script, kCrate, "beacon", 0);
  ASSERT_THAT(notes, Not(IsEmpty()));
  EXPECT_EQ(notes.front().severity, Severity::kInfo);
}

TEST(PoisonTest, APeerThatWasLearnedDoesNotCarryAnythingAway) {
  HostScript script = infected_host();
  script.stream(kThirdDay, kCrate, "192.0.2.66", 443, 10 * kSecond, 30, 10'000'000, 1'000);
  EXPECT_THAT(alarms(script, kCrate, "bandwidth", 2 * kDay), Not(IsEmpty()));
}

TEST(PoisonTest, ALeakThatGrowsByHalfADayIsFound) {
  HostScript script;
  start_all(script);
  ordinary_days(script, kMinute, 12 * kDay);
  double bytes = 1'500'000;
  for (int day = 1; day < 12; ++day, bytes *= 1.5) {
    for (int hour = 0; hour < 24; ++hour)
      script.connect(day * kDay + hour * kHour, kCrate, "203.0.40.5", 443, static_cast<std::uint64_t>(bytes), 3'000);
  }
  EXPECT_THAT(alarms(script, kCrate, "bandwidth", 3 * kDay), Not(IsEmpty()));
}

// Too slowly for each of the steps: by an eighth of what it was a day.
TEST(PoisonTest, WhatCreepsUpOverDaysIsANote) {
  HostScript script;
  start_all(script);
  Random random(5);
  const auto noise = [&] {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += static_cast<double>(random.below(1'000)) / 1'000;
    return sum;
  };
  for (TimeNs at = kMinute; at < 12 * kDay; at += kMinute) {
    const double days = std::max(0.0, static_cast<double>(at) / static_cast<double>(kDay) - 7);
    const double bytes = 8e6 * (1 + 0.2 * noise() + 0.125 * days);
    script.connect(at, kCrate, "203.0.40.5", 443, static_cast<std::uint64_t>(std::max(0.0, bytes)), 3'000);
  }
  const std::vector<Raised> raised = alarms(script, kCrate, "bandwidth", 7 * kDay);
  ASSERT_EQ(raised.size(), 1U);
  EXPECT_EQ(raised.front().severity, Severity::kInfo);
  EXPECT_EQ(raised.front().evidence,
            "crate (pid 304) sends more and more: 9.0 MB in each 60 s of the last day or two, as of 2023-11-24 13:16 "
            "UTC, and 8.1 MB in the week before, over 13863 such intervals.");
}

TEST(PoisonTest, AServiceThatGrowsByATenthADayIsNot) {
  HostScript script;
  start_all(script);
  ordinary_days(script, kMinute, 14 * kDay);
  double bytes = 1'500'000;
  for (int day = 0; day < 14; ++day, bytes *= 1.1) {
    for (int hour = 0; hour < 24; ++hour)
      script.connect(day * kDay + hour * kHour, kCrate, "203.0.40.5", 443, static_cast<std::uint64_t>(bytes), 3'000);
  }
  EXPECT_THAT(alarms(script, kCrate, "bandwidth", 2 * kDay), IsEmpty());
}

TEST(PoisonTest, OneDayOfScanningDoesNotMakeTheNextOneUsual) {
  HostScript script = learned_host();
  const auto scan = [&](TimeNs at, const char* net) {
    for (std::uint64_t i = 1; i <= 60; ++i)
      script.fail(at + static_cast<TimeNs>(i) * 10 * kSecond, kCrate, address(net, i), 6379);
  };
  scan(kDay + 9 * kHour, "10.4.77");
  scan(kDay + 18 * kHour, "10.4.78");
  scan(kThirdDay + 12 * kHour, "10.4.79");
  EXPECT_THAT(alarms(script, kCrate, "scan", 2 * kDay), Not(IsEmpty()));
}

TEST(PoisonTest, AScanDoesNotHideTheOddPortAfterIt) {
  HostScript script = learned_host();
  for (std::uint16_t port = 100; port < 300; ++port) {
    const TimeNs at = kThirdDay + port * kSecond;
    if (port % 10 == 0) {
      script.connect(at, kCrate, "10.4.1.9", port, 60, 100);
    } else {
      script.fail(at, kCrate, "10.4.1.9", port);
    }
  }
  script.connect(kThirdDay + 8 * kHour, kCrate, "192.0.2.66", 6667, 500, 500);
  const std::vector<Raised> odd = alarms(script, kCrate, "odd_port", 2 * kDay);
  ASSERT_THAT(odd, Not(IsEmpty()));
  EXPECT_LE(odd.size(), 6U);  // The scan itself is not two hundred odd ports.
  EXPECT_EQ(odd.back().port, 6667);
}

TEST(PoisonTest, WhatTheFirstNewProgramDidDoesNotExcuseItsBeacon) {
  HostScript script = learned_host();
  const Persona tool{.name = "tool", .exe = "/usr/local/bin/tool", .pid = 410};
  script.start(kThirdDay, tool);
  for (int i = 0; i < 60; ++i) script.connect(kThirdDay + i * 4 * kMinute, tool, "192.0.2.77", 443, 700, 300);
  EXPECT_THAT(alarms(script, tool, "beacon", 2 * kDay), Not(IsEmpty()));
}

TEST(PoisonTest, WhatANewProgramSendsAwayInItsFirstDayIsTold) {
  HostScript script = learned_host();
  const Persona tool{.name = "tool", .exe = "/usr/local/bin/tool", .pid = 410};
  script.start(kThirdDay, tool);
  script.stream(kThirdDay, tool, "192.0.2.77", 443, 10 * kSecond, 30, 10'000'000, 1'000);
  EXPECT_THAT(alarms(script, tool, "exfil", 2 * kDay), Not(IsEmpty()));
}

}  // namespace
}  // namespace ipm::alert
