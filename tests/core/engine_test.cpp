#include "core/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "store/recent_series.h"
#include "support/events.h"

namespace ipm::core {
namespace {

using namespace ipm::test;  // NOLINT: the event builders are the language of these tests.
using model::ProcessKey;

class EngineTest : public ::testing::Test {
 protected:
  explicit EngineTest(model::Settings wanted = {}) : bounds_(share_memory(wanted)), store_(bounds_.copies_max_bytes) {}
  void feed(std::initializer_list<model::Event> events) { engine_.feed({events.begin(), events.size()}); }
  const ProcessRow& process(ProcessKey key) const { return engine_.processes().at(engine_.processes().find(key)); }
  const FlowRow& flow(std::uint64_t cookie, const model::FlowTuple& t) const {
    return engine_.flows().at(engine_.flows().find({.cookie = cookie, .tuple = t}));
  }
  const AppRow& app_of(ProcessKey key) const { return engine_.apps().at(process(key).app - 1); }
  void TearDown() override { EXPECT_TRUE(engine_.rows_agree_with_ledger()); }

  Bounds bounds_;
  PageStore store_;
  store::RecentSeries series_{store_, bounds_.rows.series_blocks_max, bounds_.rows.processes_max,
                              bounds_.rows.apps_max};
  Engine engine_{bounds_, store_, series_};
  const ProcessKey curl_{10, 100};
  const ProcessKey sshd_{20, 200};
};

TEST_F(EngineTest, BytesOfAKnownOwnerAreItsOwn) {
  feed({start(kT0, curl_, "curl"), open(kT0, 1, tuple(1, 443), curl_), data(kT0 + 1, 1, tuple(1, 443), 100, 2000)});
  EXPECT_EQ(process(curl_).activity.total(), (Traffic{100, 2000}));
  EXPECT_EQ(process(curl_).activity.external, (Traffic{100, 2000}));
  EXPECT_EQ(process(curl_).activity.connects, 1U);
  EXPECT_EQ(process(curl_).activity.connections, 1U);
  EXPECT_EQ(process(curl_).activity.remotes, 1U);
  EXPECT_EQ(app_of(curl_).activity.total(), (Traffic{100, 2000}));
  EXPECT_EQ(engine_.ledger().by_layer[2].unattributed, Traffic{});
}

TEST_F(EngineTest, BytesWithoutAnOwnerWaitForHim) {
  feed({open(kT0, 1, tuple(1, 443)), data(kT0 + 1, 1, tuple(1, 443), 100, 2000)});
  EXPECT_EQ(engine_.ledger().by_layer[2].unattributed, (Traffic{100, 2000}));
  feed({start(kT0 + 2, curl_, "curl"), owner(kT0 + 2, 1, tuple(1, 443), {curl_})});
  EXPECT_EQ(process(curl_).activity.total(), (Traffic{100, 2000}));
  EXPECT_EQ(process(curl_).activity.connects, 1U);
  EXPECT_EQ(engine_.ledger().by_layer[2].unattributed, Traffic{});
  EXPECT_EQ(flow(1, tuple(1, 443)).quality, Quality::kExact);
}

TEST_F(EngineTest, SharedSocketListsItsHoldersAndCreditsNone) {
  feed({start(kT0, curl_, "a"), start(kT0, sshd_, "b"), open(kT0, 1, tuple(1, 22)), data(kT0, 1, tuple(1, 22), 7, 9),
        owner(kT0 + 1, 1, tuple(1, 22), {curl_, sshd_}), data(kT0 + 2, 1, tuple(1, 22), 1, 1)});
  EXPECT_EQ(process(curl_).activity.total(), Traffic{});
  EXPECT_EQ(process(curl_).activity.candidate, (Traffic{8, 10}));
  EXPECT_EQ(process(sshd_).activity.candidate, (Traffic{8, 10}));
  EXPECT_EQ(engine_.ledger().by_layer[2].unattributed, (Traffic{8, 10}));
  EXPECT_EQ(engine_.ledger().by_layer[2].candidate, (Traffic{8, 10}));
  EXPECT_EQ(flow(1, tuple(1, 22)).quality, Quality::kCandidate);
  // Who is left did not therefore move it; what he moves now is his.
  feed({owner(kT0 + 3, 1, tuple(1, 22), {sshd_}), data(kT0 + 4, 1, tuple(1, 22), 100, 0)});
  EXPECT_EQ(process(sshd_).activity.total(), (Traffic{100, 0}));
  EXPECT_EQ(process(sshd_).activity.candidate, (Traffic{8, 10}));
  EXPECT_EQ(process(curl_).activity.candidate, (Traffic{8, 10}));
  EXPECT_EQ(engine_.ledger().by_layer[2].unattributed, (Traffic{8, 10}));
  EXPECT_EQ(engine_.ledger().by_layer[2].candidate, (Traffic{8, 10}));
  EXPECT_EQ(flow(1, tuple(1, 22)).quality, Quality::kExact);
}

TEST_F(EngineTest, ALaterHolderIsNoCandidateForWhatEarlierOnesMoved) {
  const ProcessKey third{30, 300};
  feed({open(kT0, 1, tuple(1, 22)), owner(kT0 + 1, 1, tuple(1, 22), {curl_, sshd_}),
        data(kT0 + 2, 1, tuple(1, 22), 5, 0), owner(kT0 + 3, 1, tuple(1, 22), {sshd_, third}),
        data(kT0 + 4, 1, tuple(1, 22), 1, 0)});
  EXPECT_EQ(process(curl_).activity.candidate.tx, 5U);
  EXPECT_EQ(process(sshd_).activity.candidate.tx, 6U);
  EXPECT_EQ(process(third).activity.candidate.tx, 1U);
  EXPECT_EQ(engine_.ledger().by_layer[2].candidate.tx, 6U);
}

TEST_F(EngineTest, AConnectThatNobodyAnsweredIsNeitherASuccessNorAFailure) {
  feed({start(kT0, curl_, "curl"),
        open(kT0, 1, tuple(1, 443), curl_, model::OpenHow::kConnect, model::TcpState::kSynSent),
        closed(kT0 + 1, 1, tuple(1, 443), model::CloseReason::kUnknown)});
  EXPECT_EQ(process(curl_).activity.connects, 0U);
  EXPECT_EQ(process(curl_).activity.connect_failures, 0U);
}

TEST_F(EngineTest, ARuleThatOnlyTheEngineMayUseIsNone) {
  model::Event event = owner(kT0, 1, tuple(1, 443), {});
  auto payload = event.as<model::SocketOwner>();
  payload.rule = Rule::kEvicted;
  event.set(payload);
  feed({event, data(kT0 + 1, 1, tuple(1, 443), 1, 1)});
  EXPECT_EQ(flow(1, tuple(1, 443)).rule, Rule::kNone);
  EXPECT_EQ(engine_.ledger().by_layer[2].unattributed, (Traffic{1, 1}));
}

TEST_F(EngineTest, DataThatMakesTheOwnerDoesNotMeasureHisOtherFlows) {
  model::FlowTuple udp = tuple(1, 53, "192.0.2.7", model::kProtocolUdp);
  model::FlowTuple other = tuple(2, 53, "192.0.2.7", model::kProtocolUdp);
  feed({start(kT0, curl_, "curl"), open(kT0, 1, udp, curl_), data(kT0 + 1, 2, other, 5, 5, curl_)});
  EXPECT_EQ(process(curl_).activity.unmeasured, 1U);
  feed({data(kT0 + 2, 1, udp, 1, 1)});
  EXPECT_EQ(process(curl_).activity.unmeasured, 0U);
}

TEST_F(EngineTest, AnExitAtTimeZeroIsOneExit) {
  feed({start(0, curl_, "curl", 0), exited(0, curl_), exited(0, curl_)});
  EXPECT_NE(process(curl_).exited_ns, 0);
  EXPECT_EQ(app_of(curl_).processes, 0U);
}

TEST_F(EngineTest, CountersOfANamespaceThatBeginAgainKeepWhatWasCounted) {
  const auto counters = [](TimeNs time, std::uint64_t opens) {
    model::HostCounters payload;
    payload.netns = 7;
    payload.tcp_active_opens = payload.tcp_in_segs = opens;
    return model::make_event(time, model::EventKind::kHostCounters, {}, 0, payload);
  };
  const auto octets = [](TimeNs time, std::uint64_t bytes) {
    model::Interface payload;
    payload.netns = 7;
    payload.index = 1;
    payload.tx_bytes = payload.rx_bytes = bytes;
    return model::make_event(time, model::EventKind::kInterface, {}, 0, payload);
  };
  feed({counters(kT0, 100), octets(kT0, 1'000), counters(kT0 + 1, 105), octets(kT0 + 1, 1'500), counters(kT0 + 2, 3),
        octets(kT0 + 2, 20), counters(kT0 + 3, 4), octets(kT0 + 3, 30)});
  const EngineViews views = engine_.views();
  const NamespaceRow& row = views.namespaces.at(0);
  EXPECT_EQ(row.last.tcp_active_opens - row.first.tcp_active_opens, 5U + 4U);
  const InterfaceRow& link = views.interfaces.at(0);
  EXPECT_EQ(link.last.tx_bytes - link.first.tx_bytes, 500U + 30U);
}

TEST_F(EngineTest, WhatWasAliveWhenSomethingWasLostSaysSo) {
  const model::Loss lane{.what = model::LossWhat::kLaneFull};
  const model::Loss buffer{.what = model::LossWhat::kKernelBuffer};
  feed({open(kT0, 1, tuple(1, 443)), closed(kT0 + 1, 1, tuple(1, 443)), open(kT0 + 1, 2, tuple(2, 443)),
        open(kT0 + 1, 3, tuple(3, 443)), model::make_event(kT0 + 2, model::EventKind::kLoss, {}, 0, lane),
        closed(kT0 + 3, 2, tuple(2, 443)), open(kT0 + 3, 4, tuple(4, 443)),
        model::make_event(kT0 + 4, model::EventKind::kLoss, {}, 0, buffer), closed(kT0 + 5, 4, tuple(4, 443))});
  const auto coverage = [&](std::uint64_t cookie, std::uint16_t port) {
    const FlowRow& row = flow(cookie, tuple(port, 443));
    return row.coverage | engine_.views().loss_coverage(row.opened_ns, row.open());
  };
  EXPECT_EQ(coverage(1, 1), model::kCoverageFull);  // Over before.
  EXPECT_EQ(coverage(2, 2), model::kLostEvents);
  EXPECT_EQ(coverage(3, 3), model::kLostEvents);    // Still open.
  EXPECT_EQ(coverage(4, 4), model::kCoverageFull);  // The source would have marked it.
}

TEST_F(EngineTest, PidReuseMakesANewProcess) {
  const ProcessKey again{10, 999};
  feed({start(kT0, curl_, "curl"), open(kT0, 1, tuple(1, 443), curl_), data(kT0, 1, tuple(1, 443), 5, 5),
        exited(kT0 + 1, curl_), start(kT0 + 2, again, "nc"), open(kT0 + 3, 2, tuple(2, 443), again),
        data(kT0 + 3, 2, tuple(2, 443), 9, 9)});
  EXPECT_EQ(process(curl_).activity.total(), (Traffic{5, 5}));
  EXPECT_EQ(process(again).activity.total(), (Traffic{9, 9}));
  EXPECT_NE(process(curl_).exited_ns, 0);
}

TEST_F(EngineTest, WithoutAStartTimeAStartAfterTheExitIsAnotherProcess) {
  const ProcessKey pid_only{10, 0};
  feed({start(kT0, pid_only, "a"), open(kT0, 1, tuple(1, 443), pid_only), data(kT0, 1, tuple(1, 443), 5, 5),
        exited(kT0 + 1, pid_only), start(kT0 + 2, pid_only, "b")});
  EXPECT_EQ(process(pid_only).activity.total(), Traffic{});
  EXPECT_EQ(engine_.processes().rows().used(), 2U);
}

TEST_F(EngineTest, ExecEndsTheSpanOfTheEarlierApp) {
  feed({text(kT0, 1, "/bin/sh"), text(kT0, 2, "/usr/bin/curl"), start(kT0, curl_, "sh", 1),
        open(kT0, 1, tuple(1, 443), curl_), data(kT0, 1, tuple(1, 443), 5, 0)});
  const std::uint32_t shell = process(curl_).app;
  feed({exec(kT0 + 1, curl_, "curl", 2), data(kT0 + 2, 1, tuple(1, 443), 7, 0)});
  EXPECT_EQ(engine_.apps().at(shell - 1).activity.total().tx, 5U);
  EXPECT_EQ(app_of(curl_).activity.total().tx, 7U);
  EXPECT_EQ(process(curl_).activity.total().tx, 12U);
  EXPECT_EQ(engine_.texts().view(app_of(curl_).key), "/usr/bin/curl user");
  EXPECT_EQ(engine_.apps().at(shell - 1).processes, 0U);
}

TEST_F(EngineTest, RefusedConnectIsAFailureAndNoConnect) {
  model::SocketFailure failure{.tuple = tuple(1, 443), .error = 111};
  feed({start(kT0, curl_, "curl"),
        open(kT0, 1, tuple(1, 443), curl_, model::OpenHow::kConnect, model::TcpState::kSynSent),
        model::make_event(kT0 + 1, model::EventKind::kFailure, curl_, 1, failure),
        closed(kT0 + 1, 1, tuple(1, 443), model::CloseReason::kRefused)});
  EXPECT_EQ(process(curl_).activity.connects, 0U);
  EXPECT_EQ(process(curl_).activity.connect_failures, 1U);
  EXPECT_EQ(process(curl_).activity.connections, 0U);
}

TEST_F(EngineTest, ResetOfAnEstablishedConnectionCountsOnItsSide) {
  model::SocketReset reset{.tuple = tuple(1, 443), .sent_here = 0};
  feed({start(kT0, curl_, "curl"), open(kT0, 1, tuple(1, 443), curl_),
        model::make_event(kT0 + 1, model::EventKind::kReset, curl_, 1, reset), closed(kT0 + 1, 1, tuple(1, 443))});
  EXPECT_EQ(process(curl_).activity.resets_rx, 1U);
  EXPECT_EQ(process(curl_).activity.resets_tx, 0U);
  EXPECT_EQ(flow(1, tuple(1, 443)).close_reason, model::CloseReason::kResetByPeer);
}

TEST_F(EngineTest, TheSameTupleAfterACloseIsAnotherFlow) {
  feed({start(kT0, curl_, "curl"), open(kT0, 0, tuple(1, 443), curl_), data(kT0, 0, tuple(1, 443), 5, 5),
        closed(kT0 + 1, 0, tuple(1, 443)), open(kT0 + 2, 0, tuple(1, 443), curl_),
        data(kT0 + 3, 0, tuple(1, 443), 1, 1)});
  EXPECT_EQ(engine_.flows().rows().used(), 2U);
  EXPECT_EQ(flow(0, tuple(1, 443)).tx_bytes, 1U);
  EXPECT_EQ(process(curl_).activity.connects, 2U);
}

TEST_F(EngineTest, UdpWithoutACookieEndsByTimeAndTcpDoesNot) {
  const model::FlowTuple udp = tuple(1, 53, "192.0.2.53", model::kProtocolUdp);
  feed({open(kT0, 0, udp, curl_), open(kT0, 0, tuple(1, 443), curl_),
        model::make_event(kT0 + 179 * kSecond, model::EventKind::kTimeAdvance, {}, 0, model::ProcessExit{})});
  EXPECT_TRUE(flow(0, udp).open());
  feed({model::make_event(kT0 + 182 * kSecond, model::EventKind::kTimeAdvance, {}, 0, model::ProcessExit{})});
  EXPECT_EQ(flow(0, udp).close_reason, model::CloseReason::kIdle);
  EXPECT_TRUE(flow(0, tuple(1, 443)).open());
}

TEST_F(EngineTest, UnmeasuredUdpMakesTheTotalIncomplete) {
  const model::FlowTuple udp = tuple(1, 53, "192.0.2.53", model::kProtocolUdp);
  feed({start(kT0, curl_, "curl"), open(kT0, 5, udp, curl_)});
  EXPECT_EQ(process(curl_).activity.unmeasured, 1U);
  feed({data(kT0 + 1, 5, udp, 40, 80, curl_, model::ByteLayer::kApp)});
  EXPECT_EQ(process(curl_).activity.unmeasured, 0U);
}

TEST_F(EngineTest, FirstSightIsInTotalsAndNotInRates) {
  feed({start(kT0, curl_, "curl"), open(kT0, 1, tuple(1, 443), curl_, model::OpenHow::kExisting),
        data(kT0, 1, tuple(1, 443), 1'000'000, 0, {}, model::ByteLayer::kTcp, model::kEventFirstSight)});
  EXPECT_EQ(process(curl_).activity.total().tx, 1'000'000U);
  EXPECT_EQ(process(curl_).activity.tx_rate.per_second(kT0 + kSecond, 0), 0.0);
  EXPECT_EQ(process(curl_).activity.coverage, model::kFirstSight);
  EXPECT_EQ(process(curl_).activity.connects, 0U);
  EXPECT_EQ(series_.used(), 0U);
}

TEST_F(EngineTest, LateEventKeepsItsStampAndIsCounted) {
  feed({open(kT0 + kSecond, 1, tuple(1, 443), curl_), open(kT0, 2, tuple(2, 443), curl_)});
  EXPECT_EQ(engine_.counters().late, 1U);
  EXPECT_EQ(flow(2, tuple(2, 443)).opened_ns, kT0);
  EXPECT_EQ(engine_.now(), kT0 + kSecond);
}

TEST_F(EngineTest, UnknownKindsAndVersionsAreSkippedAndCounted) {
  model::Event foreign;
  foreign.header.kind = static_cast<model::EventKind>(999);
  foreign.header.time_ns = kT0;
  model::Event later = open(kT0, 1, tuple(1, 443));
  later.header.version = 2;
  feed({foreign, later});
  EXPECT_EQ(engine_.counters().unknown, 2U);
  EXPECT_EQ(engine_.flows().rows().used(), 0U);
}

TEST_F(EngineTest, KnownLossStandsInTheLedger) {
  model::Loss loss{.what = model::LossWhat::kKernelBuffer,
                   .bytes_known = 1,
                   .events = 3,
                   .bytes = 500,
                   .layer = model::ByteLayer::kTcp};
  feed({model::make_event(kT0, model::EventKind::kLoss, {}, 0, loss)});
  EXPECT_EQ(engine_.ledger().by_layer[2].known_lost.tx, 500U);
  EXPECT_EQ(engine_.ledger().lost_events, 3U);
}

TEST_F(EngineTest, TimesOutOfRangeAreMalformedAndMoveNothing) {
  feed({open(kT0, 1, tuple(1, 443)), open(kTimeMaxNs + 1, 2, tuple(2, 443)), open(-1, 3, tuple(3, 443))});
  EXPECT_EQ(engine_.counters().malformed, 2U);
  EXPECT_EQ(engine_.now(), kT0);
  EXPECT_EQ(engine_.flows().rows().used(), 1U);
}

TEST_F(EngineTest, UnknownBitsOfMeasuredMeanNothing) {
  model::Event event = data(kT0, 1, tuple(1, 443), 1, 1, curl_);
  model::SocketData payload = event.as<model::SocketData>();
  payload.measured = 0xff;
  event.set(payload);
  feed({event});
  EXPECT_EQ(process(curl_).activity.measured & ~model::SocketData::kAll, 0);
}

TEST_F(EngineTest, AnAnchorOutOfRangeLeavesTheLastOne) {
  model::ClockAnchor sane{.boottime_ns = kT0, .realtime_ns = 2 * kT0};
  model::ClockAnchor hostile{.boottime_ns = kT0, .realtime_ns = std::numeric_limits<TimeNs>::max()};
  feed({model::make_event(kT0, model::EventKind::kClockAnchor, {}, 0, sane),
        model::make_event(kT0, model::EventKind::kClockAnchor, {}, 0, hostile)});
  EXPECT_EQ(engine_.clock().unix_ns(kT0), 2 * kT0);
  EXPECT_EQ(engine_.counters().malformed, 1U);
}

class SmallEngineTest : public EngineTest {
 protected:
  SmallEngineTest() : EngineTest({.flows_max = 2, .processes_max = 2, .apps_max = 2, .endpoints_max = 2}) {}
};

class Heard : public EvictionListener {
 public:
  void flow_evicted(const FlowRow& row) override { flows.push_back(row.cookie); }
  void process_evicted(const ProcessRow& row) override { pids.push_back(row.key.pid()); }
  std::vector<std::uint64_t> flows;
  std::vector<std::uint32_t> pids;
};

TEST_F(SmallEngineTest, AFullTableGivesUpTheLongestDeadThenTheLongestIdle) {
  Heard heard;
  engine_.set_listener(&heard);
  feed({open(kT0, 1, tuple(1, 443)), open(kT0 + kSecond, 2, tuple(2, 443)), closed(kT0 + 2 * kSecond, 2, tuple(2, 443)),
        open(kT0 + 3 * kSecond, 3, tuple(3, 443)), open(kT0 + 4 * kSecond, 4, tuple(4, 443))});
  EXPECT_THAT(heard.flows, ::testing::ElementsAre(2, 1));
  EXPECT_EQ(engine_.counters().flows_evicted, 2U);
  engine_.set_listener(nullptr);
}

TEST_F(SmallEngineTest, EvictedBytesStayInTheLedger) {
  feed({open(kT0, 1, tuple(1, 443)), data(kT0, 1, tuple(1, 443), 10, 20), open(kT0 + 1, 2, tuple(2, 443)),
        open(kT0 + 2, 3, tuple(3, 443))});
  EXPECT_EQ(engine_.ledger().by_layer[2].evicted, (Traffic{10, 20}));
  EXPECT_EQ(engine_.ledger().by_layer[2].seen, (Traffic{10, 20}));
}

TEST_F(SmallEngineTest, AnEvictedOwnerComesBackWithWhatItMovesNext) {
  const ProcessKey third{30, 300};
  feed({start(kT0, curl_, "a"), open(kT0, 1, tuple(1, 443), curl_), data(kT0, 1, tuple(1, 443), 10, 0),
        start(kT0 + kSecond, sshd_, "b"), start(kT0 + 2 * kSecond, third, "c")});
  EXPECT_EQ(engine_.processes().find(curl_), kNoSlot);
  EXPECT_EQ(engine_.ledger().by_layer[2].evicted.tx, 10U);
  feed({data(kT0 + 3 * kSecond, 1, tuple(1, 443), 5, 0)});
  EXPECT_EQ(process(curl_).activity.total().tx, 5U);
  EXPECT_EQ(process(curl_).activity.coverage & model::kEvictedPart, model::kEvictedPart);
}

TEST(RateTest, ConstantFlowReadsAsItsRate) {
  Rate rate;
  for (int i = 0; i < 6000; ++i) rate.add(kT0 + i * 100 * kMillisecond, 100);  // 1,000 bytes a second for ten minutes.
  for (std::uint32_t window = 0; window < kRateWindows; ++window) {
    EXPECT_NEAR(rate.per_second(kT0 + 600 * kSecond, window), 1000.0, 1.0);
  }
}

TEST(RateTest, SilenceDecaysByTheTimeConstant) {
  Rate rate;
  for (int i = 0; i < 600; ++i) rate.add(kT0 + i * 100 * kMillisecond, 100);
  const double before = rate.per_second(kT0 + 60 * kSecond, 0);
  EXPECT_NEAR(rate.per_second(kT0 + 61 * kSecond, 0), before * 0.3678794, 0.01);
  EXPECT_EQ(rate.per_second(kT0 + 100'000 * kSecond, 2), 0.0);
}

}  // namespace
}  // namespace ipm::core
