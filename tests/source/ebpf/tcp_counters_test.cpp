// What only the kernel's own counters of a TCP connection know: bytes that no tracepoint saw, and its path.
#include "sockets_fixture.h"

namespace ipm::source::ebpf {
namespace {

using model::TcpState;
using testing::ElementsAre;
using testing::IsEmpty;
using namespace test;

class TcpCountersTest : public SocketsFixture {
 protected:
  void ends_with(const ipm_tcp& tcp) {
    take(closed_record(7, at(5), TcpState::kLastAck, tcp));
    take(destroyed_record(7, at(5), tcp));
  }
};

TEST_F(TcpCountersTest, BytesBeyondTheSumsAreInferredToBeTheOwners) {
  connected();
  moves(7, 101, 100, 0);
  moves(7, 202, 20, 0);
  ends_with(counters(120, 600'000));  // Spliced out of the socket.
  EXPECT_THAT(told(), ElementsAre("data 7 by 101 100/0", "data 7 by 202 20/0",
                                  "data 7 by 101 0/600000 packets 0/0 inferred", "close 7 orderly after 5ms"));
}

TEST_F(TcpCountersTest, AFinThatWasReadIsNoByte) {
  connected();
  ipm_tcp tcp = counters(0, 600'001);
  tcp.fin_received = 1;
  ends_with(tcp);
  EXPECT_THAT(told(), ElementsAre("data 7 by 101 0/600000 packets 0/0 inferred", "close 7 orderly after 5ms"));
}

TEST_F(TcpCountersTest, AFinThatWasNotReadIsNoByte) {
  connected();
  ipm_tcp tcp = counters(0, 600'001);
  tcp.fin_received = 1;
  tcp.unread = 1;
  ends_with(tcp);
  EXPECT_THAT(told(), ElementsAre("data 7 by 101 0/600000 packets 0/0 inferred", "close 7 orderly after 5ms"));
}

TEST_F(TcpCountersTest, WhatNobodyReadIsNotReceived) {
  connected();
  moves(7, 101, 0, 70);
  ipm_tcp tcp = counters(0, 101);
  tcp.fin_received = 1;
  tcp.unread = 31;
  ends_with(tcp);
  EXPECT_THAT(told(), ElementsAre("data 7 by 101 0/70", "close 7 orderly after 5ms"));
}

TEST_F(TcpCountersTest, WhatWasSentTwiceIsSentOnce) {
  connected();
  moves(7, 101, 1'000, 0);
  ipm_tcp tcp = counters(1'400, 0);
  tcp.bytes_retrans = 400;
  ends_with(tcp);
  EXPECT_THAT(told(), ElementsAre("data 7 by 101 1000/0", "close 7 orderly after 5ms"));
}

TEST_F(TcpCountersTest, AnAbortThatClearsThemDoesNotTakeBackWhatTheyHad) {
  connected();
  take(closed_record(7, at(5), TcpState::kEstablished, counters(100, 40)));
  take(destroyed_record(7, at(5), counters(0, 0)));
  EXPECT_THAT(told(), ElementsAre("data 7 by 101 100/40 packets 0/0 inferred", "close 7 unknown after 5ms"));
}

TEST_F(TcpCountersTest, SumsBeyondThemStay) {
  connected();
  moves(7, 101, 100, 40);  // Handed over, and then reset before it left.
  ends_with(counters(60, 40));
  EXPECT_THAT(told(), ElementsAre("data 7 by 101 100/40", "close 7 orderly after 5ms"));
}

TEST_F(TcpCountersTest, MptcpHasNoneAndNothingIsInferred) {
  connected();
  moves(7, 101, 100, 40);
  ends_with({});
  EXPECT_THAT(told(), ElementsAre("data 7 by 101 100/40", "close 7 orderly after 5ms"));
}

TEST_F(TcpCountersTest, PacketsAreToldBesideTheBytesAndTheLastWithTheEnd) {
  connected();
  ipm_tcp tcp = counters(100, 0);
  tcp.segs_out = 3;
  tcp.segs_in = 2;
  moves_over(kernel_tuple(40'000, 443), 7, 101, 100, 0, tcp);
  tick(at(3));
  EXPECT_THAT(told(), ElementsAre("data 7 by 101 100/0 packets 3/2"));
  tcp.segs_out = 5;
  tcp.segs_in = 5;
  ends_with(tcp);
  EXPECT_THAT(told(), ElementsAre("data 7 by - 0/0 packets 2/3", "close 7 orderly after 5ms"));
}

TEST_F(TcpCountersTest, RetransmitsThatStepBackAreNotAddedTwice) {
  connected();
  auto snapshot = socket_record(IPM_SOCKET_SNAPSHOT, 7, at(3));
  snapshot.tcp = counters(0, 0);
  snapshot.tcp.total_retrans = 3;
  take(snapshot);
  EXPECT_THAT(snapshots(), ElementsAre("snapshot 7 rtt 0 again 3 disordered 0"));
  ipm_tcp earlier = counters(0, 0);
  earlier.total_retrans = 2;
  moves_over(kernel_tuple(40'000, 443), 7, 101, 1, 0, earlier);
  tick(at(4));
  EXPECT_THAT(snapshots(), IsEmpty());
  ipm_tcp last = counters(0, 0);
  last.total_retrans = 5;
  ends_with(last);
  EXPECT_THAT(snapshots(), ElementsAre("snapshot 7 rtt 0 again 2 disordered 0"));
}

TEST_F(TcpCountersTest, ASnapshotThatSaysNothingNewIsNotTold) {
  connected();
  ipm_tcp tcp = counters(1, 0);
  tcp.srtt_us = 250;
  tcp.segs_out = 1;
  moves_over(kernel_tuple(40'000, 443), 7, 101, 1, 0, tcp);
  tick(at(3));
  EXPECT_THAT(snapshots(), ElementsAre("snapshot 7 rtt 250 again 0 disordered 0"));
  tcp.segs_out = 2;
  moves_over(kernel_tuple(40'000, 443), 7, 101, 1, 0, tcp);
  tick(at(4));
  EXPECT_THAT(snapshots(), IsEmpty());
}

TEST_F(TcpCountersTest, RoundTripsAreMeasuredWhenThereWasOne) {
  connected();
  auto record = socket_record(IPM_SOCKET_SNAPSHOT, 7, at(3));
  record.tcp = counters(0, 0);
  record.tcp.mdev_us = 250'000;         // The initial timeout's.
  record.tcp.min_rtt_us = 0xffff'ffff;  // None yet.
  take(record);
  record.tcp.srtt_us = 90;
  record.tcp.mdev_us = 12;
  record.tcp.min_rtt_us = 80;
  take(record);
  const std::vector<model::Event> events = this->events();
  ASSERT_EQ(events.size(), 2U);
  const auto before = events[0].as<model::TcpSnapshot>(), after = events[1].as<model::TcpSnapshot>();
  constexpr std::uint8_t kCounts = model::TcpSnapshot::kRetransmits | model::TcpSnapshot::kOutOfOrder;
  EXPECT_EQ(before.measured, kCounts);
  EXPECT_EQ(after.measured, model::TcpSnapshot::kAll);
  EXPECT_EQ(after.srtt_us, 90U);
  EXPECT_EQ(after.jitter_us, 12U);
  EXPECT_EQ(after.min_rtt_us, 80U);
}

TEST_F(TcpCountersTest, SnapshotOfASocketThatIsNotKnownIsNothing) {
  take(socket_record(IPM_SOCKET_SNAPSHOT, 7, at(3)));
  EXPECT_THAT(events(), IsEmpty());
}

}  // namespace
}  // namespace ipm::source::ebpf
