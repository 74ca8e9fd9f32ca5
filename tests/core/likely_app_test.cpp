// Whose a flow may be: what the engine learns from flows with an owner, and what it says of those without.
#include "core/likely_app.h"

#include <gtest/gtest.h>

#include <string>

#include "core/engine.h"
#include "store/recent_series.h"
#include "support/events.h"

namespace ipm::core {
namespace {

using namespace ipm::test;  // NOLINT: the event builders are the language of these tests.
using model::ClueKind;

// Texts of the source.
constexpr std::uint32_t kCurl = 1, kFox = 2, kJa4 = 3, kOtherJa4 = 4, kName = 5, kOtherName = 6;

class LikelyAppTest : public ::testing::Test {
 protected:
  explicit LikelyAppTest(model::Settings wanted = {})
      : bounds_(share_memory(wanted)), store_(bounds_.copies_max_bytes) {
    feed({text(kT0, kCurl, "/usr/bin/curl"), text(kT0, kFox, "/usr/bin/fox"),
          text(kT0, kJa4, "t13d1516h2_8daaf6152771_e5"), text(kT0, kOtherJa4, "t12i0000"), text(kT0, kName, "a.test"),
          text(kT0, kOtherName, "b.test"), start(kT0, curl_, "curl", kCurl), start(kT0, fox_, "fox", kFox)});
  }
  void feed(std::initializer_list<model::Event> events) { engine_.feed({events.begin(), events.size()}); }
  // A connection, its hello and its end. Without an owner it stays open.
  std::uint64_t connect(model::ProcessKey owner, std::uint32_t ja4, std::uint32_t name, std::uint16_t port = 443) {
    const std::uint64_t cookie = ++cookie_;
    feed({open(kT0, cookie, tuple(40'000, port), owner)});
    if (ja4 != 0 || name != 0) feed({hello(kT0, cookie, tuple(40'000, port), name, 0, 0, ja4)});
    if (!owner.empty()) feed({closed(kT0, cookie, tuple(40'000, port))});
    return cookie;
  }
  void connect_often(int times, model::ProcessKey owner, std::uint32_t ja4, std::uint32_t name) {
    for (int i = 0; i < times; ++i) connect(owner, ja4, name);
  }
  LikelyApp likely(std::uint64_t cookie) const {
    const std::uint32_t slot = engine_.flows().find({.cookie = cookie, .tuple = tuple(40'000, 443)});
    return likely_app(engine_.views(), engine_.flows().at(slot));
  }
  LikelyApp likely(std::uint32_t ja4, std::uint32_t name, std::uint16_t port = 443) {
    return likely(connect({}, ja4, name, port));
  }
  std::string app(const LikelyApp& likely) const { return std::string(engine_.texts().view(likely.app)); }

  const model::ProcessKey curl_{10, 1}, fox_{11, 1};
  Bounds bounds_;
  PageStore store_;
  store::RecentSeries series_{store_, bounds_.rows.series_blocks_max, bounds_.rows.processes_max,
                              bounds_.rows.apps_max};
  Engine engine_{bounds_, store_, series_};
  std::uint64_t cookie_ = 100;
};

TEST_F(LikelyAppTest, NothingIsSaidWhereNothingIsKnown) {
  EXPECT_EQ(likely(kJa4, kName).app, 0U);
  connect(curl_, kJa4, kName);
  EXPECT_EQ(likely(kOtherJa4, kOtherName, 8'443).app, 0U);
}

TEST_F(LikelyAppTest, FlowWithAnOwnerHasNoLikelyApp) {
  EXPECT_EQ(likely(connect(curl_, kJa4, kName)).app, 0U);
}

// n of n flows, one app: n / (n + 1).
TEST_F(LikelyAppTest, ConfidenceGrowsWithWhatWasSeen) {
  connect(curl_, kJa4, 0);
  EXPECT_DOUBLE_EQ(likely(kJa4, 0).confidence, 1.0 / 2);
  connect_often(8, curl_, kJa4, 0);
  EXPECT_DOUBLE_EQ(likely(kJa4, 0).confidence, 9.0 / 10);
  EXPECT_EQ(app(likely(kJa4, 0)), "/usr/bin/curl user");
  EXPECT_EQ(likely(kJa4, 0).rule, ClueKind::kJa4);
}

// 9 of 12 flows, two apps: 9 / (12 + 2).
TEST_F(LikelyAppTest, FingerprintOfTwoAppsIsLessCertain) {
  connect_often(9, curl_, kJa4, 0);
  connect_often(3, fox_, kJa4, 0);
  EXPECT_EQ(app(likely(kJa4, 0)), "/usr/bin/curl user");
  EXPECT_DOUBLE_EQ(likely(kJa4, 0).confidence, 9.0 / 14);
}

TEST_F(LikelyAppTest, NameTellsAppsWithOneFingerprintApart) {
  connect_often(9, curl_, kJa4, kName);
  connect_often(9, fox_, kJa4, kOtherName);
  const LikelyApp fox = likely(kJa4, kOtherName);
  EXPECT_EQ(app(fox), "/usr/bin/fox user");
  EXPECT_DOUBLE_EQ(fox.confidence, (9 + 9.0 / 20) / 10);  // 9 of 9; of the fingerprint 9 of 18, two apps.
  EXPECT_EQ(fox.rule, ClueKind::kJa4Name);
  EXPECT_EQ(app(likely(kJa4, kName)), "/usr/bin/curl user");
}

// However often the other app used the fingerprint, and the name with another one.
TEST_F(LikelyAppTest, WhatFingerprintAndNameSayTogetherIsNotOutdoneByEither) {
  connect(fox_, kJa4, kName);
  connect_often(99, curl_, kJa4, 0);
  connect_often(99, curl_, kOtherJa4, kName);
  EXPECT_EQ(app(likely(kJa4, kName)), "/usr/bin/fox user");
  EXPECT_DOUBLE_EQ(likely(kJa4, kName).confidence, (1 + 1.0 / 102) / 2);
}

TEST_F(LikelyAppTest, NewNameLeavesWhatTheFingerprintSays) {
  connect_often(9, curl_, kJa4, kName);
  EXPECT_EQ(likely(kJa4, kOtherName).rule, ClueKind::kJa4);
  EXPECT_DOUBLE_EQ(likely(kJa4, kOtherName).confidence, 9.0 / 10);
}

TEST_F(LikelyAppTest, NameCountsHalfWhereTheFingerprintIsNotTheApps) {
  connect_often(9, curl_, kJa4, kName);
  const LikelyApp other = likely(kOtherJa4, kName);
  EXPECT_EQ(other.rule, ClueKind::kName);
  EXPECT_DOUBLE_EQ(other.confidence, 9.0 / 20);
  EXPECT_DOUBLE_EQ(likely(0, kName).confidence, 9.0 / 10);  // No fingerprint was seen that could speak against it.
}

TEST_F(LikelyAppTest, NameOfDnsIsAClueWhereNoHelloHasOne) {
  feed({answered(kT0, kName, "192.0.2.7", 300)});
  connect_often(3, curl_, 0, 0);
  EXPECT_EQ(likely(0, 0).rule, ClueKind::kName);
  EXPECT_DOUBLE_EQ(likely(0, 0).confidence, 3.0 / 4);
}

TEST_F(LikelyAppTest, PortAloneIsNeverMoreThanAQuarter) {
  connect_often(1'000, curl_, 0, 0);
  const LikelyApp guess = likely(0, 0);
  EXPECT_EQ(guess.rule, ClueKind::kPort);
  EXPECT_DOUBLE_EQ(guess.confidence, 0.25 * 1'000 / 1'001);
}

TEST_F(LikelyAppTest, GuessBelowTheLeastConfidenceIsNotTold) {
  connect(curl_, 0, 0);
  connect(fox_, 0, 0);
  EXPECT_EQ(likely(0, 0).app, 0U);  // 1 / 4 of a quarter.
}

TEST_F(LikelyAppTest, PortsOfTheSystemAreNoClues) {
  for (int i = 0; i < 9; ++i) connect(curl_, 0, 0, kEphemeralPorts);
  for (int i = 0; i < 9; ++i) connect(curl_, 0, 0, kEphemeralPorts - 1);
  EXPECT_EQ(likely(0, 0, kEphemeralPorts).app, 0U);
  EXPECT_NE(likely(0, 0, kEphemeralPorts - 1).app, 0U);
}

// The fingerprint of a client that calls here is not the server's.
TEST_F(LikelyAppTest, FlowInwardsIsKnownByItsLocalPortAlone) {
  model::FlowTuple in = tuple(8'080, 50'000);
  in.direction = model::Direction::kIn;
  const auto accept = [&](std::uint64_t cookie, model::ProcessKey owner) {
    feed({open(kT0, cookie, in, owner, model::OpenHow::kAccept), hello(kT0, cookie, in, kName, 0, 0, kJa4)});
  };
  for (std::uint64_t cookie = 1; cookie <= 9; ++cookie) accept(cookie, curl_);
  accept(10, {});
  EXPECT_EQ(likely(10).rule, ClueKind::kServerPort);
  EXPECT_DOUBLE_EQ(likely(10).confidence, 0.5 * 9 / 10);
  EXPECT_EQ(likely(kJa4, 0).app, 0U);  // Nothing was learned of the fingerprint.
}

TEST_F(LikelyAppTest, EachFlowTeachesOnce) {
  const std::uint64_t cookie = ++cookie_;
  feed({open(kT0, cookie, tuple(40'000, 443), curl_), hello(kT0, cookie, tuple(40'000, 443), 0, 0, 0, kJa4),
        hello(kT0, cookie, tuple(40'000, 443), 0, 0, 0, kJa4), closed(kT0, cookie, tuple(40'000, 443))});
  EXPECT_DOUBLE_EQ(likely(kJa4, 0).confidence, 1.0 / 2);
}

// Several processes hold it: nobody knows whose the bytes are, and a guess teaches nothing.
TEST_F(LikelyAppTest, SharedFlowsTeachNothingAndHaveALikelyApp) {
  const model::FlowTuple t = tuple(40'000, 443);
  feed({open(kT0, 50, t), owner(kT0, 50, t, {curl_, fox_}), hello(kT0, 50, t, 0, 0, 0, kJa4), closed(kT0, 50, t)});
  EXPECT_EQ(likely(50).app, 0U);
  connect(curl_, kJa4, 0);
  EXPECT_EQ(app(likely(50)), "/usr/bin/curl user");
}

// What was learned before counts like what is seen now; the rest of the line is what a guess must not touch.
TEST_F(LikelyAppTest, LearnedCluesComeAsEventsAndNobodyIsCredited) {
  connect(curl_, kJa4, 0);
  Clue learned;
  for (const Clue& clue : clues_of(tuple(40'000, 443), "t13d1516h2_8daaf6152771_e5", "")) {
    if (clue.kind == ClueKind::kJa4) learned = clue;
  }
  ASSERT_EQ(learned.kind, ClueKind::kJa4);
  const auto say = [&](std::uint32_t app, std::uint32_t flows, std::uint16_t others) {
    const model::LearnedClue clue{
        .key = learned.key, .app = app, .flows = flows, .kind = learned.kind, .other_apps = others};
    feed({model::make_event(kT0, model::EventKind::kClue, {}, 0, clue)});
  };
  feed({text(kT0, 20, "/usr/bin/curl user")});
  say(20, 8, 0);
  const std::uint64_t flow = connect({}, kJa4, 0);
  EXPECT_DOUBLE_EQ(likely(flow).confidence, 9.0 / 10);
  say(0, 8, 3);  // Of three others: 9 of 17, four apps.
  EXPECT_DOUBLE_EQ(likely(flow).confidence, 9.0 / 21);

  feed({data(kT0, flow, tuple(40'000, 443), 100, 200)});
  const std::uint32_t slot = engine_.flows().find({.cookie = flow, .tuple = tuple(40'000, 443)});
  EXPECT_EQ(engine_.flows().at(slot).owner_ref, 0U);
  EXPECT_EQ(engine_.flows().at(slot).tx_unattributed, 100U);
  EXPECT_TRUE(engine_.rows_agree_with_ledger());
}

TEST_F(LikelyAppTest, MalformedCluesAreCountedAndSkipped) {
  const auto say = [&](std::uint8_t kind, std::uint32_t app, std::uint32_t flows) {
    const model::LearnedClue clue{.key = 1, .app = app, .flows = flows, .kind = static_cast<ClueKind>(kind)};
    feed({model::make_event(kT0, model::EventKind::kClue, {}, 0, clue)});
  };
  say(0, kCurl, 1);
  say(model::kClueKinds, kCurl, 1);
  say(1, kCurl, 0);
  say(1, 999, 1);  // Nobody said that text.
  EXPECT_EQ(engine_.counters().malformed, 4U);
  EXPECT_EQ(engine_.clues().used(), 0U);
}

class FewCluesTest : public LikelyAppTest {
 protected:
  FewCluesTest() : LikelyAppTest({.clues_max = 16}) {}
};

TEST_F(FewCluesTest, BoundOfTheSettingHolds) {
  for (std::uint32_t i = 0; i < 200; ++i) {
    feed({text(kT0, 30, "host" + std::to_string(i) + ".test")});
    connect(curl_, kJa4, 30);
  }
  EXPECT_EQ(engine_.clues().max(), 16U);
  EXPECT_LE(engine_.clues().used(), 16U);
  EXPECT_GE(engine_.counters().clues_evicted, 200U * 2 - 16);
  EXPECT_GT(likely(kJa4, 0).confidence, 0.99);  // What many flows showed stays.
}

}  // namespace
}  // namespace ipm::core
