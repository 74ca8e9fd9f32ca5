// Connections of which only the end was told.
#include <string>
#include <vector>

#include "sockets_fixture.h"

namespace ipm::source::ebpf {
namespace {

using model::TcpState;
using testing::ElementsAre;
using testing::IsEmpty;
using namespace ipm::test;

class UnseenTest : public SocketsFixture {
 protected:
  UnseenTest() : SocketsFixture(4'096, 2) {}

  // What the socket itself remembers comes with its end.
  static ipm_record_socket with_life(ipm_record_socket record, std::uint32_t pid, ipm_u8 flags = 0) {
    record.actor = actor(pid);
    record.opened_ns = static_cast<ipm_u64>(at(0));
    record.established_ns = static_cast<ipm_u64>(at(2));
    record.flags = static_cast<ipm_u8>(flags | IPM_FLAG_OWNED | IPM_FLAG_ESTABLISHED);
    return record;
  }
  static ipm_record_socket end_of(std::uint64_t cookie, std::uint32_t pid, std::uint64_t sent, std::uint64_t received,
                                  ipm_u8 flags = 0) {
    return with_life(closed_record(cookie, at(9), TcpState::kFinWait2, counters(sent, received)), pid, flags);
  }
};

TEST_F(UnseenTest, OneWhoseBeginningWasLostIsToldByItsEnd) {
  take(end_of(7, 101, 300, 40));
  tick(at(10));
  take(with_life(destroyed_record(7, at(20), counters(300, 40)), 101));
  EXPECT_THAT(told(), ElementsAre("start 101", "open 7 connect by 101 exact/connect lost",
                                  "established 7 by 101 in 2000us lost", "close 7 orderly after 9ms lost",
                                  "data 7 by 101 300/40 packets 0/0 lost inferred"));
  EXPECT_EQ(sockets_.size(), 0U);
}

TEST_F(UnseenTest, WhatItsCallsMovedIsExact) {
  (void)traffic_.moved(7, 101, 300, 40, kernel_tuple(40'000, 443));
  take(end_of(7, 101, 300, 40));
  tick(at(10));
  const std::vector<std::string> words = told();
  EXPECT_EQ(words.at(3), "data 7 by 101 300/40 lost");
  take(with_life(destroyed_record(7, at(20), counters(300, 40)), 101));
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_TRUE(traffic_.entries.empty());
}

TEST_F(UnseenTest, AnAcceptedOneSaysSo) {
  take(end_of(7, 101, 1, 1, IPM_FLAG_PASSIVE));
  EXPECT_THAT(told(), ElementsAre("start 101", "open 7 accept by 101 exact/accept lost", "established 7 by 101 lost"));
}

TEST_F(UnseenTest, OneThatOnlyItsUseToldOfIsWhatItsEndSays) {
  moves(7, 101, 5, 0);
  take(end_of(7, 101, 5, 0, IPM_FLAG_PASSIVE));
  EXPECT_THAT(told(), ElementsAre("start 101", "open 7 accept by 101 exact/accept lost", "established 7 by 101 lost"));
}

TEST_F(UnseenTest, ItsEndIsToldEvenIfOnlyTheDestructionWas) {
  take(with_life(destroyed_record(7, at(20), counters(300, 40)), 101));
  EXPECT_THAT(told(), ElementsAre("start 101", "open 7 connect by 101 exact/connect lost",
                                  "established 7 by 101 in 2000us lost",
                                  "data 7 by 101 300/40 packets 0/0 lost inferred", "close 7 unknown after 20ms lost"));
}

TEST_F(UnseenTest, OneTooManyIsToldWhenItIsGone) {
  for (std::uint64_t cookie = 1; cookie <= 2; ++cookie) take(connect_record(cookie, 101, at(0)));
  tick(at(1));
  (void)told();
  take(end_of(7, 101, 300, 40));
  tick(at(10));
  EXPECT_THAT(told(), IsEmpty());
  take(with_life(destroyed_record(7, at(20), counters(300, 40)), 101));
  EXPECT_EQ(told().at(3), "data 7 by 101 300/40 packets 0/0 lost inferred");
  EXPECT_EQ(sockets_.size(), 2U);
}

TEST_F(UnseenTest, ASumThatTurnsUpAfterItsEndIsNotToldAgain) {
  take(with_life(destroyed_record(7, at(20), counters(300, 40)), 101));
  (void)told();
  (void)traffic_.moved(7, 202, 300, 40, kernel_tuple(40'000, 443));  // Another than who opened it.
  sockets_.note_every_use();
  tick(at(30));
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_TRUE(traffic_.entries.empty());
  EXPECT_EQ(sockets_.size(), 0U);
}

// Its end comes in the tick in which the record of use was lost: what it moved is in the map, and not known of.
TEST_F(UnseenTest, AnEndAfterALostRecordOfUseWaitsForTheMap) {
  connected();
  (void)traffic_.moved(7, 101, 300, 40, kernel_tuple(40'000, 443));
  ++traffic_.lost;
  take(closed_record(7, at(9), TcpState::kLastAck, counters(300, 40)));
  take(destroyed_record(7, at(9), counters(300, 40)));
  EXPECT_THAT(told(), IsEmpty());
  tick(at(20));
  EXPECT_THAT(told(), ElementsAre("data 7 by 101 300/40", "close 7 orderly after 9ms"));
  EXPECT_TRUE(traffic_.entries.empty());
  EXPECT_EQ(sockets_.size(), 0U);
  tick(at(30));
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(UnseenTest, BytesOfASecondProcessWhoseRecordOfUseWasLostAreItsOwn) {
  connected();
  moves(7, 101, 100, 0);
  (void)traffic_.moved(7, 202, 200, 40, kernel_tuple(40'000, 443));
  ++traffic_.lost;
  take(closed_record(7, at(9), TcpState::kLastAck, counters(300, 40)));
  take(destroyed_record(7, at(9), counters(300, 40)));
  tick(at(20));
  EXPECT_THAT(told(), testing::UnorderedElementsAre("data 7 by 101 100/0", "data 7 by 202 200/40",
                                                    "close 7 orderly after 9ms"));
  tick(at(30));
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_TRUE(traffic_.entries.empty());
}

// After the walk through the map that the tick begins with.
TEST_F(UnseenTest, ARecordOfUseThatIsLostWhileTheTickIsUnderWayIsMadeUpForInTheNext) {
  connected();
  begin_tick();
  (void)traffic_.moved(7, 101, 300, 40, kernel_tuple(40'000, 443));
  ++traffic_.lost;
  take(destroyed_record(7, at(9), counters(300, 40)));
  end_tick(at(10));
  EXPECT_THAT(told(), IsEmpty());
  tick(at(20));
  EXPECT_THAT(told(), ElementsAre("data 7 by 101 300/40", "close 7 unknown after 9ms"));
}

TEST_F(UnseenTest, ASocketOfWhichNothingIsKnownWhenItEndsIsFoundInTheMap) {
  (void)traffic_.moved(9, 101, 30, 4, kernel_tuple(5'353, 0, 17, 2));
  ++traffic_.lost;
  take(owner_record(IPM_RECORD_RELEASE, 9, 101, at(9), 17));
  EXPECT_THAT(told(), IsEmpty());
  tick(at(20));
  EXPECT_THAT(told(), ElementsAre("open 9 bind by 101 exact/io", "data 9 by 101 30/4", "close 9 orderly after 0ms"));
  EXPECT_EQ(sockets_.size(), 0U);
}

TEST_F(UnseenTest, OneThatFindsNoRoomToWaitEndsAtOnceAndIsNotToldAgain) {
  connected(1);
  connected(2);
  (void)traffic_.moved(1, 101, 300, 40, kernel_tuple(40'000, 443));
  ++traffic_.lost;
  take(destroyed_record(1, at(9), counters(300, 40)));
  EXPECT_THAT(told(), ElementsAre("data 1 by 101 300/40 packets 0/0 inferred", "close 1 unknown after 9ms"));
  tick(at(20));
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_TRUE(traffic_.entries.empty());
}

TEST_F(UnseenTest, AConnectionBeforeOnASocketKeepsWhatWasNotKnownOf) {
  connected();
  (void)traffic_.moved(7, 101, 300, 40, kernel_tuple(40'000, 443));
  ++traffic_.lost;
  take(closed_record(7, at(5), TcpState::kLastAck, counters(300, 40)));
  take(connect_record(7, 101, at(6)));
  EXPECT_THAT(told(), ElementsAre("data 7 by 101 300/40", "close 7 orderly after 5ms"));
  tick(at(20));
  EXPECT_THAT(told(), ElementsAre("open 7 connect by 101 exact/connect"));
}

TEST_F(UnseenTest, AFailedConnectWhoseBeginningWasLostIsAFailure) {
  ipm_record_socket record = end_of(7, 101, 0, 0);
  record.state_before = static_cast<ipm_u8>(TcpState::kSynSent);
  record.flags = IPM_FLAG_OWNED;
  record.established_ns = 0;
  record.error = 111;
  take(record);
  take(destroyed_record(7, at(9)));
  const std::vector<std::string> words = told();
  EXPECT_THAT(words, testing::IsSupersetOf({"open 7 connect by 101 exact/connect lost",
                                            "failure 7 by 101 error 111 lost", "close 7 refused after 9ms lost"}));
  EXPECT_EQ(sockets_.size(), 0U);
}

TEST_F(UnseenTest, WhatALookToldAsOverDoesNotEndAgain) {
  connected();
  moves(7, 101, 100, 0);
  look(at(10), {}, true);
  look(at(20), {}, true);
  (void)told();
  take(end_of(7, 101, 100, 0));
  take(with_life(destroyed_record(7, at(30), counters(100, 0)), 101));
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(UnseenTest, OneFromBeforeTheHooksStaysUntold) {
  take(end_of(7, 101, 300, 40, IPM_FLAG_SEEDED));
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(UnseenTest, MptcpThatClosesAgainAfterItsEndStaysUntold) {
  take(with_life(closed_record(7, at(9), TcpState::kEstablished, {}), 101));
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(UnseenTest, OneThatWasNeverEstablishedStaysUntold) {
  ipm_record_socket record = end_of(7, 101, 0, 0);
  record.flags = IPM_FLAG_OWNED;
  take(record);
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(UnseenTest, ALookThatFindsItDoesNotTakeItForOneFromBefore) {
  ipm_record_seed seed = seed_record(7, 101, counters(250, 30));
  seed.socket = with_life(seed.socket, 101);
  look(at(10), {seed}, true);
  EXPECT_THAT(told(), ElementsAre("start 101", "open 7 connect by 101 exact/only_holder lost",
                                  "established 7 by 101 in 2000us lost"));
  take(end_of(7, 101, 300, 40));
  take(with_life(destroyed_record(7, at(20), counters(300, 40)), 101));
  EXPECT_EQ(told().at(0), "data 7 by 101 300/40 packets 0/0 lost inferred");
}

}  // namespace
}  // namespace ipm::source::ebpf
