// The whole monitor over a made-up host: drops, reordering, pid reuse, clock steps, suspends, table pressure.
#include <gtest/gtest.h>

#include "base/random.h"
#include "monitor/monitor.h"
#include "support/dump_tables.h"
#include "support/scratch_file.h"

namespace ipm::monitor {
namespace {

std::unique_ptr<Monitor> open_monitor(const MonitorOptions& options) {
  Result<std::unique_ptr<Monitor>> monitor = Monitor::open(options);
  EXPECT_TRUE(monitor.ok()) << monitor.status().message();
  return std::move(*monitor);
}

void run(Monitor& monitor) {
  Status status;
  while ((status = monitor.step(0)).ok()) {
  }
  EXPECT_EQ(status.code(), Code::kEnd) << status.message();
}

void expect_within_bounds(const MonitorStats& stats) {
  for (const MonitorStats::Bound& bound : {stats.flows, stats.processes, stats.apps, stats.endpoints, stats.remotes,
                                           stats.series_blocks, stats.texts, stats.interfaces, stats.clues}) {
    EXPECT_LE(bound.high_water, bound.max);
  }
  EXPECT_LE(stats.memory_high_water, stats.memory_max_bytes);
}

// The ledger table says so itself, and the rows agree with it.
void expect_balanced(Monitor& monitor) {
  Result<std::shared_ptr<const query::Snapshot>> snapshot = monitor.snapshot();
  ASSERT_TRUE(snapshot.ok());
  const core::EngineViews& views = (*snapshot)->engine;
  core::Traffic attributed[model::kByteLayers];
  core::Traffic unattributed[model::kByteLayers];
  for (std::uint32_t slot = 0; slot < views.processes.slots(); ++slot) {
    const core::ProcessRow& row = views.processes.at(slot);
    for (std::uint32_t i = 0; row.used && i < model::kByteLayers; ++i) attributed[i].add(row.activity.by_layer[i]);
  }
  for (std::uint32_t slot = 0; slot < views.flows.slots(); ++slot) {
    const core::FlowRow& row = views.flows.at(slot);
    if (row.used) unattributed[static_cast<std::uint8_t>(row.layer)].add({row.tx_unattributed, row.rx_unattributed});
  }
  for (std::uint32_t i = 0; i < model::kByteLayers; ++i) {
    const core::LedgerLine& line = views.ledger.by_layer[i];
    EXPECT_TRUE(line.balanced()) << "layer " << i;
    EXPECT_EQ(line.attributed, attributed[i]) << "layer " << i;
    EXPECT_EQ(line.unattributed, unattributed[i]) << "layer " << i;
  }
}

class SimulationTest : public ::testing::TestWithParam<int> {};

// Ten seeds a test, so that a failure names a small range.
TEST_P(SimulationTest, LedgerBalancesBoundsHoldAndReplayGivesTheSameBytes) {
  for (int i = 0; i < 10; ++i) {
    const auto seed = static_cast<std::uint64_t>(GetParam() * 10 + i + 1);
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    MonitorOptions options;
    options.bounds.memory_max_bytes = (4U << 20) + random.below(32U << 20);
    options.bounds.flows_max = static_cast<std::uint32_t>(20 + random.below(400));
    options.bounds.processes_max = static_cast<std::uint32_t>(2 + random.below(40));
    options.bounds.apps_max = static_cast<std::uint32_t>(2 + random.below(12));
    options.bounds.endpoints_max = static_cast<std::uint32_t>(10 + random.below(500));
    options.bounds.remotes_max = static_cast<std::uint32_t>(10 + random.below(500));
    options.bounds.series_blocks_max = static_cast<std::uint32_t>(4 + random.below(200));
    options.bounds.texts_max = static_cast<std::uint32_t>(8 + random.below(100));
    options.bounds.hash_seed = random.next();
    const std::string source =
        "synthetic:?events=4000&seed=" + std::to_string(seed) + "&processes=" + std::to_string(3 + random.below(30)) +
        "&flows=" + std::to_string(20 + random.below(300)) + "&reorder=" + std::to_string(random.below(100));
    const test::ScratchFile log(".ipmlog");
    std::unique_ptr<Monitor> original = open_monitor(options);
    ASSERT_TRUE(original->record(log.path().c_str()).ok());
    ASSERT_TRUE(original->add_source(source).ok());
    run(*original);
    expect_balanced(*original);
    expect_within_bounds(original->stats());
    ASSERT_TRUE(original->record(nullptr).ok());

    const std::string expected = test::dump_tables(*original);
    for (int replays = 0; replays < 2; ++replays) {
      std::unique_ptr<Monitor> replay = open_monitor({});
      const Status added = replay->add_source("replay:" + log.path());
      ASSERT_TRUE(added.ok()) << added.message();
      run(*replay);
      EXPECT_EQ(test::dump_tables(*replay), expected);
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, SimulationTest, ::testing::Range(0, 20));

// No row's place and no eviction depends on a hash: another seed of the tables gives the same tables.
TEST(SimulationSeedTest, HashSeedChangesNothing) {
  std::string first;
  for (const std::uint64_t hash_seed : {1ULL, 99ULL}) {
    MonitorOptions options;
    options.bounds.hash_seed = hash_seed;
    options.hash_seed_given = true;
    options.bounds.flows_max = 100;
    options.bounds.processes_max = 10;
    std::unique_ptr<Monitor> monitor = open_monitor(options);
    ASSERT_TRUE(monitor->add_source("synthetic:?events=20000&reorder=20").ok());
    run(*monitor);
    const std::string dump = test::dump_tables(*monitor);
    if (first.empty()) first = dump;
    EXPECT_EQ(dump, first);
  }
}

}  // namespace
}  // namespace ipm::monitor
