#include "decode/flow/flow_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.h"
#include "decode/flow/talk.h"

namespace ipm::decode::flow {
namespace {

using test::at_ms;
using test::datagram;
using test::kT0;
using test::Line;
using test::Rows;
using test::segment;
using test::Talk;

std::string initiator(const FlowRow& row) {
  return row.src.text() + ":" + std::to_string(row.src_port);
}
constexpr const char* kClient = "10.0.0.1:40000";
constexpr const char* kServer = "192.0.2.7:443";

std::string state_after(std::initializer_list<Line> lines) {
  Talk talk;
  talk.say(lines);
  return std::string(state_name(talk.row().state));
}

TEST(FlowTableTest, CountsEachDirectionInEachByteLayer) {
  Talk talk;
  talk.shake_hands();
  talk.say({{30, 'c', "PA", 101, 501, 10}, {40, 's', "A", 501, 111, 100}});
  const FlowRow row = talk.row();
  EXPECT_EQ(initiator(row), kClient);
  EXPECT_EQ(row.dst.text(), "192.0.2.7");
  EXPECT_EQ(row.dst_port, 443);
  EXPECT_EQ(row.out.packets, 3U);
  EXPECT_EQ(row.in.packets, 2U);
  EXPECT_EQ(row.out.wire_bytes, 3U * 54 + 10);
  EXPECT_EQ(row.in.ip_bytes, 2U * 40 + 100);
  EXPECT_EQ(row.out.payload_bytes, 10U);
  EXPECT_EQ(row.in.payload_bytes, 100U);
  EXPECT_EQ(row.syn, 1U);
  EXPECT_EQ(row.synack, 1U);
  EXPECT_EQ(row.first_ns, kT0);
  EXPECT_EQ(row.last_ns, at_ms(40));
}

TEST(FlowTableTest, FirstAndLastAreSmallestAndLargestTimes) {
  Talk talk;
  talk.say({{10, 'c', "A", 101, 501}, {30, 'c', "A", 101, 502}, {5, 's', "A", 501, 101}, {20, 's', "A", 501, 101}});
  EXPECT_EQ(talk.row().first_ns, at_ms(5));
  EXPECT_EQ(talk.row().last_ns, at_ms(30));
}

TEST(FlowTableTest, TheSenderOfTheFirstSynOpenedTheFlow) {
  Talk talk;
  talk.say({{0, 's', "A", 501, 101}, {1, 'c', "S", 100, 0}, {2, 's', "SA", 500, 101}, {3, 's', "S", 500, 0}});
  EXPECT_EQ(initiator(talk.row()), kClient);
  EXPECT_EQ(talk.row().initiator_rule, InitiatorRule::kSyn);
}

TEST(FlowTableTest, WithoutASynTheReceiverOfTheSynAckOpenedIt) {
  Talk talk;
  talk.say({{0, 's', "SA", 500, 101}, {1, 'c', "A", 101, 501}});
  EXPECT_EQ(initiator(talk.row()), kClient);
  EXPECT_EQ(talk.row().initiator_rule, InitiatorRule::kSynAck);
}

TEST(FlowTableTest, ASynOutweighsASynAckBeforeIt) {
  Talk talk;
  talk.say({{0, 's', "SA", 500, 101}, {1, 's', "S", 500, 0}});
  EXPECT_EQ(initiator(talk.row()), kServer);
}

TEST(FlowTableTest, WithoutEitherTheFirstSenderIsTakenForIt) {
  Talk talk;
  talk.say({{0, 's', "A", 501, 101}, {1, 'c', "A", 101, 501}});
  EXPECT_EQ(initiator(talk.row()), kServer);
  EXPECT_FALSE(talk.row().initiator_known());
}

TEST(FlowTableTest, SaysWhichWayAPacketWent) {
  Talk talk;
  EXPECT_TRUE(talk.say({0, 's', "A", 501, 101}).outward);
  EXPECT_TRUE(talk.say({1, 'c', "S", 100, 0}).outward);  // Now it is known better.
  EXPECT_FALSE(talk.say({2, 's', "A", 501, 101}).outward);
}

TEST(FlowTableTest, StateFollowsTheFlags) {
  const Line syn = {0, 'c', "S", 100, 0}, synack = {1, 's', "SA", 500, 101}, ack = {2, 'c', "A", 101, 501};
  const Line fin = {3, 'c', "FA", 101, 501}, fin_back = {4, 's', "FA", 501, 102}, reset = {5, 's', "R", 502, 0};
  EXPECT_EQ(state_after({ack}), "midstream");
  EXPECT_EQ(state_after({syn}), "attempt");
  EXPECT_EQ(state_after({syn, syn}), "attempt");
  EXPECT_EQ(state_after({syn, {1, 's', "RA", 0, 101}}), "rejected");
  EXPECT_EQ(state_after({syn, {1, 'c', "R", 101, 0}}), "reset");
  EXPECT_EQ(state_after({syn, synack, {2, 's', "R", 501, 0}}), "reset");
  EXPECT_EQ(state_after({syn, ack, {2, 's', "R", 501, 0}}), "reset");  // It answers no SYN.
  EXPECT_EQ(state_after({syn, synack}), "established");
  EXPECT_EQ(state_after({syn, ack}), "established");
  EXPECT_EQ(state_after({ack, fin}), "half_closed");
  EXPECT_EQ(state_after({syn, synack, ack, fin, fin}), "half_closed");
  EXPECT_EQ(state_after({syn, synack, ack, fin, fin_back}), "closed");
  EXPECT_EQ(state_after({syn, synack, ack, fin, fin_back, reset}), "closed");
  EXPECT_EQ(state_after({syn, synack, ack, fin, reset}), "reset");
  EXPECT_EQ(state_after({syn, synack, ack, fin, reset, fin_back}), "reset");
  EXPECT_EQ(state_after({reset}), "reset");
}

TEST(FlowTableTest, ASynWithAnotherNumberOpensTheNextFlow) {
  Talk talk;
  talk.shake_hands();
  talk.say({{30, 'c', "FA", 101, 501}, {40, 'c', "S", 9000, 0}, {50, 's', "SA", 7000, 9001}});
  const std::vector<FlowRow> rows = talk.rows();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].state, FlowState::kHalfClosed);
  EXPECT_EQ(rows[1].out.packets, 1U);
  EXPECT_EQ(rows[1].in.packets, 1U);
  EXPECT_EQ(rows[1].synack, 1U);
}

TEST(FlowTableTest, ASynWithTheSameNumberIsOfTheSameFlowEvenAfterAReset) {
  Talk talk;
  talk.say({{0, 'c', "S", 100, 0}, {1, 's', "RA", 0, 101}, {500, 'c', "S", 100, 0}, {501, 's', "RA", 0, 101}});
  ASSERT_EQ(talk.rows().size(), 1U);
  EXPECT_EQ(talk.row().state, FlowState::kRejected);
  EXPECT_EQ(talk.row().syn, 2U);
}

TEST(FlowTableTest, MidstreamTheNumbersBeforeTheFirstOnesAreThoseOfTheSyns) {
  Talk talk;
  talk.say({{0, 'c', "A", 101, 501, 10}, {1, 'c', "S", 100, 0}, {2, 's', "S", 500, 0}});
  EXPECT_EQ(talk.rows().size(), 1U);
  talk.say({3, 's', "S", 501, 0});
  EXPECT_EQ(talk.rows().size(), 2U);
}

TEST(FlowTableTest, ASynAckMayHaveAnyNumber) {
  Talk talk;
  talk.shake_hands();
  talk.say({{30, 's', "SA", 900, 101}, {40, 's', "S", 900, 0}});
  EXPECT_EQ(talk.rows().size(), 1U);
  talk.say({50, 's', "S", 500, 0});
  EXPECT_EQ(talk.rows().size(), 2U);
}

TEST(FlowTableTest, BothMayOpenAtTheSameTime) {
  Talk talk;
  talk.say({{0, 'c', "S", 100, 0},
            {1, 's', "S", 500, 0},
            {10, 'c', "SA", 100, 501},
            {11, 's', "SA", 500, 101},
            {20, 'c', "A", 101, 501}});
  ASSERT_EQ(talk.rows().size(), 1U);
  EXPECT_EQ(talk.row().state, FlowState::kEstablished);
  EXPECT_EQ(initiator(talk.row()), kClient);
  EXPECT_EQ(talk.row().syn, 2U);
  EXPECT_EQ(talk.row().synack, 2U);
}

// The client's SYN is answered by an ACK and by a SYN of the server's own.
TEST(FlowTableTest, AHandshakeMaySplit) {
  Talk talk;
  talk.say({{0, 'c', "S", 100, 0},
            {1, 's', "A", 0, 101},
            {2, 's', "S", 500, 0},  // Not the number that follows from the ACK.
            {3, 'c', "SA", 100, 501},
            {4, 's', "A", 501, 101}});
  const std::vector<FlowRow> rows = talk.rows();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].state, FlowState::kEstablished);
  EXPECT_EQ(initiator(rows[1]), kServer);
}

TEST(FlowTableTest, TimeSplitsNothing) {
  Talk talk;
  talk.say({{0, 'c', "A", 101, 501}, {3'600'000, 'c', "A", 101, 501}});
  EXPECT_EQ(talk.rows().size(), 1U);
  talk.table.add(datagram('c', 1), kT0, 60);
  talk.table.add(datagram('s', 1), kT0 + kHour, 60);
  EXPECT_EQ(talk.rows().size(), 2U);
}

TEST(FlowTableTest, LiveUdpEndsAfterItsSilence) {
  Talk talk({.udp_idle_ns = 30 * kSecond});
  talk.table.add(datagram('c', 1), kT0, 60);
  talk.table.add(datagram('c', 2), kT0 + 30 * kSecond - 1, 60);
  EXPECT_EQ(talk.gone.rows.size(), 0U);
  talk.table.add(datagram('s', 3), kT0 + 60 * kSecond - 1, 60);
  ASSERT_EQ(talk.gone.rows.size(), 1U);
  EXPECT_EQ(talk.gone.rows[0].out.payload_bytes, 3U);
  EXPECT_EQ(talk.rows().size(), 1U);
  EXPECT_EQ(talk.table.counters().expired, 1U);
}

TEST(FlowTableTest, AdvanceEndsSilentUdpNotTooSoonAndAQuarterLaterAtMost) {
  Talk talk({.udp_idle_ns = 40 * kSecond});
  talk.table.add(datagram('c', 1), kT0, 60);
  for (TimeNs at = kSecond; at < 40 * kSecond; at += kSecond) talk.table.advance(kT0 + at);
  EXPECT_EQ(talk.gone.rows.size(), 0U);
  for (TimeNs at = 40 * kSecond; at <= 50 * kSecond; at += kSecond) talk.table.advance(kT0 + at);
  EXPECT_EQ(talk.gone.rows.size(), 1U);
  EXPECT_EQ(talk.table.flows(), 0U);
}

TEST(FlowTableTest, AClosedFlowLingersAsLongAsItIsTold) {
  Talk talk({.closed_linger_ns = 10 * kSecond});
  talk.say({{0, 'c', "S", 100, 0}, {1, 's', "RA", 0, 101}});
  talk.table.advance(at_ms(1) + 10 * kSecond - 1);
  EXPECT_EQ(talk.table.flows(), 1U);
  talk.table.advance(at_ms(1) + 10 * kSecond);
  EXPECT_EQ(talk.table.flows(), 0U);
  EXPECT_EQ(talk.gone.rows.at(0).state, FlowState::kRejected);
}

TEST(FlowTableTest, ALaterFragmentCountsBytesOfThePacketAndNoPayload) {
  Talk talk;
  Packet first = datagram('c', 1472);
  first.first_fragment = true;
  Packet later = datagram('c', 0);
  later.later_fragment = true;
  later.payload_bytes = 600;  // Of IP.
  later.ip_bytes = 620;
  talk.table.add(first, kT0, 1514);
  talk.table.add(later, kT0, 634);
  const FlowRow row = talk.row();
  EXPECT_EQ(row.out.packets, 2U);
  EXPECT_EQ(row.out.ip_bytes, 2120U);
  EXPECT_EQ(row.out.wire_bytes, 2148U);
  EXPECT_EQ(row.out.payload_bytes, 1472U);
  EXPECT_EQ(row.fragments, 2U);
}

TEST(FlowTableTest, TheBeginningOfAFragmentedSegmentIsNotMeasured) {
  Talk talk;
  talk.shake_hands();
  Packet first = segment({30, 'c', "A", 101, 501, 500});
  first.first_fragment = true;
  EXPECT_EQ(talk.table.add(first, at_ms(30), 554).classes, 0);
  EXPECT_EQ(talk.table.add(first, at_ms(31), 554).classes, 0);  // Not even as a repeat.
  EXPECT_EQ(talk.row().out.payload_bytes, 1000U);
  EXPECT_EQ(talk.row().fragments, 2U);
  EXPECT_FALSE(talk.row().out.bytes.exact);
}

TEST(FlowTableTest, UdpHasNoStateAndIsNotMeasured) {
  Talk talk;
  talk.table.add(datagram('s', 1), kT0, 60);
  EXPECT_EQ(talk.row().state, FlowState::kNone);
  EXPECT_FALSE(talk.row().measured);
  EXPECT_EQ(initiator(talk.row()), kServer);
}

TEST(FlowTableTest, AHeaderThatIsCutBehindItsPortsIsCountedOnly) {
  Talk talk;
  Packet packet = segment({0, 'c', "S", 100, 0});
  packet.ports_only = true;
  talk.table.add(packet, kT0, 60);
  EXPECT_EQ(talk.row().out.packets, 1U);
  EXPECT_EQ(talk.row().syn, 0U);
}

TEST(FlowTableTest, AnEndpointThatTalksToItselfSendsOutwards) {
  Talk talk;
  Packet packet = datagram('c', 5);
  packet.dst = packet.src;
  packet.dst_port = packet.src_port;
  talk.table.add(packet, kT0, 60);
  talk.table.add(packet, kT0, 60);
  EXPECT_EQ(talk.row().out.packets, 2U);
  EXPECT_EQ(talk.row().in.packets, 0U);
}

TEST(FlowTableTest, OnePortsOfTwoProtocolsAreTwoFlows) {
  Talk talk;
  talk.say({0, 'c', "A", 101, 501});
  talk.table.add(datagram('c', 5), kT0, 60);
  EXPECT_EQ(talk.rows().size(), 2U);
}

TEST(FlowTableTest, CountingAloneHasStateAndSplitsAndMeasuresNothing) {
  Talk talk({.measure = false});
  talk.shake_hands();
  talk.say({30, 'c', "S", 9000, 0});
  ASSERT_EQ(talk.rows().size(), 2U);
  EXPECT_EQ(talk.row().state, FlowState::kEstablished);
  EXPECT_FALSE(talk.row().measured);
  EXPECT_FALSE(talk.row().irtt_ns.has_value());
}

TEST(FlowTableTest, AnIcmpErrorIsAnEventOfTheFlowItQuotes) {
  Talk talk;
  talk.say({0, 'c', "S", 100, 0});
  talk.table.note_icmp_error(segment({0, 'c', "S", 100, 0}));
  talk.table.note_icmp_error(datagram('c', 1));  // Of none.
  EXPECT_EQ(talk.row().icmp_errors, 1U);
  EXPECT_EQ(talk.row().out.packets, 1U);
  EXPECT_EQ(talk.rows().size(), 1U);
}

// Many clients with one packet or more each.
Packet from_client(std::uint32_t client, std::string_view flags = "A", std::uint32_t seq = 101) {
  Packet packet = segment({0, 'c', flags, seq, 501});
  packet.src_port = static_cast<std::uint16_t>(client);
  return packet;
}

TEST(FlowTableTest, AFullTableGivesUpTheFlowClosedLongest) {
  Talk talk({.flows_max = 3});
  talk.table.add(from_client(1), at_ms(0), 54);
  talk.table.add(from_client(2, "R"), at_ms(1), 54);
  talk.table.add(from_client(3, "R"), at_ms(2), 54);
  talk.table.add(from_client(4), at_ms(3), 54);
  ASSERT_EQ(talk.gone.rows.size(), 1U);
  EXPECT_EQ(talk.gone.rows[0].src_port, 2);
  talk.table.add(from_client(5), at_ms(4), 54);
  ASSERT_EQ(talk.gone.rows.size(), 2U);
  EXPECT_EQ(talk.gone.rows[1].src_port, 3);
  EXPECT_EQ(talk.table.counters().evicted, 2U);
}

TEST(FlowTableTest, WithoutAClosedOneItGivesUpTheFlowIdleLongest) {
  Talk talk({.flows_max = 3});
  for (std::uint32_t client = 1; client <= 3; ++client) talk.table.add(from_client(client), at_ms(client), 54);
  talk.table.add(from_client(1), at_ms(10), 54);
  talk.table.add(from_client(4), at_ms(11), 54);
  talk.table.add(from_client(3), at_ms(12), 54);
  talk.table.add(from_client(5), at_ms(13), 54);
  talk.table.add(from_client(6), at_ms(14), 54);
  std::vector<std::uint16_t> order;
  for (const FlowRow& row : talk.gone.rows) order.push_back(row.src_port);
  EXPECT_THAT(order, testing::ElementsAre(2, 1, 4));
}

TEST(FlowTableTest, AFlowThatBeganAgainIsAmongTheClosed) {
  Talk talk({.flows_max = 2});
  talk.table.add(from_client(1, "S", 100), at_ms(0), 54);
  talk.table.add(from_client(1, "S", 200), at_ms(1), 54);
  talk.table.add(from_client(2), at_ms(2), 54);
  ASSERT_EQ(talk.gone.rows.size(), 1U);
  EXPECT_EQ(talk.gone.rows[0].id, 0U);
  talk.table.add(from_client(1), at_ms(3), 54);
  EXPECT_EQ(talk.rows().size(), 2U);
}

// Idle is what has had no packet while others had, whatever their stamps say.
TEST(FlowTableTest, APacketWithAnOldStampKeepsItsFlowAlive) {
  Talk talk({.flows_max = 3});
  talk.table.add(from_client(1), at_ms(100), 54);
  talk.table.add(from_client(2), at_ms(200), 54);
  talk.table.add(from_client(3), at_ms(300), 54);
  talk.table.add(from_client(1), at_ms(50), 54);
  talk.table.add(from_client(4), at_ms(301), 54);
  ASSERT_EQ(talk.gone.rows.size(), 1U);
  EXPECT_EQ(talk.gone.rows[0].src_port, 2);
}

TEST(FlowTableTest, MoreMeasuredFlowsThanAllowedMakeClosedOnesLeave) {
  Talk talk({.measured_max = 2});
  talk.table.add(from_client(1, "R"), at_ms(0), 54);
  talk.table.add(from_client(2), at_ms(1), 54);
  talk.table.add(from_client(3), at_ms(2), 54);
  ASSERT_EQ(talk.gone.rows.size(), 1U);
  EXPECT_TRUE(talk.gone.rows[0].measured);
  talk.table.add(from_client(4), at_ms(3), 54);
  EXPECT_EQ(talk.gone.rows.size(), 1U);
  EXPECT_FALSE(talk.rows().back().measured);
  EXPECT_EQ(talk.table.counters().unmeasured, 1U);
}

struct Sums {
  std::uint64_t packets = 0, wire = 0, ip = 0, payload = 0, flows = 0;
  void add(const FlowRow& row) {
    for (const FlowHalf* half : {&row.out, &row.in}) {
      packets += half->packets;
      wire += half->wire_bytes;
      ip += half->ip_bytes;
      payload += half->payload_bytes;
    }
    ++flows;
  }
  bool operator==(const Sums&) const = default;
};

// 20,000 packets of 300 endpoints, a sixth of them SYN, FIN or RST, with a clock that goes back now and then.
struct Traffic {
  explicit Traffic(std::uint64_t seed) {
    Random random(seed);
    TimeNs now = kT0;
    for (int i = 0; i < 20'000; ++i) {
      Packet packet = from_client(static_cast<std::uint32_t>(random.below(300)));
      if (random.one_in(3)) packet.protocol = model::kProtocolUdp;
      if (random.one_in(2)) {
        std::swap(packet.src, packet.dst);
        std::swap(packet.src_port, packet.dst_port);
      }
      if (packet.protocol == model::kProtocolTcp) {
        packet.seq = static_cast<std::uint32_t>(random.below(200));
        packet.ack = static_cast<std::uint32_t>(random.below(200));
        packet.tcp_flags = random.one_in(6) ? static_cast<std::uint8_t>(random.below(32)) : std::uint8_t{kAck};
      }
      packet.payload_bytes = static_cast<std::uint32_t>(random.below(20));
      packet.ip_bytes = 40 + packet.payload_bytes;
      now += static_cast<TimeNs>(random.below(2'000'000));
      packets.push_back(packet);
      times.push_back(random.one_in(20) ? now - kSecond : now);
    }
    for (std::size_t i = 0; i < packets.size(); ++i) in.push_back({&packets[i], times[i], packets[i].ip_bytes + 14});
  }
  std::vector<Packet> packets;
  std::vector<TimeNs> times;
  std::vector<PacketIn> in;
};

TEST(FlowTableTest, RowsAndEvictedRowsAreWhatWasPutIn) {
  const Traffic traffic(1);
  Sums in;
  for (const PacketIn& packet : traffic.in) {
    ++in.packets;
    in.wire += packet.wire_bytes;
    in.ip += packet.packet->ip_bytes;
    in.payload += packet.packet->payload_bytes;
  }
  for (const std::uint32_t flows_max : {1U, 7U, 100U, 100'000U}) {
    Talk talk({.flows_max = flows_max});
    talk.table.add(traffic.in);
    Sums out;
    for (const FlowRow& row : talk.gone.rows) out.add(row);
    for (const FlowRow& row : talk.rows()) out.add(row);
    in.flows = talk.table.counters().flows;
    EXPECT_EQ(out, in) << flows_max;
    EXPECT_LE(talk.table.counters().flows_high_water, flows_max);
  }
}

// What tells two rows apart, in one line.
std::string line_of(const FlowRow& row) {
  return std::to_string(row.id) + " " + initiator(row) + " " + std::to_string(row.out.packets) + "/" +
         std::to_string(row.in.packets) + " " + std::to_string(row.out.classes.retransmissions) + "/" +
         std::to_string(row.in.classes.out_of_order) + " " + std::to_string(row.in.bytes.unique_bytes) + " " +
         std::to_string(row.rtt.samples) + " " + std::string(state_name(row.state));
}
std::vector<std::string> lines_of(const Talk& talk) {
  std::vector<std::string> lines;
  for (const FlowRow& row : talk.gone.rows) lines.push_back(line_of(row));
  for (const FlowRow& row : talk.rows()) lines.push_back(line_of(row));
  return lines;
}

TEST(FlowTableTest, BatchesGiveWhatSinglePacketsGive) {
  const Traffic traffic(2);
  Talk single({.flows_max = 250});
  Talk batched({.flows_max = 250});
  struct Collect final : AddedListener {
    void on_added(std::size_t index, const Added& one) override {
      EXPECT_EQ(index, added.size());
      added.push_back(one);
    }
    std::vector<Added> added;
  } collect;
  batched.table.add(traffic.in, &collect);
  const std::vector<Added>& added = collect.added;
  ASSERT_EQ(added.size(), traffic.in.size());
  for (std::size_t i = 0; i < traffic.in.size(); ++i) {
    const Added one = single.table.add(traffic.packets[i], traffic.times[i], traffic.in[i].wire_bytes);
    ASSERT_EQ(one.id, added[i].id);
    ASSERT_EQ(one.slot, added[i].slot);
    ASSERT_EQ(one.classes, added[i].classes);
    ASSERT_EQ(one.first, added[i].first);
    ASSERT_EQ(one.outward, added[i].outward);
  }
  EXPECT_EQ(lines_of(single), lines_of(batched));
}

TEST(FlowTableTest, NoResultDependsOnTheHashSeed) {
  const Traffic traffic(3);
  Talk a({.flows_max = 250, .hash_seed = 1});
  Talk b({.flows_max = 250, .hash_seed = 2});
  a.table.add(traffic.in);
  b.table.add(traffic.in);
  EXPECT_EQ(lines_of(a), lines_of(b));
}

TEST(FlowTableTest, RowsComeInTheOrderOfTheirFirstPackets) {
  const Traffic traffic(4);
  Talk talk({.flows_max = 120});
  talk.table.add(traffic.in);
  const std::vector<FlowRow> rows = talk.rows();
  for (std::size_t i = 1; i < rows.size(); ++i) ASSERT_LT(rows[i - 1].id, rows[i].id);
}

TEST(FlowTableTest, AFlowWithEverythingTakesNoMoreThanItsBound) {
  constexpr std::uint32_t kFlows = 20'000;
  Talk talk({.flows_max = kFlows});
  for (std::uint32_t round = 0; round < 12; ++round) {
    for (std::uint32_t client = 0; client < kFlows + 100; ++client) {
      Packet packet = from_client(client % 60'000, "A", 1000 + round * 20);  // Holes, and segments under way.
      packet.payload_bytes = 10;
      talk.table.add(packet, kT0 + round * kSecond, 64);
    }
  }
  EXPECT_LE(talk.table.bytes_used(), std::uint64_t{kFlows} * 768 + (std::uint64_t{4} << 20));
}

}  // namespace
}  // namespace ipm::decode::flow
