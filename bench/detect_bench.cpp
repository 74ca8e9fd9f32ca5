// A sample into a baseline: what an update costs, and what an app's seven metrics weigh.
#include <string>
#include <vector>

#include "base/random.h"
#include "baseline/baseline.h"
#include "baseline/consensus.h"
#include "cpu_time.h"
#include "race.h"
#include "sections.h"

namespace ipm::bench {
namespace {

constexpr std::uint32_t kMetrics = 7;
constexpr std::uint32_t kSamples = 1'000;

// Noise with a step now and then, made beforehand: only scoring is timed.
std::vector<double> series(std::uint64_t seed) {
  Random random(seed);
  std::vector<double> out(kSamples);
  double level = 100;
  for (double& each : out) {
    if (random.one_in(500)) level = 50 + static_cast<double>(random.below(100));
    each = level + static_cast<double>(random.below(1'000) + random.below(1'000)) / 100;
  }
  return out;
}

// Many apps, so that a baseline is not always in the first cache: `apps` times seven of them.
class Apps {
 public:
  explicit Apps(std::size_t apps) : baselines_(apps * kMetrics), values_(series(1)) {
    for (int i = 0; i < 20; ++i) look();
  }
  std::size_t updates() const { return baselines_.size(); }
  double look_s() {
    return timed_s([&] { look(); });
  }

 private:
  void look() {
    for (std::size_t i = 0; i < baselines_.size(); ++i) {
      kept_ += baselines_[i].update({}, time_s_, values_[(round_ + i * 7) % kSamples]).score;
    }
    time_s_ += 60;
    ++round_;
  }

  std::vector<baseline::Baseline> baselines_;
  std::vector<double> values_;
  std::int64_t time_s_ = 1'600'000'000;
  std::size_t round_ = 0;
  double kept_ = 0;
};

void updates(Report& report, std::size_t apps, const std::string& what, Budget budget) {
  Apps run(apps);
  constexpr int kLooks = 50;
  const auto work = [&] {
    double seconds = 0;
    for (int i = 0; i < kLooks; ++i) seconds += run.look_s();
    return seconds;
  };
  const double per_second = race(what, run.updates() * kLooks, {{"baseline", work}}, 20)[0];
  report.value(what, 1e9 / per_second, "ns", budget);
}

}  // namespace

void bench_detect(Report& report) {
  updates(report, 20, "baseline update, 140 metrics", at_most(100));
  updates(report, 500, "baseline update, 3,500 metrics of 500 apps", kNoBudget);
  report.value("baselines of an app, 7 metrics", static_cast<double>(kMetrics * sizeof(baseline::Baseline)), "B",
               at_most(8'192));
}

}  // namespace ipm::bench
