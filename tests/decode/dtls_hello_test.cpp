#include "decode/dtls_hello.h"

#include <gtest/gtest.h>

#include "decode/dtls_octets.h"
#include "decode/ja4.h"

namespace ipm::decode {
namespace {

using namespace test;  // NOLINT: the words of dtls_octets.h
using State = DtlsHello::State;

const Octets kCookie = hex("00112233445566778899");

State feed(DtlsHello& hello, const Octets& datagram) {
  const Exactly exact(datagram);
  return hello.feed(exact.bytes());
}
State feed_once(const Octets& datagram) {
  DtlsHello hello;
  return feed(hello, datagram);
}
Octets body_named(std::string_view name, const Octets& cookie = {}, std::size_t padding_bytes = 0) {
  return dtls_hello_body(cookie, join({server_name(name), extension(21, Octets(padding_bytes))}));
}

TEST(DtlsHelloTest, OneDatagramIsEnough) {
  DtlsHello hello;
  ASSERT_EQ(feed(hello, dtls_record(dtls_message(body_named("a.test")))), State::kDone);
  EXPECT_EQ(hello.hello().sni(), "a.test");
  EXPECT_EQ(hello.hello().version, 0xfefd);
  EXPECT_EQ(hello.hello().ciphers.size(), 2U);
}

TEST(DtlsHelloTest, CookieIsSteppedOver) {
  DtlsHello hello;
  ASSERT_EQ(feed(hello, dtls_record(dtls_message(body_named("a.test", kCookie), 1))), State::kDone);
  EXPECT_EQ(hello.hello().sni(), "a.test");
}

TEST(DtlsHelloTest, FirstHelloCountsThoughAnotherFollows) {
  DtlsHello hello;
  EXPECT_EQ(feed(hello, dtls_record(dtls_message(body_named("first.test")))), State::kDone);
  EXPECT_EQ(feed(hello, dtls_record(dtls_message(body_named("second.test", kCookie), 1))), State::kDone);
  EXPECT_EQ(hello.hello().sni(), "first.test");
}

TEST(DtlsHelloTest, SecondHelloCountsWhereTheFirstIsNotWhole) {
  DtlsHello hello;
  const Octets first = body_named("first.test");
  EXPECT_EQ(feed(hello, dtls_record(dtls_fragment(first, 0, 20))), State::kWaiting);
  EXPECT_EQ(feed(hello, dtls_record(dtls_message(body_named("second.test", kCookie), 1))), State::kDone);
  EXPECT_EQ(hello.hello().sni(), "second.test");
}

TEST(DtlsHelloTest, FragmentsComeInAnyOrderAndTwice) {
  const Octets body = body_named("a.test", {}, 700);
  DtlsHello hello;
  EXPECT_EQ(feed(hello, dtls_record(dtls_fragment(body, 500, body.size()))), State::kWaiting);
  EXPECT_TRUE(hello.begun());
  EXPECT_EQ(feed(hello, dtls_record(dtls_fragment(body, 0, 200))), State::kWaiting);
  EXPECT_EQ(feed(hello, dtls_record(dtls_fragment(body, 0, 200))), State::kWaiting);
  EXPECT_EQ(feed(hello, dtls_record(dtls_fragment(body, 150, 510))), State::kDone);
  EXPECT_EQ(hello.hello().sni(), "a.test");
}

TEST(DtlsHelloTest, FragmentsShareRecordsAndRecordsShareADatagram) {
  const Octets body = body_named("a.test");
  const Octets one_record = join({dtls_fragment(body, 0, 10), dtls_fragment(body, 10, body.size())});
  EXPECT_EQ(feed_once(dtls_record(one_record)), State::kDone);
  const Octets alert = dtls_record(hex("0100"), 0, 21);
  const Octets sealed = dtls_record(hex("0102030405"), 1);
  EXPECT_EQ(feed_once(join({alert, sealed, dtls_record(dtls_message(body))})), State::kDone);
}

TEST(DtlsHelloTest, VersionsBeforeTheStandardAndAfter) {
  const Octets body = body_named("a.test");
  EXPECT_EQ(feed_once(dtls_record(dtls_message(body), 0, 22, 0x0100)), State::kDone);
  EXPECT_EQ(feed_once(dtls_record(dtls_message(body), 0, 22, 0xfefd)), State::kDone);
  EXPECT_EQ(feed_once(dtls_record(dtls_message(body), 0, 22, 0xfefc)), State::kWaiting);  // Never in a record in clear.
  EXPECT_EQ(feed_once(dtls_record(dtls_message(body), 0, 22, 0x0303)), State::kWaiting);
}

TEST(DtlsHelloTest, PreambleOfCapwapIsSteppedOver) {
  const Octets datagram = join({hex("01000000"), dtls_record(dtls_message(body_named("a.test")))});
  EXPECT_TRUE(begins_dtls_hello(datagram));
  EXPECT_EQ(feed_once(datagram), State::kDone);
}

TEST(DtlsHelloTest, FragmentBeyondItsMessageIsMalformed) {
  const Octets body = body_named("a.test");
  Octets fragment = dtls_fragment(body, 10, body.size());
  fragment[8] = std::byte{11};  // Its offset.
  EXPECT_EQ(feed_once(dtls_record(fragment)), State::kMalformed);
}

TEST(DtlsHelloTest, OtherMessagesAreNoHello) {
  DtlsHello hello;
  EXPECT_EQ(feed(hello, dtls_record(dtls_fragment(Octets(50), 0, 50, 0, 2))), State::kWaiting);  // A ServerHello.
  EXPECT_FALSE(hello.begun());
}

TEST(DtlsHelloTest, HelloHasAtMostItsBound) {
  const Octets too_long(kHelloBytesMax + 1);
  EXPECT_EQ(feed_once(dtls_record(dtls_fragment(too_long, 0, 10))), State::kTooLarge);
  const std::size_t overhead = body_named("a.test").size();
  const Octets longest = body_named("a.test", {}, kHelloBytesMax - overhead);
  ASSERT_EQ(longest.size(), kHelloBytesMax);
  DtlsHello hello;
  EXPECT_EQ(feed(hello, dtls_record(dtls_fragment(longest, 0, 9000))), State::kWaiting);
  EXPECT_EQ(feed(hello, dtls_record(dtls_fragment(longest, 9000, longest.size()))), State::kDone);
}

TEST(DtlsHelloTest, GivesUpAfterAsManyFragmentsAsItsBound) {
  const Octets body = body_named("a.test");
  DtlsHello hello;
  for (std::uint32_t i = 0; i + 1 < DtlsHello::kFragmentsMax; ++i) {
    EXPECT_EQ(feed(hello, dtls_record(dtls_fragment(body, 0, 1))), State::kWaiting);
  }
  EXPECT_EQ(feed(hello, dtls_record(dtls_fragment(body, 0, 1))), State::kGap);
}

TEST(DtlsHelloTest, GivesUpWhenTooManyHolesAreLeft) {
  const Octets body = body_named("a.test", {}, 100);
  DtlsHello hello;
  for (std::size_t i = 1; i <= DtlsHello::kHolesMax; ++i) {
    EXPECT_EQ(feed(hello, dtls_record(dtls_fragment(body, i * 4, i * 4 + 2))), State::kWaiting);
  }
  EXPECT_EQ(feed(hello, dtls_record(dtls_fragment(body, 100, 102))), State::kGap);
}

TEST(DtlsHelloTest, DatagramThatIsCutWaits) {
  const Octets whole = dtls_record(dtls_message(body_named("a.test")));
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    EXPECT_EQ(feed_once({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(bytes)}), State::kWaiting) << bytes;
  }
}

TEST(DtlsHelloTest, IsToldByItsFirstBytes) {
  const Octets body = body_named("a.test");
  EXPECT_TRUE(begins_dtls_hello(dtls_record(dtls_message(body))));
  EXPECT_FALSE(begins_dtls_hello(dtls_record(dtls_message(body), 1)));
  EXPECT_FALSE(begins_dtls_hello(dtls_record(dtls_fragment(body, 0, 9, 0, 3))));  // HelloVerifyRequest.
  EXPECT_FALSE(begins_dtls_hello(dtls_record({})));
}

TEST(DtlsHelloTest, FingerprintCountsVersionsDownwards) {
  DtlsHello hello;
  const Octets body = dtls_hello_body({}, extension(43, sized(1, numbers16({0xfefd, 0xfefc}))));
  ASSERT_EQ(feed(hello, dtls_record(dtls_message(body))), State::kDone);
  EXPECT_EQ(ja4_raw(hello.hello(), HelloTransport::kDtls), "dd3i020100_c02b,c02f_002b");
}

TEST(DtlsHelloTest, IsReadyForTheNextFlowAfterReset) {
  DtlsHello hello;
  const Octets body = body_named("a.test");
  EXPECT_EQ(feed(hello, dtls_record(dtls_fragment(body, 10, body.size(), 5))), State::kWaiting);
  hello.reset();
  EXPECT_FALSE(hello.begun());
  EXPECT_EQ(feed(hello, dtls_record(dtls_fragment(body, 0, 10, 0))), State::kWaiting);
  EXPECT_EQ(feed(hello, dtls_record(dtls_fragment(body, 10, body.size(), 0))), State::kDone);
}

}  // namespace
}  // namespace ipm::decode
