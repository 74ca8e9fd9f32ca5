// Too many sockets, too little room, and records that are none.
#include "sockets_fixture.h"

namespace ipm::source::ebpf {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace test;

class SocketsBoundTest : public SocketsFixture {
 protected:
  SocketsBoundTest() : SocketsFixture(4'096, 2) {}
};

TEST_F(SocketsBoundTest, OneSocketTooManyIsRefusedAndCounted) {
  for (std::uint64_t cookie = 1; cookie <= 2; ++cookie) take(connect_record(cookie, 101, at(0)));
  EXPECT_EQ(sockets_.refused(), 0U);
  take(connect_record(3, 101, at(0)));
  take(established_record(3, at(1)));
  moves(3, 101, 5, 5);
  take(listen_record(4, 101, at(1)));
  take(owner_record(IPM_RECORD_OWNER, 5, 101, at(1)));
  EXPECT_EQ(sockets_.size(), 2U);
  EXPECT_EQ(sockets_.refused(), 5U);
  tick(at(2));
  EXPECT_THAT(told(), ElementsAre("open 1 connect by 101 exact/connect", "open 2 connect by 101 exact/connect"));
}

TEST_F(SocketsBoundTest, RoomOfASocketThatIsGoneIsTheNexts) {
  for (std::uint64_t cookie = 1; cookie <= 2; ++cookie) take(connect_record(cookie, 101, at(0)));
  take(destroyed_record(1, at(1)));
  take(connect_record(3, 101, at(2)));
  EXPECT_EQ(sockets_.refused(), 0U);
}

TEST_F(SocketsBoundTest, OneTooManyInALookIsRefusedAndCounted) {
  look(at(10), {seed_record(1, 101), seed_record(2, 101), seed_record(3, 101), seed_record(2, 202)});
  EXPECT_EQ(sockets_.refused(), 1U);
  EXPECT_EQ(sockets_.size(), 2U);
}

class LaneBoundTest : public SocketsFixture {
 protected:
  LaneBoundTest() : SocketsFixture(32) {}

  void fill() {
    while (lane_.free() > 0) (void)out_.write(model::make_event(at(1), model::EventKind::kTimeAdvance, {}, 0, 0));
  }
  // The rest of a record in the same way.
  int go_on_all(std::vector<std::string>& out) {
    int full = 0;
    for (; !sockets_.go_on(); ++full) {
      for (std::string& word : told()) out.push_back(std::move(word));
    }
    for (std::string& word : told()) out.push_back(std::move(word));
    return full;
  }
  // Ticks on, taking what is told whenever the lane has no room. How often it had none.
  int settle_all(TimeNs now, std::vector<std::string>& out) {
    ++traffic_.now;
    int full = 0;
    while (!sockets_.settle(now)) {
      ++full;
      for (std::string& word : told()) out.push_back(std::move(word));
    }
    for (std::string& word : told()) out.push_back(std::move(word));
    return full;
  }
};

TEST_F(LaneBoundTest, WhatFindsNoRoomInTheLaneIsToldWhenThereIsRoom) {
  for (std::uint64_t cookie = 1; cookie <= 100; ++cookie) {
    moves_over(kernel_tuple(5'353, 0, 17, 2), cookie, 101, 10, 1);
  }
  std::vector<std::string> words;
  EXPECT_GT(settle_all(at(10), words), 5);
  EXPECT_EQ(words.size(), 200U);
  EXPECT_EQ(std::count(words.begin(), words.end(), "data 42 by 101 10/1"), 1);
  EXPECT_EQ(out_.stats().dropped, 0U);
}

TEST_F(LaneBoundTest, ClosesWaitForRoom) {
  for (std::uint64_t cookie = 1; cookie <= 100; ++cookie) {
    take(connect_record(cookie, 101, at(0)));
    take(closed_record(cookie, at(1), model::TcpState::kSynSent, counters(0, 0), 111));
  }
  std::vector<std::string> words;
  EXPECT_GT(settle_all(at(10), words), 5);
  EXPECT_EQ(words.size(), 300U) << "open, failure, close";
  EXPECT_EQ(out_.stats().dropped, 0U);
}

TEST_F(LaneBoundTest, SeedsWaitForRoom) {
  sockets_.begin_look(at(0));
  for (std::uint64_t cookie = 1; cookie <= 100; ++cookie) sockets_.seen(seed_record(cookie, 303));
  sockets_.end_look(false, at(1));
  std::vector<std::string> words;
  EXPECT_GT(settle_all(at(10), words), 5);
  EXPECT_EQ(words.size(), 202U) << "start and exit of who is gone, then open, data";
  EXPECT_EQ(out_.stats().dropped, 0U);
}

TEST_F(LaneBoundTest, WhatARecordAsksForWaitsForRoomToo) {
  take(process_record(101, at(0)));
  connected();
  moves(7, 101, 100, 0);
  fill();
  take(exit_record(101, at(2)));
  EXPECT_FALSE(sockets_.go_on());
  EXPECT_EQ(out_.stats().dropped, 0U);
  (void)told();
  EXPECT_TRUE(sockets_.go_on());
  EXPECT_THAT(told(), ElementsAre("data 7 by 101 100/0", "exit 101 0"));
}

// The next record is taken with a full lane only by mistake. Even then sums come later.
TEST_F(LaneBoundTest, SumThatWasDroppedIsToldWithTheNext) {
  connected();
  moves(7, 101, 100, 0);
  fill();
  take(exit_record(101, at(2)));
  take(exit_record(202, at(2)));
  EXPECT_EQ(out_.stats().dropped, 1U);
  (void)told();
  tick(at(10));
  EXPECT_THAT(told(), ElementsAre("data 7 by 101 100/0"));
  EXPECT_THAT(traffic_.entries, IsEmpty());
}

TEST_F(LaneBoundTest, ExitOfAProcessWithManySocketsIsToldInPiecesAndLast) {
  take(process_record(101, at(0)));
  for (std::uint64_t cookie = 1; cookie <= 100; ++cookie) {
    moves_over(kernel_tuple(5'353, 0, 17, 2), cookie, 101, 10, 1);
  }
  take(exit_record(101, at(2)));
  std::vector<std::string> words;
  EXPECT_GT(go_on_all(words), 5);
  ASSERT_EQ(words.size(), 202U) << "start, open and data of each, exit";
  EXPECT_EQ(words.back(), "exit 101 0");
  EXPECT_EQ(std::count(words.begin(), words.end(), "data 42 by 101 10/1"), 1);
  EXPECT_EQ(out_.stats().dropped, 0U);
}

TEST_F(LaneBoundTest, EndOfASocketWithManyRemotesIsToldInPiecesAndLast) {
  for (std::uint16_t port = 1; port <= 100; ++port) {
    const ipm_peer_key key = peer_key(9, port);
    if (traffic_.passed(key, 10, 0)) take(peer_record(key));
    moves_over(kernel_tuple(5'353, 0, 17, 2), 9, 101, 10, 0);
  }
  take(owner_record(IPM_RECORD_RELEASE, 9, 101, at(35), 17));
  std::vector<std::string> words;
  EXPECT_GT(go_on_all(words), 5);
  ASSERT_EQ(words.size(), 300U) << "open, data and close of each";
  EXPECT_EQ(words.back(), "close 9 orderly after 0ms");
  EXPECT_EQ(std::count(words.begin(), words.end(), "data 9#42 by 101 10/0 packets 1/0"), 1);
  EXPECT_EQ(out_.stats().dropped, 0U);
  EXPECT_EQ(sockets_.size(), 0U);
  EXPECT_THAT(traffic_.peers, IsEmpty());
}

TEST_F(LaneBoundTest, ASocketWithManyRemotesIsReadInPieces) {
  for (std::uint16_t port = 1; port <= 100; ++port) {
    const ipm_peer_key key = peer_key(9, port);
    if (traffic_.passed(key, 10, 0)) take(peer_record(key));
    moves_over(kernel_tuple(5'353, 0, 17, 2), 9, 101, 10, 0);
  }
  std::vector<std::string> words;
  EXPECT_GT(settle_all(at(10), words), 5);
  EXPECT_EQ(words.size(), 200U) << "open and data of each";
  EXPECT_EQ(std::count(words.begin(), words.end(), "data 9#42 by 101 10/0 packets 1/0"), 1);
  EXPECT_EQ(out_.stats().dropped, 0U);
}

class MalformedTest : public SocketsFixture {
 protected:
  void take_bytes(const void* bytes, std::size_t size) { sockets_.take({static_cast<const std::byte*>(bytes), size}); }
  std::uint64_t malformed() const { return out_.stats().malformed; }
};

TEST_F(MalformedTest, RecordShorterThanAHead) {
  const ipm_record_head head{.type = IPM_RECORD_IO, .bytes = sizeof head, .time_ns = 0};
  take_bytes(&head, sizeof head - 1);
  take_bytes(&head, 0);
  EXPECT_EQ(malformed(), 2U);
}

TEST_F(MalformedTest, RecordThatSaysItIsLongerThanItIs) {
  ipm_record_io record = io_record(7, 101);
  record.head.bytes = sizeof record + 1;
  take(record);
  EXPECT_EQ(malformed(), 1U);
}

TEST_F(MalformedTest, RecordThatSaysItIsShorterThanItsKind) {
  auto io = io_record(7, 101);
  io.head.bytes = sizeof io - 1;
  take(io);
  auto socket = connect_record(7, 101, at(0));
  socket.head.bytes = sizeof socket - 1;
  take(socket);
  auto process = process_record(101, at(0));
  process.head.bytes = sizeof process.head;
  take(process);
  auto exit = exit_record(101, at(0));
  exit.head.bytes = sizeof exit.head - 1;
  take(exit);
  EXPECT_EQ(malformed(), 4U);
  EXPECT_EQ(sockets_.size(), 0U);
}

TEST_F(MalformedTest, RecordThatTheRingMadeLongerIsWhole) {
  struct {
    ipm_record_io record;
    char more[8];
  } rounded{.record = io_record(7, 101), .more = {}};
  take_bytes(&rounded, sizeof rounded);
  EXPECT_EQ(malformed(), 0U);
  EXPECT_EQ(sockets_.size(), 1U);
}

TEST_F(MalformedTest, KindsThatAreNotKnown) {
  auto record = connect_record(7, 101, at(0));
  record.head.type = 0;
  take(record);
  record.head.type = 7;
  take(record);
  record.head.type = IPM_RECORD_SOCKET;
  record.what = 0;
  take(record);
  record.what = IPM_SOCKET_SEED;  // The iterator's, not the ring's.
  take(record);
  EXPECT_EQ(malformed(), 4U);
  EXPECT_THAT(told(), IsEmpty());
}

}  // namespace
}  // namespace ipm::source::ebpf
