#include "decode/byte_entropy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/random.h"
#include "decode/octets.h"

namespace ipm::decode {
namespace {

using test::Octets;
using test::text;

Octets all_values(std::size_t times) {
  Octets out;
  for (std::size_t i = 0; i < times * 256; ++i) out.push_back(static_cast<std::byte>(i));
  return out;
}
float bits_of(const Octets& payload) {
  ByteEntropy entropy;
  EntropyTicket ticket;
  entropy.add(ticket, 0, payload);
  return entropy.value(ticket)->bits;
}

TEST(ByteEntropyTest, KnowsTheExtremesAndHalves) {
  EXPECT_FLOAT_EQ(bits_of(Octets(100)), 0.0F);
  EXPECT_FLOAT_EQ(bits_of(text("abababab")), 1.0F);
  EXPECT_FLOAT_EQ(bits_of(text("abcd")), 2.0F);
  EXPECT_FLOAT_EQ(bits_of(all_values(16)), 8.0F);
  // 3 of 4: -(3/4 · log2(3/4) + 1/4 · log2(1/4)).
  EXPECT_FLOAT_EQ(bits_of(text("aaab")), 0.81127812F);
}

TEST(ByteEntropyTest, PiecesMakeOneSample) {
  ByteEntropy entropy;
  EntropyTicket ticket;
  EXPECT_FALSE(entropy.value(ticket));
  entropy.add(ticket, 0, {});
  EXPECT_FALSE(entropy.value(ticket));
  entropy.add(ticket, 0, text("aa"));
  entropy.add(ticket, 0, text("bb"));
  EXPECT_FLOAT_EQ(entropy.value(ticket)->bits, 1.0F);
  EXPECT_EQ(entropy.value(ticket)->bytes, 4U);
}

TEST(ByteEntropyTest, SampleEndsWhenItIsFull) {
  ByteEntropy entropy({.samples_max = 1, .sample_bytes = 4});
  EntropyTicket ticket;
  entropy.add(ticket, 0, text("aab"));
  EXPECT_TRUE(ByteEntropy::wants(ticket));
  EXPECT_EQ(entropy.stats().under_way, 1U);
  entropy.add(ticket, 0, text("bcdefg"));
  EXPECT_FALSE(ByteEntropy::wants(ticket));
  EXPECT_EQ(entropy.stats().under_way, 0U);
  EXPECT_FLOAT_EQ(entropy.value(ticket)->bits, 1.0F);
  EXPECT_EQ(entropy.value(ticket)->bytes, 4U);
  entropy.add(ticket, 0, text("xyz"));
  EXPECT_EQ(entropy.value(ticket)->bytes, 4U);
}

TEST(ByteEntropyTest, FullPoolHandsTheOldestSampleBack) {
  ByteEntropy entropy({.samples_max = 2, .sample_bytes = 100});
  EntropyTicket first;
  EntropyTicket second;
  EntropyTicket third;
  EXPECT_FALSE(entropy.add(first, 71, text("ab")));
  EXPECT_FALSE(entropy.add(second, 72, text("a")));
  EXPECT_FALSE(entropy.add(first, 71, text("ab")));
  const auto ended = entropy.add(third, 73, text("abcd"));
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->owner, 71U);
  EXPECT_FLOAT_EQ(ended->result.bits, 1.0F);
  EXPECT_EQ(ended->result.bytes, 4U);
  EXPECT_FALSE(entropy.value(first));
  ByteEntropy::keep(first, ended->result);
  EXPECT_EQ(entropy.value(first)->bytes, 4U);
  EXPECT_FLOAT_EQ(entropy.value(third)->bits, 2.0F);
  EXPECT_FLOAT_EQ(entropy.value(second)->bits, 0.0F);
  EXPECT_EQ(entropy.stats().ended_early, 1U);
  EXPECT_EQ(entropy.stats().under_way_high, 2U);
}

TEST(ByteEntropyTest, OfTooFewBytesThereIsNoResult) {
  ByteEntropy entropy({.samples_max = 1, .sample_bytes = 8, .bytes_min = 4});
  EntropyTicket first;
  entropy.add(first, 1, text("aab"));
  EXPECT_FALSE(entropy.value(first));
  entropy.add(first, 1, text("b"));
  EXPECT_FLOAT_EQ(entropy.value(first)->bits, 1.0F);
  entropy.end(first);
  EXPECT_EQ(entropy.value(first)->bytes, 4U);
  EntropyTicket second, third;
  entropy.add(second, 2, text("aab"));
  const auto ended = entropy.add(third, 3, text("a"));
  ASSERT_TRUE(ended);
  ByteEntropy::keep(second, ended->result);
  EXPECT_FALSE(entropy.value(second));
}

TEST(ByteEntropyTest, AFirstPayloadOfAWholeSampleTakesNoPlace) {
  ByteEntropy entropy({.samples_max = 1, .sample_bytes = 4});
  EntropyTicket first, second;
  entropy.add(first, 1, text("a"));
  EXPECT_FALSE(entropy.add(second, 2, text("aabbcc")));
  EXPECT_FLOAT_EQ(entropy.value(second)->bits, 1.0F);
  EXPECT_EQ(entropy.value(second)->bytes, 4U);
  EXPECT_EQ(entropy.stats().under_way, 1U);
  EXPECT_EQ(entropy.stats().samples, 2U);
}

TEST(ByteEntropyTest, TicketWhoseSampleWasNotKeptCountsNoMore) {
  ByteEntropy entropy({.samples_max = 1, .sample_bytes = 100});
  EntropyTicket first;
  EntropyTicket second;
  entropy.add(first, 1, text("a"));
  EXPECT_TRUE(entropy.add(second, 2, text("b")));
  EXPECT_FALSE(entropy.add(first, 1, text("a")));
  EXPECT_FALSE(ByteEntropy::wants(first));
  EXPECT_FALSE(entropy.value(first));
}

TEST(ByteEntropyTest, EndFreesThePlaceAndKeepsTheNumber) {
  ByteEntropy entropy({.samples_max = 1, .sample_bytes = 100});
  EntropyTicket first;
  EntropyTicket second;
  entropy.add(first, 1, text("ab"));
  entropy.end(first);
  entropy.end(first);
  EXPECT_FLOAT_EQ(entropy.value(first)->bits, 1.0F);
  EXPECT_FALSE(entropy.add(second, 2, text("aaaa")));
  EXPECT_FLOAT_EQ(entropy.value(first)->bits, 1.0F);
  EXPECT_FLOAT_EQ(entropy.value(second)->bits, 0.0F);
  EntropyTicket silent;
  entropy.end(silent);
  EXPECT_FALSE(entropy.value(silent));
}

// Seeded operations beside a plain count of the same bytes.
TEST(ByteEntropyTest, AgreesWithAPlainCountWhateverIsEvicted) {
  Random random(42);
  ByteEntropy entropy({.samples_max = 5, .sample_bytes = 64});
  std::array<EntropyTicket, 16> tickets;
  std::array<Octets, 16> bytes;
  std::array<bool, 16> handed_back = {};
  for (int step = 0; step < 20'000; ++step) {
    const auto flow = random.below(tickets.size());
    if (random.one_in(16)) {
      entropy.end(tickets[flow]);
      tickets[flow] = {};
      bytes[flow].clear();
      handed_back[flow] = false;
      continue;
    }
    Octets payload(random.below(20));
    for (std::byte& byte : payload) byte = static_cast<std::byte>(random.below(4));
    const bool counts = ByteEntropy::wants(tickets[flow]);
    if (const auto ended = entropy.add(tickets[flow], flow, payload)) {
      ByteEntropy::keep(tickets[ended->owner], ended->result);
      handed_back[ended->owner] = true;
    }
    if (counts) bytes[flow].insert(bytes[flow].end(), payload.begin(), payload.end());
    for (std::size_t i = 0; i < tickets.size(); ++i) {
      const auto value = entropy.value(tickets[i]);
      ASSERT_EQ(value.has_value(), !bytes[i].empty());
      if (!value) continue;
      const std::size_t n = std::min<std::size_t>(bytes[i].size(), 64);
      double expected = 0;
      for (int letter = 0; letter < 4; ++letter) {
        const auto count = static_cast<double>(
            std::count(bytes[i].begin(), bytes[i].begin() + static_cast<std::ptrdiff_t>(n), std::byte(letter)));
        const double p = count / static_cast<double>(n);
        if (count > 0) expected -= p * std::log2(p);
      }
      ASSERT_EQ(value->bytes, n);
      ASSERT_NEAR(value->bits, expected, 1e-5);
    }
  }
  EXPECT_GT(entropy.stats().ended_early, 100U);
  EXPECT_LE(entropy.stats().under_way_high, 5U);
}

}  // namespace
}  // namespace ipm::decode
