// Names of remote ends: from TLS hellos, and from DNS answers that were live when a connection opened.
#include <gtest/gtest.h>

#include "core/engine.h"
#include "store/recent_series.h"
#include "support/events.h"

namespace ipm::core {
namespace {

using namespace ipm::test;  // NOLINT: the event builders are the language of these tests.

class NamesTest : public ::testing::Test {
 protected:
  explicit NamesTest(model::Settings wanted = {}) : bounds_(share_memory(wanted)), store_(bounds_.copies_max_bytes) {}
  void feed(std::initializer_list<model::Event> events) { engine_.feed({events.begin(), events.size()}); }
  FlowNamesRow names(std::uint64_t cookie) const {
    const std::uint32_t slot = engine_.flows().find({.cookie = cookie, .tuple = tuple(1, 443)});
    const std::uint32_t names = engine_.flows().at(slot).names;
    return names == 0 ? FlowNamesRow{} : engine_.names().flows().at(names - 1);
  }
  std::string_view view(std::uint32_t text) const { return engine_.texts().view(text); }
  std::string_view endpoint_name(std::string_view address) const {
    const std::uint32_t slot = engine_.endpoints().find(*model::IpAddress::parse(address));
    return view(engine_.endpoints().at(slot).name);
  }

  Bounds bounds_;
  PageStore store_;
  store::RecentSeries series_{store_, bounds_.rows.series_blocks_max, bounds_.rows.processes_max,
                              bounds_.rows.apps_max};
  Engine engine_{bounds_, store_, series_};
};

TEST_F(NamesTest, ConnectionIsNamedByTheAnswerBeforeIt) {
  feed({text(kT0, 1, "a.test"), open(kT0, 7, tuple(1, 443)), answered(kT0, 1, "192.0.2.7", 300),
        open(kT0 + 1, 8, tuple(2, 443))});
  EXPECT_EQ(view(names(7).dns), "");  // It opened before.
  EXPECT_EQ(view(names(8).dns), "a.test");
  EXPECT_EQ(endpoint_name("192.0.2.7"), "a.test");
}

TEST_F(NamesTest, LaterAnswerLeavesOpenConnectionsTheirName) {
  feed({text(kT0, 1, "a.test"), text(kT0, 2, "b.test"), answered(kT0, 1, "192.0.2.7", 300), open(kT0, 7, tuple(1, 443)),
        answered(kT0 + 1, 2, "192.0.2.7", 300), open(kT0 + 2, 8, tuple(2, 443))});
  EXPECT_EQ(view(names(7).dns), "a.test");
  EXPECT_EQ(view(names(8).dns), "b.test");
  EXPECT_EQ(endpoint_name("192.0.2.7"), "b.test");
}

TEST_F(NamesTest, AnswerIsGoodForItsTtlAndAtLeastAMinute) {
  feed({text(kT0, 1, "a.test"), answered(kT0, 1, "192.0.2.7", 5), open(kT0 + 60 * kSecond, 7, tuple(1, 443)),
        open(kT0 + 60 * kSecond + 1, 8, tuple(2, 443)), answered(kT0 + 61 * kSecond, 1, "192.0.2.7", 90),
        open(kT0 + 151 * kSecond, 9, tuple(3, 443)), open(kT0 + 151 * kSecond + 1, 10, tuple(4, 443))});
  EXPECT_NE(names(7).dns, 0U);
  EXPECT_EQ(names(8).dns, 0U);
  EXPECT_NE(names(9).dns, 0U);
  EXPECT_EQ(names(10).dns, 0U);
}

TEST_F(NamesTest, AnswerThatFailedNamesNothing) {
  feed({text(kT0, 1, "a.test"), answered(kT0, 1, "192.0.2.7", 300, /*response_code=*/3), open(kT0, 7, tuple(1, 443))});
  EXPECT_EQ(names(7).dns, 0U);
}

TEST_F(NamesTest, HelloGivesTheConnectionItsTexts) {
  feed({text(kT0, 1, "a.test"), text(kT0, 2, "h2"), text(kT0, 3, "t13d"), open(kT0, 7, tuple(1, 443)),
        hello(kT0 + 1, 7, tuple(1, 443), 1, 2, 0, 3)});
  EXPECT_EQ(view(names(7).sni), "a.test");
  EXPECT_EQ(view(names(7).alpn), "h2");
  EXPECT_EQ(view(names(7).ja4), "t13d");
  EXPECT_EQ(names(7).ja3, 0U);
  EXPECT_TRUE(names(7).greeted);
}

TEST_F(NamesTest, SecondHelloReplacesTheFirstAndKeepsTheDnsName) {
  feed({text(kT0, 1, "a.test"), text(kT0, 2, "b.test"), text(kT0, 3, "dns.test"), answered(kT0, 3, "192.0.2.7", 300),
        open(kT0, 7, tuple(1, 443)), hello(kT0, 7, tuple(1, 443), 1, 2), hello(kT0 + 1, 7, tuple(1, 443), 2)});
  EXPECT_EQ(view(names(7).sni), "b.test");
  EXPECT_EQ(names(7).alpn, 0U);
  EXPECT_EQ(view(names(7).dns), "dns.test");
}

TEST_F(NamesTest, HelloOfAFlowThatNobodyOpenedMakesIt) {
  feed({text(kT0, 1, "a.test"), hello(kT0, 9, tuple(1, 443), 1)});
  EXPECT_EQ(view(names(9).sni), "a.test");
}

class FewNamesTest : public NamesTest {
 protected:
  FewNamesTest() : NamesTest({.flows_max = 2}) {}
};

// The names of a flow that goes leave no text behind but those that the source may use again.
TEST_F(FewNamesTest, NamesGoWithTheirFlow) {
  feed({text(kT0, 1, "a.test"), text(kT0, 2, "b.test")});
  const std::uint64_t bytes = engine_.texts().text_bytes();
  for (std::uint64_t cookie = 1; cookie <= 100; ++cookie) {
    feed({text(kT0, 1, "a" + std::to_string(cookie) + ".test"), hello(kT0, cookie, tuple(1, 443), 1, 2)});
  }
  EXPECT_EQ(engine_.names().flows().used(), 2U);
  EXPECT_LE(engine_.texts().text_bytes(), bytes + 2 * sizeof "a100.test");
  EXPECT_EQ(view(names(100).sni), "a100.test");
}

class SmallestNamesTest : public NamesTest {
 protected:
  SmallestNamesTest() : NamesTest({.memory_max_bytes = kMemoryMinBytes}) {}
};

TEST_F(SmallestNamesTest, AddressAnsweredLongestAgoMakesRoom) {
  feed({text(kT0, 1, "a.test")});
  const std::uint32_t room = bounds_.address_names_max;
  ASSERT_LT(room, 65'536U);
  for (std::uint32_t i = 0; i <= room; ++i) {
    const std::string address = "10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256);
    feed({answered(kT0 + i * kSecond, 1, address, 86'400)});
  }
  EXPECT_EQ(engine_.names().addresses(), room);
  EXPECT_EQ(engine_.names().name_of(*model::IpAddress::parse("10.0.0.0"), 1, kT0 + room * kSecond), 0U);
  EXPECT_NE(engine_.names().name_of(*model::IpAddress::parse("10.0.0.1"), 1, kT0 + room * kSecond), 0U);
}

TEST_F(SmallestNamesTest, FlowWithoutRoomForItsNamesIsCounted) {
  feed({text(kT0, 1, "a.test")});
  const std::uint32_t room = bounds_.flow_names_max;
  ASSERT_LT(room, bounds_.rows.flows_max);
  for (std::uint32_t i = 1; i <= room + 1; ++i) feed({hello(kT0, i, tuple(1, 443), 1)});
  EXPECT_EQ(engine_.counters().no_room, 1U);
  EXPECT_TRUE(names(room).greeted);
  EXPECT_FALSE(names(room + 1).greeted);
}

}  // namespace
}  // namespace ipm::core
