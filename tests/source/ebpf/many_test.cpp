// Many busy sockets: the maps are read as a whole, and each byte is told once all the same.
#include <map>

#include "sockets_fixture.h"

namespace ipm::source::ebpf {
namespace {

using namespace test;

class ManyTest : public SocketsFixture {
 protected:
  static constexpr std::uint64_t kSockets = 600;
  static constexpr std::uint16_t kUdp = 17, kDatagram = 2;

  explicit ManyTest(std::uint32_t lane_events = 16'384) : SocketsFixture(lane_events, 2 * kSockets) {}

  void all_move(std::uint64_t bytes) {
    for (std::uint64_t cookie = 1; cookie <= kSockets; ++cookie) {
      if (cookie % 2 == 0) {
        moves(cookie, 101, bytes, cookie);
        continue;
      }
      const ipm_peer_key key = peer_key(cookie, 53);
      if (traffic_.passed(key, bytes, cookie)) take(peer_record(key));
      moves_over(kernel_tuple(5'353, 0, kUdp, kDatagram), cookie, 101, bytes, cookie);
    }
  }
  // What was told since the last call, by socket: sent, received, events.
  std::map<std::uint64_t, std::array<std::uint64_t, 3>> data() {
    std::map<std::uint64_t, std::array<std::uint64_t, 3>> out;
    for (const model::Event& event : events()) {
      if (event.header.kind != model::EventKind::kSocketData) continue;
      const auto data = event.as<model::SocketData>();
      auto& of = out[event.header.flow];
      of[0] += data.tx_bytes;
      of[1] += data.rx_bytes;
      of[2] += 1;
    }
    return out;
  }
  std::map<std::uint64_t, std::array<std::uint64_t, 3>> each_once(std::uint64_t bytes) {
    std::map<std::uint64_t, std::array<std::uint64_t, 3>> out;
    for (std::uint64_t cookie = 1; cookie <= kSockets; ++cookie) out[cookie] = {bytes, cookie, 1};
    return out;
  }
};

TEST_F(ManyTest, EachIsToldOnceATickWithAFewReads) {
  all_move(10);
  traffic_.reads = 0;
  tick(at(10));
  EXPECT_EQ(data(), each_once(10));
  EXPECT_EQ(traffic_.reads, 0);
  tick(at(20));
  EXPECT_TRUE(data().empty());
}

// Used after the tick began: the kernel side says no more of them in it, so they are read again in the next.
TEST_F(ManyTest, ThoseInUseInTheTickUnderWayAreReadInTheNextToo) {
  begin_tick();
  all_move(10);
  end_tick(at(10));
  EXPECT_EQ(data(), each_once(10));
  all_move(3);
  tick(at(20));
  EXPECT_EQ(data(), each_once(3));
}

class ManyInASmallLaneTest : public ManyTest {
 protected:
  ManyInASmallLaneTest() : ManyTest(256) {}
};

TEST_F(ManyInASmallLaneTest, WhatFindsNoRoomComesLaterAndOnce) {
  all_move(10);
  begin_tick();
  std::map<std::uint64_t, std::array<std::uint64_t, 3>> told;
  for (int turns = 0; turns < 100 && !sockets_.settle(at(10)); ++turns) {
    for (const auto& [cookie, numbers] : data()) {
      for (std::size_t i = 0; i < numbers.size(); ++i) told[cookie][i] += numbers[i];
    }
  }
  for (const auto& [cookie, numbers] : data()) {
    for (std::size_t i = 0; i < numbers.size(); ++i) told[cookie][i] += numbers[i];
  }
  EXPECT_EQ(told, each_once(10));
}

}  // namespace
}  // namespace ipm::source::ebpf
