// Nights, holidays, clocks that change and lids that close are no news.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/alert_run.h"
#include "support/habit.h"

namespace ipm::alert {
namespace {

using namespace ipm::test;  // NOLINT: the script is the language of these tests.
using testing::IsEmpty;

constexpr int kDays = 8;

// People at work, timers, a nightly job and a kept connection.
std::vector<std::string> alarms(const Calendar& calendar, std::uint64_t seed) {
  Atlas atlas(seed);
  const std::string service = atlas.provider();
  const std::vector<Habit> habits = {
      {.who = {.name = "desk", .exe = "/usr/bin/desk", .pid = 11},
       .every = 4 * kMinute,
       .hours = Hours::kOffice,
       .peers = atlas.of(service, 12),
       .batch = 3},
      {.who = {.name = "timer", .exe = "/usr/bin/timer", .pid = 12},
       .beat = Beat::kSteady,
       .every = 5 * kMinute,
       .peers = atlas.outside(2)},
      {.who = {.name = "night", .exe = "/usr/bin/night", .pid = 13},
       .beat = Beat::kNightly,
       .peers = atlas.outside(1),
       .tx = 9e7,
       .lasts = 30 * kMinute},
      {.who = {.name = "kept", .exe = "/usr/bin/kept", .pid = 14},
       .beat = Beat::kHeld,
       .every = kMinute,
       .peers = atlas.of(service, 2),
       .tx = 100,
       .rx = 100,
       .lasts = 2 * kHour},
      {.who = {.name = "plain", .exe = "/usr/bin/plain", .pid = 15},
       .every = 6 * kMinute,
       .hours = Hours::kWave,
       .peers = atlas.inside(1),
       .port = 514,
       .entropy = 4.5},
  };
  HostScript script;
  std::uint64_t number = 0;
  for (const Habit& habit : habits) {
    script.start(0, habit.who);
    live(script, habit, calendar, {}, kDays * kDay, seed * 100 + ++number);
  }
  AlertRun run;
  run.feed(script.events());
  std::vector<std::string> out;
  for (const Raised& each : run.opened()) {
    if (each.severity != Severity::kInfo && each.time_ns >= kScriptBegin + 2 * kDay)
      out.push_back(each.kind + ": " + each.evidence);
  }
  return out;
}

TEST(CalendarTest, ClocksThatChangeAreNoNews) {
  for (const int by : {1, -1}) {
    Calendar calendar;
    calendar.clocks_change = 4;
    calendar.clocks_by = by;
    EXPECT_THAT(alarms(calendar, 1), IsEmpty()) << by;
  }
}

TEST(CalendarTest, AHolidayIsNoNewsAndNeitherIsTheDayAfterIt) {
  Calendar calendar;
  calendar.weekday = 0;
  calendar.holiday = 3;
  EXPECT_THAT(alarms(calendar, 2), IsEmpty());
}

TEST(CalendarTest, AWeekendIsNoNewsAndNeitherIsMonday) {
  Calendar calendar;
  calendar.weekday = 2;
  EXPECT_THAT(alarms(calendar, 3), IsEmpty());
}

TEST(CalendarTest, AHostThatSleepsAndWakesIsNoNews) {
  Calendar calendar;
  for (int day = 0; day < kDays; ++day) {
    calendar.asleep.push_back({day * kDay, day * kDay + 8 * kHour});
    calendar.asleep.push_back({day * kDay + 20 * kHour, (day + 1) * kDay});
  }
  calendar.asleep.push_back({5 * kDay, 6 * kDay + 12 * kHour});
  EXPECT_THAT(alarms(calendar, 4), IsEmpty());
}

TEST(CalendarTest, AnUplinkThatWasDownIsNoFaultOfPrograms) {
  Calendar calendar;
  calendar.down.push_back({4 * kDay + 10 * kHour, 4 * kDay + 11 * kHour});
  EXPECT_THAT(alarms(calendar, 5), testing::Each(testing::HasSubstr("uplink")));
}

}  // namespace
}  // namespace ipm::alert
