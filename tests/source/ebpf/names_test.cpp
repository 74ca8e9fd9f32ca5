// Names out of packets, and whom they are told for.
#include "source/ebpf/names.h"

#include "decode/hello_octets.h"
#include "sockets_fixture.h"

namespace ipm::source::ebpf {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace test;

constexpr std::uint16_t kUdp = 17, kDatagram = 2;
const Octets kServer = hex("c0000207"), kHost = hex("0a000001");  // 192.0.2.7, 10.0.0.1

Octets ipv4(const Octets& from, const Octets& to, std::uint8_t protocol, const Octets& body) {
  const std::size_t bytes = 20 + body.size();
  return join({hex("4500"), number(bytes, 2), hex("0000 4000 40"), number(protocol, 1), hex("0000"), from, to, body});
}

// www.example is 192.0.2.80.
Octets dns_answer(std::uint16_t server_port = 53) {
  const Octets name = join({sized(1, text("www")), sized(1, text("example")), hex("00")});
  const Octets message = join(
      {hex("1234 8180 0001 0001 0000 0000"), name, hex("0001 0001"), hex("c00c 0001 0001 0000012c 0004 c0000250")});
  const Octets datagram =
      join({number(server_port, 2), number(5'353, 2), number(8 + message.size(), 2), hex("0000"), message});
  return ipv4(kServer, kHost, kUdp, datagram);
}

Octets tcp_segment(const Octets& payload) {
  return ipv4(kHost, kServer, 6,
              join({number(40'000, 2), number(443, 2), hex("00000001 00000001 5018 ffff 0000 0000"), payload}));
}

class NamesTest : public SocketsFixture {
 protected:
  explicit NamesTest(Counting counting = Counting::kCalls) : SocketsFixture(4'096, 1'000, counting) {}

  void packet(std::uint64_t cookie, ipm_packet_what what, const Octets& bytes, TimeNs time) {
    auto head = with_head<ipm_record_packet>(IPM_RECORD_PACKET, time);
    head.head.bytes = static_cast<ipm_u32>(sizeof head + bytes.size());
    head.cookie = cookie;
    head.what = what;
    head.packet_bytes = static_cast<ipm_u32>(bytes.size());
    head.netns = 7;
    const auto* const begin = reinterpret_cast<const std::byte*>(&head);
    Octets record(begin, begin + sizeof head);
    record.insert(record.end(), bytes.begin(), bytes.end());
    names_.take(record);
  }
  void answer(std::uint64_t cookie, TimeNs time, std::uint16_t server_port = 53) {
    passes(cookie, 0, 90, server_port);
    packet(cookie, IPM_PACKET_DNS, dns_answer(server_port), time);
  }
  void passes(std::uint64_t cookie, std::uint64_t tx, std::uint64_t rx, std::uint16_t server_port = 53) {
    const ipm_peer_key key = peer_key(cookie, server_port);
    if (traffic_.passed(key, tx, rx)) take(peer_record(key));
  }
  void asks(std::uint64_t cookie, std::uint32_t pid, std::uint16_t server_port = 53) {
    passes(cookie, 30, 0, server_port);
    calls(cookie, pid, 30, 0);
  }
  void calls(std::uint64_t cookie, std::uint32_t pid, std::uint64_t tx, std::uint64_t rx) {
    moves_over(kernel_tuple(5'353, 0, kUdp, kDatagram), cookie, pid, tx, rx);
    names_.used(cookie);
  }
  void closes(std::uint64_t cookie, std::uint32_t pid, TimeNs time) {
    const auto record = owner_record(IPM_RECORD_RELEASE, cookie, pid, time, kUdp);
    names_.closing(record);
    take(record);
  }
  void tick(TimeNs now) {
    begin_tick();
    EXPECT_TRUE(names_.settle(traffic_.now, now, kRoomMin));
    end_tick(now);
  }

  Names names_{out_, sockets_};
};

// As a C library asks: a socket for one question, closed when it is answered.
TEST_F(NamesTest, AnAnswerToASocketForOneQuestionHasItsProcessAndItsFlow) {
  asks(9, 101);
  answer(9, at(2));
  EXPECT_THAT(told(), ElementsAre("open 9 bind by 101 exact/io", "data 9 by 101 30/0 packets 1/1",
                                  "answer 9 by 101 192.0.2.80"));
  calls(9, 101, 0, 90);
  closes(9, 101, at(3));
  EXPECT_THAT(told(), ElementsAre("data 9 by 101 0/90 packets 0/0", "close 9 orderly after 1ms"));
}

TEST_F(NamesTest, AnAnswerCarriesItsNamespace) {
  answer(9, at(2));
  tick(at(10));
  tick(at(20));
  const std::vector<model::Event> events = this->events();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(words(events[0]), "answer 9 by - 192.0.2.80");
  EXPECT_EQ(events[0].as<model::DnsAnswer>().tuple.netns, 7U);
  EXPECT_EQ(events[0].header.time_ns, at(2));
}

// A stub resolver on another processor answers before the call that asked it is over.
TEST_F(NamesTest, AnAnswerThatOvertakesItsQuestionWaitsForIt) {
  answer(9, at(2));
  EXPECT_THAT(told(), IsEmpty());
  asks(9, 101);
  EXPECT_THAT(told(), ElementsAre("open 9 bind by 101 exact/io", "data 9 by 101 30/0 packets 1/1",
                                  "answer 9 by 101 192.0.2.80"));
  EXPECT_EQ(names_.held(), 0U);
}

TEST_F(NamesTest, AnAnswerWhoseQuestionWasLostIsToldWithTheTick) {
  passes(9, 30, 0);
  (void)traffic_.moved(9, 101, 30, 0, kernel_tuple(5'353, 0, kUdp, kDatagram));
  ++traffic_.lost;
  answer(9, at(2));
  closes(9, 101, at(3));
  EXPECT_THAT(told(), IsEmpty());
  tick(at(10));
  EXPECT_THAT(told(), ElementsAre("open 9 bind by 101 exact/io", "data 9 by 101 30/0 packets 1/1",
                                  "answer 9 by 101 192.0.2.80", "close 9 orderly after 0ms"));
}

TEST_F(NamesTest, AnAnswerThatNobodyAskedForIsHeldForATick) {
  answer(9, at(2));
  tick(at(10));
  EXPECT_THAT(told(), IsEmpty());
  tick(at(20));
  EXPECT_THAT(told(), ElementsAre("answer 9 by - 192.0.2.80"));
}

TEST_F(NamesTest, OneAnswerTooManyIsToldForNobody) {
  for (std::uint64_t cookie = 1; cookie <= Names::kHeldMax; ++cookie) {
    packet(cookie, IPM_PACKET_DNS, dns_answer(), at(2));
  }
  EXPECT_THAT(told(), IsEmpty());
  packet(5'000, IPM_PACKET_DNS, dns_answer(), at(2));
  EXPECT_THAT(told(), ElementsAre("answer 5000 by - 192.0.2.80"));
  EXPECT_EQ(names_.held(), Names::kHeldMax);
}

// One socket asks two servers: each has a flow of its own.
TEST_F(NamesTest, AnAnswerIsToldOnTheFlowOfTheServerThatGaveIt) {
  asks(9, 101, 53);
  asks(9, 101, 5'355);
  answer(9, at(2), 5'355);
  const std::vector<std::string> words = told();
  EXPECT_EQ(words.back(), "answer 9#1 by 101 192.0.2.80");
  EXPECT_THAT(words, testing::Contains("open 9#1 bind by 101 exact/io"));
}

TEST_F(NamesTest, ALaterServerOfAKnownSocketIsToldBeforeItsAnswer) {
  asks(9, 101, 53);
  tick(at(10));
  (void)told();
  asks(9, 101, 5'355);
  answer(9, at(12), 5'355);
  EXPECT_THAT(told(), ElementsAre("open 9#1 bind by 101 exact/io", "data 9#1 by 101 30/0 packets 1/1",
                                  "answer 9#1 by 101 192.0.2.80"));
}

TEST_F(NamesTest, WhatIsNoDnsIsCountedAsMalformed) {
  Octets cut = dns_answer();
  cut.resize(cut.size() - 40);
  packet(9, IPM_PACKET_DNS, cut, at(2));
  EXPECT_EQ(names_.held(), 0U);
  EXPECT_EQ(out_.stats().malformed + out_.stats().filtered, 1U);
}

TEST_F(NamesTest, AHelloStandsWithItsConnection) {
  connected();
  packet(7, IPM_PACKET_HELLO, tcp_segment(handshake_record(chrome_hello())), at(3));
  EXPECT_THAT(told(), ElementsAre("hello 7 by 101"));
}

TEST_F(NamesTest, AHelloOfAnUnknownConnectionHasItsNamespace) {
  packet(7, IPM_PACKET_HELLO, tcp_segment(handshake_record(chrome_hello())), at(3));
  const std::vector<model::Event> events = this->events();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].as<model::TlsHello>().tuple.netns, 7U);
}

class NamesWithoutCallsTest : public NamesTest {
 protected:
  NamesWithoutCallsTest() : NamesTest(Counting::kKernel) { look(at(0), {}); }
};

// Nobody is seen to ask: whose the socket was, its end tells.
TEST_F(NamesWithoutCallsTest, AnAnswerWaitsForWhoClosesItsSocket) {
  passes(9, 30, 0);
  answer(9, at(2));
  EXPECT_THAT(told(), ElementsAre("open 9 bind by - unknown/"));
  closes(9, 101, at(3));
  EXPECT_THAT(told(), ElementsAre("owner 9 101 of 1 inferred/last_holder", "answer 9 by 101 192.0.2.80",
                                  "data 9 by 101 58/118 packets 1/1 inferred", "close 9 orderly after 1ms"));
}

}  // namespace
}  // namespace ipm::source::ebpf
