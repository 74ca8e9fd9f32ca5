// Finding a flow's row and adding to it: the flow table against hash maps that others use for it.
#include <memory>
#include <random>

#include "cpu_time.h"
#include "flow_maps.h"
#include "host_traffic.h"
#include "race.h"
#include "sections.h"

namespace ipm::bench {
namespace {

constexpr std::size_t kUpdates = 1U << 19;
constexpr int kRounds = 25;

// Keys of flows by five-tuple alone, as a capture file has them: the longest key there is.
std::vector<model::FlowKey> keys_of(std::uint32_t flows) {
  const HostTraffic host({.flows = flows, .remotes = std::min(flows, 50'000U)});
  std::vector<model::FlowKey> keys;
  for (std::uint32_t flow = 0; flow < flows; ++flow) {
    keys.push_back(host.key(flow));
    keys.back().cookie = 0;
  }
  return keys;
}

// The keys that arrive: each flow as likely as any other.
std::vector<model::FlowKey> arrivals_of(const std::vector<model::FlowKey>& keys) {
  std::mt19937 random(7);
  std::vector<model::FlowKey> arrivals;
  arrivals.reserve(kUpdates);
  for (std::size_t i = 0; i < kUpdates; ++i) arrivals.push_back(keys[random() % keys.size()]);
  return arrivals;
}

template <typename Flows>
Contestant contestant(const std::string& name, const std::vector<model::FlowKey>& keys,
                      const std::vector<model::FlowKey>& arrivals) {
  auto flows = std::make_shared<Flows>(static_cast<std::uint32_t>(keys.size()));
  for (const model::FlowKey& key : keys) flows->add(key);
  return {name, [flows, &arrivals] { return timed_s([&] { flows->add_bytes(arrivals); }); }};
}

void race_maps(Report& report, std::uint32_t flows, Budget absl, Budget boost) {
  const std::string what = "flow table, " + number_text(flows) + " flows, one update";
  const std::vector<model::FlowKey> keys = keys_of(flows);
  const std::vector<model::FlowKey> arrivals = arrivals_of(keys);
  const std::vector<double> per_second =
      race(what, kUpdates,
           {contestant<OurFlows>("ours", keys, arrivals), contestant<AbslFlows>("absl::flat_hash_map", keys, arrivals),
            contestant<PrefetchedAbslFlows>("absl, prefetched", keys, arrivals),
            contestant<BoostFlows>("boost::intrusive", keys, arrivals)},
           kRounds);
  const auto ns = [&](std::size_t i) { return 1e9 / per_second[i]; };
  report.compare(what, ns(0), "absl::flat_hash_map", ns(1), "ns", absl);
  report.compare(what, ns(0), "the same, prefetched", ns(2), "ns", kNoBudget);
  report.compare(what, ns(0), "boost::intrusive", ns(3), "ns", boost);
}

}  // namespace

void bench_flow_table(Report& report) {
  race_maps(report, 1'000'000, at_most(0.85), at_most(0.5));
  race_maps(report, 10'000, at_most(1.1), kNoBudget);
}

}  // namespace ipm::bench
