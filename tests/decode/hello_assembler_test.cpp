#include "decode/hello_assembler.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "decode/hello_octets.h"

namespace ipm::decode {
namespace {

using namespace test;  // NOLINT: the words of hello_octets.h
using State = HelloAssembler::State;

constexpr std::uint32_t kFirst = 0xffff'ff00;  // So that the numbers wrap within the hello.

State feed(HelloAssembler& assembler, const Octets& stream, std::size_t from, std::size_t to) {
  const Exactly piece(Bytes(stream).subspan(from, to - from));
  return assembler.feed(kFirst + static_cast<std::uint32_t>(from), piece.bytes());
}
HelloAssembler fresh() {
  HelloAssembler assembler;
  assembler.reset(kFirst);
  return assembler;
}
State feed_whole(const Octets& stream) {
  HelloAssembler assembler = fresh();
  return feed(assembler, stream, 0, stream.size());
}

TEST(HelloAssemblerTest, OneSegmentIsEnough) {
  HelloAssembler assembler = fresh();
  const Octets stream = handshake_record(chrome_hello());
  ASSERT_EQ(feed(assembler, stream, 0, stream.size()), State::kDone);
  EXPECT_EQ(assembler.hello().sni(), "www.example.com");
}

TEST(HelloAssemblerTest, PutsTwoSegmentsTogetherWhereverTheyAreCut) {
  const Octets stream = handshake_record(chrome_hello(1400));
  for (std::size_t cut = 1; cut < stream.size(); ++cut) {
    HelloAssembler assembler = fresh();
    ASSERT_EQ(feed(assembler, stream, 0, cut), State::kWaiting) << cut;
    ASSERT_EQ(feed(assembler, stream, cut, stream.size()), State::kDone) << cut;
    ASSERT_EQ(assembler.hello().sni(), "www.example.com");
  }
}

TEST(HelloAssemblerTest, WaitsForWhatComesBefore) {
  const Octets stream = handshake_record(chrome_hello(1400));
  HelloAssembler assembler = fresh();
  EXPECT_EQ(feed(assembler, stream, 1500, stream.size()), State::kWaiting);
  EXPECT_EQ(feed(assembler, stream, 900, 1200), State::kWaiting);
  EXPECT_EQ(feed(assembler, stream, 0, 1000), State::kWaiting);
  EXPECT_EQ(feed(assembler, stream, 1100, 1500), State::kDone);
}

TEST(HelloAssemblerTest, RepeatsChangeNothing) {
  const Octets stream = handshake_record(chrome_hello(1400));
  HelloAssembler assembler = fresh();
  EXPECT_EQ(feed(assembler, stream, 0, 700), State::kWaiting);
  const Octets lies(700, std::byte{0xee});
  EXPECT_EQ(assembler.feed(kFirst, lies), State::kWaiting);
  EXPECT_EQ(assembler.feed(kFirst - 1, hex("00")), State::kWaiting);  // A keep-alive.
  EXPECT_EQ(feed(assembler, stream, 600, stream.size()), State::kDone);
  EXPECT_EQ(assembler.hello().sni(), "www.example.com");
}

TEST(HelloAssemblerTest, JoinsAsManyRecordsAsItsBound) {
  const Octets hello = chrome_hello();
  const auto in_records = [&](std::size_t records) {
    Octets stream;
    for (std::size_t i = 0; i < records; ++i) {
      const auto begin = hello.begin() + static_cast<std::ptrdiff_t>(i * 3);
      const auto end = i + 1 == records ? hello.end() : begin + 3;
      stream = join({stream, handshake_record({begin, end})});
    }
    return stream;
  };
  for (std::size_t records = 1; records <= HelloAssembler::kRecordsMax; ++records) {
    EXPECT_EQ(feed_whole(in_records(records)), State::kDone) << records;
  }
  EXPECT_EQ(feed_whole(in_records(HelloAssembler::kRecordsMax + 1)), State::kTooLarge);
}

TEST(HelloAssemblerTest, MoreInTheSameRecordDoesNotMatter) {
  EXPECT_EQ(feed_whole(handshake_record(join({chrome_hello(), hex("0b000000")}))), State::kDone);
}

TEST(HelloAssemblerTest, HelloHasAtMostItsBound) {
  const std::size_t overhead = chrome_hello(0).size();
  EXPECT_EQ(feed_whole(handshake_record(chrome_hello(kHelloBytesMax - overhead))), State::kDone);
  EXPECT_EQ(feed_whole(handshake_record(chrome_hello(kHelloBytesMax - overhead + 1))), State::kNotTls);  // Its record.
  const Octets longer = chrome_hello(kHelloBytesMax - overhead + 1);
  EXPECT_EQ(feed_whole(handshake_record({longer.begin(), longer.begin() + 100})), State::kTooLarge);
}

TEST(HelloAssemblerTest, TellsOtherProtocolsAtTheFirstByte) {
  EXPECT_EQ(feed_whole(text("GET / HTTP/1.1")), State::kNotTls);
  EXPECT_EQ(feed_whole(hex("1602")), State::kNotTls);                  // No TLS has version 2.
  EXPECT_EQ(feed_whole(hex("160303 0004 02000000")), State::kNotTls);  // The server's.
  EXPECT_EQ(feed_whole(hex("150303 0002 0100")), State::kNotTls);      // An alert.
}

TEST(HelloAssemblerTest, OtherRecordInsideAHelloIsMalformed) {
  const Octets hello = chrome_hello();
  const Octets part = handshake_record({hello.begin(), hello.begin() + 50});
  EXPECT_EQ(feed_whole(join({part, hex("150303 0002 0100")})), State::kMalformed);
  EXPECT_EQ(feed_whole(join({part, hex("160303 0000")})), State::kMalformed);
}

TEST(HelloAssemblerTest, GivesUpWhenTooManyHolesAreLeft) {
  const Octets stream = handshake_record(chrome_hello(1400));
  HelloAssembler assembler = fresh();
  for (std::size_t i = 1; i <= HelloAssembler::kHolesMax; ++i) {
    EXPECT_EQ(feed(assembler, stream, i * 20, i * 20 + 10), State::kWaiting);
  }
  EXPECT_EQ(feed(assembler, stream, 200, 210), State::kGap);
  EXPECT_EQ(feed(assembler, stream, 0, stream.size()), State::kGap);
}

TEST(HelloAssemblerTest, GivesUpAfterAsManyPiecesAsItsBound) {
  const Octets stream = handshake_record(chrome_hello());
  HelloAssembler assembler = fresh();
  for (std::size_t i = 0; i + 1 < HelloAssembler::kPiecesMax; ++i) {
    EXPECT_EQ(feed(assembler, stream, i, i + 1), State::kWaiting);
  }
  EXPECT_EQ(feed(assembler, stream, 31, 32), State::kGap);
}

TEST(HelloAssemblerTest, IsReadyForTheNextConnectionAfterReset) {
  HelloAssembler assembler = fresh();
  const Octets stream = handshake_record(chrome_hello());
  EXPECT_EQ(feed(assembler, stream, 10, 20), State::kWaiting);
  assembler.reset(kFirst);
  EXPECT_EQ(feed(assembler, stream, 0, 10), State::kWaiting);
  EXPECT_EQ(feed(assembler, stream, 20, stream.size()), State::kWaiting);
  EXPECT_EQ(feed(assembler, stream, 10, 20), State::kDone);
}

}  // namespace
}  // namespace ipm::decode
