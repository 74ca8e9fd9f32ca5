// The behaviour path as a whole: lines, from JSON and from a recorded log, through a monitor into alerts. And what a
// sample into a baseline costs, and what is known of a program weighs.
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/random.h"
#include "baseline/app_baselines.h"
#include "baseline/baseline.h"
#include "baseline/consensus.h"
#include "cpu_time.h"
#include "engine_host.h"
#include "monitor/monitor.h"
#include "race.h"
#include "sections.h"
#include "support/estate.h"
#include "support/event_lines.h"

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

// A file that goes with the object.
class Scratch {
 public:
  explicit Scratch(const char* ending) : path_("/tmp/ipm-bench-" + std::to_string(::getpid()) + ending) {}
  ~Scratch() { ::unlink(path_.c_str()); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

// The whole path as a user has it: a monitor with default settings reads the file, and each alert is taken. `record`,
// if given, gets the event log.
double replay_s(const std::string& file, const std::string& record = {}) {
  auto opened = monitor::Monitor::open({});
  if (!opened.ok()) throw std::runtime_error(std::string(opened.status().message()));
  monitor::Monitor& run = **opened;
  if (!record.empty() && !run.record(record.c_str()).ok()) throw std::runtime_error("cannot record");
  std::uint64_t alerts = 0;
  monitor::AlertChange change;
  const double seconds = timed_s([&] {
    if (const Status status = run.add_source("replay:" + file); !status.ok())
      throw std::runtime_error(std::string(status.message()));
    while (run.step(0).ok()) {
      while (run.next_alert(change)) ++alerts;
    }
  });
  if (alerts == 0) throw std::runtime_error("no alert: the behaviour path was not taken");
  return seconds;
}

// Programs that each call out once a second, as those of a busy server do, after a day on which they were learned; one
// of them scans.
std::vector<model::Event> rush_hours() {
  constexpr std::uint32_t kPrograms = 30;
  constexpr TimeNs kRush = 90 * kMinute;
  test::Atlas atlas(1);
  test::HostScript script;
  for (std::uint32_t i = 0; i < kPrograms; ++i) {
    const std::string name = "service" + std::to_string(i);
    const test::Persona who{.name = name, .exe = "/usr/bin/" + name, .pid = 100 + i};
    const std::vector<std::string> peers = atlas.outside(6);
    script.start(0, who);
    for (TimeNs at = i * kSecond; at < test::kDay + kRush; at += at < test::kDay ? 10 * kMinute : kSecond)
      script.connect(at, who, peers[static_cast<std::size_t>(at / kSecond) % peers.size()], 443, 1'000, 4'000);
    for (int host = 1; i == 0 && host <= 12; ++host)
      script.fail(test::kDay + host * kMinute, who, "10.0.9." + std::to_string(host), 22);
  }
  return script.events();
}

// The same events as JSON lines and as a recorded log, each read by a monitor, and as they are through the engine.
struct Inputs {
  explicit Inputs(const std::vector<model::Event>& events) {
    {
      std::ofstream lines(text.path(), std::ios::binary);
      test::write_event_lines(lines, events);
    }
    std::ifstream lines(text.path(), std::ios::binary);
    count = static_cast<std::uint64_t>(
        std::count(std::istreambuf_iterator<char>(lines), std::istreambuf_iterator<char>(), '\n'));
    (void)replay_s(text.path(), log.path());
  }
  Contestant as_json() const {
    return {"JSON lines", [this] { return replay_s(text.path()); }};
  }
  Contestant as_log() const {
    return {"event log", [this] { return replay_s(log.path()); }};
  }

  const Scratch text{".jsonl"}, log{".ipmlog"};
  std::uint64_t count = 0;  // Lines, whatever they became: most are two events.
};

void bench_lines(Report& report) {
  const std::vector<model::Event> events = rush_hours();
  const Inputs inputs(events);
  const auto engine = [&] {
    EngineHost into(kSmallHostBytes);
    return timed_s([&] { into.feed(events); });
  };
  const auto rates = race("rush hours", inputs.count, {inputs.as_json(), inputs.as_log(), {"events", engine}}, 5);
  report.value("JSON event lines into alerts, a busy server", rates[0] / 1e6, "M lines/s", at_least(0.3));
  report.value("recorded event log into alerts, a busy server", rates[1] / 1e6, "M lines/s", at_least(1));
  report.value("events in memory into alerts, a busy server", rates[2] / 1e6, "M lines/s", kNoBudget);
}

// A week of a host on which little happens: most of the time goes into what is usual for each app in each minute.
void bench_week(Report& report, test::HostKind kind) {
  const std::vector<model::Event> events = test::make_estate(kind, 1).script.events();
  const Inputs inputs(events);
  const std::string host_name(name_of(kind));
  const std::string what =
      std::to_string(inputs.count / 1'000) + ",000 lines of a week of a " + std::string(name_of(kind));
  const auto rates = race(what, 1, {inputs.as_json(), inputs.as_log()}, 5);
  report.value(what + ", JSON", 1e3 / rates[0], "ms", kNoBudget);
  report.value(what + ", log", 1e3 / rates[1], "ms", kNoBudget);
  EngineHost host(kSmallHostBytes);
  host.feed(events);
  const alert::Watch& watch = host.watch();
  report.value("known of the largest program of a " + host_name, static_cast<double>(watch.largest_program_bytes()),
               "B", at_most(alert::kProgramBytesMax));
  report.value("known of a program of a " + host_name + ", mean",
               static_cast<double>(watch.programs_bytes()) / static_cast<double>(watch.programs()), "B", kNoBudget);
}

// An interval of an app, as the engine gives it: seven metrics, most of them 0 as in most intervals of most apps.
void bench_intervals(Report& report) {
  constexpr std::uint32_t kApps = 40;
  constexpr std::uint64_t kIntervals = 200;
  PageStore store(1 << 20);
  baseline::AppBaselines baselines(store, {.apps_max = kApps});
  const std::vector<double> busy = series(2);
  std::int64_t minute = 27'000'000;
  const auto one = [&](std::uint32_t app) {
    model::AppSample sample;
    sample.app = app;
    sample.key_text = app + 1;
    sample.local_s = minute * 60;
    sample.end_ns = (minute + 1) * kMinute;
    sample.active = (minute + app) % 10 == 0;
    for (std::uint32_t i = 0; i < kMetrics; ++i)
      sample.values[i] = sample.active ? busy[static_cast<std::size_t>(minute + i) % kSamples] : 0;
    (void)baselines.sample(sample);
  };
  const auto pass = [&] {
    for (std::uint64_t i = 0; i < kIntervals; ++i, ++minute) {
      for (std::uint32_t app = 0; app < kApps; ++app) one(app);
    }
  };
  for (int i = 0; i < 20; ++i) pass();  // Most of what is learned once is learned.
  const auto rates = race("intervals", kIntervals * kApps, {{"app", [&] { return timed_s(pass); }}}, 20);
  report.value("interval of an app, seven metrics", 1e9 / rates[0], "ns", kNoBudget);
}

}  // namespace

void bench_detect(Report& report) {
  bench_lines(report);
  for (const test::HostKind kind : {test::HostKind::kWorkstation, test::HostKind::kAppServer, test::HostKind::kPoller})
    bench_week(report, kind);
  updates(report, 20, "baseline update, 140 metrics", at_most(100));
  updates(report, 500, "baseline update, 3,500 metrics of 500 apps", kNoBudget);
  bench_intervals(report);
  report.value("baselines of an app, 10 metrics", static_cast<double>(sizeof(baseline::AppBaselineRow)), "B",
               at_most(8'192));
}

}  // namespace ipm::bench
