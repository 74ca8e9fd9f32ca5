// The drill of each kind of alert, and the sentence that comes of it: who reads only that knows who, what, how unusual,
// and since when.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "source/drill/rehearsal.h"
#include "support/alert_run.h"

namespace ipm::alert {
namespace {

using source::Incident;
using source::kIncidentNs;
using source::kScriptBegin;
using source::Rehearsal;
using testing::Contains;

// Of alerts when they open.
const std::map<std::string, std::string> kSentences = {
    {"exfil",
     "DRILL: pilot (pid 309) sent 1.5 MB to 192.0.2.66:443 and got 3.0 kB back, in 1 connection since 2023-11-17 07:13 "
     "UTC, when it first talked to that network; its largest day to all other peers was 14.0 kB."},
    {"bandwidth",
     "DRILL: crate (pid 304) sent 30.0 MB in the 60 s since 2023-11-17 07:13 UTC; usual is 0 B to 4.6 kB, and the most "
     "so far was 5.5 kB, over 3420 such intervals."},
    {"beacon",
     "DRILL: crate (pid 304) calls [2001:db8:f000::66]:443 every 5 min: 20 connections since 2023-11-17 07:14 UTC, "
     "intervals regular to 77 % and sizes to 89 %; it never talked to that network before, and has known 9 networks "
     "since 2023-11-14 22:14 UTC."},
    {"scan",
     "DRILL: ledgerd (pid 301) tried 6 hosts on port 6379 that it had never tried and that did not answer, since "
     "2023-11-17 07:13 UTC; of its first contacts so far 75 % failed, and the most on one port in a day was 0."},
    {"lateral",
     "DRILL: letters (pid 307) turned to port 445 of 4 internal hosts that it had never talked to there, the last one "
     "10.4.3.23, since 2023-11-17 07:13 UTC; the most on one such port in a day was 0 in 237 connections."},
    {"new_dest",
     "DRILL: tallyd (pid 302) connected to [2001:db8:f001::90]:443 for the first time at 2023-11-17 07:13 UTC; since "
     "2023-11-14 22:14 UTC it made 852 connections to 2 networks, and met a new one in 1 of 1332 connections."},
    {"odd_port",
     "DRILL: pilot (pid 309) connected to port 6667 for the first time, of 198.51.100.7, at 2023-11-17 07:13 UTC; in "
     "28 connections since 2023-11-14 22:14 UTC it used 1 port, and no other program here uses that one."},
    {"dns_tunnel",
     "DRILL: weaver (pid 303) asked for 50 different names under carrier.example since 2023-11-17 07:13 UTC, 98 % of "
     "its questions there for a name not asked before, 30 characters long with 4.1 bits each on average; ordinary "
     "domains have fewer than 50 names a day."},
    {"long_conn",
     "DRILL: pilot (pid 309) has held one connection to [2001:db8:f002::5e]:443 for 4.0 h, since 2023-11-17 07:13 UTC; "
     "the longest to its old peers lasted 1.0 s, of 31 connections."},
    {"miner",
     "DRILL: pilot (pid 309) holds a steady exchange with [2001:db8:f003::33]:443: 112 records, one every 35 s to 100 "
     "%, 200 B each, over 2 connections since 2023-11-17 07:13 UTC, when it first talked to that network; it has known "
     "2 networks since 2023-11-14 22:14 UTC."},
    {"entropy",
     "DRILL: letters (pid 307) sent data of 7.80 bits per byte on port 25, the newest to 10.4.1.25, in 5 records since "
     "2023-11-17 07:13 UTC; 231 records before lay at 5.24 within 0.12 (compressed or encrypted data looks like "
     "that)."},
    {"churn",
     "DRILL: crate (pid 304) opened 600 connections within 30 s since 2023-11-17 07:13 UTC, the newest to "
     "[2001:db8:41::5]:443; its busiest minute so far had 1."},
    {"fault",
     "DRILL: crate (pid 304) lost 10 of its last 11 connections since 2023-11-17 07:13 UTC, the newest reset with "
     "[2001:db8:42::5]:443; usually 0.0 % fail."},
    {"latency",
     "DRILL: gauge (pid 310) waits 94 ms for answers, the newest from 203.0.113.50:443, since 2023-11-17 07:16 UTC; "
     "usual are 21 ms over 296 samples."},
    {"new_program",
     "DRILL: kthing (pid 900) used the network for the first time at 2023-11-17 07:13 UTC; this host has been watched "
     "since 2023-11-14 22:13 UTC, and it runs from /dev/shm/kthing, where anybody may put a program."},
    {"exe_changed",
     "DRILL: pilot (pid 309) runs another file than before under its name, as of 2023-11-17 07:13 UTC: /usr/bin/pilot; "
     "as what it was before it has used the network since 2023-11-14 22:14 UTC."},
    {"listener",
     "DRILL: porter (pid 306) began to listen on 10.4.0.2:31337 at 2023-11-17 07:13 UTC, a port on which it was not "
     "seen to listen since 2023-11-14 22:14 UTC."},
    {"threat_intel",
     "DRILL: pilot (pid 309) connected to 192.0.2.166:443, which the list drill.txt has as 192.0.2.166 since "
     "2023-11-14 07:13 UTC: 1 connection since 2023-11-17 07:13 UTC, 0 B sent and 0 B received."},
    {"threshold",
     "DRILL: letters (pid 307) sent 300 kB per 60 s since 2023-11-17 07:15 UTC; your threshold drill-upload is above "
     "200 kB; usual is 0 B to 736 B."},
};

std::vector<test::Raised> opened(std::span<const Incident> incidents, std::uint64_t seed) {
  test::AlertRun run;
  Rehearsal rehearsal(incidents, seed);
  for (std::vector<model::Event> day = rehearsal.next_day(); !day.empty(); day = rehearsal.next_day()) run.feed(day);
  return run.opened();
}

// Those that the incident with that place has to raise.
std::vector<test::Raised> expected(const std::vector<test::Raised>& all, const Incident& incident, std::size_t place) {
  const TimeNs begin = kScriptBegin + Rehearsal::begin_of(place);
  std::vector<test::Raised> out;
  std::copy_if(all.begin(), all.end(), std::back_inserter(out), [&](const test::Raised& each) {
    return each.kind == incident.kind && each.comm == incident.who->name && each.time_ns >= begin &&
           each.time_ns < begin + kIncidentNs;
  });
  return out;
}

std::string name_of(std::size_t kind) {
  return std::string(info(static_cast<Kind>(kind)).name);
}

class DrillTest : public testing::TestWithParam<std::size_t> {
 protected:
  // Null, with a failure that says what is missing, if the kind has no drill.
  const Incident* incident() const {
    const std::string kind = name_of(GetParam());
    for (const Incident& each : source::incidents()) {
      if (each.kind == kind) return &each;
    }
    ADD_FAILURE() << "src/source/drill/incidents.cpp has no incident for " << kind;
    return nullptr;
  }
};

TEST_P(DrillTest, RaisesItsKindForItsProgramAndSaysWhy) {
  const Incident* played = incident();
  ASSERT_NE(played, nullptr);
  const std::vector<test::Raised> raised = expected(opened({played, 1}, 1), *played, 0);
  ASSERT_FALSE(raised.empty());
  const auto sentence = kSentences.find(std::string(played->kind));
  EXPECT_EQ(raised.front().evidence, sentence == kSentences.end() ? "" : sentence->second);
}

TEST_P(DrillTest, RaisesItsKindWhateverTheSeed) {
  const Incident* played = incident();
  ASSERT_NE(played, nullptr);
  for (std::uint64_t seed = 2; seed <= 4; ++seed) {
    EXPECT_FALSE(expected(opened({played, 1}, seed), *played, 0).empty()) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, DrillTest, testing::Range(std::size_t{0}, kKinds),
                         [](const auto& tested) { return name_of(tested.param); });

TEST(DrillsTest, HaveAnIncidentForEachKindAndNoOther) {
  std::vector<std::string> kinds, played;
  for (std::size_t kind = 0; kind < kKinds; ++kind) kinds.push_back(name_of(kind));
  for (const Incident& each : source::incidents()) played.emplace_back(each.kind);
  EXPECT_THAT(played, testing::UnorderedElementsAreArray(kinds));
}

TEST(DrillsTest, OneAfterTheOtherOnOneHostRaiseTheirKindsToo) {
  const std::vector<test::Raised> all = opened(source::incidents(), 1);
  for (std::size_t place = 0; place < source::incidents().size(); ++place) {
    const Incident& each = source::incidents()[place];
    EXPECT_FALSE(expected(all, each, place).empty()) << each.kind;
  }
}

TEST(DrillsTest, EveryAlertOfARunIsMarkedInItsSentence) {
  const std::vector<test::Raised> all = opened(source::incidents(), 1);
  for (const test::Raised& each : all) EXPECT_THAT(each.evidence, testing::StartsWith("DRILL: "));
}

TEST(DrillsTest, AlertsOutsideOfAMarkAreNoDrills) {
  Rehearsal rehearsal(source::incidents().first(1), 1);
  test::AlertRun run;
  for (std::vector<model::Event> day = rehearsal.next_day(); !day.empty(); day = rehearsal.next_day()) {
    std::erase_if(day, [](const model::Event& event) { return event.header.kind == model::EventKind::kDrillMark; });
    run.feed(day);
  }
  ASSERT_FALSE(run.opened().empty());
  for (const test::Raised& each : run.opened()) {
    EXPECT_FALSE(each.drill);
    EXPECT_THAT(each.evidence, testing::Not(testing::HasSubstr("DRILL")));
  }
}

TEST(DrillsTest, MarksLieWithinEachOtherAndAnEndWithoutABeginIsNothing) {
  PageStore store(1 << 20);
  Episodes episodes(store, 16, 16, 1);
  auto drill_of_next = [&, port = std::uint16_t{0}]() mutable {
    episodes.report({.kind = Kind::kScan, .remote_port = ++port}, {}, "Something.", kSecond);
    const bool drill = episodes.next_change()->drill;
    episodes.take_change();
    return drill;
  };
  episodes.drill(false);
  EXPECT_FALSE(drill_of_next());
  episodes.drill(true);
  episodes.drill(true);
  episodes.drill(false);
  EXPECT_TRUE(drill_of_next());
  episodes.drill(false);
  EXPECT_FALSE(drill_of_next());
}

}  // namespace
}  // namespace ipm::alert
