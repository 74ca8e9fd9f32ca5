#include "decode/flow/tcp_track.h"

#include <gtest/gtest.h>

#include "decode/flow/talk.h"

namespace ipm::decode::flow {
namespace {

using test::at_ms;
using test::Line;
using test::segment;
using test::Talk;

TEST(TcpTrackTest, TheHandshakeHasTwoHalves) {
  Talk talk;
  talk.say({{0, 'c', "S", 100, 0}, {15, 's', "SA", 500, 101}, {20, 'c', "A", 101, 501}});
  EXPECT_EQ(talk.row().irtt_ns, 20 * kMillisecond);
  EXPECT_EQ(talk.row().outward_ns, 15 * kMillisecond);
  EXPECT_EQ(talk.row().inward_ns, 5 * kMillisecond);
}

TEST(TcpTrackTest, ARepeatedSynLeavesItsHalfOut) {
  Talk talk;
  talk.say({{0, 'c', "S", 100, 0}, {1000, 'c', "S", 100, 0}, {1015, 's', "SA", 500, 101}, {1020, 'c', "A", 101, 501}});
  EXPECT_EQ(talk.row().irtt_ns, 20 * kMillisecond);  // As Wireshark: from the last SYN.
  EXPECT_FALSE(talk.row().outward_ns.has_value());
  EXPECT_EQ(talk.row().inward_ns, 5 * kMillisecond);
}

TEST(TcpTrackTest, ARepeatedSynAckLeavesTheOtherHalfOut) {
  Talk talk;
  talk.say({{0, 'c', "S", 100, 0}, {15, 's', "SA", 500, 101}, {215, 's', "SA", 500, 101}, {220, 'c', "A", 101, 501}});
  EXPECT_EQ(talk.row().irtt_ns, 220 * kMillisecond);
  EXPECT_EQ(talk.row().outward_ns, 15 * kMillisecond);
  EXPECT_FALSE(talk.row().inward_ns.has_value());
}

TEST(TcpTrackTest, OneDirectionAloneHasAnIrttAndNoHalves) {
  Talk talk;
  talk.say({{0, 'c', "S", 100, 0}, {20, 'c', "A", 101, 501}});
  EXPECT_EQ(talk.row().irtt_ns, 20 * kMillisecond);
  EXPECT_FALSE(talk.row().outward_ns.has_value());
  EXPECT_FALSE(talk.row().inward_ns.has_value());
}

TEST(TcpTrackTest, WithoutASynThereIsNoIrtt) {
  Talk talk;
  talk.say({{0, 's', "SA", 500, 101}, {20, 'c', "A", 101, 501}, {30, 'c', "A", 101, 501, 10}});
  EXPECT_FALSE(talk.row().irtt_ns.has_value());
}

TEST(TcpTrackTest, EverySegmentToTheAckOfItsEndIsPooled) {
  Talk talk;
  talk.shake_hands(20);  // Two samples of 10 ms.
  talk.say({{30, 'c', "A", 101, 501, 10}, {31, 'c', "A", 111, 501, 10}, {61, 's', "A", 501, 121, 5}});
  talk.say({{62, 'c', "A", 121, 506}});
  const PooledRtt rtt = talk.row().rtt;
  EXPECT_EQ(rtt.samples, 4U);
  EXPECT_EQ(rtt.min_ns, kMillisecond);
  EXPECT_EQ(rtt.max_ns, 30 * kMillisecond);
  EXPECT_DOUBLE_EQ(rtt.mean_ns(), 51e6 / 4);
}

TEST(TcpTrackTest, EachDirectionHasItsSmoothedRoundTrip) {
  Talk talk;
  talk.shake_hands(20);
  talk.say({{30, 'c', "A", 101, 501, 10}, {70, 's', "A", 501, 111}});
  const RttEstimate out = talk.row().out.rtt;
  EXPECT_EQ(out.samples, 2U);
  EXPECT_EQ(out.min_ns, 10 * kMillisecond);
  // RFC 6298: 10 + (40 - 10) / 8 and 5 + (30 - 5) / 4.
  EXPECT_EQ(out.srtt_ns, 13'750'000);
  EXPECT_EQ(out.rttvar_ns, 11'250'000);
  EXPECT_EQ(talk.row().in.rtt.samples, 1U);
}

TEST(TcpTrackTest, WhatWasSentTwiceGivesNoSample) {
  Talk talk;
  talk.shake_hands(20);
  talk.say({{30, 'c', "A", 101, 501, 10}, {230, 'c', "A", 101, 501, 10}, {240, 's', "A", 501, 111}});
  EXPECT_EQ(talk.row().out.rtt.samples, 1U);  // Of the SYN.
  EXPECT_EQ(talk.row().rtt.samples, 3U);      // Wireshark's rule has it: 210 ms.
  EXPECT_EQ(talk.row().rtt.max_ns, 210 * kMillisecond);
}

TEST(TcpTrackTest, AnAckOfSeveralSegmentsMeasuresTheNewest) {
  Talk talk;
  talk.shake_hands(20);
  talk.say({{30, 'c', "A", 101, 501, 10}, {35, 'c', "A", 111, 501, 10}, {36, 'c', "A", 121, 501, 10}});
  talk.say({{40, 's', "A", 501, 125}});
  EXPECT_EQ(talk.row().out.rtt.samples, 2U);
  EXPECT_EQ(talk.row().out.rtt.min_ns, 5 * kMillisecond);
}

TEST(TcpTrackTest, CountsBytesSeenForTheFirstTimeApartFromRepeats) {
  Talk talk;
  talk.shake_hands();
  talk.say({{30, 'c', "A", 101, 501, 10},
            {31, 'c', "A", 121, 501, 10},    // 10 bytes are missing before it,
            {32, 'c', "A", 111, 501, 10},    // and come late;
            {300, 'c', "A", 101, 501, 30},   // all of them again;
            {301, 'c', "A", 151, 501, 5}});  // 20 are never seen.
  const FlowHalf out = talk.row().out;
  EXPECT_EQ(out.payload_bytes, 65U);
  EXPECT_EQ(out.bytes.unique_bytes, 35U);
  EXPECT_EQ(out.bytes.repeated_bytes, 30U);
  EXPECT_EQ(out.bytes.unseen_bytes, 20U);
  EXPECT_EQ(out.bytes.data_packets, 5U);
  EXPECT_EQ(out.bytes.repeated_packets, 1U);
  EXPECT_EQ(out.bytes.reordered_packets, 1U);
  EXPECT_DOUBLE_EQ(out.bytes.loss_estimate(), 0.2);
  EXPECT_TRUE(out.bytes.exact);
}

TEST(TcpTrackTest, DataInTheSynComesBehindItsNumber) {
  Talk talk;
  talk.say({{0, 'c', "S", 100, 0, 50}, {10, 's', "SA", 500, 151}, {20, 'c', "A", 151, 501, 10}});
  EXPECT_EQ(talk.row().out.bytes.unique_bytes, 60U);
  EXPECT_EQ(talk.row().out.bytes.unseen_bytes, 0U);
  EXPECT_EQ(talk.row().out.classes.lost, 0U);
}

TEST(TcpTrackTest, KeepAlivesAndProbesAreNoRepeats) {
  Talk talk;
  talk.shake_hands();
  talk.say({{30, 'c', "A", 101, 501, 10},
            {40, 's', "A", 501, 111, 0, 0},
            {1000, 'c', "A", 110, 501, 1},  // Keep-alive with a byte that was sent.
            {2000, 'c', "A", 111, 501, 1},  // Probe,
            {2010, 's', "A", 501, 111, 0, 9},
            {2011, 'c', "A", 111, 501, 9}});  // and its byte again with more.
  EXPECT_EQ(talk.row().out.classes.keep_alives, 1U);
  EXPECT_EQ(talk.row().out.classes.zero_window_probes, 1U);
  EXPECT_EQ(talk.row().out.bytes.repeated_packets, 0U);
  EXPECT_EQ(talk.row().out.bytes.repeated_bytes, 2U);
}

// The same packet, as a capture on two interfaces has it.
struct Twice {
  std::uint32_t first_id;
  std::uint32_t second_id;
  TimeNs after_ns;
};
FlowHalf half_after(const Twice& twice) {
  Talk talk;
  talk.shake_hands();
  Packet packet = segment({30, 'c', "A", 101, 501, 10});
  packet.fragment_id = twice.first_id;
  talk.table.add(packet, at_ms(30), 64);
  packet.fragment_id = twice.second_id;
  talk.table.add(packet, at_ms(30) + twice.after_ns, 64);
  return talk.row().out;
}

TEST(TcpTrackTest, AFrameCapturedTwiceIsNoRepeat) {
  const FlowHalf half = half_after({7, 7, kMillisecond});
  EXPECT_EQ(half.bytes.duplicate_frames, 1U);
  EXPECT_EQ(half.bytes.repeated_packets, 0U);
  EXPECT_EQ(half.bytes.data_packets, 1U);
  EXPECT_EQ(half.bytes.unique_bytes, 10U);
  EXPECT_EQ(half.classes.retransmissions, 1U);  // For Wireshark it is.
}

TEST(TcpTrackTest, LaterOrWithAnotherIdItIsARepeat) {
  EXPECT_EQ(half_after({7, 7, kMillisecond + 1}).bytes.duplicate_frames, 0U);
  EXPECT_EQ(half_after({7, 8, kMicrosecond}).bytes.duplicate_frames, 0U);
  EXPECT_EQ(half_after({0, 0, kMicrosecond}).bytes.duplicate_frames, 0U);
  EXPECT_EQ(half_after({7, 8, kMicrosecond}).bytes.repeated_packets, 1U);
}

TEST(TcpTrackTest, TwoFramesCapturedTwiceAreBothKnown) {
  Talk talk;
  talk.shake_hands();
  for (const std::uint32_t id : {7U, 8U, 7U, 8U}) {
    Packet packet = segment({30, 'c', "A", 101 + (id - 7) * 10, 501, 10});
    packet.fragment_id = id;
    talk.table.add(packet, at_ms(30), 64);
  }
  EXPECT_EQ(talk.row().out.bytes.duplicate_frames, 2U);
}

// RFC 7323 time stamps.
void say_with_ts(Talk& talk, const Line& line, std::uint32_t value, std::uint32_t echo) {
  Packet packet = segment(line);
  packet.has_timestamps = true;
  packet.ts_value = value;
  packet.ts_echo = echo;
  talk.table.add(packet, at_ms(line.at_ms), 66 + line.bytes);
}

TEST(TcpTrackTest, ATimeStampAndItsFirstEchoGiveARoundTrip) {
  Talk talk;
  say_with_ts(talk, {0, 'c', "A", 101, 501, 10}, 1000, 70);
  say_with_ts(talk, {30, 's', "A", 501, 111}, 80, 1000);
  say_with_ts(talk, {50, 's', "A", 501, 111, 5}, 90, 1000);
  EXPECT_EQ(talk.row().out.ts_rtt.samples, 1U);
  EXPECT_EQ(talk.row().out.ts_rtt.min_ns, 30 * kMillisecond);
}

TEST(TcpTrackTest, ARepeatWithANewTimeStampStillGivesARoundTrip) {
  Talk talk;
  say_with_ts(talk, {0, 'c', "A", 101, 501, 10}, 1000, 70);
  say_with_ts(talk, {200, 'c', "A", 101, 501, 10}, 1200, 70);
  say_with_ts(talk, {210, 's', "A", 501, 111}, 80, 1200);  // The first one was lost,
  say_with_ts(talk, {300, 'c', "A", 111, 501, 10}, 1300, 80);
  say_with_ts(talk, {310, 's', "A", 501, 121}, 180, 1300);
  EXPECT_EQ(talk.row().out.ts_rtt.samples, 1U);  // and is no sample.
  EXPECT_EQ(talk.row().out.ts_rtt.min_ns, 10 * kMillisecond);
}

TEST(TcpTrackTest, AStampThatAsksForNoAnswerIsNotWaitedFor) {
  Talk talk;
  say_with_ts(talk, {0, 'c', "A", 101, 501}, 1000, 70);
  say_with_ts(talk, {9000, 's', "A", 501, 101, 5}, 80, 1000);
  EXPECT_EQ(talk.row().out.ts_rtt.samples, 0U);
}

TEST(TcpTrackTest, WithoutRoomForCountersAFlowIsNotMeasured) {
  test::Rows gone;
  FlowTable table({.flows_max = 8, .measured_max = 1}, gone);  // Two lines of counters and segments.
  for (std::uint32_t i = 0; i < 11; ++i) {
    table.add(segment({1.0 * i, 'c', "A", 101 + i * 10, 501, 10}), at_ms(i), 64);  // Fills both.
  }
  EXPECT_TRUE(table.row(0).measured);
  table.add(segment({30, 'c', "A", 101, 501, 10}), at_ms(30), 64);
  EXPECT_FALSE(table.row(0).measured);
  EXPECT_EQ(table.row(0).out.packets, 12U);
  EXPECT_EQ(table.counters().unmeasured, 1U);
}

}  // namespace
}  // namespace ipm::decode::flow
