// TCP connections from their beginning to their end.
#include "sockets_fixture.h"

namespace ipm::source::ebpf {
namespace {

using model::TcpState;
using testing::ElementsAre;
using testing::IsEmpty;
using namespace test;

class ConnectionsTest : public SocketsFixture {
 protected:
  // A connect whose end is CLOSED with that error.
  void fails(std::int32_t error, bool measured = true) {
    take(connect_record(7, 101, at(0)));
    take(closed_record(7, at(5), TcpState::kSynSent, measured ? counters(0, 0) : ipm_tcp{}, error));
    tick(at(10));
  }
};

TEST_F(ConnectionsTest, OneThatIsOpenedUsedAndClosedIsToldInThatOrder) {
  take(connect_record(7, 101, at(0)));
  take(established_record(7, at(2)));
  moves(7, 101, 100, 40);
  take(closed_record(7, at(30), TcpState::kLastAck, counters(100, 40)));
  tick(at(50));
  EXPECT_THAT(told(), ElementsAre("open 7 connect by 101 exact/connect", "established 7 by 101 in 2000us",
                                  "data 7 by 101 100/40", "close 7 orderly after 30ms"));
  take(destroyed_record(7, at(60)));
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_EQ(sockets_.size(), 0U);
}

TEST_F(ConnectionsTest, TheTupleIsCompleteWhenItIsToldAsOpen) {
  take(connect_record(7, 101, at(0)));
  EXPECT_THAT(told(), IsEmpty()) << "its port is not chosen yet";
  take(established_record(7, at(2)));
  const auto open = events().at(0).as<model::SocketOpen>();
  EXPECT_EQ(open.tuple.local_port, 40'000);
  EXPECT_EQ(open.tuple.remote_port, 443);
  EXPECT_EQ(open.tuple.netns, 7U);
  EXPECT_EQ(open.tuple.direction, model::Direction::kOut);
  EXPECT_EQ(open.tuple.remote.text(), "192.0.2.7");
  EXPECT_EQ(open.uid, 1000U);
}

TEST_F(ConnectionsTest, OneThatIsStillOpeningIsToldWithTheTick) {
  take(connect_record(7, 101, at(0)));
  tick(at(10));
  EXPECT_THAT(told(), ElementsAre("open 7 connect by 101 exact/connect"));
  take(established_record(7, at(40)));
  EXPECT_THAT(told(), ElementsAre("established 7 by 101 in 40000us"));
}

TEST_F(ConnectionsTest, WhatIsReadAfterTheCloseIsStillTold) {
  connected();
  take(closed_record(7, at(5), TcpState::kLastAck, counters(0, 0)));
  tick(at(10));
  EXPECT_THAT(told(), ElementsAre("close 7 orderly after 5ms"));
  moves(7, 101, 0, 12);
  take(destroyed_record(7, at(20), counters(0, 12)));
  EXPECT_THAT(told(), ElementsAre("data 7 by 101 0/12"));
}

TEST_F(ConnectionsTest, RefusedIsAFailure) {
  fails(111);
  EXPECT_THAT(told(), ElementsAre("open 7 connect by 101 exact/connect", "failure 7 by 101 error 111",
                                  "close 7 refused after 5ms"));
}

TEST_F(ConnectionsTest, TimedOutIsAFailure) {
  fails(110);
  EXPECT_THAT(told(), ElementsAre("open 7 connect by 101 exact/connect", "failure 7 by 101 error 110",
                                  "close 7 timeout after 5ms"));
}

TEST_F(ConnectionsTest, HostUnreachableIsAFailure) {
  fails(113);
  EXPECT_THAT(told(), ElementsAre("open 7 connect by 101 exact/connect", "failure 7 by 101 error 113",
                                  "close 7 unreachable after 5ms"));
}

TEST_F(ConnectionsTest, OneThatItsProcessGaveUpIsNoFailure) {
  fails(0);
  EXPECT_THAT(told(), ElementsAre("open 7 connect by 101 exact/connect", "close 7 unknown after 5ms"));
}

// Its state is set before its error: there is no number.
TEST_F(ConnectionsTest, MptcpThatIsNeverEstablishedIsAFailure) {
  fails(0, false);
  EXPECT_THAT(told(), ElementsAre("open 7 connect by 101 exact/connect", "failure 7 by 101 error 0",
                                  "close 7 unknown after 5ms"));
}

TEST_F(ConnectionsTest, FailureWithinOneTickKeepsItsPort) {
  take(connect_record(7, 101, at(0)));
  take(closed_record(7, at(5), TcpState::kSynSent, counters(0, 0), 111));
  take(destroyed_record(7, at(5), counters(0, 0)));
  const std::vector<model::Event> events = this->events();
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(words(events[1]), "failure 7 by 101 error 111");
  EXPECT_EQ(events[0].as<model::SocketOpen>().tuple.local_port, 40'000);
}

TEST_F(ConnectionsTest, NoWayIsToldAtOnceAndTheSocketStaysAsItWas) {
  auto record = socket_record(IPM_SOCKET_NO_WAY, 0, at(3));
  record.actor = actor(101);
  record.error = 101;
  record.tuple = kernel_tuple(0, 0);
  take(record);
  EXPECT_THAT(told(), ElementsAre("open 0 connect by 101 exact/connect", "failure 0 by 101 error 101",
                                  "close 0 unreachable after 0ms"));
  EXPECT_EQ(sockets_.size(), 0U);
}

// The state was told, and no error is at the socket: the call alone got it.
TEST_F(ConnectionsTest, ConnectThatFindsNoPortIsAFailure) {
  take(connect_record(7, 101, at(0)));
  take(closed_record(7, at(1), TcpState::kSynSent, counters(0, 0)));
  auto record = socket_record(IPM_SOCKET_NO_WAY, 7, at(1));
  record.actor = actor(101);
  record.error = 99;
  record.flags = IPM_FLAG_BEGAN;
  take(record);
  tick(at(10));
  EXPECT_THAT(told(), ElementsAre("open 7 connect by 101 exact/connect", "failure 7 by 101 error 99",
                                  "close 7 unknown after 1ms"));
}

TEST_F(ConnectionsTest, FailureThatIsKnownAfterTheCloseIsToldOnce) {
  take(connect_record(7, 101, at(0)));
  take(closed_record(7, at(1), TcpState::kSynSent, counters(0, 0)));
  tick(at(10));
  (void)told();
  auto record = socket_record(IPM_SOCKET_NO_WAY, 7, at(11));
  record.error = 99;
  record.flags = IPM_FLAG_BEGAN;
  take(record);
  take(record);
  tick(at(20));
  EXPECT_THAT(told(), ElementsAre("failure 7 by 101 error 99"));
}

TEST_F(ConnectionsTest, ErrorThatTheSocketHadIsNotToldAgainByTheCall) {
  fails(113);
  (void)told();
  auto record = socket_record(IPM_SOCKET_NO_WAY, 7, at(11));
  record.error = 113;
  record.flags = IPM_FLAG_BEGAN;
  take(record);
  tick(at(20));
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(ConnectionsTest, OneWhoseConnectWasLostSaysThatEventsWereLost) {
  auto record = established_record(7, at(2));
  record.actor = actor(101);
  record.opened_ns = static_cast<ipm_u64>(at(0));
  take(record);
  EXPECT_THAT(told(), ElementsAre("open 7 connect by 101 exact/connect lost", "established 7 by 101 in 2000us lost"));
}

TEST_F(ConnectionsTest, ResetByThePeerIsTold) {
  connected();
  auto record = closed_record(7, at(9), TcpState::kEstablished, counters(0, 0), 104);
  record.flags = IPM_FLAG_RESET_RECEIVED;
  take(record);
  tick(at(10));
  EXPECT_THAT(told(), ElementsAre("reset 7 by peer", "close 7 reset_by_peer after 9ms"));
}

TEST_F(ConnectionsTest, ResetThatIsSentComesAfterTheCloseAndIsItsReason) {
  connected();
  take(closed_record(7, at(9), TcpState::kEstablished, counters(0, 0)));
  take(socket_record(IPM_SOCKET_RESET_SENT, 7, at(9)));
  tick(at(10));
  EXPECT_THAT(told(), ElementsAre("reset 7 here", "close 7 reset_here after 9ms"));
}

TEST_F(ConnectionsTest, OneWhoseEstablishmentWasLostDidNotFail) {
  take(connect_record(7, 101, at(0)));
  tick(at(1));
  (void)told();
  auto record = closed_record(7, at(9), TcpState::kFinWait2, counters(0, 0));
  record.flags = IPM_FLAG_ESTABLISHED;
  take(record);
  tick(at(10));
  EXPECT_THAT(told(), ElementsAre("close 7 orderly after 9ms"));
}

TEST_F(ConnectionsTest, EstablishedOneWhosePeerFallsSilentTimesOut) {
  connected();
  take(closed_record(7, at(900), TcpState::kEstablished, counters(0, 0), 110));
  tick(at(910));
  EXPECT_THAT(told(), ElementsAre("close 7 timeout after 900ms"));
}

TEST_F(ConnectionsTest, AcceptedOneIsWhoAcceptedIt) {
  take(passive_record(8, at(0)));
  EXPECT_THAT(told(), ElementsAre("open 8 accept by - unknown/", "established 8 by -"));
  take(owner_record(IPM_RECORD_OWNER, 8, 101, at(1)));
  EXPECT_THAT(told(), ElementsAre("owner 8 101 of 1 exact/accept"));
  moves_over(kernel_tuple(443, 50'000), 8, 202, 6, 0);
  take(closed_record(8, at(9), TcpState::kFinWait2, counters(6, 0)));
  take(destroyed_record(8, at(9)));
  EXPECT_THAT(told(), ElementsAre("data 8 by 202 6/0", "close 8 orderly after 9ms"));
}

TEST_F(ConnectionsTest, AcceptedOneWithoutARecordIsWhoUsesItFirst) {
  take(passive_record(8, at(0)));
  (void)told();
  moves_over(kernel_tuple(443, 50'000), 8, 101, 6, 0);
  tick(at(10));
  moves_over(kernel_tuple(443, 50'000), 8, 202, 0, 5);
  tick(at(20));
  EXPECT_THAT(told(), ElementsAre("data 8 by 101 6/0", "data 8 by 202 0/5"));
  take(closed_record(8, at(29), TcpState::kFinWait2, counters(6, 9)));
  take(destroyed_record(8, at(29)));
  EXPECT_THAT(told(), ElementsAre("data 8 by 101 0/4 packets 0/0 inferred", "close 8 orderly after 29ms"));
}

TEST_F(ConnectionsTest, AcceptedOneThatNobodyUsesIsInferredToBeItsLastHolders) {
  take(listen_record(5, 101, at(0)));
  take(passive_record(8, at(0)));
  (void)told();
  take(owner_record(IPM_RECORD_RELEASE, 8, 303, at(4)));
  take(closed_record(8, at(9), TcpState::kLastAck, counters(0, 0)));
  take(destroyed_record(8, at(9)));
  EXPECT_THAT(told(), ElementsAre("owner 8 303 of 1 inferred/last_holder", "data 8 by - 0/0 packets 0/0",
                                  "close 8 orderly after 9ms"));
}

TEST_F(ConnectionsTest, AcceptedOneThatNobodyTouchesIsInferredToBeItsListeners) {
  take(listen_record(5, 101, at(0)));
  take(passive_record(8, at(0)));
  EXPECT_THAT(told(),
              ElementsAre("open 5 listen by 101 exact/told", "open 8 accept by - unknown/", "established 8 by -"));
  take(closed_record(8, at(9), TcpState::kLastAck, counters(0, 0)));
  take(destroyed_record(8, at(9)));
  EXPECT_THAT(told(), ElementsAre("owner 8 101 of 1 inferred/listener", "data 8 by - 0/0 packets 0/0",
                                  "close 8 orderly after 9ms"));
}

TEST_F(ConnectionsTest, WithoutAListenerNobodyIsNamed) {
  take(passive_record(8, at(0)));
  (void)told();
  take(closed_record(8, at(9), TcpState::kLastAck, counters(0, 0)));
  take(destroyed_record(8, at(9)));
  EXPECT_THAT(told(), ElementsAre("data 8 by - 0/0 packets 0/0", "close 8 orderly after 9ms"));
}

TEST_F(ConnectionsTest, ListenerEndsOrderly) {
  take(listen_record(5, 101, at(0)));
  (void)told();
  take(closed_record(5, at(9), TcpState::kListen, counters(0, 0)));
  take(destroyed_record(5, at(9)));
  EXPECT_THAT(told(), ElementsAre("close 5 orderly after 9ms"));
}

TEST_F(ConnectionsTest, ListenerThatHandsOverItsPortDoesNotTakeItAway) {
  take(listen_record(5, 101, at(0)));
  take(listen_record(6, 202, at(1)));
  take(closed_record(5, at(2), TcpState::kListen, counters(0, 0)));
  take(destroyed_record(5, at(2)));
  take(passive_record(8, at(3)));
  (void)told();
  take(destroyed_record(8, at(9)));
  EXPECT_EQ(told().at(0), "owner 8 202 of 1 inferred/listener");
}

TEST_F(ConnectionsTest, SocketThatConnectsAgainIsAnotherConnection) {
  take(connect_record(7, 101, at(0)));
  take(closed_record(7, at(5), TcpState::kSynSent, counters(0, 0), 111));
  tick(at(10));
  (void)told();
  take(connect_record(7, 101, at(20)));
  take(established_record(7, at(21)));
  moves(7, 101, 100, 0);
  take(closed_record(7, at(30), TcpState::kLastAck, counters(100, 0)));
  take(destroyed_record(7, at(30)));
  EXPECT_THAT(told(), ElementsAre("open 7 connect by 101 exact/connect", "established 7 by 101 in 1000us",
                                  "data 7 by 101 100/0", "close 7 orderly after 10ms"));
}

TEST_F(ConnectionsTest, EveryAttemptOfASocketIsToldHoweverFastTheyCome) {
  fails(111);
  for (int i = 0; i < 2; ++i) {
    take(connect_record(7, 101, at(20)));
    take(closed_record(7, at(21), TcpState::kSynSent, counters(0, 0), 111));
  }
  tick(at(30));
  const std::vector<std::string> words = told();
  EXPECT_EQ(std::count(words.begin(), words.end(), "open 7 connect by 101 exact/connect"), 3);
  EXPECT_EQ(std::count(words.begin(), words.end(), "failure 7 by 101 error 111"), 3);
  EXPECT_EQ(std::count(words.begin(), words.end(), "close 7 refused after 1ms"), 2);
  EXPECT_EQ(words.size(), 9U);
}

TEST_F(ConnectionsTest, BytesOfTheConnectionBeforeStayWithIt) {
  connected();
  moves(7, 101, 100, 40);
  take(closed_record(7, at(5), TcpState::kLastAck, counters(100, 40)));
  moves(7, 101, 11, 0);  // The next connection's: it is read before the record of its beginning.
  take(connect_record(7, 101, at(6)));
  EXPECT_THAT(told(), ElementsAre("data 7 by 101 100/40", "close 7 orderly after 5ms"));
  take(established_record(7, at(7)));
  moves(7, 101, 2, 0);
  tick(at(10));
  EXPECT_THAT(told(), ElementsAre("open 7 connect by 101 exact/connect", "established 7 by 101 in 1000us",
                                  "data 7 by 101 13/0"));
  take(closed_record(7, at(20), TcpState::kLastAck, counters(13, 0)));
  take(destroyed_record(7, at(20)));
  EXPECT_THAT(told(), ElementsAre("close 7 orderly after 14ms"));
}

TEST_F(ConnectionsTest, CountersOfTheConnectionBeforeAreNotTheNexts) {
  connected();
  moves_over(kernel_tuple(40'000, 443), 7, 101, 100, 0, counters(100, 0));
  take(closed_record(7, at(5), TcpState::kLastAck, counters(100, 0)));
  take(connect_record(7, 101, at(6)));
  take(established_record(7, at(7)));
  moves(7, 101, 3, 0);
  tick(at(10));
  (void)told();
  take(closed_record(7, at(20), TcpState::kLastAck, counters(3, 0)));
  take(destroyed_record(7, at(20)));
  EXPECT_THAT(told(), ElementsAre("close 7 orderly after 14ms"));
}

TEST_F(ConnectionsTest, SplicedBytesOfTheConnectionBeforeStayWithIt) {
  connected();
  take(closed_record(7, at(5), TcpState::kLastAck, counters(0, 600)));
  take(connect_record(7, 101, at(6)));
  EXPECT_THAT(told(), ElementsAre("data 7 by 101 0/600 packets 0/0 inferred", "close 7 orderly after 5ms"));
}

TEST_F(ConnectionsTest, ListenerThatListensAgainIsAnother) {
  take(listen_record(5, 101, at(0)));
  take(closed_record(5, at(2), TcpState::kListen, counters(0, 0)));
  take(listen_record(5, 101, at(4)));
  take(closed_record(5, at(9), TcpState::kListen, counters(0, 0)));
  take(destroyed_record(5, at(9)));
  EXPECT_THAT(told(), ElementsAre("open 5 listen by 101 exact/told", "close 5 orderly after 2ms",
                                  "open 5 listen by 101 exact/told", "close 5 orderly after 5ms"));
}

TEST_F(ConnectionsTest, EndOfASocketThatWasNeverToldIsFiltered) {
  take(closed_record(9, at(0), TcpState::kEstablished, counters(5, 5)));
  take(destroyed_record(9, at(0)));
  take(owner_record(IPM_RECORD_RELEASE, 9, 101, at(0), 17));
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_EQ(out_.stats().filtered, 3U);
}

}  // namespace
}  // namespace ipm::source::ebpf
