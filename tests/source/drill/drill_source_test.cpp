// drill: is a source like any other: by URI, the same for each seed, and nothing but made-up names and addresses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "source/drill/drill.h"
#include "source/drill/rehearsal.h"

namespace ipm::source {
namespace {

using testing::HasSubstr;

Status open_status(std::string_view uri) {
  SourceOptions options;
  Result<SourceUri> parsed = parse_source_uri(uri);
  if (!parsed.ok()) return parsed.status();
  options.uri = *parsed;
  return make_drill_source()->open(options);
}

std::vector<model::Event> events_of(std::string_view uri, std::uint32_t lane_events = 1024) {
  SourceOptions options;
  options.uri = *parse_source_uri(uri);
  const std::unique_ptr<Source> source = make_drill_source();
  EXPECT_TRUE(source->open(options).ok());
  ring::Lane lane(lane_events);
  ring::Writer writer(lane);
  std::vector<model::Event> out;
  std::vector<model::Event> batch(lane_events);
  for (bool more = true; more;) {
    more = source->poll(writer, std::chrono::nanoseconds(0)).ok();
    const std::size_t taken = lane.pop(std::span(batch));
    out.insert(out.end(), batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(taken));
  }
  EXPECT_EQ(source->stats().written, out.size());
  EXPECT_EQ(lane.drops(), 0U);
  return out;
}

bool equal(const std::vector<model::Event>& a, const std::vector<model::Event>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(model::Event)) == 0;
}

TEST(DrillSourceTest, ASeedGivesTheSameEventsAndAnotherOneOthers) {
  const std::vector<model::Event> once = events_of("drill:beacon?seed=3");
  EXPECT_TRUE(equal(once, events_of("drill:beacon?seed=3")));
  EXPECT_FALSE(equal(once, events_of("drill:beacon?seed=4")));
  EXPECT_TRUE(equal(events_of("drill:beacon"), events_of("drill:beacon?seed=1")));
}

TEST(DrillSourceTest, ALaneThatIsFullDropsNothing) {
  EXPECT_TRUE(equal(events_of("drill:scan", 64), events_of("drill:scan", 1 << 16)));
}

TEST(DrillSourceTest, EventsComeInTheOrderOfTime) {
  const std::vector<model::Event> all = events_of("drill:all");
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end(), [](const model::Event& a, const model::Event& b) {
    return a.header.time_ns < b.header.time_ns;
  }));
}

TEST(DrillSourceTest, EachIncidentLiesBetweenItsMarksWithinThoseOfTheRun) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> marks, wanted = {{1, 0}};
  for (const model::Event& event : events_of("drill:all")) {
    if (event.header.kind != model::EventKind::kDrillMark) continue;
    const auto mark = event.as<model::Drill>();
    marks.emplace_back(mark.begins, mark.id);
  }
  for (std::uint32_t id = 1; id <= incidents().size(); ++id) {
    wanted.emplace_back(1, id);
    wanted.emplace_back(0, id);
  }
  wanted.emplace_back(0, 0);
  EXPECT_EQ(marks, wanted);
}

TEST(DrillSourceTest, EveryConnectionThatOpensCloses) {
  std::size_t opened = 0, closed = 0;
  for (const model::Event& event : events_of("drill:all")) {
    const bool listens = event.header.kind == model::EventKind::kSocketOpen &&
                         event.as<model::SocketOpen>().how == model::OpenHow::kListen;
    opened += event.header.kind == model::EventKind::kSocketOpen && !listens ? 1 : 0;
    closed += event.header.kind == model::EventKind::kSocketClose ? 1 : 0;
  }
  EXPECT_GT(opened, 0U);
  EXPECT_EQ(opened, closed);
}

// RFC 5737, RFC 3849; inside, RFC 1918.
bool is_reserved(const model::IpAddress& address) {
  const std::string text = address.text();
  for (const char* prefix : {"192.0.2.", "198.51.100.", "203.0.113.", "2001:db8:", "10.", "0.0.0.0"}) {
    if (text.starts_with(prefix)) return true;
  }
  return false;
}

TEST(DrillSourceTest, AddressesAreNobodys) {
  for (const model::Event& event : events_of("drill:all")) {
    if (event.header.kind != model::EventKind::kSocketOpen) continue;
    const model::FlowTuple tuple = event.as<model::SocketOpen>().tuple;
    ASSERT_TRUE(is_reserved(tuple.remote)) << tuple.remote.text();
    ASSERT_TRUE(is_reserved(tuple.local)) << tuple.local.text();
  }
}

TEST(DrillSourceTest, MistakesAreNamed) {
  EXPECT_THAT(std::string(open_status("drill:beacom").message()),
              HasSubstr("drill: there is none called \"beacom\"; did you mean beacon?"));
  EXPECT_THAT(std::string(open_status("drill:").message()), HasSubstr("drill: which one? There are "));
  EXPECT_THAT(std::string(open_status("drill:beacon?sed=1").message()), HasSubstr("did you mean seed?"));
  EXPECT_THAT(std::string(open_status("drill:beacon?seed=-1").message()), HasSubstr("seed is not from 0 to "));
  EXPECT_EQ(open_status("drill:beacon?seed=one").code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace ipm::source
