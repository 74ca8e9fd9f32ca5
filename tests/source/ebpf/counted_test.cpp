// Where the calls of processes are not told: bytes by the kernel's counters of each connection, and by packets of UDP.
#include "sockets_fixture.h"

namespace ipm::source::ebpf {
namespace {

using model::TcpState;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using namespace test;

class CountedTest : public SocketsFixture {
 protected:
  static constexpr std::uint16_t kUdp = 17, kDatagram = 2;

  CountedTest() : SocketsFixture(4'096, 1'000, Counting::kKernel) { look(at(0), {}); }

  static ipm_record_seed tcp_seed(std::uint32_t pid, const ipm_tcp& tcp) {
    ipm_record_seed out = seed_record(7, pid, tcp);
    out.socket.flags = IPM_FLAG_OWNED | IPM_FLAG_ESTABLISHED;
    out.socket.opened_ns = static_cast<ipm_u64>(at(0));
    return out;
  }
  static ipm_record_seed udp_seed(std::uint32_t pid) {
    ipm_record_seed out = seed_record(9, pid);
    out.socket.tuple = kernel_tuple(5'353, 0, kUdp, kDatagram);
    out.socket.flags = 0;
    return out;
  }
  void packet(std::uint16_t remote_port, std::uint64_t tx, std::uint64_t rx) {
    const ipm_peer_key key = peer_key(9, remote_port);
    if (traffic_.passed(key, tx, rx)) take(peer_record(key));
  }
};

TEST_F(CountedTest, AConnectionIsCountedByEachLookAndItsEnd) {
  connected();
  look(at(1'000), {tcp_seed(101, counters(100, 40))});
  look(at(2'000), {tcp_seed(101, counters(130, 40))});
  EXPECT_THAT(told(), ElementsAre("data 7 by 101 100/40 packets 0/0", "data 7 by 101 30/0 packets 0/0"));
  take(closed_record(7, at(2'100), TcpState::kLastAck, counters(130, 45)));
  take(destroyed_record(7, at(2'100)));
  const std::vector<model::Event> events = this->events();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(words(events[0]), "data 7 by 101 0/5 packets 0/0");
  EXPECT_EQ(events[0].as<model::SocketData>().layer, model::ByteLayer::kTcp);
  EXPECT_EQ(words(events[1]), "close 7 orderly after 2100ms");
}

TEST_F(CountedTest, AConnectionBetweenTwoLooksIsCountedAtItsEnd) {
  connected();
  take(closed_record(7, at(30), TcpState::kLastAck, counters(8, 9)));
  take(destroyed_record(7, at(30)));
  EXPECT_THAT(told(), ElementsAre("data 7 by 101 8/9 packets 0/0", "close 7 orderly after 30ms"));
}

TEST_F(CountedTest, WhoHoldsAnAcceptedConnectionAloneOwnsIt) {
  take(passive_record(7, at(0)));
  (void)told();
  look(at(1'000), {tcp_seed(101, counters(100, 40))});
  EXPECT_THAT(told(),
              ElementsAre("start 101", "owner 7 101 of 1 exact/only_holder", "data 7 by 101 100/40 packets 0/0"));
}

TEST_F(CountedTest, BytesBeforeTheSourceAreApart) {
  SocketsFixture::look(at(10), {});
  look(at(1'000), {seed_record(7, 101, counters(100, 40))});
  look(at(2'000), {seed_record(7, 101, counters(150, 40))});
  const std::vector<std::string> all = told();
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all.back(), "data 7 by 101 50/0 packets 0/0");
}

TEST_F(CountedTest, AUdpSocketIsItsPacketsAndItsHolder) {
  begin_tick();
  packet(53, 30, 0);
  packet(53, 0, 90);
  end_tick(at(500));
  const std::vector<model::Event> events = this->events();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(words(events[0]), "open 9 bind by - unknown/");
  EXPECT_EQ(words(events[1]), "data 9 by - 58/118 packets 1/1");
  EXPECT_EQ(events[1].as<model::SocketData>().layer, model::ByteLayer::kIp);
  EXPECT_EQ(events[1].as<model::SocketData>().tuple.remote_port, 53);
  look(at(1'000), {udp_seed(101)});
  EXPECT_THAT(told(), ElementsAre("start 101", "owner 9 101 of 1 exact/only_holder"));
  begin_tick();
  packet(54, 2, 0);
  end_tick(at(1'500));
  EXPECT_THAT(told(), ElementsAre("open 9#1 bind by 101 exact/only_holder", "data 9#1 by 101 30/0 packets 1/0"));
  take(owner_record(IPM_RECORD_RELEASE, 9, 101, at(1'600), kUdp));
  EXPECT_THAT(told(), ElementsAre("close 9#1 orderly", "close 9 orderly after 1100ms"));
}

TEST_F(CountedTest, AShortUdpSocketIsWhoseClosesIt) {
  packet(53, 30, 0);
  take(owner_record(IPM_RECORD_RELEASE, 9, 101, at(50), kUdp));
  EXPECT_THAT(told(), ElementsAre("open 9 bind by - unknown/", "owner 9 101 of 1 inferred/last_holder",
                                  "data 9 by 101 58/0 packets 1/0 inferred", "close 9 orderly after 0ms"));
  EXPECT_THAT(traffic_.peers, IsEmpty());
}

// Its packet came after this tick had read the sums, and its end before the next tick.
TEST_F(CountedTest, WhatMovedBetweenTheReadingAndTheEndIsTold) {
  look(at(1'000), {});
  begin_tick();
  packet(53, 30, 0);
  end_tick(at(1'500));
  (void)told();
  packet(53, 20, 0);
  take(owner_record(IPM_RECORD_RELEASE, 9, 101, at(1'600), kUdp));
  EXPECT_THAT(told(), Contains("data 9 by 101 48/0 packets 1/0 inferred"));
}

TEST_F(CountedTest, AUdpSocketThatSaysNothingIsNotTold) {
  look(at(1'000), {udp_seed(101)});
  EXPECT_THAT(told(), IsEmpty());
}

}  // namespace
}  // namespace ipm::source::ebpf
