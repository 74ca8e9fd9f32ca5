// In the steady state nothing is allocated, from a producer's lane to the tables and series: connections come, move
// bytes, change hands and go, processes end and come back, tables are full, time passes. A process that starts is not
// part of it: the key of its app is put together in a string.
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "monitor/monitor.h"
#include "support/count_allocations.h"
#include "support/events.h"
#include "support/scratch_file.h"

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
      now_ += 50 * kMillisecond;  // Seven minutes in the whole test: series grow.
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

// One turn a poll, on a clock of its own.
class HostSource final : public source::Source {
 public:
  std::string_view name() const noexcept override { return "host"; }
  bool live() const noexcept override { return false; }
  source::Capabilities probe() const override { return {}; }
  Status open(const source::SourceOptions&) override { return Status::success(); }
  Status poll(ring::Writer& out, std::chrono::nanoseconds) override {
    if (!host_) host_.emplace(texts_, out, kT0);
    if (!due_) return Status::timeout();
    due_ = false;
    for (const model::Event& event : host_->turn()) dropped_ += out.write(event) ? 0 : 1;
    return Status::success();
  }
  int fd() const noexcept override { return -1; }
  TimeNs next_due_ns() const noexcept override { return 0; }
  void interrupt() noexcept override {}
  source::SourceStats stats() const noexcept override { return {}; }
  source::Degradations degradations() const override { return {}; }
  void next_turn() { due_ = true; }
  int dropped() const { return dropped_; }

 private:
  source::TextEmitter texts_;
  std::optional<Host> host_;
  bool due_ = false;
  int dropped_ = 0;
};

void expect_no_allocations(MonitorOptions options) {
  options.lane_events = 16'384;
  options.bounds.flows_max = 2'000;
  options.bounds.processes_max = 300;
  options.bounds.endpoints_max = 1'000;
  options.bounds.series_blocks_max = 500;
  Result<std::unique_ptr<Monitor>> opened = Monitor::open(options);
  ASSERT_TRUE(opened.ok());
  Monitor& monitor = **opened;
  auto owned = std::make_unique<HostSource>();
  HostSource& host = *owned;
  ASSERT_TRUE(monitor.add_source(std::move(owned), "host:", {}).ok());
  const auto turn = [&] {
    host.next_turn();
    while (monitor.step(0).ok()) {
    }
  };
  for (int i = 0; i < 500; ++i) turn();  // Every table has been full and has evicted.
  const MonitorStats warm = monitor.stats();
  ASSERT_GT(warm.flows.evicted, 0U);
  ASSERT_GT(warm.processes.evicted, 0U);
  ASSERT_GT(warm.endpoints.evicted, 0U);
  ASSERT_GT(warm.baselines.used, 0U);

  const std::size_t before = g_allocations;
  for (int i = 0; i < 500; ++i) turn();
  EXPECT_EQ(g_allocations - before, 0U);

  const MonitorStats after = monitor.stats();
  EXPECT_GT(after.engine.events, warm.engine.events + 100'000);
  EXPECT_GT(after.flows.evicted, warm.flows.evicted);
  EXPECT_EQ(host.dropped(), 0);
}

TEST(SteadyAllocationTest, NothingIsAllocatedFromTheLaneToTheTables) {
  expect_no_allocations({});
}

// Every address that comes anew is looked up.
TEST(SteadyAllocationTest, NothingIsAllocatedForAddressesThatAreOnNoList) {
  const ScratchFile list(".txt");
  list.write("192.0.2.99\n2001:db9::/32\nevil.test\n");
  MonitorOptions options;
  options.lookups.feeds.push_back({.path = list.path()});
  expect_no_allocations(options);
}

}  // namespace
}  // namespace ipm::monitor
