#include "decode/dns_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "decode/dns_octets.h"

namespace ipm::decode {
namespace {

using namespace test;  // NOLINT: the words of dns_octets.h
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint32_t kFirst = 0xffff'fff8;  // So that the numbers wrap.

// A message of twelve bytes and a letter.
Octets message(char letter) {
  return sized(2, join({Octets(12), text(std::string(1, letter))}));
}

class DnsStreamTest : public ::testing::Test {
 protected:
  // The letters of the messages that a segment completes.
  std::vector<std::string> feed(std::uint32_t at, const Octets& payload, std::uint8_t flags = kAck,
                                std::uint16_t port = 4000, std::uint32_t cut_bytes = 0) {
    const Exactly exact(payload);
    Packet packet;
    packet.protocol = 6;
    packet.src_port = port;
    packet.dst_port = 53;
    packet.tcp_flags = flags;
    packet.seq = kFirst + at;
    packet.payload = exact.bytes();
    packet.payload_bytes = static_cast<std::uint32_t>(payload.size()) + cut_bytes;
    std::vector<std::string> out;
    streams_.begin(packet);
    while (const auto bytes = streams_.next()) {
      out.push_back(bytes->size() > 12 ? std::string(1, static_cast<char>(bytes->back())) : "cut");
    }
    return out;
  }

  DnsStreams streams_{2};
  const Octets three_ = join({message('a'), message('b'), message('c')});
};

TEST_F(DnsStreamTest, TakesSeveralMessagesOfOneSegment) {
  EXPECT_THAT(feed(0, three_), ElementsAre("a", "b", "c"));
}

TEST_F(DnsStreamTest, PutsMessagesTogetherWhereverTheyAreCut) {
  for (std::size_t cut = 1; cut < three_.size(); ++cut) {
    DnsStreams fresh(2);
    std::swap(fresh, streams_);
    std::vector<std::string> all = feed(0, {three_.begin(), three_.begin() + static_cast<std::ptrdiff_t>(cut)});
    EXPECT_EQ(all.size(), cut / 15);
    const auto rest =
        feed(static_cast<std::uint32_t>(cut), {three_.begin() + static_cast<std::ptrdiff_t>(cut), three_.end()});
    all.insert(all.end(), rest.begin(), rest.end());
    ASSERT_THAT(all, ElementsAre("a", "b", "c")) << cut;
  }
}

TEST_F(DnsStreamTest, OneByteASegmentWillDo) {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < three_.size(); ++i) {
    for (const auto& letter : feed(static_cast<std::uint32_t>(i), {three_[i]})) all.push_back(letter);
  }
  EXPECT_THAT(all, ElementsAre("a", "b", "c"));
}

TEST_F(DnsStreamTest, WaitsForWhatComesBefore) {
  EXPECT_THAT(feed(0, message('a')), ElementsAre("a"));
  EXPECT_THAT(feed(30, message('c')), IsEmpty());
  EXPECT_THAT(feed(15, message('b')), ElementsAre("b", "c"));
}

TEST_F(DnsStreamTest, RepeatsGiveNothing) {
  EXPECT_THAT(feed(0, message('a')), ElementsAre("a"));
  EXPECT_THAT(feed(0, message('a')), IsEmpty());
  EXPECT_THAT(feed(0, three_), ElementsAre("b", "c"));
}

TEST_F(DnsStreamTest, NewConnectionBeginsAnew) {
  EXPECT_THAT(feed(0, message('a')), ElementsAre("a"));
  EXPECT_THAT(feed(0, {}, kSyn), IsEmpty());
  EXPECT_THAT(feed(0, message('a')), ElementsAre("a"));
}

TEST_F(DnsStreamTest, EndOfAConnectionFreesItsStream) {
  EXPECT_THAT(feed(0, message('a'), kAck | kFin), ElementsAre("a"));
  EXPECT_THAT(feed(0, message('b'), kAck, 4001), ElementsAre("b"));
  EXPECT_THAT(feed(0, message('c'), kAck, 4002), ElementsAre("c"));
  EXPECT_EQ(streams_.stats().given_up, 0U);
}

TEST_F(DnsStreamTest, LongestUntouchedIsGivenUpForANewOne) {
  const Octets half = {three_.begin(), three_.begin() + 20};
  const Octets rest = {three_.begin() + 20, three_.end()};
  EXPECT_THAT(feed(0, half, kAck, 4000), ElementsAre("a"));
  EXPECT_THAT(feed(0, half, kAck, 4001), ElementsAre("a"));
  EXPECT_THAT(feed(0, half, kAck, 4002), ElementsAre("a"));
  EXPECT_EQ(streams_.stats().given_up, 1U);
  EXPECT_THAT(feed(20, rest, kAck, 4001), ElementsAre("b", "c"));
  EXPECT_THAT(feed(20, rest, kAck, 4002), ElementsAre("b", "c"));
}

TEST_F(DnsStreamTest, LengthOfNoMessageEndsTheSegment) {
  EXPECT_THAT(feed(0, join({message('a'), hex("000b"), Octets(11)})), ElementsAre("a"));
  EXPECT_EQ(streams_.stats().broken, 1U);
  EXPECT_THAT(feed(28, message('b')), ElementsAre("b"));
}

TEST_F(DnsStreamTest, HoleThatIsNeverFilledIsSteppedOver) {
  EXPECT_THAT(feed(0, message('a')), ElementsAre("a"));
  for (std::uint32_t i = 0; i < DnsStreams::kPiecesMax; ++i) {
    EXPECT_THAT(feed(30 + 15 * i, message('x')), IsEmpty());
  }
  EXPECT_EQ(streams_.stats().broken, 0U);
  const std::uint32_t at = 30 + 15 * DnsStreams::kPiecesMax;
  EXPECT_THAT(feed(at, message('y')), ElementsAre("y"));
  EXPECT_EQ(streams_.stats().broken, 1U);
  EXPECT_THAT(feed(at + 15, message('z')), ElementsAre("z"));
}

TEST_F(DnsStreamTest, GapBeyondAMessageIsSteppedOver) {
  EXPECT_THAT(feed(0, message('a')), ElementsAre("a"));
  EXPECT_THAT(feed(100'000, message('b')), ElementsAre("b"));
  EXPECT_EQ(streams_.stats().broken, 1U);
}

TEST_F(DnsStreamTest, LongestMessageFits) {
  const Octets longest = sized(2, join({Octets(65'534), text("z")}));
  EXPECT_THAT(feed(0, {longest.begin(), longest.begin() + 40'000}), IsEmpty());
  EXPECT_THAT(feed(40'000, {longest.begin() + 40'000, longest.end()}), ElementsAre("z"));
}

TEST_F(DnsStreamTest, MessageThatTheCaptureCutIsGivenAsFarAsItGoes) {
  EXPECT_THAT(feed(0, {three_.begin(), three_.begin() + 20}, kAck, 4000, 25), ElementsAre("a", "cut"));
  EXPECT_THAT(feed(45, message('d')), ElementsAre("d"));
}

}  // namespace
}  // namespace ipm::decode
