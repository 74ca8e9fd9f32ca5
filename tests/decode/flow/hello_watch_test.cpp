#include "decode/flow/hello_watch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>

#include "decode/dtls_octets.h"
#include "decode/hello_octets.h"

#ifdef IPM_WITH_OPENSSL
#include "decode/quic_octets.h"
#endif

namespace ipm::decode::flow {
namespace {

using namespace test;  // NOLINT: the words of hello_octets.h

constexpr std::uint32_t kIsn = 0xffff'fff0;  // So that the numbers wrap within the hello.
constexpr std::uint32_t kFirst = kIsn + 1;
constexpr bool kInitiator = true, kResponder = false;

Octets slice(const Octets& of, std::size_t from, std::size_t to) {
  return {of.begin() + static_cast<std::ptrdiff_t>(from), of.begin() + static_cast<std::ptrdiff_t>(to)};
}

// One flow's view of a watch.
class Flow {
 public:
  explicit Flow(HelloWatch& watch) : watch_(watch) {}

  // True: the hello came with this packet.
  bool tcp(std::uint32_t seq, const Octets& payload, bool from_initiator = kInitiator, std::uint8_t flags = kAck,
           std::uint32_t cut_bytes = 0) {
    Packet packet;
    packet.protocol = 6;
    packet.tcp_flags = flags;
    packet.seq = seq;
    return add(packet, payload, from_initiator, cut_bytes);
  }
  bool syn(bool from_initiator = kInitiator) {
    return tcp(kIsn, {}, from_initiator, from_initiator ? kSyn : kSyn | kAck);
  }
  bool udp(const Octets& payload, bool from_initiator = kInitiator) {
    Packet packet;
    packet.protocol = 17;
    return add(packet, payload, from_initiator, 0);
  }
  void release() { watch_.release(ticket_); }
  bool wanted() const { return HelloWatch::wants(ticket_); }

  HelloFacts facts = {};

 private:
  bool add(Packet& packet, const Octets& payload, bool from_initiator, std::uint32_t cut_bytes) {
    const Exactly exact(payload);
    packet.payload = exact.bytes();
    packet.payload_bytes = static_cast<std::uint32_t>(payload.size()) + cut_bytes;
    return watch_.add(ticket_, packet, from_initiator, facts);
  }

  HelloWatch& watch_;
  HelloTicket ticket_;
};

class HelloWatchTest : public ::testing::Test {
 protected:
  HelloWatch watch;
  Flow flow{watch};
  const Octets stream = handshake_record(chrome_hello());
  const Octets long_stream = handshake_record(chrome_hello(1400));
};

TEST_F(HelloWatchTest, GivesTheHelloOfTheFirstSegmentOnce) {
  EXPECT_FALSE(flow.syn());
  EXPECT_FALSE(flow.syn(kResponder));
  ASSERT_TRUE(flow.tcp(kFirst, stream));
  EXPECT_EQ(flow.facts.sni(), "www.example.com");
  EXPECT_EQ(flow.facts.alpn(), "h2");
  EXPECT_EQ(flow.facts.alpn_list(), "h2,http/1.1");
  EXPECT_EQ(flow.facts.transport, HelloTransport::kTls);
  EXPECT_TRUE(flow.facts.at_start);
  EXPECT_TRUE(flow.facts.from_initiator);
  EXPECT_FALSE(flow.facts.partial);
  EXPECT_FALSE(flow.wanted());
  EXPECT_FALSE(flow.tcp(kFirst, stream));
  EXPECT_EQ(watch.stats().hellos, 1U);
  EXPECT_EQ(watch.stats().under_way_high, 0U);
}

#ifdef IPM_WITH_OPENSSL
TEST_F(HelloWatchTest, GivesFingerprints) {
  ASSERT_TRUE(flow.tcp(kFirst, stream));
  EXPECT_EQ(flow.facts.ja4->view(), kChromeJa4);
  EXPECT_TRUE(flow.facts.ja3);
  EXPECT_EQ(watch.why_no_fingerprints(), "");
}
#endif

TEST_F(HelloWatchTest, PutsThreeSegmentsTogetherInAnyOrder) {
  const Octets parts[] = {slice(long_stream, 0, 500), slice(long_stream, 500, 1000),
                          slice(long_stream, 1000, long_stream.size())};
  std::size_t order[] = {0, 1, 2};
  do {
    Flow each(watch);
    each.syn();
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(each.tcp(kFirst + static_cast<std::uint32_t>(order[i] * 500), parts[order[i]]), i == 2);
    }
    EXPECT_TRUE(each.facts.at_start);
    EXPECT_EQ(each.facts.sni(), "www.example.com");
  } while (std::next_permutation(std::begin(order), std::end(order)));
  EXPECT_EQ(watch.stats().under_way, 0U);
  EXPECT_EQ(watch.stats().under_way_high, 1U);
}

TEST_F(HelloWatchTest, PutsTwoSegmentsTogetherWhereverTheyAreCut) {
  for (std::size_t cut = 1; cut < stream.size(); ++cut) {
    Flow each(watch);
    each.syn();
    ASSERT_FALSE(each.tcp(kFirst, slice(stream, 0, cut))) << cut;
    ASSERT_TRUE(each.tcp(kFirst + static_cast<std::uint32_t>(cut), slice(stream, cut, stream.size()))) << cut;
    ASSERT_TRUE(each.facts.at_start);
  }
}

TEST_F(HelloWatchTest, RepeatedAndOverlappingSegmentsChangeNothing) {
  flow.syn();
  EXPECT_FALSE(flow.tcp(kFirst - 1, hex("00")));  // A keep-alive probe.
  EXPECT_FALSE(flow.tcp(kFirst, slice(long_stream, 0, 700)));
  EXPECT_FALSE(flow.tcp(kFirst, slice(long_stream, 0, 700)));
  EXPECT_FALSE(flow.tcp(kFirst + 100, slice(long_stream, 100, 800)));
  EXPECT_TRUE(flow.tcp(kFirst + 750, slice(long_stream, 750, long_stream.size())));
}

TEST_F(HelloWatchTest, FastOpenPayloadFollowsOnTheSyn) {
  ASSERT_TRUE(flow.tcp(kIsn, stream, kInitiator, kSyn));
  EXPECT_TRUE(flow.facts.at_start);
}

TEST_F(HelloWatchTest, FastOpenPayloadThatTheServerLeftIsSentAgain) {
  EXPECT_FALSE(flow.tcp(kIsn, slice(stream, 0, 100), kInitiator, kSyn));
  ASSERT_TRUE(flow.tcp(kFirst, stream));
  EXPECT_TRUE(flow.facts.at_start);
}

TEST_F(HelloWatchTest, CaptureThatBeginsWithTheHelloNeedsNoSyn) {
  EXPECT_FALSE(flow.tcp(kFirst, slice(long_stream, 0, 900)));
  ASSERT_TRUE(flow.tcp(kFirst + 900, slice(long_stream, 900, long_stream.size())));
  EXPECT_TRUE(flow.facts.at_start);
}

TEST_F(HelloWatchTest, ResponderMayBeTheClient) {
  flow.syn();
  flow.syn(kResponder);
  EXPECT_FALSE(flow.tcp(kFirst, slice(long_stream, 0, 900), kResponder));
  EXPECT_FALSE(flow.tcp(kFirst, text("hello"), kInitiator));
  ASSERT_TRUE(flow.tcp(kFirst + 900, slice(long_stream, 900, long_stream.size()), kResponder));
  EXPECT_FALSE(flow.facts.from_initiator);
  EXPECT_TRUE(flow.facts.at_start);
}

TEST_F(HelloWatchTest, HelloBehindStarttlsIsNotAtTheStart) {
  flow.syn();
  EXPECT_FALSE(flow.tcp(kFirst, text("220 mail.test ESMTP\r\n"), kResponder));
  EXPECT_FALSE(flow.tcp(kFirst, text("EHLO a.test\r\n")));
  EXPECT_FALSE(flow.tcp(kFirst + 21, text("250 STARTTLS\r\n"), kResponder));
  EXPECT_FALSE(flow.tcp(kFirst + 13, text("STARTTLS\r\n")));
  EXPECT_FALSE(flow.tcp(kFirst + 35, text("220 go ahead\r\n"), kResponder));
  EXPECT_FALSE(flow.tcp(kFirst + 23, slice(long_stream, 0, 900)));
  ASSERT_TRUE(flow.tcp(kFirst + 923, slice(long_stream, 900, long_stream.size())));
  EXPECT_FALSE(flow.facts.at_start);
  EXPECT_EQ(flow.facts.sni(), "www.example.com");
}

TEST_F(HelloWatchTest, FlowWithoutAHelloIsDecidedAfterItsPayloads) {
  flow.syn();
  for (std::uint32_t i = 0; i + 1 < kTcpPayloadsMax; ++i) {
    EXPECT_FALSE(flow.tcp(kFirst + i, text("G"), i % 2 == 0));
    EXPECT_TRUE(flow.wanted());
  }
  EXPECT_FALSE(flow.tcp(kFirst + 100, text("G")));
  EXPECT_FALSE(flow.wanted());
  EXPECT_FALSE(flow.tcp(kFirst + 200, stream));
}

TEST_F(HelloWatchTest, WhatComesLateAndIsNoHelloIsLetGo) {
  flow.syn();
  EXPECT_FALSE(flow.tcp(kFirst + 4, text("/ HTTP/1.1\r\n")));
  EXPECT_EQ(watch.stats().under_way, 1U);
  EXPECT_FALSE(flow.tcp(kFirst, text("GET ")));
  EXPECT_EQ(watch.stats().under_way, 0U);
  EXPECT_EQ(watch.stats().given_up, 0U);
  EXPECT_TRUE(flow.tcp(kFirst + 16, stream));
  EXPECT_FALSE(flow.facts.at_start);
}

TEST_F(HelloWatchTest, HelloThatContradictsItselfIsGivenUp) {
  Octets broken = stream;
  broken[5 + 4 + 2 + 32] = std::byte{0xff};  // Length of the session id.
  EXPECT_FALSE(flow.tcp(kFirst, broken));
  EXPECT_EQ(watch.stats().given_up, 1U);
  EXPECT_TRUE(flow.wanted());
}

TEST_F(HelloWatchTest, HelloThatContradictsItselfLateGivesItsNames) {
  Octets message = chrome_hello();
  message[message.size() - 32 - 1] = std::byte{33};  // The last extension is longer than there is.
  ASSERT_TRUE(flow.tcp(kFirst, handshake_record(message)));
  EXPECT_TRUE(flow.facts.partial);
  EXPECT_EQ(flow.facts.sni(), "www.example.com");
  EXPECT_FALSE(flow.facts.ja4);
  EXPECT_EQ(watch.stats().given_up, 0U);
}

TEST_F(HelloWatchTest, CutHelloGivesItsNamesAndNoFingerprint) {
  ASSERT_TRUE(flow.tcp(kFirst, slice(stream, 0, 200), kInitiator, kAck, 400));
  EXPECT_TRUE(flow.facts.partial);
  EXPECT_EQ(flow.facts.sni(), "www.example.com");
  EXPECT_FALSE(flow.facts.ja3);
  EXPECT_FALSE(flow.facts.ja4);
  EXPECT_EQ(watch.stats().hellos_partial, 1U);
}

TEST_F(HelloWatchTest, HelloThatIsCutBeforeItsCiphersIsNone) {
  EXPECT_FALSE(flow.tcp(kFirst, slice(stream, 0, 90), kInitiator, kAck, 400));
  EXPECT_EQ(watch.stats().hellos, 0U);
}

TEST_F(HelloWatchTest, PaddingOfACutCaptureBehindTheHelloDoesNotMatter) {
  ASSERT_TRUE(flow.tcp(kFirst, stream, kInitiator, kAck, 10));
  EXPECT_FALSE(flow.facts.partial);
}

TEST_F(HelloWatchTest, OldestHelloIsGivenUpWhenThePoolIsFull) {
  HelloWatch two({.tls_hellos_max = 2, .udp_hellos_max = 1});
  Flow first(two);
  Flow second(two);
  Flow third(two);
  const Octets rest = slice(long_stream, 500, long_stream.size());
  for (Flow* each : {&first, &second}) each->tcp(kFirst, slice(long_stream, 0, 500));
  EXPECT_EQ(two.stats().given_up_full, 0U);
  third.tcp(kFirst, slice(long_stream, 0, 500));
  EXPECT_EQ(two.stats().given_up_full, 1U);
  EXPECT_EQ(two.stats().under_way, 2U);
  EXPECT_FALSE(first.tcp(kFirst + 500, rest));
  EXPECT_FALSE(first.wanted());
  EXPECT_TRUE(third.tcp(kFirst + 500, rest));
  EXPECT_TRUE(second.tcp(kFirst + 500, rest));
  EXPECT_EQ(two.stats().under_way, 0U);
}

TEST_F(HelloWatchTest, WholeHelloNeedsNoPlace) {
  HelloWatch one({.tls_hellos_max = 1, .udp_hellos_max = 1});
  Flow waiting(one);
  Flow whole(one);
  waiting.tcp(kFirst, slice(long_stream, 0, 500));
  EXPECT_TRUE(whole.tcp(kFirst, stream));
  EXPECT_TRUE(waiting.tcp(kFirst + 500, slice(long_stream, 500, long_stream.size())));
}

TEST_F(HelloWatchTest, ReleaseFreesThePlace) {
  flow.tcp(kFirst, slice(long_stream, 0, 500));
  EXPECT_EQ(watch.stats().under_way, 1U);
  flow.release();
  EXPECT_EQ(watch.stats().under_way, 0U);
  EXPECT_EQ(watch.stats().abandoned, 1U);
  EXPECT_FALSE(flow.tcp(kFirst + 500, slice(long_stream, 500, long_stream.size())));
  flow.release();
  EXPECT_EQ(watch.stats().abandoned, 1U);
}

TEST_F(HelloWatchTest, ReadsDtlsBehindStunInEitherDirection) {
  const Octets body = dtls_hello_body({}, join({server_name("turn.test"), extension(21, Octets(100))}));
  const Octets stun = hex("0001 0000 2112a442 000102030405060708090a0b");
  EXPECT_FALSE(flow.udp(stun));
  EXPECT_FALSE(flow.udp(stun, kResponder));
  EXPECT_FALSE(flow.udp(dtls_record(dtls_fragment(body, 0, 50)), kResponder));
  EXPECT_FALSE(flow.udp(stun, kInitiator));
  ASSERT_TRUE(flow.udp(dtls_record(dtls_fragment(body, 50, body.size())), kResponder));
  EXPECT_EQ(flow.facts.transport, HelloTransport::kDtls);
  EXPECT_EQ(flow.facts.sni(), "turn.test");
  EXPECT_FALSE(flow.facts.from_initiator);
  EXPECT_FALSE(flow.facts.at_start);
  EXPECT_FALSE(flow.wanted());
}

TEST_F(HelloWatchTest, ReadsTheNameOfGooglesOwnQuic) {
  const Octets header = hex("c3 51303436 50 eacfe6e706df272d 00000004 60da58929f6839d0860efc58 a40104000400");
  ASSERT_TRUE(flow.udp(join({header, google_hello("fonts.test")})));
  EXPECT_EQ(flow.facts.sni(), "fonts.test");
  EXPECT_EQ(flow.facts.transport, HelloTransport::kQuic);
  EXPECT_TRUE(flow.facts.google);
  EXPECT_FALSE(flow.facts.ja4);
}

TEST_F(HelloWatchTest, OtherDatagramsAreDecidedAfterTheirBound) {
  for (std::uint32_t i = 0; i + 1 < kUdpPayloadsMax; ++i) {
    EXPECT_FALSE(flow.udp(hex("80 00"), i % 2 == 0));
    EXPECT_TRUE(flow.wanted());
  }
  EXPECT_FALSE(flow.udp(hex("80 00")));
  EXPECT_FALSE(flow.wanted());
}

#ifdef IPM_WITH_OPENSSL
TEST_F(HelloWatchTest, ReadsQuicOverTwoDatagramsBesideTheServersAnswer) {
  const Octets hello = chrome_hello(1400);
  const auto sealed = [](std::uint64_t packet_number, const Octets& frames) {
    return seal({.destination = rfc_cid(), .packet_number = packet_number, .frames = frames}, rfc9001_keys());
  };
  const Octets server =
      seal({.destination = hex("0908"), .frames = crypto_frame(0, hello)},
           keys_of("cf3a5331653c364c88f0f379b6067e37", "0ac1493ca1905853b0bba03e", "c206b8d9b9f0f37644430b490eeaa314"));
  EXPECT_FALSE(flow.udp(server, kResponder));
  EXPECT_FALSE(flow.udp(sealed(0, crypto_frame(0, slice(hello, 0, 1000)))));
  EXPECT_FALSE(flow.udp(server, kResponder));
  ASSERT_TRUE(flow.udp(sealed(1, crypto_frame(1000, slice(hello, 1000, hello.size())))));
  EXPECT_EQ(flow.facts.transport, HelloTransport::kQuic);
  EXPECT_EQ(flow.facts.sni(), "www.example.com");
  EXPECT_EQ(flow.facts.ja4->view().substr(0, 10), "q13d1516h2");
  EXPECT_TRUE(flow.facts.at_start);
  EXPECT_EQ(watch.stats().under_way_high, 1U);
}
#else
TEST_F(HelloWatchTest, SaysWhatIsAbsentWithoutOpenssl) {
  EXPECT_NE(watch.why_no_quic(), "");
  EXPECT_NE(watch.why_no_fingerprints(), "");
}
#endif

}  // namespace
}  // namespace ipm::decode::flow
