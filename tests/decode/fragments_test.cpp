#include "decode/fragments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "base/random.h"
#include "decode/frame_octets.h"

namespace ipm::decode {
namespace {

using test::ethernet;
using test::hex;
using test::ipv4;
using test::join;
using test::kProtoGre;
using test::kProtoTcp;
using test::kProtoUdp;
using test::Octets;
using test::packet;
using test::see;
using test::text;
using test::text_of;
using test::udp;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr TimeNs kT0 = 1'000 * kSecond;
constexpr std::uint32_t kMore = 0x2000;

Frame frame_of(const Octets& raw) {
  const test::Seen seen = see(test::kLinkRaw, raw);
  EXPECT_EQ(seen.verdict, Verdict::kOk);
  return seen.frame;
}
// 10.0.0.1:port → 192.0.2.7:53. The first 16 bytes of the datagram, and 8 more of it.
Frame first(std::uint32_t id, std::uint32_t port = 54321) {
  return frame_of(ipv4(kProtoUdp, udp(port, 53, text("12345678")), {.fragment = kMore, .id = id}));
}
Frame later(std::uint32_t id, std::uint32_t protocol = kProtoUdp) {
  return frame_of(ipv4(protocol, text("abcdefgh"), {.fragment = 2, .id = id}));
}
constexpr std::string_view kLaterText = "10.0.0.1:54321 > 192.0.2.7:53 udp ip 28 payload 8 later";

std::vector<std::string> joined(FragmentTable& table) {
  std::vector<std::string> out;
  for (JoinedFragment fragment; table.next_joined(fragment);) {
    out.push_back(text_of(fragment.inner));
    if (!fragment.has_outer) out.back() += " inner only";
    if (fragment.has_outer && fragment.tunnelled) out.back() += " / " + text_of(fragment.outer);
  }
  return out;
}
bool add(FragmentTable& table, Frame frame, TimeNs time = kT0) {
  return table.join(frame, time, 42).inner;
}

TEST(FragmentTableTest, IsNeededForFragmentsOnly) {
  EXPECT_TRUE(FragmentTable::needed(first(1)));
  EXPECT_TRUE(FragmentTable::needed(later(1)));
  EXPECT_FALSE(FragmentTable::needed(frame_of(packet())));
}

TEST(FragmentTableTest, LaterFragmentGetsThePortsOfTheFirst) {
  FragmentTable table({});
  Frame frame = first(1);
  EXPECT_TRUE(table.join(frame, kT0, 44).inner);
  EXPECT_EQ(text_of(frame.inner), "10.0.0.1:54321 > 192.0.2.7:53 udp ip 36 payload 8 first");
  for (int i = 0; i < 3; ++i) {
    frame = later(1);
    const FragmentTable::Ready ready = table.join(frame, kT0, 42);
    EXPECT_TRUE(ready.inner);
    EXPECT_TRUE(ready.outer);
    EXPECT_EQ(text_of(frame.inner), kLaterText);
    EXPECT_FALSE(frame.tunnelled);
  }
  EXPECT_EQ(table.counters().joined, 3U);
  EXPECT_EQ(table.waiting(), 0U);
}

TEST(FragmentTableTest, LaterFragmentsThatComeFirstWaitForIt) {
  FragmentTable table({});
  Frame frame = later(1);
  frame.direction = LinkDirection::kOut;
  const FragmentTable::Ready ready = table.join(frame, kT0, 42);
  EXPECT_FALSE(ready.inner);
  EXPECT_FALSE(ready.outer);
  EXPECT_FALSE(add(table, later(2)));
  EXPECT_FALSE(add(table, later(1), kT0 + kSecond));
  EXPECT_THAT(joined(table), IsEmpty());
  EXPECT_EQ(table.waiting(), 3U);

  EXPECT_TRUE(add(table, first(1), kT0 + 2 * kSecond));
  JoinedFragment fragment;
  ASSERT_TRUE(table.next_joined(fragment));
  EXPECT_EQ(text_of(fragment.inner), kLaterText);
  EXPECT_EQ(fragment.time_ns, kT0);
  EXPECT_EQ(fragment.wire_bytes, 42U);
  EXPECT_EQ(fragment.direction, LinkDirection::kOut);
  EXPECT_FALSE(fragment.tunnelled);
  EXPECT_EQ(text_of(fragment.outer), kLaterText);
  ASSERT_TRUE(table.next_joined(fragment));
  EXPECT_EQ(fragment.time_ns, kT0 + kSecond);
  EXPECT_FALSE(table.next_joined(fragment));
  EXPECT_EQ(table.waiting(), 1U);
  EXPECT_EQ(table.counters().joined, 2U);
  EXPECT_TRUE(add(table, later(1)));  // And the next one does not wait.
}

TEST(FragmentTableTest, NewestFirstFragmentBeforeItCounts) {
  FragmentTable table({});
  (void)add(table, first(1, 1111));
  Frame frame = later(1);
  (void)table.join(frame, kT0, 42);
  EXPECT_EQ(frame.inner.src_port, 1111);
  (void)add(table, first(1, 2222));
  frame = later(1);
  (void)table.join(frame, kT0, 42);
  EXPECT_EQ(frame.inner.src_port, 2222);
}

TEST(FragmentTableTest, IdProtocolAndAddressesHaveToAgree) {
  FragmentTable table({});
  (void)add(table, first(1));
  EXPECT_FALSE(add(table, later(2)));
  EXPECT_FALSE(add(table, later(1, kProtoTcp)));
  EXPECT_FALSE(add(table, frame_of(ipv4(kProtoUdp, text("x"),
                                        {.src = test::kInnerDst, .dst = test::kInnerSrc, .fragment = 2, .id = 1}))));
  EXPECT_TRUE(add(table, later(1)));
}

TEST(FragmentTableTest, PieceOfATunnelsPacketBelongsToWhatItCarries) {
  const Octets gre = join({hex("0000 0800"), packet()});
  FragmentTable table({});
  EXPECT_FALSE(add(table, frame_of(ipv4(kProtoGre, text("abcdefgh"), {.src = test::kOuterSrc, .fragment = 2}))));
  (void)add(table, frame_of(ipv4(kProtoGre, gre, {.src = test::kOuterSrc, .fragment = kMore})));
  const std::string expected = "10.0.0.1:54321 > 192.0.2.7:443 tcp ip 28 payload 8 later";
  EXPECT_THAT(joined(table), ElementsAre(expected));
  Frame frame = frame_of(ipv4(kProtoGre, text("abcdefgh"), {.src = test::kOuterSrc, .fragment = 9}));
  (void)table.join(frame, kT0, 42);
  EXPECT_EQ(text_of(frame.inner), expected);
  EXPECT_FALSE(frame.tunnelled);
}

TEST(FragmentTableTest, PieceOfAUdpTunnelsDatagramBelongsToBothItsFlows) {
  const Octets vxlan = udp(50000, 4789, join({hex("0800000000006400"), ethernet(0x0800, packet())}));
  FragmentTable table({});
  EXPECT_FALSE(add(table, frame_of(ipv4(kProtoUdp, text("abcdefgh"), {.src = test::kOuterSrc, .fragment = 2}))));
  (void)add(table, frame_of(ipv4(kProtoUdp, vxlan, {.src = test::kOuterSrc, .fragment = kMore})));
  const std::string inner = "10.0.0.1:54321 > 192.0.2.7:443 tcp ip 28 payload 8 later";
  const std::string outer = "203.0.113.1:50000 > 192.0.2.7:4789 udp ip 28 payload 8 later";
  EXPECT_THAT(joined(table), ElementsAre(inner + " / " + outer));
  Frame frame = frame_of(ipv4(kProtoUdp, text("abcdefgh"), {.src = test::kOuterSrc, .fragment = 9}));
  const FragmentTable::Ready ready = table.join(frame, kT0, 42);
  EXPECT_TRUE(ready.inner && ready.outer);
  EXPECT_TRUE(frame.tunnelled);
  EXPECT_EQ(text_of(frame.inner), inner);
  EXPECT_EQ(text_of(frame.outer()), outer);
}

TEST(FragmentTableTest, FragmentInsideOfAUdpTunnelWaitsForTheInnerViewOnly) {
  const auto tunnelled = [](const Octets& inside) {
    return frame_of(
        test::outer_ipv4(kProtoUdp, udp(50000, 4789, join({hex("0800000000006400"), ethernet(0x0800, inside)}))));
  };
  FragmentTable table({});
  Frame frame = tunnelled(ipv4(kProtoUdp, text("abcdefgh"), {.fragment = 2, .id = 1}));
  const FragmentTable::Ready ready = table.join(frame, kT0, 42);
  EXPECT_FALSE(ready.inner);
  EXPECT_TRUE(ready.outer);
  EXPECT_EQ(text_of(frame.outer()), "203.0.113.1:50000 > 198.51.100.2:4789 udp ip 78 payload 50");
  (void)add(table, tunnelled(ipv4(kProtoUdp, udp(54321, 53, text("12345678")), {.fragment = kMore, .id = 1})));
  EXPECT_THAT(joined(table), ElementsAre(std::string(kLaterText) + " inner only"));
  // The same datagram seen outside of the tunnel has no outer flow of the tunnel's.
  frame = later(1);
  (void)table.join(frame, kT0, 42);
  EXPECT_FALSE(frame.tunnelled);
  EXPECT_EQ(text_of(frame.inner), kLaterText);
}

TEST(FragmentTableTest, ForgetsTheLongestUnusedFirstFragmentWhenFull) {
  FragmentTable table({.datagrams_max = 2});
  (void)add(table, first(1));
  (void)add(table, first(2));
  EXPECT_TRUE(add(table, later(1)));
  EXPECT_EQ(table.counters().datagrams_evicted, 0U);
  (void)add(table, first(3));
  EXPECT_EQ(table.counters().datagrams_evicted, 1U);
  EXPECT_TRUE(add(table, later(1)));
  EXPECT_TRUE(add(table, later(3)));
  EXPECT_FALSE(add(table, later(2)));
}

TEST(FragmentTableTest, GivesUpTheLongestWaitingDatagramWhenFull) {
  FragmentTable table({.waiting_max = 3});
  (void)add(table, later(1));
  (void)add(table, later(2));
  (void)add(table, later(1));
  EXPECT_EQ(table.waiting(), 3U);
  EXPECT_EQ(table.counters().orphans, 0U);
  (void)add(table, later(3));
  EXPECT_EQ(table.waiting(), 2U);
  EXPECT_EQ(table.counters().orphans, 2U);
  (void)add(table, first(1));
  EXPECT_THAT(joined(table), IsEmpty());
  (void)add(table, first(2));
  EXPECT_THAT(joined(table), ElementsAre(kLaterText));
}

TEST(FragmentTableTest, LiveFragmentsAreForgottenAfterTheirTime) {
  FragmentTable table({.timeout_ns = 30 * kSecond});
  (void)add(table, first(1), kT0);
  (void)add(table, later(2), kT0);
  EXPECT_TRUE(add(table, later(1), kT0 + 30 * kSecond));
  EXPECT_EQ(table.waiting(), 1U);
  EXPECT_TRUE(add(table, later(1), kT0 + 60 * kSecond));  // It was used 30 seconds before.
  EXPECT_EQ(table.waiting(), 0U);
  EXPECT_EQ(table.counters().orphans, 1U);
  EXPECT_FALSE(add(table, later(1), kT0 + 90 * kSecond + 1));
}

TEST(FragmentTableTest, FilesHaveNoTimeout) {
  FragmentTable table({});
  (void)add(table, first(1), kT0);
  EXPECT_TRUE(add(table, later(1), kT0 + 24 * kHour));
  EXPECT_TRUE(add(table, later(1), kT0 - 24 * kHour));
}

TEST(FragmentTableTest, WhatTheCallerDoesNotTakeIsGone) {
  FragmentTable table({.waiting_max = 2});
  for (std::uint32_t id = 0; id < 1000; ++id) {
    (void)add(table, later(id));
    (void)add(table, first(id));
  }
  EXPECT_THAT(joined(table), ElementsAre(kLaterText));
  EXPECT_EQ(table.counters().joined, 1000U);
  EXPECT_EQ(table.waiting(), 0U);
}

// A made-up capture against the definition, written down in the plainest way.
TEST(FragmentTableTest, DoesWhatTheDefinitionSaysOfManyFragments) {
  constexpr std::uint64_t kSeed = 20260101;
  SCOPED_TRACE(kSeed);
  Random random(kSeed);
  FragmentTable table({.hash_seed = random.next()});
  std::map<std::uint32_t, std::uint16_t> port_of;        // By id, of the newest first fragment.
  std::map<std::uint32_t, std::vector<TimeNs>> waiting;  // By id.
  std::uint64_t expected_joined = 0;
  const Frame some_first = first(0), some_later = later(0);
  for (TimeNs time = 1; time <= 200'000; ++time) {
    const auto id = static_cast<std::uint32_t>(random.below(5'000));
    if (random.one_in(3)) {
      Frame frame = some_first;
      frame.first_fragment[0].key.id = frame.inner.fragment_id = id;
      frame.inner.src_port = port_of[id] = static_cast<std::uint16_t>(random.below(65'536));
      (void)table.join(frame, time, 42);
      std::vector<TimeNs> released;
      for (JoinedFragment fragment; table.next_joined(fragment);) {
        released.push_back(fragment.time_ns);
        ASSERT_EQ(fragment.inner.src_port, port_of[id]);
      }
      expected_joined += released.size();
      ASSERT_EQ(released, waiting[id]);
      waiting[id].clear();
    } else {
      Frame frame = some_later;
      frame.inner.fragment_id = id;
      const bool ready = table.join(frame, time, 42).inner;
      ASSERT_EQ(ready, port_of.contains(id));
      if (ready) {
        ASSERT_EQ(frame.inner.src_port, port_of[id]);
        ++expected_joined;
      } else {
        waiting[id].push_back(time);
      }
    }
  }
  EXPECT_EQ(table.counters().joined, expected_joined);
  EXPECT_EQ(table.counters().orphans, 0U);
}

// Whatever happens, what it holds stays within the bounds.
TEST(FragmentTableTest, FloodsStayWithinTheBounds) {
  FragmentTable table({.datagrams_max = 64, .waiting_max = 64});
  const Frame some_first = first(0), some_later = later(0);
  Random random(7);
  std::uint64_t laters = 0;
  for (std::uint32_t i = 0; i < 300'000; ++i) {
    Frame frame = random.one_in(2) ? some_first : some_later;
    frame.inner.fragment_id = frame.first_fragment[0].key.id = static_cast<std::uint32_t>(random.below(1'000));
    laters += frame.inner.later_fragment;
    (void)table.join(frame, i, 42);
    ASSERT_LE(table.waiting(), 64U);
  }
  EXPECT_EQ(table.counters().joined + table.counters().orphans + table.waiting(), laters);
}

}  // namespace
}  // namespace ipm::decode
