// What lists and databases said about remote ends, as the engine keeps it.
#include <gtest/gtest.h>

#include "core/engine.h"
#include "support/alert_run.h"
#include "support/events.h"
#include "support/labels.h"

namespace ipm::core {
namespace {

using namespace ipm::test;  // NOLINT: the event builders are the language of these tests.

class LabelsTest : public ::testing::Test {
 protected:
  explicit LabelsTest(const model::Settings& settings = {}) : bounds_(share_memory(settings)) {}
  void feed(std::initializer_list<model::Event> events) { engine_.feed({events.begin(), events.size()}); }
  const EndpointRow& endpoint(std::string_view address) const {
    static const EndpointRow kNone;
    const std::uint32_t slot = engine_.endpoints().find(*model::IpAddress::parse(address));
    return slot == kNoSlot ? kNone : engine_.endpoints().at(slot);
  }
  std::string indicator(std::string_view address) const {
    const std::uint32_t hit = endpoint(address).hit;
    return hit == 0 ? "-" : std::string(engine_.texts().view(engine_.hits().at(hit).indicator));
  }

  const Bounds bounds_;
  PageStore store_{bounds_.copies_max_bytes};
  NoSeries series_;
  Engine engine_{bounds_, store_, series_};
};

TEST_F(LabelsTest, PlaceOfAnAddressIsTheNewestThatWasSaid) {
  feed({text(kT0, 1, "Example Net"), geo(kT0, "192.0.2.7", "DE", 64'496, 1), open(kT0, 1, tuple(1, 443))});
  EXPECT_EQ(std::string(endpoint("192.0.2.7").place.country, 2), "DE");
  EXPECT_EQ(endpoint("192.0.2.7").place.asn, 64'496U);
  EXPECT_EQ(engine_.texts().view(endpoint("192.0.2.7").as_name), "Example Net");
  EXPECT_EQ(endpoint("192.0.2.7").flows, 1U);
  feed({geo(kT0, "192.0.2.7", "", 0, 0)});
  EXPECT_FALSE(endpoint("192.0.2.7").place.has_country());
  EXPECT_EQ(endpoint("192.0.2.7").as_name, 0U);
}

TEST_F(LabelsTest, ACountryThatIsNoneIsNotKept) {
  feed({geo(kT0, "192.0.2.7", "\x01\xff", 1, 0)});
  EXPECT_FALSE(endpoint("192.0.2.7").place.has_country());
}

TEST_F(LabelsTest, AnAddressIsOnAListUntilItIsSaidNotToBe) {
  feed(
      {text(kT0, 1, "drop"), text(kT0, 2, "192.0.2.0/24"), listed(kT0, 0, tuple(1, 443), {.indicator = 2, .feed = 1})});
  EXPECT_EQ(indicator("192.0.2.7"), "192.0.2.0/24");
  feed({listed(kT0, 0, tuple(1, 443), {})});
  EXPECT_EQ(indicator("192.0.2.7"), "-");
}

TEST_F(LabelsTest, ANameIsOnAListAsLongAsItIsKept) {
  feed({text(kT0, 1, "bad"), text(kT0, 2, "evil.test"), text(kT0, 3, "c2.evil.test"),
        listed(kT0, 0, tuple(1, 443), {.subject = 3, .indicator = 2, .feed = 1})});
  const std::uint32_t name = engine_.texts().peek_source(0, 3);
  ASSERT_NE(engine_.texts().mark_of(name), 0U);
  feed({text(kT0, 3, "another")});  // Nobody else has the name: it goes with its mark.
  EXPECT_EQ(engine_.hits().rows().used(), 1U);
  EXPECT_EQ(engine_.hits().rows().at(0).references, 0U);
}

TEST_F(LabelsTest, HitsOfUnknownTextsAreNone) {
  feed({listed(kT0, 0, tuple(1, 443), {.indicator = 7, .feed = 8}),
        listed(kT0, 0, tuple(1, 443), {.subject = 9, .indicator = 7, .feed = 8})});
  EXPECT_EQ(indicator("192.0.2.7"), "-");
  EXPECT_EQ(engine_.hits().rows().used(), 0U);
}

TEST_F(LabelsTest, ServerNamesGoBeforeDns) {
  feed({text(kT0, 1, "dns.test"), text(kT0, 2, "sni.test"), open(kT0, 1, tuple(1, 443)),
        answered(kT0, 1, "192.0.2.7", 300)});
  EXPECT_EQ(engine_.texts().view(endpoint("192.0.2.7").name), "dns.test");
  feed({hello(kT0, 1, tuple(1, 443), 2), answered(kT0, 1, "192.0.2.7", 300)});
  EXPECT_EQ(engine_.texts().view(endpoint("192.0.2.7").name), "sni.test");
}

TEST_F(LabelsTest, ANameOfANetworksOwnAddressHoldsInItsNamespaceOnly) {
  model::Event answer = answered(kT0, 1, "10.1.2.3", 300);  // In namespace 1, like tuple().
  model::FlowTuple here = tuple(1, 443, "10.1.2.3");
  model::FlowTuple elsewhere = here;
  elsewhere.netns = 2;
  feed({text(kT0, 1, "db.test"), answer, open(kT0, 1, here), open(kT0, 2, elsewhere)});
  const auto names_of = [&](std::uint64_t cookie, const model::FlowTuple& t) {
    const model::FlowKey key{.cookie = cookie, .tuple = t};
    return engine_.flows().at(engine_.flows().find(key, engine_.flows().hash(key))).names;
  };
  EXPECT_NE(names_of(1, here), 0U);
  EXPECT_EQ(names_of(2, elsewhere), 0U);
  // An address of the Internet is the same host everywhere.
  elsewhere.remote = *model::IpAddress::parse("198.51.100.7");
  feed({answered(kT0, 1, "198.51.100.7", 300), open(kT0, 3, elsewhere)});
  EXPECT_NE(names_of(3, elsewhere), 0U);
}

class SmallestLabelsTest : public LabelsTest {
 protected:
  SmallestLabelsTest() : LabelsTest({.memory_max_bytes = kMemoryMinBytes}) {}
};

TEST_F(SmallestLabelsTest, AHitThatNothingNamesMakesRoomAndOneThatFindsNoneIsCounted) {
  const std::uint32_t room = bounds_.hits_max;
  feed({text(kT0, 1, "list")});
  for (std::uint32_t i = 0; i < room + 8; ++i) {  // One address, so only the newest is named.
    feed({text(kT0, 2, "indicator " + std::to_string(i)), listed(kT0, 0, tuple(1, 443), {.indicator = 2, .feed = 1})});
  }
  EXPECT_EQ(engine_.hits().rows().used(), room);
  EXPECT_EQ(engine_.counters().no_room, 0U);
  for (std::uint32_t i = 0; i < room + 8; ++i) {
    const std::string address = "198.51." + std::to_string(i / 200) + "." + std::to_string(i % 200 + 1);
    feed({text(kT0, 2, address), listed(kT0, 0, tuple(1, 443, address), {.indicator = 2, .feed = 1})});
  }
  EXPECT_EQ(engine_.hits().rows().used(), room);
  EXPECT_GT(engine_.counters().no_room, 0U);
}

}  // namespace
}  // namespace ipm::core
