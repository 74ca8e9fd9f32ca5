// What found no room, as loss events.
#include "source/ebpf/losses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/event_words.h"
#include "support/events.h"

namespace ipm::source::ebpf {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> words_of(const Losses& losses) {
  std::vector<std::string> out;
  for (const model::Loss& loss : losses.events) {
    out.push_back(test::words(model::make_event(test::kT0, model::EventKind::kLoss, {}, 0, loss)));
  }
  return out;
}

// A full map: so many calls of each kind, of 100 bytes each.
KernelCounters full_map(std::uint64_t udp_calls, std::uint64_t tcp_calls) {
  KernelCounters out{};
  out[IPM_COUNT_MAP_FULL] = udp_calls + tcp_calls;
  out[IPM_COUNT_MAP_FULL_TX] = udp_calls * 100;
  out[IPM_COUNT_MAP_FULL_TCP] = tcp_calls * 100;
  return out;
}

TEST(LossesTest, NothingLostIsNoEvent) {
  EXPECT_THAT(words_of(losses_of({}, 0, true, true)), IsEmpty());
}

TEST(LossesTest, BytesOfUdpPastTheMapAreKnownToBeLost) {
  EXPECT_THAT(words_of(losses_of(full_map(3, 0), 0, true, true)), ElementsAre("loss of 3 with 300 bytes"));
}

// The end of the connection tells them; who asks before that must not read that none are missing.
TEST(LossesTest, BytesOfTcpPastTheMapAreNotKnownUntilTheirConnectionEnds) {
  EXPECT_THAT(words_of(losses_of(full_map(0, 2), 0, true, true)), ElementsAre("loss of 2 with unknown bytes"));
  EXPECT_THAT(words_of(losses_of(full_map(3, 2), 0, true, true)),
              ElementsAre("loss of 5 with unknown bytes", "loss of 0 with 300 bytes"));
}

TEST(LossesTest, WhereNoEndIsToldBytesOfTcpPastTheMapAreLost) {
  EXPECT_THAT(words_of(losses_of(full_map(3, 2), 0, true, false)), ElementsAre("loss of 5 with 500 bytes"));
}

TEST(LossesTest, RecordsAndRefusedSocketsAreLossesOfUnknownSize) {
  KernelCounters grown{};
  grown[IPM_COUNT_RING_FULL] = 7;
  const Losses losses = losses_of(grown, 2, true, true);
  EXPECT_EQ(losses.records, 9U);
  EXPECT_THAT(words_of(losses), ElementsAre("loss of 9 with unknown bytes"));
}

TEST(LossesTest, WhatCouldNotBeRememberedIsCountedApart) {
  KernelCounters grown{};
  grown[IPM_COUNT_STORAGE_FAILED] = 4;
  const Losses losses = losses_of(grown, 0, true, true);
  EXPECT_EQ(losses.records, 0U);
  EXPECT_THAT(words_of(losses), ElementsAre("loss of 4 with unknown bytes"));
}

TEST(LossesTest, NamesAndFirstUsesAreNoLossOfBytes) {
  KernelCounters grown{};
  grown[IPM_COUNT_NAMES_FULL] = 5;
  grown[IPM_COUNT_RING_IO_FULL] = 6;
  const Losses losses = losses_of(grown, 0, true, true);
  EXPECT_EQ(losses.names, 5U);
  EXPECT_THAT(words_of(losses), IsEmpty());
}

TEST(LossesTest, PacketsPastTheMapOfPeersAreBytesOnlyWhereTheyAreWhatCounts) {
  KernelCounters grown{};
  grown[IPM_COUNT_PEERS_FULL] = 2;
  grown[IPM_COUNT_PEERS_FULL_TX] = 128;
  EXPECT_THAT(words_of(losses_of(grown, 0, true, true)), IsEmpty());
  const Losses losses = losses_of(grown, 0, false, true);
  EXPECT_THAT(words_of(losses), ElementsAre("loss of 2 with 128 bytes"));
  EXPECT_EQ(losses.events.front().layer, model::ByteLayer::kIp);
}

}  // namespace
}  // namespace ipm::source::ebpf
