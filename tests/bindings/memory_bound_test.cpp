// A busy day in a small room: a million events of more flows, processes and texts than fit, through the C functions.
#include <gtest/gtest.h>
#include <ipm/ipm.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <string>

#include "support/c_event.h"
#include "support/scratch_file.h"

namespace {

constexpr std::uint64_t kMiB = 1'048'576;
constexpr std::uint64_t kEvents = 1'000'000;
constexpr std::uint64_t kEventsPerFlow = 4;
constexpr std::uint64_t kFlows = kEvents / kEventsPerFlow;
constexpr std::uint64_t kFlowsPerProcess = 10;
constexpr std::uint64_t kTxBytes = 101, kRxBytes = 1'009;

class Writer {
 public:
  explicit Writer(const std::string& path) {
    if (ipm_monitor_open(&monitor_, nullptr) < 0 || ipm_monitor_add_lane(monitor_, "test", 0, &lane_) < 0 ||
        ipm_monitor_record(monitor_, path.c_str()) < 0) {
      ::_exit(1);
    }
  }
  void run() {
    for (std::uint64_t flow = 1; flow <= kFlows; ++flow) {
      while (ipm_lane_free(lane_) < 16) ipm_monitor_step(monitor_, 0);
      const std::uint64_t n = flow / kFlowsPerProcess;
      const std::uint64_t process = ipm_process_ref(static_cast<std::uint32_t>(1 + n % 4'000'000), n + 1);
      if (flow % kFlowsPerProcess == 0) start(process, n);
      ipm_flow_tuple tuple{};
      tuple.local_addr[15] = 1;
      std::memcpy(tuple.remote_addr, &flow, sizeof flow);
      tuple.local_port = static_cast<std::uint16_t>(flow);
      tuple.remote_port = 443;
      tuple.protocol = 6;
      tuple.direction = IPM_DIRECTION_OUT;
      ipm_event_socket_open open{};
      open.tuple = tuple;
      open.how = IPM_OPEN_CONNECT;
      open.quality = IPM_QUALITY_EXACT;
      push(IPM_EVENT_SOCKET_OPEN, process, flow, open);
      ipm_event_socket_data data{};
      data.tuple = tuple;
      data.layer = IPM_LAYER_TCP;
      data.measured = 3;
      data.tx_bytes = kTxBytes;
      data.rx_bytes = kRxBytes;
      push(IPM_EVENT_SOCKET_DATA, process, flow, data);
      push(IPM_EVENT_SOCKET_DATA, process, flow, data);
      ipm_event_socket_close close{};  // Every third flow stays open: it moves more instead.
      close.tuple = tuple;
      close.reason = IPM_CLOSE_ORDERLY;
      if (flow % 3 == 0) {
        push(IPM_EVENT_SOCKET_DATA, process, flow, data);
      } else {
        push(IPM_EVENT_SOCKET_CLOSE, process, flow, close);
      }
    }
    const bool done = ipm_monitor_flush(monitor_) == IPM_OK && ipm_monitor_record(monitor_, nullptr) == IPM_OK;
    ::_exit(done ? 0 : 1);
  }

 private:
  void start(std::uint64_t process, std::uint64_t n) {
    const std::string exe = "/opt/programs/number-" + std::to_string(n);
    ipm_event_process payload{};
    if (ipm_lane_text(lane_, exe.data(), exe.size(), 0, &payload.exe) != IPM_OK) ::_exit(1);
    std::memcpy(payload.comm, "program", 8);
    push(IPM_EVENT_PROCESS_START, process, 0, payload);
  }
  template <typename Payload>
  void push(int kind, std::uint64_t process, std::uint64_t flow, const Payload& payload) {
    const ipm_event event = ipm::test::c_event(kind, process, flow, payload);
    if (ipm_lane_push(lane_, &event, 1, nullptr) != IPM_OK) ::_exit(1);
  }

  ipm_monitor* monitor_ = nullptr;
  ipm_lane* lane_ = nullptr;
};

#if !defined(IPM_SANITIZED)  // Sanitizers have memory of their own.
// Bytes of a line of /proc/self/status.
std::uint64_t status_bytes(const std::string& name) {
  std::ifstream in("/proc/self/status");
  std::string key;
  std::uint64_t kib = 0;
  while (in >> key) {
    if (key == name + ":" && in >> kib) return kib * 1024;
    in.ignore(4096, '\n');
  }
  return 0;
}
#endif

TEST(MemoryBoundTest, AMillionEventsStayWithin64MiB) {
  constexpr std::uint64_t kMemoryMax = 64 * kMiB;
  const ipm::test::ScratchFile log(".ipmlog");
  const pid_t child = ::fork();  // So that what recording takes is not in the figures below.
  ASSERT_GE(child, 0);
  if (child == 0) Writer(log.path()).run();
  int how = -1;
  ASSERT_EQ(::waitpid(child, &how, 0), child);
  ASSERT_EQ(how, 0);

  ipm_monitor_options options{};
  options.struct_size = sizeof options;
  options.memory_max_bytes = kMemoryMax;
  ipm_monitor* monitor = nullptr;
  ASSERT_EQ(ipm_monitor_open(&monitor, &options), IPM_OK) << ipm_last_error();
  std::uint64_t heard = 0;
  ASSERT_EQ(ipm_monitor_set_eviction_callback(
                monitor, [](const ipm_eviction*, void* user) { ++*static_cast<std::uint64_t*>(user); }, &heard),
            IPM_OK);
  ASSERT_EQ(ipm_monitor_add_source(monitor, ("replay:" + log.path()).c_str()), IPM_OK) << ipm_last_error();

  ipm_monitor_stats stats{};
  stats.struct_size = sizeof stats;
  ipm_cursor* held = nullptr;  // Opened early and not read until the end.
  ipm_status status = IPM_OK;
  while ((status = ipm_monitor_step(monitor, 0)) == IPM_OK) {
    ASSERT_EQ(ipm_monitor_get_stats(monitor, &stats), IPM_OK);
    ASSERT_LE(stats.memory_bytes, kMemoryMax);
    if (held == nullptr && stats.events > kEvents / 4) {
      ASSERT_EQ(ipm_cursor_open(&held, monitor, "connections", nullptr, nullptr, 0), IPM_OK) << ipm_last_error();
      ASSERT_EQ(ipm_cursor_next(held), IPM_OK);
    }
  }
  ASSERT_EQ(status, IPM_END) << ipm_last_error();
  ASSERT_EQ(ipm_monitor_flush(monitor), IPM_OK);
  ASSERT_EQ(ipm_monitor_get_stats(monitor, &stats), IPM_OK);

  EXPECT_GE(stats.events, kEvents);
  EXPECT_EQ(stats.memory_max_bytes, kMemoryMax);
  EXPECT_LE(stats.memory_high_water, kMemoryMax);
  EXPECT_GT(stats.memory_high_water, kMemoryMax / 2);  // The bound was met, not avoided.
#if !defined(IPM_SANITIZED)                            // Sanitizers have memory of their own.
  EXPECT_LE(status_bytes("VmHWM"), kMemoryMax + 16 * kMiB);
#endif
  EXPECT_GT(stats.flows.evicted, 0U);
  EXPECT_EQ(stats.flows.used + stats.flows.evicted, kFlows);
  EXPECT_GT(stats.processes.evicted, 0U);
  EXPECT_EQ(heard, stats.flows.evicted + stats.processes.evicted);
  for (const ipm_bound_stats& bound : {stats.flows, stats.processes, stats.apps, stats.endpoints, stats.texts}) {
    EXPECT_LE(bound.high_water, bound.max);
  }

  // The held snapshot was not waited for.
  EXPECT_EQ(stats.snapshots_revoked, 1U);
  ASSERT_NE(held, nullptr);
  std::uint64_t rows = 0;  // Those that were already copied are still given.
  while ((status = ipm_cursor_next(held)) == IPM_OK) ++rows;
  EXPECT_EQ(status, IPM_ERR_EXPIRED);
  EXPECT_LE(rows, 1'024U);
  ipm_cursor_close(held);

  // Nothing that was evicted left the sums.
  ipm_cursor* ledger = nullptr;
  ASSERT_EQ(ipm_cursor_open(&ledger, monitor, "ledger",
                            "layer = tcp\ndirection = tx\ncolumns = seen, evicted, balanced", nullptr, 0),
            IPM_OK)
      << ipm_last_error();
  ASSERT_EQ(ipm_cursor_next(ledger), IPM_OK);
  std::int64_t seen = 0, evicted = 0, balanced = 0;
  EXPECT_EQ(ipm_cursor_int64(ledger, 0, &seen), IPM_OK);
  EXPECT_EQ(ipm_cursor_int64(ledger, 1, &evicted), IPM_OK);
  EXPECT_EQ(ipm_cursor_int64(ledger, 2, &balanced), IPM_OK);
  EXPECT_EQ(static_cast<std::uint64_t>(seen), kTxBytes * (2 * kFlows + kFlows / 3));
  EXPECT_GT(evicted, 0);
  EXPECT_EQ(balanced, 1);
  ipm_cursor_close(ledger);
  ipm_monitor_close(monitor);
}

}  // namespace
