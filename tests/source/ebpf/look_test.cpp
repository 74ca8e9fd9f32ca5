// Looks at the sockets that processes hold: at the beginning, and after records were lost. Processes 101 and 202 are
// those of tests/data/proc.
#include "sockets_fixture.h"

namespace ipm::source::ebpf {
namespace {

using model::TcpState;
using testing::ElementsAre;
using testing::IsEmpty;
using namespace test;

class LookTest : public SocketsFixture {
 protected:
  static constexpr std::uint16_t kUdp = 17, kDatagram = 2;

  // Counters of a connection that sent 950 bytes, of which 50 did not leave yet, and took 480.
  static ipm_tcp used() {
    ipm_tcp out = counters(1'000, 500);
    out.bytes_retrans = 100;
    out.unsent = 50;
    out.unread = 20;
    return out;
  }
  static ipm_record_seed udp_seed(std::uint64_t cookie, std::uint32_t pid) {
    ipm_record_seed out = seed_record(cookie, pid, counters(0, 0));
    out.socket.tuple = kernel_tuple(5'353, 0, kUdp, kDatagram);
    out.socket.flags = 0;
    return out;
  }
  // A connection that the hooks saw from its beginning.
  static ipm_record_seed hooked_seed(std::uint64_t cookie, std::uint32_t pid) {
    ipm_record_seed out = seed_record(cookie, pid, counters(0, 0));
    out.socket.flags = IPM_FLAG_OWNED | IPM_FLAG_ESTABLISHED;
    out.socket.opened_ns = static_cast<ipm_u64>(at(0));
    out.socket.established_ns = static_cast<ipm_u64>(at(2));
    return out;
  }
};

TEST_F(LookTest, BytesFromBeforeAreApartFromThoseTheHooksCountedMeanwhile) {
  traffic_.moved(7, 101, 30, 10, kernel_tuple(40'000, 443));
  ipm_record_seed seed = seed_record(7, 101, used());
  seed.tx_bytes = 30;
  seed.rx_bytes = 10;
  look(at(10), {seed});
  EXPECT_THAT(told(), ElementsAre("start 101", "open 7 existing by 101 exact/only_holder first_sight",
                                  "data 7 by 101 920/470 packets 0/0 first_sight"));
  take(io_record(7, 101));
  tick(at(20));
  EXPECT_THAT(told(), ElementsAre("data 7 by 101 30/10 packets 0/0"));
  take(closed_record(7, at(30), TcpState::kLastAck, counters(950, 480)));
  take(destroyed_record(7, at(30)));
  EXPECT_THAT(told(), ElementsAre("close 7 orderly"));
}

TEST_F(LookTest, SplicedBytesOfAnExistingConnectionAreToldAtItsEnd) {
  look(at(10), {seed_record(7, 101, used())});
  (void)told();
  take(closed_record(7, at(30), TcpState::kLastAck, counters(950, 600'480)));
  take(destroyed_record(7, at(30)));
  EXPECT_THAT(told(), ElementsAre("data 7 by 101 0/600000 packets 0/0 inferred", "close 7 orderly"));
}

// Between the look and its being told, the ring says that it ended.
TEST_F(LookTest, WhatEndsMeanwhileIsNotToldAgain) {
  look(at(10), {seed_record(7, 101, used())});
  (void)told();
  sockets_.begin_look(at(20));
  sockets_.seen(seed_record(7, 101, used()));
  sockets_.end_look(false, at(20));
  take(closed_record(7, at(21), TcpState::kLastAck, counters(950, 480)));
  take(destroyed_record(7, at(21)));
  tick(at(22));
  EXPECT_THAT(told(), ElementsAre("data 7 by - 0/0 packets 0/0", "close 7 orderly"));
}

TEST_F(LookTest, SeveralHoldersAreCandidates) {
  look(at(10), {seed_record(7, 101), seed_record(7, 202)});
  EXPECT_THAT(told(), ElementsAre("start 101", "start 202", "open 7 existing by - unknown/shared_holders first_sight",
                                  "owner 7 101 202 of 2 candidate/shared_holders", "data 7 by - 0/0 first_sight"));
  moves(7, 202, 5, 0);
  tick(at(20));
  EXPECT_THAT(told(), ElementsAre("data 7 by 202 5/0"));
}

TEST_F(LookTest, DescriptorsOfOneProcessAreOneHolder) {
  ipm_record_seed seed = seed_record(7, 101, used());
  seed.tx_bytes = 30;
  look(at(10), {seed, seed});
  EXPECT_THAT(told(), ElementsAre("start 101", "open 7 existing by 101 exact/only_holder first_sight",
                                  "data 7 by 101 920/480 packets 0/0 first_sight"));
}

TEST_F(LookTest, ProcessesPastTheFirstFewAreCountedOnceEach) {
  std::vector<ipm_record_seed> seeds;
  for (std::uint32_t pid = 1'001; pid <= 1'010; ++pid) {
    ipm_record_seed seed = seed_record(7, pid, used());
    seed.tx_bytes = 10;
    seeds.push_back(seed);
    seeds.push_back(seed);
  }
  look(at(10), seeds);
  std::vector<std::string> rows = told();
  // They are gone since: each of the first few has its name and its end.
  ASSERT_EQ(rows.size(), 8U * 2 + 3);
  EXPECT_EQ(rows[0], "start 1001");
  EXPECT_EQ(rows[15], "exit 1008 0");
  rows.erase(rows.begin(), rows.begin() + 16);
  EXPECT_THAT(rows, ElementsAre("open 7 existing by - unknown/shared_holders first_sight",
                                "owner 7 1001 1002 1003 1004 1005 of 10 candidate/shared_holders",
                                "data 7 by - 850/480 packets 0/0 first_sight"));
}

TEST_F(LookTest, HolderThatIsGoneMeanwhileIsToldAsGone) {
  ipm_record_seed seed = seed_record(7, 101);
  seed.socket.actor.start_ns *= 2;  // An earlier process with that pid.
  look(at(10), {seed});
  EXPECT_THAT(told(),
              ElementsAre("start 101", "start 101", "exit 101 0",
                          "open 7 existing by 101 exact/only_holder first_sight", "data 7 by 101 0/0 first_sight"));
}

TEST_F(LookTest, ListenerIsWhoseItsConnectionsAreUntilSomebodyTakesThem) {
  ipm_record_seed seed = seed_record(5, 101);
  seed.socket.tuple = kernel_tuple(443, 0);
  seed.socket.tuple.state = static_cast<ipm_u8>(TcpState::kListen);
  look(at(10), {seed});
  EXPECT_THAT(told(), ElementsAre("start 101", "open 5 listen by 101 exact/only_holder first_sight"));
  take(passive_record(8, at(20)));
  take(closed_record(8, at(21), TcpState::kLastAck, counters(0, 0)));
  take(destroyed_record(8, at(21)));
  EXPECT_THAT(told(),
              ElementsAre("open 8 accept by - unknown/", "established 8 by -", "owner 8 101 of 1 inferred/listener",
                          "data 8 by - 0/0 packets 0/0", "close 8 orderly after 1ms"));
}

TEST_F(LookTest, ConnectThatIsUnderWayIsToldAsOne) {
  ipm_record_seed seed = seed_record(7, 101);
  seed.socket.tuple.state = static_cast<ipm_u8>(TcpState::kSynSent);
  look(at(10), {seed});
  EXPECT_THAT(told(), ElementsAre("start 101", "open 7 connect by 101 exact/only_holder first_sight",
                                  "data 7 by 101 0/0 first_sight"));
  take(closed_record(7, at(20), TcpState::kSynSent, counters(0, 0), 111));
  tick(at(30));
  EXPECT_THAT(told(), ElementsAre("failure 7 by 101 error 111", "close 7 refused"));
}

TEST_F(LookTest, SocketsThatNeverTalkedAreNotTold) {
  ipm_record_seed tcp = seed_record(7, 101), udp = udp_seed(9, 101);
  tcp.socket.tuple.state = static_cast<ipm_u8>(TcpState::kClose);
  udp.socket.tuple.local_port = 0;
  look(at(10), {tcp, udp});
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_EQ(sockets_.size(), 0U);
}

TEST_F(LookTest, ExistingUdpSocketIsToldWithoutBytes) {
  look(at(10), {udp_seed(9, 101)});
  EXPECT_THAT(told(), ElementsAre("start 101", "open 9 existing by 101 exact/only_holder first_sight"));
}

TEST_F(LookTest, SocketThatTheHooksToldIsNotToldAgain) {
  connected();
  look(at(10), {hooked_seed(7, 101)});
  EXPECT_THAT(told(), IsEmpty());
  look(at(20), {hooked_seed(7, 101)}, true);
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(LookTest, BytesFromBeforeOfASocketInUseAreNotInferredAtItsEnd) {
  moves(7, 101, 30, 10);
  tick(at(5));
  EXPECT_THAT(told(), ElementsAre("open 7 existing by 101 exact/io", "data 7 by 101 30/10"));
  ipm_record_seed seed = seed_record(7, 101, used());
  seed.tx_bytes = 30;
  seed.rx_bytes = 10;
  look(at(10), {seed});
  EXPECT_THAT(told(), IsEmpty());
  take(closed_record(7, at(30), TcpState::kLastAck, counters(955, 480)));
  take(destroyed_record(7, at(30)));
  const std::vector<std::string> last = told();
  EXPECT_EQ(last.at(0), "data 7 by 101 5/0 packets 0/0 inferred");
}

TEST_F(LookTest, AfterLossAConnectionWhoseBeginningIsAmongItIsTold) {
  look(at(10), {hooked_seed(7, 101)}, false);
  EXPECT_THAT(told(), IsEmpty()) << "the ring will tell it";
  look(at(20), {hooked_seed(7, 101)}, true);
  EXPECT_THAT(told(), ElementsAre("start 101", "open 7 connect by 101 exact/only_holder lost",
                                  "established 7 by 101 in 2000us lost"));
}

TEST_F(LookTest, UdpSocketThatNobodyHoldsIsClosed) {
  moves_over(kernel_tuple(5'353, 0, kUdp, kDatagram), 9, 101, 30, 0);
  tick(at(5));
  (void)told();
  look(at(10), {udp_seed(9, 101)});
  EXPECT_THAT(told(), IsEmpty());
  look(at(20), {});
  EXPECT_THAT(told(), ElementsAre("close 9 orderly after 15ms"));
  EXPECT_EQ(sockets_.size(), 0U);
}

TEST_F(LookTest, ConnectionThatNobodyHoldsMayBeEndingByItself) {
  connected();
  look(at(10), {});
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_EQ(sockets_.size(), 1U);
}

TEST_F(LookTest, AfterLossAConnectionThatTwoLooksDoNotSeeIsClosed) {
  connected();
  moves(7, 101, 100, 0);
  look(at(10), {}, true);
  EXPECT_THAT(told(), ElementsAre("data 7 by 101 100/0 lost"));
  look(at(20), {}, true);
  EXPECT_THAT(told(), ElementsAre("close 7 unknown after 20ms lost"));
  EXPECT_EQ(sockets_.size(), 0U);
}

// One look after a loss is not enough; the next is asked for, and looks for nothing else.
TEST_F(LookTest, ALookThatMissedAConnectionAfterLossWantsAnother) {
  connected();
  connected(8);
  look(at(10), {hooked_seed(8, 101)}, true);
  EXPECT_TRUE(sockets_.wants_look());
  look(at(40'000), {});
  EXPECT_THAT(told(), ElementsAre("data 7 by - 0/0 lost", "close 7 unknown after 40000ms lost"));
  EXPECT_FALSE(sockets_.wants_look());
  EXPECT_EQ(sockets_.size(), 1U);
}

TEST_F(LookTest, UdpSocketThatTalksAfterALookMissedItIsToldOn) {
  moves_over(kernel_tuple(5'353, 0, kUdp, kDatagram), 9, 101, 30, 0);
  tick(at(5));
  look(at(20), {});  // It was on its way from one process to another.
  (void)told();
  moves_over(kernel_tuple(5'353, 0, kUdp, kDatagram), 9, 202, 4, 0);
  tick(at(30));
  EXPECT_THAT(told(), ElementsAre("open 9 bind by 202 exact/io", "data 9 by 202 4/0"));
}

class LookWithoutEndsTest : public SocketsFixture {
 protected:
  LookWithoutEndsTest()
      : SocketsFixture(4'096, Sockets::Settings{.sockets_max = 1'000, .ends_told = false, .room_min = kRoomMin}) {
    look(at(0), {});
  }
};

TEST_F(LookWithoutEndsTest, ConnectionThatTwoLooksDoNotSeeIsClosed) {
  moves(7, 101, 100, 0);
  look(at(10), {seed_record(7, 101)});
  EXPECT_THAT(told(), ElementsAre("open 7 existing by 101 exact/io", "data 7 by 101 100/0"));
  look(at(20), {});
  look(at(30), {});
  EXPECT_EQ(told().back(), "close 7 unknown after 20ms");
  EXPECT_EQ(sockets_.size(), 0U);
  EXPECT_TRUE(traffic_.entries.empty());
}

TEST_F(LookWithoutEndsTest, ConnectionThatNeverMovedAnythingIsNotToldByALook) {
  look(at(10), {seed_record(7, 101)});
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(LookTest, AConnectionThatIsSeenBetweenTwoLooksThatMissItIsNotOver) {
  connected();
  look(at(10), {}, true);
  look(at(20), {hooked_seed(7, 101)}, true);  // It was on its way from one process to another.
  look(at(30), {}, true);
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_EQ(sockets_.size(), 1U);
}

TEST_F(LookTest, SocketThatBeganAfterTheLookBeganIsNotOver) {
  sockets_.begin_look(at(1));
  take(connect_record(7, 101, at(2)));
  take(established_record(7, at(3)));
  sockets_.end_look(true, at(4));
  tick(at(5));
  EXPECT_THAT(told(), ElementsAre("open 7 connect by 101 exact/connect", "established 7 by 101 in 1000us"));
}

TEST_F(LookTest, SeedWithoutACookieIsMalformed) {
  look(at(10), {seed_record(0, 101)});
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_EQ(out_.stats().malformed, 1U);
}

}  // namespace
}  // namespace ipm::source::ebpf
