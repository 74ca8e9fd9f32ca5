#include "source/synthetic/synthetic.h"

#include <gmock/gmock.h>

#include <map>
#include <set>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "support/collect_events.h"

namespace ipm::test {
namespace {

using model::EventKind;
using ::testing::HasSubstr;

Collected run(const std::string& parameters, std::uint32_t lane_events = 4096) {
  return collect_events(*source::make_synthetic_source(), "synthetic:?" + parameters, lane_events);
}

std::uint64_t hash_of(const std::vector<model::Event>& events) {
  return XXH3_64bits(events.data(), events.size() * sizeof events[0]);
}

// A pinned number: the same on every platform and compiler. A change of the host's behaviour changes it on purpose.
TEST(SyntheticTest, TheSameSeedGivesTheSameBytesEverywhere) {
  EXPECT_EQ(hash_of(run("seed=1&events=20000&reorder=10").events), 5'024'979'155'664'548'091ULL);
}

TEST(SyntheticTest, AnotherSeedGivesOtherEvents) {
  EXPECT_NE(hash_of(run("seed=1&events=1000").events), hash_of(run("seed=2&events=1000").events));
}

TEST(SyntheticTest, ASmallLaneGivesTheSameEventsAndDropsNone) {
  const Collected small = run("events=3000", 64);
  EXPECT_EQ(small.stats.dropped, 0U);
  EXPECT_EQ(hash_of(small.events), hash_of(run("events=3000").events));
}

TEST(SyntheticTest, EveryEventIsCountedTextsToo) {
  const Collected all = run("events=5000");
  EXPECT_EQ(all.status.code(), Code::kEnd);
  EXPECT_EQ(all.stats.written, all.events.size());
  EXPECT_GE(all.events.size(), 5000U);
  EXPECT_LT(all.events.size(), 5064U);
}

TEST(SyntheticTest, ItBeginsWithAClockAnchorAtTheStartAsked) {
  const Collected all = run("events=100&start=1800000000");
  ASSERT_EQ(all.events.at(0).header.kind, EventKind::kClockAnchor);
  const auto anchor = all.events[0].as<model::ClockAnchor>();
  EXPECT_GE(anchor.realtime_ns, 1'800'000'000 * kSecond);
  EXPECT_LT(anchor.realtime_ns, 1'800'000'001 * kSecond);
}

TEST(SyntheticTest, AllKindsOfTroubleOccur) {
  const Collected all = run("events=100000");
  for (const EventKind kind : {EventKind::kProcessExec, EventKind::kProcessExit, EventKind::kFailure, EventKind::kReset,
                               EventKind::kSocketOwner, EventKind::kLoss, EventKind::kInterface, EventKind::kText}) {
    EXPECT_FALSE(all.of(kind).empty()) << model::event_kind_name(kind);
  }
  std::set<model::AnchorReason> reasons;
  for (const model::Event& event : all.of(EventKind::kClockAnchor))
    reasons.insert(event.as<model::ClockAnchor>().reason);
  EXPECT_EQ(reasons.size(), 3U);  // Open, suspend, step.
  std::set<model::Quality> qualities;
  for (const model::Event& event : all.of(EventKind::kSocketOwner))
    qualities.insert(event.as<model::SocketOwner>().quality);
  EXPECT_EQ(qualities.size(), 2U);  // Exact and candidate.
}

// A pid comes again with another start, and never while its process lives.
TEST(SyntheticTest, PidsAreReusedOnlyAfterTheirProcessEnded) {
  std::map<std::uint32_t, model::ProcessKey> alive;
  std::set<std::uint32_t> seen;
  std::size_t reused = 0;
  for (const model::Event& event : run("events=100000").events) {
    const model::ProcessKey key = event.header.process;
    if (event.header.kind == EventKind::kProcessExit) alive.erase(key.pid());
    if (event.header.kind != EventKind::kProcessStart) continue;
    ASSERT_EQ(alive.count(key.pid()), 0U);
    alive[key.pid()] = key;
    reused += seen.insert(key.pid()).second ? 0 : 1;
  }
  EXPECT_GT(reused, 0U);
}

// What the interface counted is the payload and 66 bytes of headers a packet.
TEST(SyntheticTest, InterfaceOctetsAreThePayloadAndItsHeaders) {
  std::uint64_t expected = 0;
  std::size_t checked = 0;
  for (const model::Event& event : run("events=20000").events) {
    if (event.header.kind == EventKind::kSocketData) {
      const auto data = event.as<model::SocketData>();
      expected += data.tx_bytes + 66 * data.tx_packets;
    } else if (event.header.kind == EventKind::kInterface) {
      ASSERT_EQ(event.as<model::Interface>().tx_bytes, expected);
      ++checked;
    }
  }
  EXPECT_GT(checked, 5U);
}

TEST(SyntheticTest, WithoutReorderTimeNeverRunsBackAndWithItItDoes) {
  const auto backward = [](const Collected& all) {
    std::size_t count = 0;
    for (std::size_t i = 1; i < all.events.size(); ++i) {
      count += all.events[i].header.time_ns < all.events[i - 1].header.time_ns ? 1 : 0;
    }
    return count;
  };
  EXPECT_EQ(backward(run("events=5000")), 0U);
  EXPECT_GT(backward(run("events=5000&reorder=20")), 20U);
}

TEST(SyntheticTest, UdpHasNoBytes) {
  for (const model::Event& event : run("events=20000").of(EventKind::kSocketData)) {
    ASSERT_EQ(event.as<model::SocketData>().tuple.protocol, model::kProtocolTcp);
  }
}

TEST(SyntheticTest, AMisspeltParameterNamesTheNearest) {
  const Collected none = run("sead=1");
  EXPECT_EQ(none.status.code(), Code::kInvalidArgument);
  EXPECT_THAT(std::string(none.status.message()), HasSubstr("did you mean seed?"));
}

TEST(SyntheticTest, APathIsRefused) {
  const Collected none = collect_events(*source::make_synthetic_source(), "synthetic:host.log");
  EXPECT_EQ(none.status.code(), Code::kInvalidArgument);
  EXPECT_THAT(std::string(none.status.message()), HasSubstr("takes no path, got \"host.log\""));
}

TEST(SyntheticTest, ANumberOutOfRangeSaysItsRange) {
  EXPECT_THAT(std::string(run("reorder=1001").status.message()), HasSubstr("reorder is not from 0 to 1000"));
  EXPECT_EQ(run("reorder=1000&events=10").status.code(), Code::kEnd);
}

}  // namespace
}  // namespace ipm::test
