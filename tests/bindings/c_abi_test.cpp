// The C functions, as a program sees them that knows the public headers only.
#include <gtest/gtest.h>
#include <ipm/ipm.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

#include "support/c_event.h"

namespace {

// A monitor with a lane of the test's own.
class CAbiTest : public testing::Test {
 protected:
  void open(const char* settings = nullptr) {
    ipm_monitor_options options{};
    options.struct_size = sizeof options;
    options.settings = settings;
    ASSERT_EQ(ipm_monitor_open(&monitor_, &options), IPM_OK) << ipm_last_error();
    ASSERT_EQ(ipm_monitor_add_lane(monitor_, "test", 0, &lane_), IPM_OK) << ipm_last_error();
  }
  void TearDown() override {
    ipm_lane_close(lane_);
    ipm_monitor_close(monitor_);
  }
  static ipm_flow_tuple tuple(std::uint16_t port) {
    ipm_flow_tuple out{};
    out.local_addr[15] = out.remote_addr[15] = 1;
    out.local_port = port;
    out.remote_port = 443;
    out.protocol = 6;
    out.direction = IPM_DIRECTION_OUT;
    return out;
  }
  template <typename Payload>
  void push(int kind, std::uint64_t process, std::uint64_t flow, const Payload& payload) {
    const ipm_event event = ipm::test::c_event(kind, process, flow, payload);
    ASSERT_EQ(ipm_lane_push(lane_, &event, 1, nullptr), IPM_OK);
  }
  void open_connection(std::uint64_t process, std::uint64_t flow) {
    ipm_event_socket_open payload{};
    payload.tuple = tuple(static_cast<std::uint16_t>(flow));
    payload.how = IPM_OPEN_CONNECT;
    payload.quality = IPM_QUALITY_EXACT;
    push(IPM_EVENT_SOCKET_OPEN, process, flow, payload);
  }
  void move_bytes(std::uint64_t process, std::uint64_t flow, std::uint64_t tx_bytes) {
    ipm_event_socket_data payload{};
    payload.tuple = tuple(static_cast<std::uint16_t>(flow));
    payload.layer = IPM_LAYER_TCP;
    payload.measured = 3;
    payload.tx_bytes = tx_bytes;
    push(IPM_EVENT_SOCKET_DATA, process, flow, payload);
  }

  // A process tries eight hosts inside, and none takes its connection.
  void scan(std::uint32_t pid) {
    const std::uint64_t process = ipm_process_ref(pid, 70);
    for (std::uint8_t i = 1; i <= 8; ++i) {
      ipm_event_socket_failure failure{};
      failure.tuple = tuple(100);
      failure.tuple.remote_addr[10] = failure.tuple.remote_addr[11] = 0xff;
      failure.tuple.remote_addr[12] = 10;
      failure.tuple.remote_addr[15] = i;
      failure.error = 111;  // ECONNREFUSED
      ipm_event_socket_open opened{};
      opened.tuple = failure.tuple;
      opened.how = IPM_OPEN_CONNECT;
      opened.quality = IPM_QUALITY_EXACT;
      push(IPM_EVENT_SOCKET_OPEN, process, std::uint64_t{pid} * 100 + i, opened);
      push(IPM_EVENT_FAILURE, process, std::uint64_t{pid} * 100 + i, failure);
    }
  }

  ipm_monitor* monitor_ = nullptr;
  ipm_lane* lane_ = nullptr;
};

TEST_F(CAbiTest, TextsOfEachSourceStayWhenAnotherIsAskedFor) {
  open("");  // It has a lane.
  ipm_lane* second = nullptr;
  ASSERT_EQ(ipm_monitor_add_lane(monitor_, "second", 0, &second), IPM_OK);
  ipm_source_info infos[2]{};
  for (std::uint32_t i = 0; i < 2; ++i) {
    infos[i].struct_size = sizeof infos[i];
    ASSERT_EQ(ipm_source_status(monitor_, i, &infos[i]), IPM_OK);
  }
  EXPECT_STREQ(infos[1].name, "second");
  EXPECT_STRNE(infos[0].name, "second");
}

TEST_F(CAbiTest, EvictedRowsAreHeardBeforeTheyGo) {
  open("flows_max = 2\nprocesses_max = 2");
  std::vector<ipm_eviction> heard;
  const auto hear = [](const ipm_eviction* eviction, void* user) {
    static_cast<std::vector<ipm_eviction>*>(user)->push_back(*eviction);
  };
  ASSERT_EQ(ipm_monitor_set_eviction_callback(monitor_, hear, &heard), IPM_OK);
  for (std::uint32_t i = 1; i <= 3; ++i) {
    const std::uint64_t process = ipm_process_ref(i, 10 * i);
    open_connection(process, i);
    move_bytes(process, i, 100 * i);
  }
  ASSERT_EQ(ipm_monitor_flush(monitor_), IPM_OK);
  ASSERT_EQ(heard.size(), 2U);
  for (const ipm_eviction& eviction : heard) {
    EXPECT_EQ(eviction.struct_size, sizeof eviction);
    EXPECT_EQ(eviction.process, ipm_process_ref(1, 10));
    EXPECT_EQ(eviction.tx_bytes, 100U);
    EXPECT_EQ(eviction.measured, 3);
    EXPECT_EQ(eviction.quality, IPM_QUALITY_EXACT);
    EXPECT_EQ(eviction.open, 1);
    EXPECT_GT(eviction.first_seen_ns, 0);
  }
  EXPECT_NE(heard[0].what, heard[1].what);
  const ipm_eviction& connection = heard[0].what == IPM_EVICTED_CONNECTION ? heard[0] : heard[1];
  EXPECT_EQ(connection.flow, 1U);
  EXPECT_EQ(connection.tuple.local_port, 1);
  EXPECT_EQ(connection.layer, IPM_LAYER_TCP);
  EXPECT_EQ(connection.tx_unattributed, 0U);

  ASSERT_EQ(ipm_monitor_set_eviction_callback(monitor_, nullptr, nullptr), IPM_OK);
  open_connection(ipm_process_ref(4, 40), 4);
  ASSERT_EQ(ipm_monitor_flush(monitor_), IPM_OK);
  EXPECT_EQ(heard.size(), 2U);
  ipm_monitor_stats stats{};
  stats.struct_size = sizeof stats;
  ASSERT_EQ(ipm_monitor_get_stats(monitor_, &stats), IPM_OK);
  EXPECT_EQ(stats.flows.evicted, 2U);
  EXPECT_EQ(stats.processes.evicted, 2U);
}

TEST_F(CAbiTest, AStructOfAnOlderProgramIsFilledAsFarAsItReaches) {
  open();
  struct {
    ipm_monitor_stats stats;
    unsigned char behind;
  } out{};
  std::memset(&out, 0x5a, sizeof out);
  out.stats.struct_size = offsetof(ipm_monitor_stats, events_late);
  ASSERT_EQ(ipm_monitor_get_stats(monitor_, &out.stats), IPM_OK);
  EXPECT_EQ(out.stats.sources, 1U);
  EXPECT_EQ(out.stats.events_late, 0x5a5a5a5a5a5a5a5aU);
}

TEST_F(CAbiTest, AStructOfANewerProgramIsTakenIfWhatIsUnknownIsZero) {
  struct {
    ipm_monitor_options options;
    std::uint64_t later;
  } given{};
  given.options.struct_size = sizeof given;
  ipm_monitor* monitor = nullptr;
  EXPECT_EQ(ipm_monitor_open(&monitor, &given.options), IPM_OK);
  ipm_monitor_close(monitor);
  given.later = 1;
  monitor = reinterpret_cast<ipm_monitor*>(&given);
  EXPECT_EQ(ipm_monitor_open(&monitor, &given.options), IPM_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(monitor, nullptr);
  EXPECT_NE(std::string(ipm_last_error()).find("does not know"), std::string::npos) << ipm_last_error();
}

TEST_F(CAbiTest, AStructWithoutItsSizeIsRefused) {
  ipm_monitor_options options{};
  ipm_monitor* monitor = nullptr;
  EXPECT_EQ(ipm_monitor_open(&monitor, &options), IPM_ERR_INVALID_ARGUMENT);
  EXPECT_NE(std::string(ipm_last_error()).find("_INIT"), std::string::npos) << ipm_last_error();
}

TEST_F(CAbiTest, EveryCallTakesNull) {
  ipm_monitor_close(nullptr);
  ipm_cursor_close(nullptr);
  ipm_lane_close(nullptr);
  EXPECT_EQ(ipm_monitor_open(nullptr, nullptr), IPM_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(ipm_monitor_add_source(nullptr, "auto:"), IPM_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(ipm_monitor_step(nullptr, 0), IPM_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(ipm_monitor_flush(nullptr), IPM_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(ipm_monitor_fd(nullptr), IPM_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(ipm_monitor_next_due(nullptr, nullptr), IPM_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(ipm_monitor_interrupt(nullptr), IPM_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(ipm_monitor_record(nullptr, nullptr), IPM_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(ipm_monitor_set_event_callback(nullptr, nullptr, nullptr), IPM_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(ipm_monitor_set_eviction_callback(nullptr, nullptr, nullptr), IPM_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(ipm_monitor_get_stats(nullptr, nullptr), IPM_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(ipm_monitor_add_lane(nullptr, nullptr, 0, nullptr), IPM_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(ipm_monitor_add_custom_source(nullptr, nullptr, nullptr), IPM_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(ipm_monitor_table(nullptr, nullptr, nullptr, nullptr), IPM_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(ipm_source_status(nullptr, 0, nullptr), IPM_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(ipm_source_probe(nullptr, nullptr), IPM_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(ipm_lane_push(nullptr, nullptr, 0, nullptr), IPM_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(ipm_lane_free(nullptr), 0U);
  EXPECT_EQ(ipm_lane_text(nullptr, nullptr, 0, 0, nullptr), IPM_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(ipm_column_describe(nullptr, 0, nullptr), IPM_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(ipm_cursor_open(nullptr, nullptr, nullptr, nullptr, nullptr, 0), IPM_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(ipm_cursor_next(nullptr), IPM_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(ipm_cursor_column_count(nullptr), 0U);
  EXPECT_EQ(ipm_cursor_column(nullptr, nullptr, nullptr), IPM_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(ipm_cursor_describe(nullptr, 0, nullptr), IPM_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(ipm_cursor_is_null(nullptr, 0), IPM_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(ipm_cursor_int64(nullptr, 0, nullptr), IPM_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(ipm_cursor_double(nullptr, 0, nullptr), IPM_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(ipm_cursor_text(nullptr, 0, nullptr, nullptr), IPM_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(ipm_cursor_arrow(nullptr, nullptr), IPM_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(ipm_event_format(nullptr, nullptr, 0), 0U);
  EXPECT_EQ(ipm_text_quote(nullptr, 0, nullptr, 0), 2U);  // ""
}

TEST_F(CAbiTest, AnOpenCursorDoesNotLetTextsGrowPastTheBound) {
  ipm_monitor_options options{};
  options.struct_size = sizeof options;
  options.memory_max_bytes = 8U << 20;
  ASSERT_EQ(ipm_monitor_open(&monitor_, &options), IPM_OK);
  ASSERT_EQ(ipm_monitor_add_lane(monitor_, "test", 0, &lane_), IPM_OK);
  open_connection(ipm_process_ref(1, 1), 1);
  ASSERT_EQ(ipm_monitor_flush(monitor_), IPM_OK);
  ipm_cursor* held = nullptr;
  ASSERT_EQ(ipm_cursor_open(&held, monitor_, "connections", nullptr, nullptr, 0), IPM_OK);
  ipm_monitor_stats stats{};
  stats.struct_size = sizeof stats;
  for (std::uint32_t i = 0; i < 3'000; ++i) {
    std::string exe = "/" + std::to_string(i);
    exe.resize(4'000, 'x');
    ipm_event_process process{};
    while (ipm_lane_text(lane_, exe.data(), exe.size(), 0, &process.exe) != IPM_OK) ipm_monitor_step(monitor_, 0);
    push(IPM_EVENT_PROCESS_EXEC, ipm_process_ref(1, 1), 0, process);
    ASSERT_EQ(ipm_monitor_flush(monitor_), IPM_OK);
    ASSERT_EQ(ipm_monitor_get_stats(monitor_, &stats), IPM_OK);
    ASSERT_LE(stats.memory_bytes, stats.memory_max_bytes) << i;
  }
  ipm_cursor_close(held);
}

TEST_F(CAbiTest, AlertsAreTakenOneByOneWithTheirEvidence) {
  open();
  ipm_alert alert = {};
  alert.struct_size = sizeof alert;
  EXPECT_EQ(ipm_monitor_next_alert(monitor_, &alert), IPM_END);
  scan(7);
  ASSERT_EQ(ipm_monitor_flush(monitor_), IPM_OK);
  ASSERT_EQ(ipm_monitor_next_alert(monitor_, &alert), IPM_OK);
  EXPECT_EQ(alert.change, IPM_ALERT_OPENED);
  EXPECT_EQ(alert.id, 1U);
  EXPECT_STREQ(alert.kind, "scan");
  EXPECT_STREQ(alert.techniques, "T1046 T1018");
  EXPECT_STREQ(alert.metric, "failed_hosts");
  EXPECT_EQ(alert.process, ipm_process_ref(7, 70));
  EXPECT_EQ(alert.severity, IPM_SEVERITY_HIGH);
  EXPECT_EQ(alert.notified, 1);
  EXPECT_GE(alert.value, 6);
  EXPECT_NE(std::string(alert.evidence).find("hosts on port 443 that it had never tried"), std::string::npos);
  EXPECT_STREQ(alert.verdict, "");
  EXPECT_EQ(ipm_monitor_next_alert(monitor_, &alert), IPM_END);
  EXPECT_EQ(ipm_monitor_next_alert(monitor_, nullptr), IPM_ERR_INVALID_ARGUMENT);

  EXPECT_EQ(ipm_monitor_rule(monitor_, nullptr), IPM_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(ipm_monitor_rule(monitor_, "false_positive alert=x"), IPM_ERR_INVALID_ARGUMENT);
  ASSERT_EQ(ipm_monitor_rule(monitor_, "false_positive alert=1"), IPM_OK) << ipm_last_error();
  ASSERT_EQ(ipm_monitor_flush(monitor_), IPM_OK);
  ASSERT_EQ(ipm_monitor_next_alert(monitor_, &alert), IPM_OK);
  EXPECT_EQ(alert.change, IPM_ALERT_CLOSED);
  EXPECT_STREQ(alert.verdict, "false_positive");

  ipm_cursor* cursor = nullptr;
  ASSERT_EQ(ipm_cursor_open(&cursor, monitor_, "alerts", "kind = scan\ncolumns = pid, state", nullptr, 0), IPM_OK);
  ASSERT_EQ(ipm_cursor_next(cursor), IPM_OK);
  std::int64_t pid = 0;
  EXPECT_EQ(ipm_cursor_int64(cursor, 0, &pid), IPM_OK);
  EXPECT_EQ(pid, 7);
  ipm_cursor_close(cursor);
}

// A program may call itself what it likes.
TEST_F(CAbiTest, TextsOfAnAlertAreUtf8WhateverTheProgramIsCalled) {
  open();
  ipm_event_process process{};
  const std::string exe = "/opt/\xff\xfe/a";
  ASSERT_EQ(ipm_lane_text(lane_, exe.data(), exe.size(), 0, &process.exe), IPM_OK);
  std::memcpy(process.comm, "\xc3(\x80x", 4);
  push(IPM_EVENT_PROCESS_START, ipm_process_ref(7, 70), 0, process);
  scan(7);
  ASSERT_EQ(ipm_monitor_flush(monitor_), IPM_OK);
  ipm_alert alert = {};
  alert.struct_size = sizeof alert;
  ASSERT_EQ(ipm_monitor_next_alert(monitor_, &alert), IPM_OK);
  constexpr const char* kBroken = "\xef\xbf\xbd";  // U+FFFD
  EXPECT_EQ(std::string(alert.comm), std::string(kBroken) + "(" + kBroken + "x");
  EXPECT_TRUE(std::string(alert.evidence).starts_with(alert.comm)) << alert.evidence;
  EXPECT_EQ(std::string(alert.exe), std::string("/opt/") + kBroken + kBroken + "/a");
}

struct Heard {
  ipm_monitor* monitor;
  std::vector<std::string> kinds = {};
  std::uint64_t rows = 0;
  bool once = false;
};

void hear(const ipm_alert* alert, void* user) {
  auto& heard = *static_cast<Heard*>(user);
  EXPECT_EQ(alert->struct_size, sizeof *alert);
  heard.kinds.emplace_back(alert->kind);
  EXPECT_NE(std::string(alert->evidence).find("hosts on port 443"), std::string::npos);
  ipm_cursor* cursor = nullptr;  // Whoever hears of one may look at all of them.
  ASSERT_EQ(ipm_cursor_open(&cursor, heard.monitor, "alerts", nullptr, nullptr, 0), IPM_OK);
  while (ipm_cursor_next(cursor) == IPM_OK) ++heard.rows;
  ipm_cursor_close(cursor);
  EXPECT_EQ(ipm_monitor_rule(heard.monitor, "acknowledge alert=1"), IPM_OK);
  if (!heard.once) return;
  EXPECT_EQ(ipm_monitor_set_alert_callback(heard.monitor, nullptr, nullptr), IPM_OK);
}

TEST_F(CAbiTest, WhoIsCalledForAlertsTakesThemAndMayLookAround) {
  open();
  Heard heard{.monitor = monitor_};
  ASSERT_EQ(ipm_monitor_set_alert_callback(monitor_, hear, &heard), IPM_OK);
  scan(7);
  ASSERT_EQ(ipm_monitor_flush(monitor_), IPM_OK);
  EXPECT_EQ(heard.kinds, std::vector<std::string>{"scan"});
  EXPECT_EQ(heard.rows, 1U);
  ipm_alert alert = {};
  alert.struct_size = sizeof alert;
  EXPECT_EQ(ipm_monitor_next_alert(monitor_, &alert), IPM_END);
  EXPECT_EQ(ipm_monitor_set_alert_callback(nullptr, hear, &heard), IPM_ERR_INVALID_ARGUMENT);
}

TEST_F(CAbiTest, WithoutACallbackChangesWaitAgain) {
  open();
  Heard heard{.monitor = monitor_, .once = true};
  ASSERT_EQ(ipm_monitor_set_alert_callback(monitor_, hear, &heard), IPM_OK);
  scan(7);
  ASSERT_EQ(ipm_monitor_flush(monitor_), IPM_OK);
  ASSERT_EQ(ipm_monitor_flush(monitor_), IPM_OK);  // What it said is obeyed now, and that is a change.
  EXPECT_EQ(heard.kinds.size(), 1U);
  ipm_alert alert = {};
  alert.struct_size = sizeof alert;
  ASSERT_EQ(ipm_monitor_next_alert(monitor_, &alert), IPM_OK);
  EXPECT_STREQ(alert.verdict, "acknowledged");
  EXPECT_EQ(ipm_monitor_next_alert(monitor_, &alert), IPM_END);
}

TEST_F(CAbiTest, ARuleAboutAnAlertThatIsNotThereIsAnErrorAndWhatTheStreamCannotObeyIsCounted) {
  open();
  EXPECT_EQ(ipm_monitor_rule(monitor_, "acknowledge alert=1"), IPM_ERR_NOT_FOUND);
  scan(7);
  ASSERT_EQ(ipm_monitor_flush(monitor_), IPM_OK);
  EXPECT_EQ(ipm_monitor_rule(monitor_, "acknowledge alert=1"), IPM_OK);
  EXPECT_EQ(ipm_monitor_rule(monitor_, "acknowledge alert=999"), IPM_ERR_NOT_FOUND);
  EXPECT_NE(std::string(ipm_last_error()).find("there is no alert 999"), std::string::npos);
  EXPECT_EQ(ipm_monitor_rule(monitor_, "false_positive alert=999"), IPM_ERR_NOT_FOUND);
  EXPECT_EQ(ipm_monitor_rule(monitor_, "lift critical app=nobody"), IPM_OK);  // There is none to lift.
  ASSERT_EQ(ipm_monitor_flush(monitor_), IPM_OK);
  ipm_monitor_stats stats{};
  stats.struct_size = sizeof stats;
  ASSERT_EQ(ipm_monitor_get_stats(monitor_, &stats), IPM_OK);
  EXPECT_EQ(stats.rules_refused, 1U);
  EXPECT_EQ(stats.alerts.used, 1U);
  EXPECT_EQ(stats.alerts.high_water, 1U);
  EXPECT_GE(stats.alerts.max, 2'000U);  // Its share of the default memory.
  EXPECT_EQ(stats.alerts.evicted, 0U);
}

// Sixteen rows, and twenty programs that each deserve one.
TEST_F(CAbiTest, AlertsThatMadeRoomAndChangesThatNobodyTookAreCounted) {
  open("alerts_max = 16");
  for (std::uint32_t pid = 1; pid <= 20; ++pid) {
    ipm_event_process process{};
    const std::string exe = "/usr/bin/program" + std::to_string(pid);
    ASSERT_EQ(ipm_lane_text(lane_, exe.data(), exe.size(), 0, &process.exe), IPM_OK);
    push(IPM_EVENT_PROCESS_START, ipm_process_ref(pid, 70), 0, process);
    scan(pid);
    ASSERT_EQ(ipm_monitor_flush(monitor_), IPM_OK);
  }
  ipm_monitor_stats stats{};
  stats.struct_size = sizeof stats;
  ASSERT_EQ(ipm_monitor_get_stats(monitor_, &stats), IPM_OK);
  EXPECT_EQ(stats.alerts.max, 16U);
  EXPECT_EQ(stats.alerts.used, 16U);
  EXPECT_EQ(stats.alerts.evicted, 4U);
  EXPECT_EQ(stats.alert_changes_lost, 0U);  // 256 of them may wait.
  EXPECT_EQ(stats.programs_evicted, 0U);
  EXPECT_EQ(stats.pairs_evicted, 0U);
  EXPECT_EQ(stats.clues.max, 8'192U);
}

// Ready for ever, and has nothing.
ipm_status poll_nothing(void*, ipm_lane*, int64_t) {
  return IPM_OK;
}

TEST_F(CAbiTest, AStepEndsThoughASourceAlwaysHasMore) {
  ipm_source_vtable vtable{};
  vtable.struct_size = sizeof vtable;
  vtable.name = "more";
  vtable.poll = poll_nothing;
  ASSERT_EQ(ipm_monitor_open(&monitor_, nullptr), IPM_OK);
  ASSERT_EQ(ipm_monitor_add_custom_source(monitor_, &vtable, nullptr), IPM_OK) << ipm_last_error();
  while (ipm_monitor_step(monitor_, 0) != IPM_OK) {
  }
  EXPECT_EQ(ipm_monitor_step(monitor_, 0), IPM_OK);  // More may be there.
  ASSERT_EQ(ipm_monitor_interrupt(monitor_), IPM_OK);
  EXPECT_EQ(ipm_monitor_step(monitor_, INT64_MAX), IPM_TIMEOUT);
}

TEST_F(CAbiTest, AForkedChildMayOnlyClose) {
  open();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const bool right = ipm_monitor_step(monitor_, 0) == IPM_ERR_FORKED;
    ipm_monitor_close(monitor_);
    ::_exit(right ? 0 : 1);
  }
  int how = -1;
  ASSERT_EQ(::waitpid(child, &how, 0), child);
  EXPECT_EQ(how, 0);
  EXPECT_NE(ipm_monitor_step(monitor_, 0), IPM_ERR_FORKED);
}

}  // namespace
