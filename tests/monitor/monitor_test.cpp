#include "monitor/monitor.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "os/linux/host_clock.h"
#include "support/dump_tables.h"
#include "support/events.h"
#include "support/scratch_file.h"

namespace ipm::monitor {
namespace {

using namespace ipm::test;  // NOLINT: the event builders are the language of these tests.

std::unique_ptr<Monitor> open_monitor(const MonitorOptions& options = {}) {
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

TEST(MonitorTest, EventsOfAnEmbeddersThreadReachTheTables) {
  std::unique_ptr<Monitor> monitor = open_monitor();
  Result<Input*> lane = monitor->add_lane("mine", 0);
  ASSERT_TRUE(lane.ok());
  const model::ProcessKey key(7, 70);
  std::thread producer([&] {
    const TimeNs now = os::boottime_ns();
    for (const model::Event& event :
         {start(now, key, "worker"), open(now, 1, tuple(1, 443), key), data(now, 1, tuple(1, 443), 10, 20)}) {
      ASSERT_TRUE((*lane)->lane().push(event));
    }
  });
  producer.join();
  ASSERT_TRUE(monitor->flush().ok());
  EXPECT_EQ(count_rows(*monitor, "processes", "comm = worker\ntx_bytes = 10\nrx_bytes = 20"), 1U);
  EXPECT_EQ(count_rows(*monitor, "connections", "pid = 7\nsource = mine"), 1U);
}

TEST(MonitorTest, RemoteEndIsNamedByItsHelloElseByDnsAndNeverByWhatAClientCallsThisHost) {
  std::unique_ptr<Monitor> monitor = open_monitor();
  Result<Input*> lane = monitor->add_lane("mine", 0);
  ASSERT_TRUE(lane.ok());
  const TimeNs now = os::boottime_ns();
  model::FlowTuple inbound = tuple(443, 40'000);
  inbound.direction = model::Direction::kIn;
  for (const model::Event& event :
       {text(now, 1, "dns.test"), text(now, 2, "sni.test"), text(now, 3, "t13d"), answered(now, 1, "192.0.2.7", 300),
        open(now, 1, tuple(1, 443)), open(now, 2, tuple(2, 443)), hello(now, 2, tuple(2, 443), 2, 0, 0, 3),
        open(now, 3, inbound), hello(now, 3, inbound, 2), open(now, 4, tuple(4, 443, "198.51.100.1"))}) {
    ASSERT_TRUE((*lane)->lane().push(event));
  }
  ASSERT_TRUE(monitor->flush().ok());
  EXPECT_EQ(count_rows(*monitor, "connections", "cookie = 1\nremote_name = dns.test\nname_source = dns"), 1U);
  EXPECT_EQ(count_rows(*monitor, "connections", "cookie = 2\nremote_name = sni.test\nname_source = sni\nja4 = t13d"),
            1U);
  EXPECT_EQ(count_rows(*monitor, "connections", "cookie = 3\nremote_name = dns.test\nsni = sni.test"), 1U);
  EXPECT_EQ(count_rows(*monitor, "connections", "name_source = dns"), 2U);
  EXPECT_EQ(count_rows(*monitor, "endpoints", "remote_name = sni.test\nname_source = sni"), 1U);
}

TEST(MonitorTest, LanesAreMergedByTimeWithinTheWindow) {
  std::unique_ptr<Monitor> monitor = open_monitor();
  Result<Input*> a = monitor->add_lane("a", 0);
  Result<Input*> b = monitor->add_lane("b", 0);
  const TimeNs now = os::boottime_ns();
  std::vector<TimeNs> order;
  monitor->set_event_callback([&](const model::Event& event) {
    if (event.header.kind == model::EventKind::kSocketOpen) order.push_back(event.header.time_ns - now);
  });
  for (TimeNs t : {1, 4, 5}) (*a)->lane().push(open(now + t, static_cast<std::uint64_t>(t), tuple(1, 1)));
  for (TimeNs t : {2, 3, 6}) (*b)->lane().push(open(now + t, static_cast<std::uint64_t>(t), tuple(1, 1)));
  ASSERT_TRUE(monitor->flush().ok());
  EXPECT_EQ(order, (std::vector<TimeNs>{1, 2, 3, 4, 5, 6}));
}

TEST(MonitorTest, DropsOfALaneStandInTheLedger) {
  std::unique_ptr<Monitor> monitor = open_monitor();
  Result<Input*> lane = monitor->add_lane("small", 64);
  for (std::uint64_t i = 0; i < 70; ++i) (*lane)->lane().push(open(os::boottime_ns(), i + 1, tuple(1, 1)));
  (void)monitor->step(0);
  ASSERT_TRUE(monitor->flush().ok());
  EXPECT_EQ(monitor->stats().dropped, 6U);
  EXPECT_EQ((*monitor->snapshot())->engine.ledger.lost_events, 6U);
}

TEST(MonitorTest, LiveAndOfflineSourcesDoNotMix) {
  std::unique_ptr<Monitor> monitor = open_monitor();
  ASSERT_TRUE(monitor->add_source("synthetic:").ok());
  EXPECT_EQ(monitor->add_lane("live", 0).status().code(), Code::kState);
}

TEST(MonitorTest, UnknownSchemesAndParametersNameTheNearest) {
  std::unique_ptr<Monitor> monitor = open_monitor();
  EXPECT_NE(monitor->add_source("sintetic:").message().find("synthetic"), std::string_view::npos);
  EXPECT_EQ(monitor->add_source("synthetic:?sead=1").code(), Code::kInvalidArgument);
  EXPECT_EQ(monitor->add_source("replay:/nowhere/at/all").code(), Code::kNotFound);
  EXPECT_EQ(monitor->step(0).code(), Code::kState);
}

TEST(MonitorTest, SettingsErrorsNameLineAndNearestKey) {
  MonitorOptions options;
  Status status = apply_settings("# x\nflow_max = 3\n", options);
  EXPECT_NE(status.message().find("line 2"), std::string_view::npos);
  EXPECT_NE(status.message().find("flows_max"), std::string_view::npos);
  for (const char* text : {"flows_max = 0", "flows_max = -1", "flows_max = x", "threads = many", "merge_window = 1y",
                           "memory_max_bytes = 1k", "udp_idle = 99d", "cursors_max = 99999999999999999999"}) {
    EXPECT_EQ(apply_settings(text, options).code(), Code::kInvalidArgument) << text;
  }
  EXPECT_TRUE(apply_settings("threads = auto\nmemory_max_bytes = 64MiB\nmerge_window = 20ms", options).ok());
  EXPECT_TRUE(options.threads);
  EXPECT_EQ(options.bounds.memory_max_bytes, 64U << 20);
}

TEST(MonitorTest, RecordingStartsBeforeTheFirstEventOrNotAtAll) {
  const ScratchFile log(".ipmlog");
  std::unique_ptr<Monitor> monitor = open_monitor();
  ASSERT_TRUE(monitor->add_source("synthetic:?events=1000").ok());
  ASSERT_TRUE(monitor->step(0).ok());
  EXPECT_EQ(monitor->record(log.path().c_str()).code(), Code::kState);
  EXPECT_EQ(open_monitor()->record("/nowhere/at/all").code(), Code::kNotFound);
}

TEST(MonitorTest, LiveRunRecordedAndReplayedGivesTheSameBytes) {
  const ScratchFile log(".ipmlog");
  std::string expected;
  {
    std::unique_ptr<Monitor> monitor = open_monitor();
    ASSERT_TRUE(monitor->record(log.path().c_str()).ok());
    Result<Input*> lane = monitor->add_lane("mine", 0);
    const model::ProcessKey key(7, 70);
    for (int i = 0; i < 300; ++i) {
      const TimeNs now = os::boottime_ns();
      if (i == 0) (*lane)->lane().push(start(now, key, "worker"));
      (*lane)->lane().push(data(now, static_cast<std::uint64_t>(i % 9 + 1),
                                tuple(static_cast<std::uint16_t>(i % 9 + 1), 443), 10, 20, key));
      (void)monitor->step(0);
    }
    ASSERT_TRUE(monitor->flush().ok());
    ASSERT_TRUE(monitor->record(nullptr).ok());
    expected = dump_tables(*monitor);
  }
  std::unique_ptr<Monitor> replay = open_monitor();
  ASSERT_TRUE(replay->add_source("replay:" + log.path()).ok());
  while (replay->step(0).ok()) {
  }
  EXPECT_EQ(dump_tables(*replay), expected);
  EXPECT_NE(expected.find("worker"), std::string::npos);
}

// Statistics asked for before the first event make an engine; the recorded run's own bounds replace it.
TEST(MonitorTest, AskingBeforeTheFirstEventChangesNoReplay) {
  const ScratchFile log(".ipmlog");
  MonitorOptions options;
  options.bounds.flows_max = 20;
  std::unique_ptr<Monitor> original = open_monitor(options);
  ASSERT_TRUE(original->record(log.path().c_str()).ok());
  ASSERT_TRUE(original->add_source("synthetic:?events=3000").ok());
  while (original->step(0).ok()) {
  }
  ASSERT_TRUE(original->record(nullptr).ok());
  std::unique_ptr<Monitor> replay = open_monitor();
  ASSERT_TRUE(replay->add_source("replay:" + log.path()).ok());
  EXPECT_EQ(replay->stats().flows.used, 0U);
  while (replay->step(0).ok()) {
  }
  EXPECT_EQ(dump_tables(*replay), dump_tables(*original));
}

// Steps of a second pass no second's end in between, and end in the same tables.
TEST(MonitorTest, StepsOfFilesTakeInNoMoreThanTheirSpan) {
  MonitorOptions options;
  options.step_span_max_ns = kSecond;
  std::unique_ptr<Monitor> slow = open_monitor(options);
  std::unique_ptr<Monitor> fast = open_monitor();
  std::vector<TimeNs> times;
  slow->set_event_callback([&](const model::Event& event) { times.push_back(event.header.time_ns); });
  for (Monitor* monitor : {slow.get(), fast.get()}) {
    ASSERT_TRUE(monitor->add_source("synthetic:?seed=3&events=3000").ok());
    for (bool more = true; more; times.clear()) {
      more = monitor->step(0).ok();
      if (times.empty()) continue;
      EXPECT_EQ(*std::ranges::min_element(times) / kSecond, *std::ranges::max_element(times) / kSecond);
    }
  }
  EXPECT_EQ(dump_tables(*slow), dump_tables(*fast));
}

TEST(MonitorTest, InterruptEndsAWaitingStep) {
  std::unique_ptr<Monitor> monitor = open_monitor();
  ASSERT_TRUE(monitor->add_lane("quiet", 0).ok());
  (void)monitor->flush();
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    monitor->interrupt();
  });
  const TimeNs before = os::monotonic_ns();
  while (monitor->step(10 * kSecond).ok()) {
  }
  EXPECT_LT(os::monotonic_ns() - before, 5 * kSecond);
  other.join();
}

TEST(MonitorTest, AForkedChildKnowsItIsNotTheOwner) {
  std::unique_ptr<Monitor> monitor = open_monitor();
  const pid_t child = ::fork();
  if (child == 0) ::_exit(monitor->forked() ? 0 : 1);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_FALSE(monitor->forked());
}

TEST(MonitorTest, ManyMonitorsShareNothing) {
  std::unique_ptr<Monitor> a = open_monitor();
  std::unique_ptr<Monitor> b = open_monitor();
  ASSERT_TRUE(a->add_source("synthetic:?events=2000&seed=1").ok());
  ASSERT_TRUE(b->add_source("synthetic:?events=2000&seed=2").ok());
  while (a->step(0).ok()) (void)b->step(0);
  while (b->step(0).ok()) {
  }
  EXPECT_NE(dump_tables(*a), dump_tables(*b));
}

TEST(SnapshotTest, AReaderOnAnotherThreadSeesOneMoment) {
  std::unique_ptr<Monitor> monitor = open_monitor();
  ASSERT_TRUE(monitor->add_source("synthetic:?events=60000&flows=500").ok());
  ASSERT_TRUE(monitor->step(0).ok());
  std::atomic<bool> done{false};
  std::atomic<int> read{0};
  std::thread reader([&] {
    while (!done.load()) {
      Result<std::shared_ptr<const query::Snapshot>> snapshot = monitor->snapshot();
      if (!snapshot.ok()) continue;
      const query::TableInfo* info = query::find_table("ledger");
      Result<std::unique_ptr<query::Cursor>> cursor = query::Cursor::open(info->open(*snapshot), {});
      while ((*cursor)->next().ok()) {
        const Result<std::uint32_t> balanced = (*cursor)->find("balanced");
        const query::Cell& cell = (*cursor)->cell(*balanced);
        EXPECT_TRUE(cell.is(query::Value::Kind::kNull) || cell.integer() == 1);
      }
      Result<std::unique_ptr<query::Cursor>> rows =
          query::Cursor::open(query::find_table("connections")->open(*snapshot), {});
      while ((*rows)->next().ok()) ++read;
    }
  });
  while (monitor->step(0).ok()) {
  }
  done.store(true);
  reader.join();
  EXPECT_GT(read.load(), 0);
}

TEST(SnapshotTest, AHeldSnapshotKeepsItsMomentUntilRoomIsNeededThenExpires) {
  MonitorOptions options;
  options.bounds.memory_max_bytes = 8U << 20;
  std::unique_ptr<Monitor> monitor = open_monitor(options);
  ASSERT_TRUE(monitor->add_source("synthetic:?events=300000&flows=8000&processes=200").ok());
  while (monitor->stats().engine.events < 150'000) ASSERT_TRUE(monitor->step(0).ok());
  const query::TableInfo* info = query::find_table("connections");
  Result<std::unique_ptr<query::Cursor>> cursor = query::Cursor::open(info->open(*monitor->snapshot()), {});
  ASSERT_TRUE((*cursor)->next().ok());
  while (monitor->step(0).ok()) {
  }
  Status status;
  while ((status = (*cursor)->next()).ok()) {
  }
  EXPECT_EQ(status.code(), Code::kExpired);
  EXPECT_GE(monitor->stats().snapshots_revoked, 1U);
  EXPECT_LE(monitor->stats().memory_high_water, options.bounds.memory_max_bytes);
}

TEST(SnapshotTest, OutlivesItsMonitor) {
  std::unique_ptr<query::Cursor> cursor;
  {
    std::unique_ptr<Monitor> monitor = open_monitor();
    ASSERT_TRUE(monitor->add_source("synthetic:?events=5000").ok());
    while (monitor->step(0).ok()) {
    }
    cursor = std::move(*query::Cursor::open(query::find_table("processes")->open(*monitor->snapshot()), {}));
  }
  EXPECT_TRUE(cursor->next().ok());
}

}  // namespace
}  // namespace ipm::monitor
