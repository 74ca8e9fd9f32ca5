// The classes are Wireshark 4.0's. Expected values were worked out by its rules and agree with tshark 4.0.17.
#include "decode/flow/tcp_classes.h"

#include <gtest/gtest.h>

#include "decode/flow/talk.h"

namespace ipm::decode::flow {
namespace {

using test::Line;
using test::Talk;

// Of the last of `lines`, which follow a handshake that took 20 ms.
std::uint16_t last_class(std::initializer_list<Line> lines) {
  Talk talk;
  talk.shake_hands();
  return talk.say(lines);
}

TEST(TcpClassesTest, NewDataIsOfNoClass) {
  EXPECT_EQ(last_class({{30, 'c', "A", 101, 501, 10}, {31, 'c', "A", 111, 501, 10}, {40, 's', "A", 501, 121, 5}}), 0);
}

TEST(TcpClassesTest, WhatWasNotAcknowledgedAndComesAgainLateIsARetransmission) {
  EXPECT_EQ(last_class({{30, 'c', "A", 101, 501, 10}, {230, 'c', "A", 101, 501, 10}}), kRetransmission);
}

TEST(TcpClassesTest, ARepeatedSynIsARetransmission) {
  Talk talk;
  EXPECT_EQ(talk.say({{0, 'c', "S", 100, 0}, {1000, 'c', "S", 100, 0}}), kRetransmission);
}

TEST(TcpClassesTest, ARepeatedFinIsARetransmission) {
  EXPECT_EQ(last_class({{30, 'c', "FA", 101, 501}, {230, 'c', "FA", 101, 501}}), kRetransmission);
}

TEST(TcpClassesTest, WhatThePeerHasAcknowledgedIsSpurious) {
  EXPECT_EQ(last_class({{30, 'c', "A", 101, 501, 10}, {40, 's', "A", 501, 111}, {41, 'c', "A", 101, 501, 10}}),
            kRetransmission | kSpuriousRetransmission);
}

TEST(TcpClassesTest, OneByteMoreThanAcknowledgedIsNotSpurious) {
  EXPECT_EQ(last_class({{30, 'c', "A", 101, 501, 11}, {40, 's', "A", 501, 111}, {241, 'c', "A", 101, 501, 11}}),
            kRetransmission);
}

// Two duplicate ACKs for byte 101, the last at 40 ms.
std::uint16_t after_two_duplicates(double at_ms, std::uint32_t seq) {
  return last_class({{30, 'c', "A", 101, 501, 10},
                     {31, 'c', "A", 111, 501, 10},
                     {39, 's', "A", 501, 101},
                     {40, 's', "A", 501, 101},
                     {at_ms, 'c', "A", seq, 501, 10}});
}

TEST(TcpClassesTest, TwoDuplicateAcksAskForAFastRetransmission) {
  EXPECT_EQ(after_two_duplicates(59.999999, 101), kRetransmission | kFastRetransmission);
}

TEST(TcpClassesTest, AfterTwentyMillisecondsItIsNotFast) {
  EXPECT_EQ(after_two_duplicates(60, 101), kRetransmission);
}

TEST(TcpClassesTest, WhatTheDuplicatesDidNotAskForIsNotFast) {
  EXPECT_EQ(after_two_duplicates(59, 106), kRetransmission);
}

TEST(TcpClassesTest, OneDuplicateAckIsNotEnough) {
  EXPECT_EQ(last_class({{30, 'c', "A", 101, 501, 10},
                        {39, 's', "A", 501, 101},
                        {40, 's', "A", 501, 102},
                        {41, 's', "A", 501, 102},
                        {55, 'c', "A", 102, 501, 9}}),
            kRetransmission);
}

// A segment that should have come before one at 30 ms, whose end is 121.
std::uint16_t below_the_highest(double at_ms, std::uint32_t bytes) {
  return last_class({{30, 'c', "A", 111, 501, 10}, {at_ms, 'c', "A", 101, 501, bytes}});
}

TEST(TcpClassesTest, WithinOneRoundTripItIsOutOfOrder) {
  EXPECT_EQ(below_the_highest(49.999999, 10), kOutOfOrder);
}

TEST(TcpClassesTest, AfterOneRoundTripItIsARetransmission) {
  EXPECT_EQ(below_the_highest(50, 10), kRetransmission);
}

TEST(TcpClassesTest, WhatEndsWhereTheHighestEndsIsNotOutOfOrder) {
  EXPECT_EQ(below_the_highest(31, 20), kRetransmission);
}

// Without a handshake the limit is 3 ms.
std::uint16_t midstream_after(TimeNs after_ns) {
  Talk talk;
  talk.say({{0, 'c', "A", 101, 501, 10}, {0, 'c', "A", 121, 501, 10}});
  return talk.table.add(test::segment({0, 'c', "A", 111, 501, 10}), test::kT0 + after_ns, 64).classes;
}

TEST(TcpClassesTest, WithoutAHandshakeThreeMillisecondsAreTheLimit) {
  EXPECT_EQ(midstream_after(3 * kMillisecond - 1), kOutOfOrder);
  EXPECT_EQ(midstream_after(3 * kMillisecond), kRetransmission);
}

TEST(TcpClassesTest, TimeThatGoesBackIsBeyondEveryLimit) {
  EXPECT_EQ(below_the_highest(29, 10), kRetransmission);
}

TEST(TcpClassesTest, AHoleBeforeASegmentIsLost) {
  EXPECT_EQ(last_class({{30, 'c', "A", 101, 501, 10}, {31, 'c', "A", 112, 501, 10}}), kLost);
  EXPECT_EQ(last_class({{30, 'c', "A", 101, 501, 10}, {31, 'c', "R", 112, 0}}), 0);
}

TEST(TcpClassesTest, TheFirstSegmentOfACaptureHasNoHoleBeforeIt) {
  Talk talk;
  EXPECT_EQ(talk.say({{0, 'c', "A", 77'000, 501, 10}}), 0);
}

TEST(TcpClassesTest, AByteBelowTheNextIsAKeepAlive) {
  EXPECT_EQ(last_class({{30, 'c', "A", 100, 501}}), kKeepAlive);
  EXPECT_EQ(last_class({{30, 'c', "A", 100, 501, 1}}), kKeepAlive);
  EXPECT_EQ(last_class({{30, 'c', "FA", 100, 501}}), kRetransmission);
}

TEST(TcpClassesTest, TwoBytesFromOneBelowTheNextAreNeitherKeepAliveNorRetransmission) {
  EXPECT_EQ(last_class({{30, 'c', "A", 100, 501, 2}}), 0);
}

TEST(TcpClassesTest, TheAnswerToAKeepAliveIsNoDuplicateAck) {
  EXPECT_EQ(last_class({{25, 's', "A", 501, 101}, {30, 'c', "A", 100, 501}, {40, 's', "A", 501, 101}}), kKeepAliveAck);
}

TEST(TcpClassesTest, TheSameAckAgainIsADuplicate) {
  EXPECT_EQ(last_class({{30, 'c', "A", 101, 501}}), kDuplicateAck);
  EXPECT_EQ(last_class({{30, 'c', "A", 101, 502}}), kAckedUnseen);
  EXPECT_EQ(last_class({{30, 'c', "A", 101, 501, 1}}), 0);
  EXPECT_EQ(last_class({{30, 'c', "RA", 101, 501}}), 0);
}

TEST(TcpClassesTest, TheSameAckWithAnotherWindowIsAnUpdate) {
  EXPECT_EQ(last_class({{30, 'c', "A", 101, 501, 0, 999}}), kWindowUpdate);
}

TEST(TcpClassesTest, AWindowOfZeroIsSaidUnlessTheSegmentOpensOrCloses) {
  EXPECT_EQ(last_class({{30, 'c', "A", 101, 501, 0, 0}}), kZeroWindow);
  EXPECT_EQ(last_class({{30, 'c', "A", 101, 501, 5, 0}}), kZeroWindow);
  EXPECT_EQ(last_class({{30, 'c', "RA", 101, 501, 0, 0}}), 0);
  EXPECT_EQ(last_class({{30, 'c', "FA", 101, 501, 0, 0}}), 0);
}

TEST(TcpClassesTest, OneByteIntoAClosedWindowIsAProbe) {
  EXPECT_EQ(last_class({{30, 's', "A", 501, 101, 0, 0}, {40, 'c', "A", 101, 501, 1}}), kZeroWindowProbe);
  EXPECT_EQ(last_class({{30, 's', "A", 501, 101, 0, 1}, {40, 'c', "A", 101, 501, 1}}), 0);
  EXPECT_EQ(last_class({{30, 's', "A", 501, 101, 0, 0}, {40, 'c', "A", 101, 501, 2}}), 0);
}

TEST(TcpClassesTest, TheAnswerToAProbeKeepsTheWindowClosed) {
  EXPECT_EQ(last_class({{30, 's', "A", 501, 101, 0, 0}, {40, 'c', "A", 101, 501, 1}, {50, 's', "A", 501, 101, 0, 0}}),
            kZeroWindow | kZeroWindowProbeAck);
}

TEST(TcpClassesTest, AProbesByteIsNewWhenItIsSentAgainWithMore) {
  EXPECT_EQ(last_class({{30, 's', "A", 501, 101, 0, 0},
                        {40, 'c', "A", 101, 501, 1},
                        {50, 's', "A", 501, 101, 0, 500},
                        {51, 'c', "A", 101, 501, 10}}),
            0);
}

TEST(TcpClassesTest, AnAckBeyondWhatWasSeenIsSaidOnce) {
  EXPECT_EQ(last_class({{30, 's', "A", 501, 111}}), kAckedUnseen);
  EXPECT_EQ(last_class({{30, 's', "A", 501, 111}, {40, 's', "A", 501, 121}}), 0);
  EXPECT_EQ(last_class({{30, 's', "A", 501, 101, 1}}), 0);
}

TEST(TcpClassesTest, NumbersGoOnBehindTheirEnd) {
  Talk talk;
  talk.say({{0, 'c', "S", 0xffff'fff0, 0}, {10, 's', "SA", 500, 0xffff'fff1}, {20, 'c', "A", 0xffff'fff1, 501}});
  EXPECT_EQ(talk.say({{30, 'c', "A", 0xffff'fff1, 501, 32}}), 0);
  EXPECT_EQ(talk.say({{31, 'c', "A", 17, 501, 8}}), 0);
  EXPECT_EQ(talk.say({{40, 's', "A", 501, 25}}), 0);
  EXPECT_EQ(talk.say({{41, 'c', "A", 0xffff'fff1, 501, 32}}), kRetransmission | kSpuriousRetransmission);
  EXPECT_EQ(talk.say({{42, 'c', "A", 26, 501, 8}}), kLost);
}

}  // namespace
}  // namespace ipm::decode::flow
