// What is known of programs stays within its bounds, and what gives way is counted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/alert_run.h"
#include "support/small_host.h"

namespace ipm::alert {
namespace {

using namespace ipm::test;  // NOLINT: the script is the language of these tests.

// A program that does all that fills a table: networks, contacts, ports, peers, domains, failures.
void busy(HostScript& script, const Persona& who, int turns, Random& random) {
  script.start(kMinute, who);
  for (int i = 0; i < turns; ++i) {
    const TimeNs at = kMinute + i * 2 * kMinute;
    const std::uint64_t low = random.below(250), high = random.below(250);
    const std::string remote = address_of(high * 250 + low, 9);
    const auto port = static_cast<std::uint16_t>(1 + random.below(9'000));
    script.connect(at, who, remote, port, 4'000, 400, kSecond, static_cast<double>(random.below(8)));
    script.ask(at, who, "a" + std::to_string(i) + ".zone" + std::to_string(random.below(40)) + ".example");
    if (i % 3 == 0) script.fail(at, who, remote, 23);
  }
}

TEST(BoundsTest, AProgramNeverTakesMoreThanItsBytes) {
  HostScript script;
  Random random(1);
  busy(script, kWeaver, 3'000, random);
  AlertRun run;
  run.feed(script.events());
  EXPECT_GT(run.watch().largest_program_bytes(), kProgramBytesMax / 2);
  EXPECT_LE(run.watch().largest_program_bytes(), kProgramBytesMax);
}

// Where addresses are is known, and each is in another system.
class PlacedHost : public HostScript {
 public:
  void place(TimeNs at, const std::string& address, std::uint32_t asn) {
    add(at, model::EventKind::kGeo, {}, model::Geo{.address = *model::IpAddress::parse(address), .asn = asn});
  }
};

void busy_all_over_the_world(PlacedHost& script, const Persona& who, int turns, Random& random) {
  busy(script, who, turns, random);
  for (int i = 0; i < turns; ++i) {
    const std::string remote = address_of(static_cast<std::uint64_t>(i), who.pid);
    script.place(kMinute + i * kSecond, remote, static_cast<std::uint32_t>(1'000 + i));
    script.connect(2 * kMinute + i * kSecond, who, remote, static_cast<std::uint16_t>(1'000 + i % 20), 100, 100,
                   kSecond, 5.0);
  }
}

TEST(BoundsTest, AProgramStaysWithinItsBytesWherePlacesAreKnownToo) {
  PlacedHost script;
  Random random(1);
  busy_all_over_the_world(script, kWeaver, 3'000, random);
  AlertRun run;
  run.feed(script.events());
  EXPECT_GT(run.watch().largest_program_bytes(), kProgramBytesMax / 2);
  EXPECT_LE(run.watch().largest_program_bytes(), kProgramBytesMax);
}

// They are all there before any of them is large.
TEST(BoundsTest, ProgramsThatGrowLaterGiveWayToo) {
  PlacedHost script;
  Random random(3);
  std::vector<std::string> texts;
  texts.reserve(80);
  for (std::uint32_t i = 0; i < 40; ++i) {
    const std::string& name = texts.emplace_back("many" + std::to_string(i));
    const Persona who{.name = name, .exe = texts.emplace_back("/usr/bin/" + name), .pid = 2'000 + i};
    script.start(0, who);
    script.connect(i * kMillisecond, who, "198.51.100.7", 443, 100, 100);
  }
  for (std::uint32_t i = 0; i < 40; ++i) {
    const Persona who{.name = texts[2 * i], .exe = texts[2 * i + 1], .pid = 2'000 + i};
    busy_all_over_the_world(script, who, 300, random);
  }
  model::Settings settings;
  settings.memory_max_bytes = 8U << 20;
  AlertRun run(settings);
  const std::vector<model::Event> events = script.events();
  std::size_t most = 0;
  for (std::size_t at = 0; at < events.size(); at += 64) {
    run.feed(std::span(events).subspan(at, std::min<std::size_t>(64, events.size() - at)));
    most = std::max(most, run.watch().programs_bytes());
  }
  EXPECT_GT(run.watch().counters().programs_evicted, 0U);
  EXPECT_LE(most, core::share_memory(settings).watch_max_bytes);
  EXPECT_GT(most, core::share_memory(settings).watch_max_bytes / 2);
}

TEST(BoundsTest, AProgramThatNeverUsedTheNetworkHasNoState) {
  HostScript script;
  start_all(script);
  AlertRun run;
  run.feed(script.events());
  EXPECT_EQ(run.watch().programs(), 0U);
  EXPECT_EQ(run.watch().programs_bytes(), 0U);
}

TEST(BoundsTest, ManyProgramsGiveWayToEachOtherWithinTheBudget) {
  HostScript script;
  Random random(2);
  for (std::uint32_t i = 0; i < 60; ++i) {
    const std::string name = "many" + std::to_string(i);
    busy(script, {.name = name, .exe = "/usr/bin/" + name + "x", .pid = 2'000 + i}, 300, random);
  }
  model::Settings settings;
  settings.memory_max_bytes = 8U << 20;
  AlertRun run(settings);
  run.feed(script.events());
  EXPECT_GT(run.watch().counters().programs_evicted, 0U);
  EXPECT_LE(run.watch().programs_bytes(), core::share_memory(settings).watch_max_bytes);
  EXPECT_LE(run.accounted(), settings.memory_max_bytes);
}

Finding finding(std::uint16_t port, double value, Severity severity = Severity::kHigh) {
  return {.kind = Kind::kScan,
          .severity = severity,
          .score = 0.5,
          .strength = value,
          .metric = "m",
          .value = value,
          .remote_port = port};
}

// --- episodes ---

TEST(EpisodesTest, OneEpisodeOpensIsUpdatedEscalatesAndCloses) {
  PageStore store(1 << 20);
  Episodes episodes(store, 64, 16, 1);
  std::vector<Change> changes;
  const auto drain = [&] {
    while (const AlertRow* row = episodes.next_change()) {
      changes.push_back(row->change);
      episodes.take_change();
    }
  };
  EXPECT_TRUE(episodes.report(finding(1, 10), {.app = 1}, "a", kHour));
  drain();
  EXPECT_FALSE(episodes.report(finding(1, 39), {.app = 1}, "b", 2 * kHour));
  drain();
  EXPECT_TRUE(episodes.report(finding(1, 40), {.app = 1}, "c", 3 * kHour));
  drain();
  episodes.advance(3 * kHour + Episodes::kQuietNs - 1);
  drain();
  EXPECT_EQ(changes.back(), Change::kEscalated);
  episodes.advance(3 * kHour + Episodes::kQuietNs);
  drain();
  EXPECT_THAT(changes, testing::ElementsAre(Change::kOpened, Change::kUpdated, Change::kEscalated, Change::kClosed));
  EXPECT_EQ(episodes.counters().opened, 1U);
}

TEST(EpisodesTest, WhatComesAgainFromTheSameRemoteGoesOnAsTheSameAlert) {
  PageStore store(1 << 20);
  Episodes episodes(store, 64, 16, 1);
  Finding calls = finding(1, 10);
  calls.remote = *model::IpAddress::parse("192.0.2.7");
  EXPECT_TRUE(episodes.report(calls, {.app = 1, .key_text = 5}, "a", kHour));
  episodes.advance(8 * kHour);
  EXPECT_FALSE(episodes.report(calls, {.app = 1, .key_text = 5}, "the next morning", 12 * kHour));
  EXPECT_EQ(episodes.counters().opened, 1U);
  EXPECT_TRUE(episodes.has_open(0));
  // Another program in that slot is another alert, and so is what comes a week later.
  EXPECT_TRUE(episodes.report(calls, {.app = 2, .key_text = 6}, "another", 13 * kHour));
  episodes.advance(20 * kHour);
  EXPECT_TRUE(episodes.report(calls, {.app = 1, .key_text = 7}, "another in the same slot", 21 * kHour));
  episodes.advance(30 * kHour);
  EXPECT_TRUE(episodes.report(calls, {.app = 1, .key_text = 7}, "much later", 10 * 24 * kHour));
}

TEST(EpisodesTest, UpdatesThatNobodyTookAreOne) {
  PageStore store(1 << 20);
  Episodes episodes(store, 64, 16, 1);
  for (int i = 0; i < 100; ++i) episodes.report(finding(1, 10 + i * 0.1), {.app = 1}, "a", kHour + i);
  EXPECT_EQ(episodes.next_change()->change, Change::kOpened);
  episodes.take_change();
  ASSERT_NE(episodes.next_change(), nullptr);
  EXPECT_EQ(episodes.next_change()->value, 10 + 99 * 0.1);
  episodes.take_change();
  EXPECT_EQ(episodes.next_change(), nullptr);
  EXPECT_EQ(episodes.counters().changes_lost, 0U);
}

TEST(EpisodesTest, AFullQueueLosesUpdatesFirstAndCounts) {
  PageStore store(1 << 20);
  Episodes episodes(store, 64, 4, 1);
  episodes.report(finding(1, 10), {.app = 1}, "opened", kHour);
  episodes.report(finding(1, 11), {.app = 1}, "updated", kHour);
  for (std::uint16_t port = 2; port <= 4; ++port) episodes.report(finding(port, 10), {.app = 1}, "opened", kHour);
  EXPECT_EQ(episodes.counters().changes_lost, 1U);
  for (std::uint16_t port = 1; port <= 4; ++port) {
    ASSERT_NE(episodes.next_change(), nullptr);
    EXPECT_EQ(episodes.next_change()->remote_port, port);
    EXPECT_EQ(episodes.next_change()->change, Change::kOpened);
    episodes.take_change();
  }
}

TEST(EpisodesTest, AFullTableGivesUpTheAlertThatClosedFirst) {
  PageStore store(1 << 20);
  Episodes episodes(store, 16, 4, 1);
  for (std::uint16_t port = 1; port <= 40; ++port) episodes.report(finding(port, 10), {.app = 1}, "a", port * kMinute);
  EXPECT_EQ(episodes.rows().used(), 16U);
  EXPECT_EQ(episodes.counters().evicted, 24U);
  std::uint64_t oldest = ~0ULL;
  for (std::uint32_t slot = 0; slot < episodes.rows().slots(); ++slot)
    oldest = std::min(oldest, episodes.rows().at(slot).id);
  EXPECT_EQ(oldest, 25U);
}

TEST(EpisodesTest, TheBudgetGovernsWhoIsToldAndNotWhatIsThere) {
  PageStore store(1 << 20);
  Episodes episodes(store, 64, 64, 1);
  // Three days' budget may be saved up; a day later there is one more, and other severities have their own.
  const auto notified = [&](std::uint16_t port, TimeNs time, Severity severity) {
    episodes.report(finding(port, 10, severity), {.app = 1}, "a", time);
    bool out = false;
    for (std::uint32_t slot = 0; slot < episodes.rows().slots(); ++slot) {
      if (episodes.rows().at(slot).remote_port == port) out = episodes.rows().at(slot).notified;
    }
    return out;
  };
  for (std::uint16_t port = 1; port <= 3; ++port) EXPECT_TRUE(notified(port, kHour, Severity::kHigh));
  EXPECT_FALSE(notified(4, kHour, Severity::kHigh));
  EXPECT_TRUE(notified(5, kHour, Severity::kLow));
  EXPECT_FALSE(notified(6, kHour, Severity::kInfo));
  EXPECT_TRUE(notified(7, 25 * kHour, Severity::kHigh));
  EXPECT_EQ(episodes.counters().opened, 7U);
}

}  // namespace
}  // namespace ipm::alert
