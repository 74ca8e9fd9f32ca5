#include <gtest/gtest.h>

#include "model/coverage.h"
#include "model/event.h"

namespace ipm::model {
namespace {

TEST(ProcessKeyTest, HoldsTheLargestPidAndItsStart) {
  const ProcessKey key(4'194'303, 123'456'789'012);
  EXPECT_EQ(key.pid(), 4'194'303U);
  EXPECT_EQ(key.start_ticks(), 123'456'789'012U);
  EXPECT_EQ(ProcessKey::from_ref(key.ref()), key);
  EXPECT_TRUE(ProcessKey().empty());
}

TEST(IpAddressTest, MappedIpv4IsIpv4) {
  const std::optional<IpAddress> mapped = IpAddress::parse("::ffff:10.1.2.3");
  const std::optional<IpAddress> plain = IpAddress::parse("10.1.2.3");
  ASSERT_TRUE(mapped && plain);
  EXPECT_EQ(*mapped, *plain);
  EXPECT_EQ(mapped->text(), "10.1.2.3");
}

TEST(IpAddressTest, ScopesAreThoseOfTheirRegistries) {
  const auto scope = [](const char* text) { return IpAddress::parse(text)->scope(); };
  EXPECT_EQ(scope("127.8.9.1"), Scope::kLoopback);
  EXPECT_EQ(scope("::1"), Scope::kLoopback);
  EXPECT_EQ(scope("169.254.1.1"), Scope::kLink);
  EXPECT_EQ(scope("fe80::1"), Scope::kLink);
  EXPECT_EQ(scope("224.0.0.251"), Scope::kLink);
  EXPECT_EQ(scope("10.0.0.1"), Scope::kInternal);
  EXPECT_EQ(scope("172.31.255.255"), Scope::kInternal);
  EXPECT_EQ(scope("172.32.0.0"), Scope::kExternal);
  EXPECT_EQ(scope("100.64.0.1"), Scope::kInternal);
  EXPECT_EQ(scope("fd00::1"), Scope::kInternal);
  EXPECT_EQ(scope("2001:db8::1"), Scope::kExternal);
}

TEST(FlowKeyTest, CookieDecidesWhereThereIsOne) {
  FlowKey a{.cookie = 7, .tuple = {.local_port = 1, .netns = 9}};
  FlowKey b{.cookie = 7, .tuple = {.local_port = 2, .netns = 9}};
  EXPECT_TRUE(a.same(b));
  b.tuple.netns = 8;
  EXPECT_FALSE(a.same(b));
  a.cookie = b.cookie = 0;
  b.tuple = a.tuple;
  b.tuple.direction = Direction::kIn;
  EXPECT_TRUE(a.same(b));
  b.tuple.remote_port = 5;
  EXPECT_FALSE(a.same(b));
}

TEST(CoverageTest, NamesEveryBit) {
  EXPECT_EQ(coverage_text(kCoverageFull), "full");
  EXPECT_EQ(coverage_text(kFirstSight | kNotMeasurable), "first_sight,not_measurable");
}

TEST(EventTest, PayloadComesBackAsItWentIn) {
  SocketData data{.layer = ByteLayer::kTcp, .measured = SocketData::kBytes, .tx_bytes = 5, .rx_bytes = 6};
  const Event event = make_event(42, EventKind::kSocketData, ProcessKey(1, 2), 3, data);
  EXPECT_EQ(event.as<SocketData>().rx_bytes, 6U);
  EXPECT_EQ(event.header.process.pid(), 1U);
  EXPECT_TRUE(is_flow_event(event.header.kind));
  EXPECT_FALSE(is_flow_event(EventKind::kText));
}

}  // namespace
}  // namespace ipm::model
