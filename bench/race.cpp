#include "race.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <map>

namespace ipm::bench {
namespace {

// Keeps the best repetition of each name.
class BestReporter final : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration || run.error_occurred) continue;
      double& best = best_[run.run_name.function_name];
      best = std::max<double>(best, run.counters.at("items_per_second"));
    }
  }
  double best(const std::string& name) const {
    const auto found = best_.find(name);
    return found == best_.end() ? 0 : found->second;
  }

 private:
  std::map<std::string, double> best_;
};

}  // namespace

std::vector<double> race(const std::string& what, std::uint64_t items, const std::vector<Contestant>& contestants,
                         int rounds) {
  std::fprintf(stderr, "  %s\n", what.c_str());
  const auto name_of = [&](const Contestant& contestant) { return what + ": " + contestant.name; };
  for (const Contestant& contestant : contestants) {
    const auto once = [&contestant, items](benchmark::State& state) {
      for (auto _ : state) state.SetIterationTime(contestant.run_s());
      state.SetItemsProcessed(static_cast<std::int64_t>(items) * static_cast<std::int64_t>(state.iterations()));
    };
    benchmark::RegisterBenchmark(name_of(contestant).c_str(), once)
        ->UseManualTime()
        ->Iterations(1)
        ->Repetitions(rounds);
  }
  BestReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  benchmark::ClearRegisteredBenchmarks();
  std::vector<double> best;
  for (const Contestant& contestant : contestants) best.push_back(reporter.best(name_of(contestant)));
  return best;
}

}  // namespace ipm::bench
