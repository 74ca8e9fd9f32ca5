// What files say about remote ends reaches tables and alerts as events: a recording gives the same without the files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "monitor/monitor.h"
#include "os/linux/host_clock.h"
#include "query/cursor.h"
#include "query/tables/tables.h"
#include "support/dump_tables.h"
#include "support/events.h"
#include "support/mmdb_writer.h"
#include "support/scratch_file.h"

namespace ipm::monitor {
namespace {

using namespace ipm::test;  // NOLINT: the event builders are the language of these tests.
using testing::HasSubstr;

constexpr model::ProcessKey kCurl(12, 120);

struct Written : ScratchFile {
  explicit Written(std::string_view content, std::string_view suffix = ".txt") : ScratchFile(suffix) { write(content); }
};

std::unique_ptr<Monitor> open_with(const std::string& settings) {
  MonitorOptions options;
  EXPECT_TRUE(apply_settings(settings, options).ok());
  Result<std::unique_ptr<Monitor>> monitor = Monitor::open(options);
  EXPECT_TRUE(monitor.ok()) << monitor.status().message();
  return std::move(*monitor);
}

std::uint64_t count_rows(Monitor& monitor, std::string_view table, std::string_view filter) {
  const query::TableInfo* info = query::find_table(table);
  Result<query::Filter> parsed = query::parse_filter(filter, info->columns, {});
  EXPECT_TRUE(parsed.ok()) << parsed.status().message();
  Result<std::unique_ptr<query::Cursor>> cursor = query::Cursor::open(info->open(*monitor.snapshot()), *parsed);
  std::uint64_t rows = 0;
  while ((*cursor)->next().ok()) ++rows;
  return rows;
}

// A monitor with a lane of the test's own.
struct Live {
  explicit Live(const std::string& settings) : monitor(open_with(settings)), lane(*monitor->add_lane("mine", 0)) {}
  void feed(std::initializer_list<model::Event> events) {
    for (const model::Event& event : events) ASSERT_TRUE(lane->lane().push(event));
    ASSERT_TRUE(monitor->flush().ok());
  }
  const std::unique_ptr<Monitor> monitor;
  Input* const lane;
};

std::vector<model::Event> incident(TimeNs now) {
  return {text(now, 1, "c2.evil.test"),
          text(now, 2, "t13d1516h2_8daaf6152771_b186095e22b6"),
          start(now, kCurl, "curl"),
          open(now, 1, tuple(1, 443), kCurl),
          data(now, 1, tuple(1, 443), 10, 20),
          answered(now, 1, "198.51.100.9", 300),
          open(now, 2, tuple(2, 443, "198.51.100.9"), kCurl),
          open(now, 3, tuple(3, 443, "203.0.113.3"), kCurl),
          hello(now, 3, tuple(3, 443, "203.0.113.3"), 0, 0, 0, 2),
          open(now, 4, tuple(4, 443, "10.9.9.9"), kCurl),
          open(now, 5, tuple(5, 443, "203.0.113.5"), kCurl)};
}

constexpr const char* kList = "192.0.2.7 # Dridex\nevil.test\nt13d1516h2_8daaf6152771_b186095e22b6\n10.0.0.0/8\n";

void expect_incident(Monitor& monitor) {
  EXPECT_EQ(count_rows(monitor, "connections", "cookie = 1\nindicator = 192.0.2.7"), 1U);
  EXPECT_EQ(count_rows(monitor, "connections", "cookie = 2\nindicator = evil.test"), 1U);
  EXPECT_EQ(count_rows(monitor, "connections", "cookie = 3\nindicator ~= t13d"), 1U);
  EXPECT_EQ(count_rows(monitor, "connections", "feed != null"), 3U);  // A private network is no indicator of a host.
  EXPECT_EQ(count_rows(monitor, "endpoints", "remote_addr = 198.51.100.9\nindicator = evil.test"), 1U);
  EXPECT_EQ(count_rows(monitor, "alerts", "kind = threat_intel\ncomm = curl\nnotified = true"), 3U);
}

TEST(EnrichmentTest, AddressesNamesAndFingerprintsAreFoundAndTold) {
  const Written list(kList);
  Live live("intel.feed = " + list.path());
  for (const model::Event& event : incident(os::boottime_ns())) ASSERT_TRUE(live.lane->lane().push(event));
  ASSERT_TRUE(live.monitor->flush().ok());
  expect_incident(*live.monitor);
  EXPECT_EQ(live.monitor->stats().intel_indicators, 4U);
  EXPECT_GT(live.monitor->stats().intel_bytes, 0U);
  EXPECT_EQ(count_rows(*live.monitor, "sources", "source = enrich\nstate = open"), 1U);
}

#ifdef IPM_WITH_MAXMINDDB
std::string database() {
  MmdbWriter writer;
  writer.add("192.0.2.0/24", MmdbValue::map({{"country_code", MmdbValue::text("DE")},
                                             {"asn", MmdbValue::text("AS64496")},
                                             {"as_name", MmdbValue::text("Example Net")}}));
  return writer.bytes();
}

TEST(EnrichmentTest, AReplayWithoutTheFilesGivesTheSameTables) {
  const ScratchFile log(".ipmlog");
  std::string live_tables;
  {
    const Written list(kList), geo(database(), ".mmdb");
    Live live("intel.feed = " + list.path() + "\ngeoip.country = " + geo.path() + "\ngeoip.asn = " + geo.path());
    ASSERT_TRUE(live.monitor->record(log.path().c_str()).ok());
    for (const model::Event& event : incident(os::boottime_ns())) ASSERT_TRUE(live.lane->lane().push(event));
    ASSERT_TRUE(live.monitor->flush().ok());
    expect_incident(*live.monitor);
    EXPECT_EQ(count_rows(*live.monitor, "connections", "country = DE\nasn = 64496"), 1U);
    EXPECT_EQ(count_rows(*live.monitor, "endpoints", "as_name = \"Example Net\""), 1U);
    EXPECT_EQ(count_rows(*live.monitor, "alerts", "country = DE\nasn = 64496"), 1U);
    live_tables = dump_tables(*live.monitor);
    ASSERT_TRUE(live.monitor->record(nullptr).ok());
  }
  std::unique_ptr<Monitor> replayed = open_with("");
  ASSERT_TRUE(replayed->add_source("replay:" + log.path()).ok());
  while (replayed->step(kSecond).ok()) {
  }
  EXPECT_EQ(dump_tables(*replayed), live_tables);
}
#endif

TEST(EnrichmentTest, AListThatIsGivenToAReplayStandsInPlaceOfWhatWasRecorded) {
  const ScratchFile log(".ipmlog");
  const Written then("203.0.113.5\n"), now(kList);
  {
    Live live("intel.feed = " + then.path());
    ASSERT_TRUE(live.monitor->record(log.path().c_str()).ok());
    for (const model::Event& event : incident(os::boottime_ns())) ASSERT_TRUE(live.lane->lane().push(event));
    ASSERT_TRUE(live.monitor->flush().ok());
    EXPECT_EQ(count_rows(*live.monitor, "connections", "feed != null"), 1U);
    ASSERT_TRUE(live.monitor->record(nullptr).ok());
  }
  std::unique_ptr<Monitor> replayed = open_with("intel.feed = " + now.path());
  ASSERT_TRUE(replayed->add_source("replay:" + log.path()).ok());
  while (replayed->step(kSecond).ok()) {
  }
  expect_incident(*replayed);
}

// Files are looked at once a second, here.
template <typename Done>
bool steps_until(Monitor& monitor, const Done& done) {
  for (const TimeNs end = os::monotonic_ns() + 30 * kSecond; os::monotonic_ns() < end;) {
    (void)monitor.step(50 * kMillisecond);
    if (done()) return true;
  }
  return false;
}

class ReloadTest : public ::testing::TestWithParam<const char*> {};

TEST_P(ReloadTest, AListThatChangesMeetsConnectionsThatAreOpen) {
  const Written list("192.0.2.99\n");
  Live live("enrich.look_every = 1s\nthreads = " + std::string(GetParam()) + "\nintel.feed = " + list.path());
  live.feed({start(os::boottime_ns(), kCurl, "curl"), open(os::boottime_ns(), 1, tuple(1, 443), kCurl)});
  EXPECT_EQ(count_rows(*live.monitor, "alerts", "kind = threat_intel"), 0U);
  list.write("192.0.2.7\n");
  EXPECT_TRUE(
      steps_until(*live.monitor, [&] { return count_rows(*live.monitor, "alerts", "kind = threat_intel") == 1; }));
  EXPECT_EQ(count_rows(*live.monitor, "connections", "indicator = 192.0.2.7"), 1U);
  list.write("192.0.2.98\n");
  EXPECT_TRUE(
      steps_until(*live.monitor, [&] { return count_rows(*live.monitor, "connections", "feed != null") == 0; }));
  EXPECT_GE(live.monitor->stats().enrich_reloads, 2U);
}

TEST_P(ReloadTest, AListThatCannotBeReadAnyMoreStaysInUse) {
  const Written list("192.0.2.7\n");
  Live live("enrich.look_every = 1s\nthreads = " + std::string(GetParam()) + "\nintel.feed = " + list.path());
  std::filesystem::remove(list.path());
  EXPECT_TRUE(steps_until(*live.monitor, [&] { return live.monitor->stats().enrich_reloads_failed == 1; }));
  live.feed({start(os::boottime_ns(), kCurl, "curl"), open(os::boottime_ns(), 1, tuple(1, 443), kCurl)});
  EXPECT_EQ(count_rows(*live.monitor, "connections", "indicator = 192.0.2.7"), 1U);
  query::SourceRow row;
  ASSERT_TRUE(live.monitor->source_row(0, row).ok());
  EXPECT_EQ(row.state, "reduced");
  EXPECT_THAT(row.missing, HasSubstr(list.path()));
  EXPECT_THAT(row.missing, HasSubstr("stays in use"));
}

INSTANTIATE_TEST_SUITE_P(Threads, ReloadTest, ::testing::Values("none", "auto"));

TEST(EnrichmentTest, AFileThatIsNotThereAtTheBeginningIsAnError) {
  for (const char* key : {"intel.feed", "geoip.country", "geoip.asn"}) {
    MonitorOptions options;
    ASSERT_TRUE(apply_settings(std::string(key) + " = /nowhere/file", options).ok());
    const auto monitor = Monitor::open(options);
    ASSERT_FALSE(monitor.ok()) << key;
    EXPECT_TRUE(monitor.status().is_error());
    EXPECT_THAT(std::string(monitor.status().message()), HasSubstr("/nowhere/file"));
  }
}

TEST(EnrichmentTest, WhatAFeedHoldsAndIsNotTakenIsShownWithTheSources) {
  const Written list("192.0.2.7\nrubbish\n");
  Live live("intel.feed = " + list.path());
  query::SourceRow row;
  ASSERT_TRUE(live.monitor->source_row(0, row).ok());
  EXPECT_EQ(row.name, "enrich");
  EXPECT_EQ(row.state, "reduced");
  EXPECT_THAT(row.missing, HasSubstr("1 malformed (first: line 2"));
}

TEST(EnrichmentTest, LookUpsAddUp) {
  const Written list(kList);
  Live live("intel.feed = " + list.path());
  for (const model::Event& event : incident(os::boottime_ns())) ASSERT_TRUE(live.lane->lane().push(event));
  ASSERT_TRUE(live.monitor->flush().ok());
  query::SourceRow row;
  ASSERT_TRUE(live.monitor->source_row(0, row).ok());
  EXPECT_EQ(row.received, row.written + row.filtered + row.malformed);
  EXPECT_EQ(row.written, 3U);
}

}  // namespace
}  // namespace ipm::monitor
