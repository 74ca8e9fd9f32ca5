// A kernel source and a packet source see the same flows: one row, each byte once.
#include <gtest/gtest.h>

#include "core/engine.h"
#include "store/recent_series.h"
#include "support/events.h"

namespace ipm::core {
namespace {

using namespace ipm::test;  // NOLINT: the event builders are the language of these tests.

constexpr model::ProcessKey kCurl(101, 5);

// As a packet source tells: no cookie, bytes of IP headers and the payload that they carried.
model::Event captured(TimeNs time, const model::FlowTuple& t, std::uint64_t tx, std::uint64_t rx,
                      std::uint64_t carried) {
  model::SocketData payload;
  payload.tuple = t;
  payload.layer = model::ByteLayer::kIp;
  payload.measured = model::SocketData::kAll | model::SocketData::kByPackets;
  payload.tx_bytes = tx;
  payload.rx_bytes = rx;
  payload.tx_packets = payload.rx_packets = 3;
  payload.tx_payload_bytes = carried;
  return model::make_event(time, model::EventKind::kSocketData, {}, 0, payload);
}

model::Event translated(TimeNs time, const model::FlowTuple& as_captured, const model::FlowTuple& of_socket) {
  model::SocketNat payload;
  payload.tuple = as_captured;
  payload.local = of_socket.local;
  payload.remote = of_socket.remote;
  payload.local_port = of_socket.local_port;
  payload.remote_port = of_socket.remote_port;
  return model::make_event(time, model::EventKind::kSocketNat, {}, 0, payload);
}

model::Event seen_again(TimeNs time, const model::FlowTuple& t, std::uint32_t sent, std::uint32_t received) {
  model::TcpSnapshot payload;
  payload.tuple = t;
  payload.measured = model::TcpSnapshot::kRetransmits | model::TcpSnapshot::kRxRetransmits | model::TcpSnapshot::kSrtt;
  payload.tx_retransmits = sent;
  payload.rx_retransmits = received;
  payload.srtt_us = 900;
  return model::make_event(time, model::EventKind::kTcpSnapshot, {}, 0, payload);
}

model::FlowTuple in_netns(model::FlowTuple t, std::uint32_t netns) {
  t.netns = netns;
  return t;
}

class FuseTest : public ::testing::Test {
 protected:
  void feed(std::initializer_list<model::Event> events) {
    engine_.feed({events.begin(), events.size()});
    EXPECT_TRUE(engine_.rows_agree_with_ledger());
  }
  const FlowRow* row(std::uint64_t cookie, const model::FlowTuple& t) const {
    const std::uint32_t slot = engine_.flows().find({.cookie = cookie, .tuple = t});
    return slot == kNoSlot ? nullptr : &engine_.flows().at(slot);
  }
  // Of a flow that packets are told of.
  CapturedRow packets(std::uint64_t cookie, const model::FlowTuple& t) const {
    const FlowRow* flow = row(cookie, t);
    if (flow == nullptr || flow->names == 0) return {};
    const std::uint32_t at = engine_.names().flows().at(flow->names - 1).captured;
    return at == 0 ? CapturedRow{} : engine_.views().captured.at(at - 1);
  }
  LedgerLine line(model::ByteLayer layer) const { return engine_.ledger().by_layer[static_cast<std::size_t>(layer)]; }

  Bounds bounds_ = share_memory({});
  PageStore store_{bounds_.copies_max_bytes};
  store::RecentSeries series_{store_, bounds_.rows.series_blocks_max, bounds_.rows.processes_max,
                              bounds_.rows.apps_max};
  Engine engine_{bounds_, store_, series_};
  const model::FlowTuple flow_ = tuple(1, 443);
};

TEST_F(FuseTest, PacketsOfAKnownSocketAreNoBytesOfTheLedger) {
  feed({open(kT0, 7, flow_, kCurl), data(kT0, 7, flow_, 100, 0, kCurl), open(kT0, 0, flow_),
        captured(kT0 + 1, flow_, 300, 120, 100)});
  EXPECT_EQ(row(7, flow_)->tx_bytes, 100U);
  EXPECT_EQ(row(0, flow_), nullptr);
  EXPECT_EQ(packets(7, flow_).tx_ip_bytes, 300U);
  EXPECT_EQ(packets(7, flow_).tx_payload_bytes, 100U);
  EXPECT_TRUE(packets(7, flow_).whole);
  EXPECT_EQ(line(model::ByteLayer::kIp).seen, Traffic{});
  EXPECT_EQ(engine_.flows().rows().used(), 1U);
}

TEST_F(FuseTest, TheSocketThatComesLaterTakesTheRowOfThePackets) {
  feed({text(kT0, 1, "a.test"), open(kT0, 0, flow_), captured(kT0, flow_, 300, 120, 100), hello(kT0, 0, flow_, 1)});
  EXPECT_EQ(line(model::ByteLayer::kIp).unattributed, (Traffic{300, 120}));
  feed({open(kT0 + 1, 7, flow_, kCurl), data(kT0 + 1, 7, flow_, 100, 0, kCurl)});
  EXPECT_EQ(engine_.flows().rows().used(), 1U);
  EXPECT_EQ(line(model::ByteLayer::kIp).seen, Traffic{});
  EXPECT_EQ(packets(7, flow_).tx_ip_bytes, 300U);
  EXPECT_NE(engine_.names().flows().at(row(7, flow_)->names - 1).sni, 0U);
  const EndpointRow& remote = engine_.endpoints().at(row(7, flow_)->endpoint - 1);
  EXPECT_EQ(remote.by_layer[static_cast<std::size_t>(model::ByteLayer::kIp)], Traffic{});
  EXPECT_EQ(remote.flows, 1U);
  EXPECT_EQ(remote.open, 1U);
  EXPECT_EQ(remote.connects, 1U);
}

TEST_F(FuseTest, ASocketWhoseEndsComeLateTakesTheRowToo) {
  model::FlowTuple unbound = flow_;
  unbound.local_port = unbound.remote_port = 0;
  unbound.remote = {};
  feed({open(kT0, 0, flow_), captured(kT0, flow_, 300, 120, 100), open(kT0, 7, unbound, kCurl)});
  EXPECT_EQ(engine_.flows().rows().used(), 2U);
  feed({data(kT0 + 1, 7, flow_, 100, 0, kCurl)});
  EXPECT_EQ(engine_.flows().rows().used(), 1U);
  EXPECT_EQ(packets(7, flow_).tx_ip_bytes, 300U);
}

TEST_F(FuseTest, WhatHasAnOwnerByOtherMeansStaysARow) {
  feed({open(kT0, 0, flow_, kCurl), captured(kT0, flow_, 300, 120, 100), open(kT0 + 1, 7, flow_, kCurl)});
  EXPECT_EQ(engine_.flows().rows().used(), 2U);
  EXPECT_EQ(line(model::ByteLayer::kIp).attributed, (Traffic{300, 120}));
}

TEST_F(FuseTest, TheKernelsFiguresStandAndPacketsFillWhatItHasNot) {
  feed({open(kT0, 7, flow_, kCurl), data(kT0, 7, flow_, 100, 0, kCurl), seen_again(kT0 + 1, flow_, 2, 3)});
  EXPECT_EQ(row(7, flow_)->srtt_us, 900U);  // The kernel said nothing of it.
  EXPECT_EQ(row(7, flow_)->tx_retransmits, 2U);
  EXPECT_EQ(packets(7, flow_).rx_retransmits, 3U);
  feed({seen_again(kT0 + 2, flow_, 1, 0)});
  EXPECT_EQ(row(7, flow_)->tx_retransmits, 3U);

  const model::FlowTuple other = tuple(2, 443);
  model::Event kernels = seen_again(kT0 + 3, other, 5, 0);
  kernels.header.flow = 8;
  auto counters = kernels.as<model::TcpSnapshot>();
  counters.measured = model::TcpSnapshot::kRetransmits;
  kernels.set(counters);
  feed({open(kT0 + 3, 8, other, kCurl), kernels, seen_again(kT0 + 4, other, 6, 0)});
  EXPECT_EQ(row(8, other)->tx_retransmits, 5U);
  EXPECT_EQ(packets(8, other).tx_retransmits, 6U);
}

TEST_F(FuseTest, WhatAThirdSourceCountsOfTheSocketIsSkippedAndCounted) {
  feed({open(kT0, 7, flow_, kCurl), data(kT0, 7, flow_, 100, 0, kCurl), data(kT0 - kSecond, 0, flow_, 40, 0)});
  EXPECT_EQ(row(7, flow_)->tx_bytes, 100U);
  EXPECT_EQ(row(7, flow_)->opened_ns, kT0);  // When it opened is the kernel's to say too.
  EXPECT_EQ(engine_.counters().other_layer, 1U);
}

TEST_F(FuseTest, TheEndIsTheKernelsToSay) {
  feed({open(kT0, 7, flow_, kCurl), closed(kT0 + 1, 0, flow_)});
  EXPECT_TRUE(row(7, flow_)->open());
  feed({closed(kT0 + 2, 7, flow_), captured(kT0 + 3, flow_, 300, 120, 100)});
  EXPECT_EQ(packets(7, flow_).tx_ip_bytes, 300U);  // Packets are told later.
  feed({captured(kT0 + 60 * kSecond, flow_, 10, 0, 0)});
  EXPECT_NE(row(0, flow_), nullptr);  // Ends of a minute ago are another flow's by now.
}

TEST_F(FuseTest, OfTwoWithTheSameEndsTheOneInTheNamespaceIsMeant) {
  const model::FlowTuple there = in_netns(flow_, 2);
  feed({open(kT0, 7, flow_, kCurl), open(kT0, 8, there, kCurl), captured(kT0 + 1, there, 300, 120, 100)});
  EXPECT_EQ(packets(8, there).tx_ip_bytes, 300U);
  EXPECT_EQ(packets(7, flow_).tx_ip_bytes, 0U);
}

TEST_F(FuseTest, ACaptureOnTheWayOutFindsTheSocketOfAContainer) {
  const model::FlowTuple at_router = in_netns(flow_, 9);
  feed({open(kT0, 7, flow_, kCurl), captured(kT0 + 1, at_router, 300, 120, 100)});
  EXPECT_EQ(packets(7, flow_).tx_ip_bytes, 300U);
  // Two containers may have the same addresses: then nobody knows whose it was.
  feed({open(kT0 + 2, 8, in_netns(flow_, 2), kCurl), captured(kT0 + 3, in_netns(flow_, 10), 50, 0, 0)});
  EXPECT_EQ(packets(7, flow_).tx_ip_bytes, 300U);
  EXPECT_EQ(line(model::ByteLayer::kIp).unattributed, (Traffic{50, 0}));
}

TEST_F(FuseTest, LoopbackStaysInItsNamespace) {
  const model::FlowTuple local = tuple(1, 443, "127.0.0.1", model::kProtocolTcp, "127.0.0.1");
  feed({open(kT0, 7, local, kCurl), captured(kT0 + 1, in_netns(local, 9), 300, 120, 100)});
  EXPECT_EQ(packets(7, local).tx_ip_bytes, 0U);
}

TEST_F(FuseTest, ATranslatedFlowIsTheSocketsBehindIt) {
  const model::FlowTuple outside = in_netns(tuple(50'001, 443, "192.0.2.7", model::kProtocolTcp, "203.0.113.1"), 9);
  feed({open(kT0, 7, flow_, kCurl), translated(kT0 + 1, outside, flow_), open(kT0 + 1, 0, outside),
        captured(kT0 + 1, outside, 300, 120, 100)});
  EXPECT_EQ(engine_.flows().rows().used(), 1U);
  EXPECT_EQ(packets(7, flow_).tx_ip_bytes, 300U);
  EXPECT_TRUE(packets(7, flow_).translated);
  EXPECT_EQ(packets(7, flow_).other.local.text(), "203.0.113.1");
  EXPECT_EQ(packets(7, flow_).other.local_port, 50'001);
}

TEST_F(FuseTest, ATranslationThatIsToldLateJoinsTheRows) {
  const model::FlowTuple outside = in_netns(tuple(50'001, 443, "192.0.2.7", model::kProtocolTcp, "203.0.113.1"), 9);
  feed({open(kT0, 7, flow_, kCurl), open(kT0 + 1, 0, outside), captured(kT0 + 1, outside, 300, 120, 100),
        translated(kT0 + 2, outside, flow_), captured(kT0 + 3, outside, 30, 0, 0)});
  EXPECT_EQ(engine_.flows().rows().used(), 1U);
  EXPECT_EQ(packets(7, flow_).tx_ip_bytes, 330U);
  EXPECT_EQ(line(model::ByteLayer::kIp).seen, Traffic{});
}

TEST_F(FuseTest, OfTwoPlacesOfCaptureTheFirstCounts) {
  model::Event second = captured(kT0 + 2, flow_, 300, 120, 100);
  second.header.source = 5;
  feed({open(kT0, 7, flow_, kCurl), captured(kT0 + 1, flow_, 300, 120, 100), second});
  EXPECT_EQ(packets(7, flow_).tx_ip_bytes, 300U);
}

// Flows come and go, with a translation each: what finds them goes with them.
TEST(FuseBoundsTest, RowsThatGoAreFoundNoMore) {
  model::Settings wanted;
  wanted.flows_max = 64;
  const Bounds bounds = share_memory(wanted);
  PageStore store(bounds.copies_max_bytes);
  store::RecentSeries series(store, bounds.rows.series_blocks_max, bounds.rows.processes_max, bounds.rows.apps_max);
  Engine engine(bounds, store, series);
  for (std::uint32_t i = 0; i < 5'000; ++i) {
    const auto port = static_cast<std::uint16_t>(1'000 + i % 500);
    const model::FlowTuple inside = tuple(port, 443);
    const model::FlowTuple outside = in_netns(tuple(port, 443, "192.0.2.7", model::kProtocolTcp, "203.0.113.1"), 9);
    const TimeNs time = kT0 + i * 20 * kMillisecond;
    const std::uint64_t cookie = 100 + i;
    std::vector<model::Event> events = {captured(time, inside, 40, 40, 0), open(time, cookie, inside, kCurl),
                                        data(time, cookie, inside, 10, 10, kCurl)};
    if (i % 3 == 0) events.push_back(translated(time, outside, inside));
    if (i % 3 != 1) events.push_back(captured(time, outside, 40, 40, 0));
    if (i % 2 == 0) events.push_back(closed(time + 1, cookie, inside));
    engine.feed(events);
    ASSERT_LE(engine.flows().rows().used(), 64U);
  }
  EXPECT_TRUE(engine.rows_agree_with_ledger());
  EXPECT_EQ(engine.counters().no_room, 0U);
}

}  // namespace
}  // namespace ipm::core
