// Whom UDP sockets talk to: bytes of processes, told for the remotes that packets went to and came from.
#include "source/ebpf/peers.h"

#include "sockets_fixture.h"

namespace ipm::source::ebpf {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace test;

class PeersTest : public SocketsFixture {
 protected:
  static constexpr std::uint16_t kUdp = 17, kDatagram = 2;

  void packet(std::uint16_t remote_port, std::uint64_t tx, std::uint64_t rx) {
    const ipm_peer_key key = peer_key(9, remote_port);
    if (traffic_.passed(key, tx, rx)) take(peer_record(key));
  }
  void call(std::uint32_t pid, std::uint64_t tx, std::uint64_t rx) {
    moves_over(kernel_tuple(5'353, 0, kUdp, kDatagram), 9, pid, tx, rx);
  }
  void sends(std::uint16_t remote_port, std::uint64_t bytes, std::uint32_t pid = 101) {
    packet(remote_port, bytes, 0);
    call(pid, bytes, 0);
  }
  void gets(std::uint16_t remote_port, std::uint64_t bytes, std::uint32_t pid = 101) {
    packet(remote_port, 0, bytes);
    call(pid, 0, bytes);
  }
};

TEST_F(PeersTest, OneRemoteIsThatOfTheSocket) {
  sends(53, 30);
  gets(53, 90);
  tick(at(10));
  const std::vector<model::Event> events = this->events();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(words(events[0]), "open 9 bind by 101 exact/io");
  EXPECT_EQ(words(events[1]), "data 9 by 101 30/90 packets 1/1");
  const auto tuple = events[0].as<model::SocketOpen>().tuple;
  EXPECT_EQ(tuple.remote_port, 53);
  EXPECT_EQ(tuple.local_port, 5'353);
  EXPECT_EQ(tuple.netns, 7U);
  EXPECT_EQ(tuple.direction, model::Direction::kOut);
}

TEST_F(PeersTest, EachFurtherRemoteIsAConversationOfItsOwn) {
  sends(53, 30);
  sends(54, 40);
  gets(54, 4);
  gets(55, 5);
  tick(at(10));
  EXPECT_THAT(told(), ElementsAre("open 9 bind by 101 exact/io", "data 9 by 101 30/0 packets 1/0",
                                  "open 9#1 bind by 101 exact/io", "data 9#1 by 101 40/4 packets 1/1",
                                  "open 9#2 bind by 101 exact/io", "data 9#2 by 101 0/5 packets 0/1"));
  take(owner_record(IPM_RECORD_RELEASE, 9, 101, at(35), kUdp));
  EXPECT_THAT(told(), ElementsAre("close 9#1 orderly", "close 9#2 orderly", "close 9 orderly after 25ms"));
  EXPECT_THAT(traffic_.peers, IsEmpty());
}

TEST_F(PeersTest, WhoGetsTheFirstPacketIsSpokenTo) {
  gets(53, 30);
  tick(at(10));
  EXPECT_EQ(events().front().as<model::SocketOpen>().tuple.direction, model::Direction::kIn);
}

TEST_F(PeersTest, BytesOfTwoProcessesStayApart) {
  sends(53, 30, 101);
  sends(53, 40, 102);
  tick(at(10));
  (void)events();
  std::uint64_t of_101 = 0, of_102 = 0;
  sends(53, 5, 101);
  sends(54, 6, 102);
  tick(at(20));
  for (const model::Event& event : events()) {
    if (event.header.kind != model::EventKind::kSocketData) continue;
    (event.header.process.pid() == 101 ? of_101 : of_102) += event.as<model::SocketData>().tx_bytes;
  }
  EXPECT_EQ(of_101, 5U);
  EXPECT_EQ(of_102, 6U);
}

TEST_F(PeersTest, PacketsThatNobodyTookAreToldAsPackets) {
  sends(53, 30);
  tick(at(10));
  (void)events();
  begin_tick();
  packet(53, 0, 700);
  end_tick(at(20));
  EXPECT_THAT(told(), ElementsAre("data 9 by - 0/0 packets 0/1"));
  begin_tick();
  call(101, 0, 700);
  end_tick(at(30));
  EXPECT_THAT(told(), ElementsAre("data 9 by 101 0/700 packets 0/0"));
}

TEST_F(PeersTest, WhatIsCorkedWaitsOneTickForItsPacket) {
  sends(53, 30);
  sends(54, 30);
  tick(at(10));
  (void)events();
  call(101, 10, 0);
  tick(at(20));
  EXPECT_THAT(told(), IsEmpty());
  packet(54, 10, 0);
  tick(at(30));
  EXPECT_THAT(told(), ElementsAre("data 9#1 by 101 10/0 packets 1/0"));
}

TEST_F(PeersTest, WhatNoPacketIsSeenForIsToldWithoutARemote) {
  sends(53, 30);
  sends(54, 30);
  tick(at(10));
  (void)events();
  call(101, 10, 0);
  tick(at(20));
  tick(at(30));
  const std::vector<model::Event> events = this->events();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(words(events[0]), "open 9#65535 bind by 101 exact/io");
  EXPECT_EQ(words(events[1]), "data 9#65535 by 101 10/0");
  EXPECT_EQ(events[1].as<model::SocketData>().tuple.remote_port, 0);
  take(owner_record(IPM_RECORD_RELEASE, 9, 101, at(35), kUdp));
  EXPECT_THAT(told(), ElementsAre("close 9#1 orderly", "close 9#65535 orderly", "close 9 orderly after 25ms"));
}

TEST_F(PeersTest, AtTheEndNothingWaits) {
  sends(53, 30);
  tick(at(10));
  (void)events();
  call(101, 10, 0);
  take(owner_record(IPM_RECORD_RELEASE, 9, 101, at(35), kUdp));
  EXPECT_THAT(told(), ElementsAre("data 9 by 101 10/0 packets 0/0", "close 9 orderly after 25ms"));
}

TEST_F(PeersTest, SilentConversationsMakeRoomAndTheirNumbersToo) {
  sends(53, 30);
  sends(54, 30);
  tick(at(10));
  (void)events();
  const TimeNs later = at(10) + Peers::kSilent;
  tick(later);
  EXPECT_THAT(told(), ElementsAre("close 9#1 idle"));
  EXPECT_THAT(traffic_.peers, IsEmpty());
  sends(55, 8);
  tick(later + kSecond);
  EXPECT_THAT(told(), ElementsAre("open 9#1 bind by 101 exact/io", "data 9#1 by 101 8/0 packets 1/0"));
}

TEST_F(PeersTest, PacketsOfASocketThatNoProcessUsesAreForgotten) {
  packet(53, 0, 30);
  tick(at(10));
  take(owner_record(IPM_RECORD_RELEASE, 9, 101, at(35), kUdp));
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_THAT(traffic_.peers, IsEmpty());
  begin_tick();
  packet(53, 0, 30);
  end_tick(at(40));
  tick(at(40) + kMinute);
  tick(at(40) + 2 * kMinute);
  EXPECT_THAT(traffic_.peers, IsEmpty());
}

TEST_F(PeersTest, PastTheBoundBytesAreToldWithoutARemote) {
  FakeTraffic traffic;
  Peers peers(traffic, 1);
  peers.note_use(peer_key(9, 53));
  peers.note_use(peer_key(9, 54));
  EXPECT_EQ(peers.size(), 1U);
  EXPECT_EQ(peers.refused(), 1U);
}

}  // namespace
}  // namespace ipm::source::ebpf
