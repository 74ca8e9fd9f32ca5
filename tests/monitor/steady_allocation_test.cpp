// In the steady state nothing is allocated, from a producer's lane to the tables and series: connections come, move
// bytes, change hands and go, processes end and come back, tables are full, time passes. A process that starts is not
// part of it: the key of its app is put together in a string.
#include <gtest/gtest.h>

#include <vector>

#include "monitor/monitor.h"
#include "os/linux/clock.h"
#include "support/count_allocations.h"
#include "support/events.h"

namespace ipm::monitor {
namespace {

using namespace ipm::test;  // NOLINT: the event builders are the language of these tests.

constexpr std::uint32_t kPrograms = 20;
constexpr std::uint32_t kProcesses = 400;

// One turn of a small host, about 250 events: its numbers differ from turn to turn, its size does not.
class Host {
 public:
  explicit Host(source::TextEmitter& texts, ring::Writer& writer, TimeNs now) : now_(now) {
    for (std::uint32_t i = 0; i < kPrograms; ++i) {
      exe_.push_back(texts.id("/usr/bin/program-" + std::to_string(i), now, writer));
    }
  }

  const std::vector<model::Event>& turn() {
    events_.clear();
    for (int i = 0; i < 8; ++i) {
      const std::uint32_t n = 1 + ++processes_ % kProcesses;
      const model::ProcessKey key(n, n);
      if (processes_ < kProcesses) add(start(now_, key, "program", exe_[n % kPrograms]));
      for (int j = 0; j < 8; ++j) connection(key);
      if (n % 10 == 0) add(exited(now_, key));
      now_ += 50 * kMillisecond;  // Ten minutes in the whole test: series grow old.
    }
    model::Interface interface;
    interface.rx_bytes = interface.tx_bytes = ++octets_ * 1'000;
    interface.index = 2;
    add(model::make_event(now_, model::EventKind::kInterface, {}, 0, interface));
    add(model::make_event(now_, model::EventKind::kTimeAdvance, {}, 0, model::ProcessExit{}));
    return events_;
  }

 private:
  void connection(model::ProcessKey key) {
    const std::uint64_t cookie = ++cookies_;
    model::FlowTuple t = tuple(static_cast<std::uint16_t>(cookie), 443);
    const std::uint64_t remote = 0x2001'0db8'0000'0000ULL + cookie % 5'000;
    std::memcpy(t.remote.bytes.data(), &remote, sizeof remote);
    const bool known = cookie % 3 != 0;
    add(open(now_, cookie, t, known ? key : model::ProcessKey{}));
    add(data(now_, cookie, t, 100, 1'000));
    if (cookie % 7 == 0) {
      add(owner(now_, cookie, t, {key, model::ProcessKey(1, 1)}));
    } else if (!known) {
      add(owner(now_, cookie, t, {key}));
    }
    add(data(now_, cookie, t, 10, 20));
    if (cookie % 5 != 0) add(closed(now_, cookie, t));
  }
  void add(const model::Event& event) { events_.push_back(event); }

  std::vector<std::uint32_t> exe_;
  std::vector<model::Event> events_;
  TimeNs now_;
  std::uint32_t processes_ = 0;
  std::uint64_t cookies_ = 0;
  std::uint64_t octets_ = 0;
};

TEST(SteadyAllocationTest, NothingIsAllocatedFromTheLaneToTheTables) {
  MonitorOptions options;
  options.bounds.flows_max = 2'000;
  options.bounds.processes_max = 300;
  options.bounds.endpoints_max = 1'000;
  options.bounds.series_blocks_max = 500;
  Result<std::unique_ptr<Monitor>> opened = Monitor::open(options);
  ASSERT_TRUE(opened.ok());
  Monitor& monitor = **opened;
  Result<Input*> lane = monitor.add_lane("host", 16'384);
  ASSERT_TRUE(lane.ok());
  source::TextEmitter texts;
  Host host(texts, (*lane)->writer(), os::boottime_ns());
  const auto turn = [&] {
    for (const model::Event& event : host.turn()) ASSERT_TRUE((*lane)->lane().push(event));
    while (monitor.step(0).ok()) {
    }
  };
  for (int i = 0; i < 500; ++i) turn();  // Every table has been full and has evicted.
  const MonitorStats warm = monitor.stats();
  ASSERT_GT(warm.flows.evicted, 0U);
  ASSERT_GT(warm.processes.evicted, 0U);
  ASSERT_GT(warm.endpoints.evicted, 0U);

  const std::size_t before = g_allocations;
  for (int i = 0; i < 500; ++i) turn();
  EXPECT_EQ(g_allocations - before, 0U);

  const MonitorStats after = monitor.stats();
  EXPECT_GT(after.engine.events, warm.engine.events + 100'000);
  EXPECT_GT(after.flows.evicted, warm.flows.evicted);
  EXPECT_EQ(after.dropped, 0U);
}

}  // namespace
}  // namespace ipm::monitor
