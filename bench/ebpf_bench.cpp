// What the source ebpf: costs the programs it watches, and itself: beside nobody watching, and beside a monitor of the
// bench's own that writes a record for each send and receive.
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "checked.h"
#include "cpu_time.h"
#include "ebpf/monitors.h"
#include "ebpf/program_times.h"
#include "ebpf/socket_pairs.h"
#include "ebpf/workloads.h"
#include "net_namespace.h"
#include "sections.h"

namespace ipm::bench {
namespace {

constexpr int kRounds = 5;
constexpr int kCallRounds = 9;
constexpr int kOwnCpuRounds = 3;
constexpr std::uint32_t kExchanges = 60'000;  // A send and a receive each: a tenth to a third of a second.
const std::string kPeer = "record per send";

// --- ns per send and receive ---

struct Load {
  std::string name;
  Transport transport;
  std::uint32_t pairs;
};
const std::vector<Load> kLoads = {
    {"1 UDP socket", Transport::kUdp, 1},
    {"1 TCP socket", Transport::kTcp, 1},
    {"2,000 UDP sockets", Transport::kUdp, 1'000},  // Both ends of a pair are watched.
    {"2,000 TCP sockets", Transport::kTcp, 1'000},
};

void be_undisturbed() {
  const sched_param priority{.sched_priority = 1};
  checked(::sched_setscheduler(0, SCHED_FIFO, &priority), "SCHED_FIFO");
}

// Of a send or a receive, over all programs of the watcher: what they took, and how many ran.
struct Call {
  double ns = 0;
  double runs = 0;
  double counting_ns = 0;  // Of the programs that count what the call moved.
  double counting_runs = 0;
};
constexpr std::string_view kCounting = "_length";  // How the names of those of libipm end.

Call measure_calls(Watcher watcher, const Load& load) {
  const RunningMonitor monitor(watcher);
  const LoadedPrograms programs(programs_of(watcher));
  Child traffic([&](const Child::Say& say) {
    make_net_namespace();
    SocketPairs pairs(load.transport, load.pairs);
    pairs.exchange(std::max(2'000U, load.pairs));  // The programs know the sockets from here on.
    be_undisturbed();
    const RunTime before[] = {programs.run_time(), programs.run_time(kCounting)};
    pairs.exchange(kExchanges);
    const RunTime after[] = {programs.run_time(), programs.run_time(kCounting)};
    constexpr double kCalls = 2.0 * kExchanges;
    for (int i = 0; i < 2; ++i) {
      say(static_cast<double>(after[i].time_ns - before[i].time_ns) / kCalls);
      say(static_cast<double>(after[i].runs - before[i].runs) / kCalls);
    }
  });
  Call out;
  for (double* number : {&out.ns, &out.runs, &out.counting_ns, &out.counting_runs}) *number = traffic.hear();
  return out;
}

// What disturbs only adds, and may last for a while: the rounds go over all loads and watchers, so that those of one
// lie far apart. The best of them counts; beside it stands the one in the middle.
struct Calls {
  std::vector<Call> rounds;

  const Call& at(std::size_t nth) {
    std::ranges::nth_element(rounds, rounds.begin() + static_cast<std::ptrdiff_t>(nth), {}, &Call::ns);
    return rounds[nth];
  }
  const Call& best() { return at(0); }
  const Call& middle() { return at(rounds.size() / 2); }
};

// What the counting adds is net of as many programs that do nothing; what all programs take is as the kernel times it.
void report_calls(const Load& load, std::map<Watcher, Calls>& calls, Report& report) {
  const double nothing = calls[Watcher::kEmpty].best().ns / calls[Watcher::kEmpty].best().runs;
  const auto counting = [&](const Call& call) { return call.counting_ns - call.counting_runs * nothing; };
  Calls& ours = calls[Watcher::kLibipm];
  report.value("ebpf, a send or receive, " + load.name, counting(ours.best()), "ns",
               at_most(load.pairs == 1 ? 150 : 300));
  report.value("  the middle of " + std::to_string(kCallRounds) + " rounds", counting(ours.middle()), "ns", kNoBudget);
  report.compare("  all programs, the timing included", ours.best().ns, kPeer, calls[Watcher::kRecordPerSend].best().ns,
                 "ns", kNoBudget);
}

void bench_calls(Report& report) {
  std::vector<std::map<Watcher, Calls>> calls(kLoads.size());
  for (int round = 0; round < kCallRounds; ++round) {
    for (std::size_t i = 0; i < kLoads.size(); ++i) {
      for (const Watcher watcher : {Watcher::kEmpty, Watcher::kLibipm, Watcher::kRecordPerSend}) {
        const Call call = measure_calls(watcher, kLoads[i]);
        if (call.runs == 0) throw std::runtime_error("the BPF programs did not run");
        calls[i][watcher].rounds.push_back(call);
      }
    }
  }
  for (std::size_t i = 0; i < kLoads.size(); ++i) report_calls(kLoads[i], calls[i], report);
}

// --- own CPU ---

constexpr std::uint32_t kExchangesPerMs = 150;  // 300,000 sends and receives a second.
constexpr int kOwnCpuSeconds = 5;
constexpr double kCallsPerSMin = 270'000;

struct OwnCpu {
  double percent;
  double calls_per_s;
};

OwnCpu own_cpu(Watcher watcher) {
  const RunningMonitor monitor(watcher);
  Child traffic([](const Child::Say& say) {
    make_net_namespace();
    SocketPairs pairs(Transport::kUdp, 1'000);
    pairs.exchange(2'000);
    be_undisturbed();
    const auto begin = std::chrono::steady_clock::now();
    say(0);
    timespec next{};
    ::clock_gettime(CLOCK_MONOTONIC, &next);
    for (int ms = 0; ms < kOwnCpuSeconds * 1'000; ++ms) {
      pairs.exchange(kExchangesPerMs);
      next.tv_nsec += 1'000'000;
      if (next.tv_nsec >= 1'000'000'000) next = {.tv_sec = next.tv_sec + 1, .tv_nsec = next.tv_nsec - 1'000'000'000};
      ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, nullptr);
    }
    say(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  });
  (void)traffic.hear();
  const double begin = monitor.cpu_s();
  const double elapsed_s = traffic.hear();
  constexpr double kCalls = 2.0 * kExchangesPerMs * 1'000 * kOwnCpuSeconds;
  return {(monitor.cpu_s() - begin) / elapsed_s * 100, kCalls / elapsed_s};
}

// The least of some rounds in which the machine made the calls.
void bench_own_cpu(Report& report) {
  const std::string what = "ebpf, own CPU at 300,000 calls/s of 2,000 sockets";
  std::vector<OwnCpu> rounds;
  for (int round = 0; round < kOwnCpuRounds; ++round) rounds.push_back(own_cpu(Watcher::kLibipm));
  const OwnCpu most = *std::ranges::max_element(rounds, {}, &OwnCpu::calls_per_s);
  if (most.calls_per_s < kCallsPerSMin) {
    report.skip(what, "the machine makes only " + number_text(most.calls_per_s) + " calls/s");
    return;
  }
  std::erase_if(rounds, [](const OwnCpu& round) { return round.calls_per_s < kCallsPerSMin; });
  const OwnCpu ours = *std::ranges::min_element(rounds, {}, &OwnCpu::percent);
  const OwnCpu theirs = own_cpu(Watcher::kRecordPerSend);
  report.value(what, ours.percent, "% of a core", at_most(1));
  report.compare("  same, theirs at " + number_text(theirs.calls_per_s), ours.percent, kPeer, theirs.percent,
                 "% of a core", kNoBudget);
}

// --- programs as others run them ---

struct Workload {
  std::string name, unit;
  std::function<double()> run;
  bool more_is_better;
  Budget ours_to_bare;
};
const std::vector<Workload> kWorkloads = {
    {"iperf3 -l 1K", "Gbit/s", [] { return iperf3_gbit_s("1K"); }, true, at_least(0.85)},
    {"iperf3 -l 128K", "Gbit/s", [] { return iperf3_gbit_s("128K"); }, true, kNoBudget},
    {"nginx, CPU per request", "us", nginx_us_per_request, false, kNoBudget},
};

// The best of all rounds: what disturbs only makes it worse.
void bench_workload(const Workload& workload, Report& report) {
  std::map<Watcher, double> best;
  for (int round = 0; round < kRounds; ++round) {
    for (const Watcher watcher : {Watcher::kNobody, Watcher::kLibipm, Watcher::kRecordPerSend}) {
      const RunningMonitor monitor(watcher);
      const double value = workload.run();
      const auto [at, first] = best.emplace(watcher, value);
      if (!first) at->second = workload.more_is_better ? std::max(at->second, value) : std::min(at->second, value);
    }
  }
  const double bare = best[Watcher::kNobody];
  report.compare("ebpf, " + workload.name, best[Watcher::kLibipm], "bare", bare, workload.unit, workload.ours_to_bare);
  report.compare("  same, a " + kPeer, best[Watcher::kRecordPerSend], "bare", bare, workload.unit, kNoBudget);
}

}  // namespace

void bench_ebpf(Report& report) {
  if (::geteuid() != 0) {
    report.skip("ebpf", "needs root to load BPF programs and to make a network namespace");
    return;
  }
  if (const std::string why = why_no_ebpf_source(); !why.empty()) {
    report.skip("ebpf", why);
    return;
  }
  {
    const RunTimeStatistics statistics;
    bench_calls(report);
  }
  bench_own_cpu(report);
  for (const Workload& workload : kWorkloads) {
    try {
      bench_workload(workload, report);
    } catch (const std::exception& error) {
      report.skip("ebpf, " + workload.name, error.what());
    }
  }
}

}  // namespace ipm::bench
