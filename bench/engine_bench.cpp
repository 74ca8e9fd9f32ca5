// Events into the engine, all tables and series of it: how many a second on one core.
#include <memory>
#include <stdexcept>

#include "allocations.h"
#include "cpu_time.h"
#include "engine_host.h"
#include "host_traffic.h"
#include "race.h"
#include "sections.h"

namespace ipm::bench {
namespace {

constexpr TimeNs kBegin = 1'000 * kSecond;

// A host that is looked at once a second.
class Run {
 public:
  Run(const HostSize& size, std::uint64_t memory_max_bytes, bool watched = true)
      : host_(memory_max_bytes, watched), data_(HostTraffic(size).socket_data(kBegin)) {
    const HostTraffic traffic(size);
    host_.feed(traffic.process_starts(kBegin));
    host_.feed(traffic.socket_opens(kBegin));
    if (host_.engine().flows().rows().used() != size.flows) throw std::runtime_error("the flows do not fit");
  }
  std::size_t look_events() const { return data_.size(); }
  // A second later: every flow moved bytes. Only feeding is timed.
  double look_s() {
    for (model::Event& event : data_) event.header.time_ns += kSecond;
    return timed_s([&] { host_.feed(data_); });
  }

 private:
  EngineHost host_;
  std::vector<model::Event> data_;
};

double events_per_second(const std::string& what, Run& run, int looks, int rounds) {
  const auto work = [&] {
    double seconds = 0;
    for (int i = 0; i < looks; ++i) seconds += run.look_s();
    return seconds;
  };
  return race(what, run.look_events() * static_cast<std::size_t>(looks), {{"engine", work}}, rounds)[0];
}

}  // namespace

void bench_engine(Report& report) {
  {
    const std::string what = "engine, 10,000 flows of 500 processes";
    Run run({.flows = 10'000, .processes = 500, .programs = 100, .remotes = 2'000}, kSmallHostBytes);
    report.value(what, events_per_second(what, run, 5, 100) / 1e6, "M events/s", at_least(5));
    // Past the fifteen minutes that series reach back: from here on nothing grows.
    for (int i = 0; i < 16 * 60; ++i) run.look_s();
    const std::uint64_t before = allocations();
    for (int i = 0; i < 120; ++i) run.look_s();
    report.value(what + ", allocations in 2 minutes", static_cast<double>(allocations() - before), "", at_most(0));
  }
  {
    const std::string what = "engine, 10,000 flows of 500 processes, alerts off";
    Run run({.flows = 10'000, .processes = 500, .programs = 100, .remotes = 2'000}, kSmallHostBytes, false);
    report.value(what, events_per_second(what, run, 5, 100) / 1e6, "M events/s", kNoBudget);
  }
  const std::string what = "engine, 1,000,000 flows of 5,000 processes";
  Run run({.flows = 1'000'000, .processes = 5'000, .programs = 500, .remotes = 50'000}, kLargeHostBytes);
  report.value(what, events_per_second(what, run, 1, 9) / 1e6, "M events/s", kNoBudget);
}

}  // namespace ipm::bench
