// What the source ebpf: costs the programs it watches, and itself: beside nobody watching, and beside a monitor of the
// bench's own that writes a record for each send and receive.
#include <sched.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <stdexcept>
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
constexpr std::uint32_t kExchanges = 60'000;  // A send and a receive each: a tenth to a third of a second.
const std::string kPeer = "record per send";

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

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

// The mean over the program that sees sends and the one that sees receives, while pairs of a process exchange messages.
double ns_per_call(Watcher watcher, const Load& load) {
  const RunningMonitor monitor(watcher);
  const ProgramNames names = programs_of(watcher);
  const LoadedProgram send(names.send), receive(names.receive);
  Child traffic([&](const Child::Say& say) {
    make_net_namespace();
    SocketPairs pairs(load.transport, load.pairs);
    pairs.exchange(std::max(2'000U, load.pairs));  // The programs know the sockets from here on.
    be_undisturbed();
    const RunTime sent = send.run_time(), received = receive.run_time();
    pairs.exchange(kExchanges);
    say((send.run_time().ns_per_run_since(sent) + receive.run_time().ns_per_run_since(received)) / 2);
  });
  return traffic.hear();
}

void bench_calls(Report& report) {
  const RunTimeStatistics statistics;
  for (const Load& load : kLoads) {
    std::vector<double> ours, theirs;  // Net of the empty programs of the same round.
    for (int round = 0; round < kRounds; ++round) {
      const double empty = ns_per_call(Watcher::kEmpty, load);
      ours.push_back(ns_per_call(Watcher::kLibipm, load) - empty);
      theirs.push_back(ns_per_call(Watcher::kRecordPerSend, load) - empty);
    }
    const std::string what = "ebpf, a send or receive, " + load.name;
    report.value(what, median(ours), "ns", at_most(load.pairs == 1 ? 150 : 300));
    report.compare(what, median(ours), kPeer, median(theirs), "ns", kNoBudget);
  }
}

// --- own CPU ---

constexpr std::uint32_t kExchangesPerMs = 150;  // 300,000 sends and receives a second.
constexpr int kOwnCpuSeconds = 5;

double own_cpu_percent(Watcher watcher) {
  const RunningMonitor monitor(watcher);
  Child traffic([](const Child::Say& say) {
    make_net_namespace();
    SocketPairs pairs(Transport::kUdp, 1'000);
    pairs.exchange(2'000);
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
  const double calls = 2.0 * kExchangesPerMs * 1'000 * kOwnCpuSeconds;
  if (calls / elapsed_s < 250'000) throw std::runtime_error("the machine does not reach 300,000 calls a second");
  return (monitor.cpu_s() - begin) / kOwnCpuSeconds * 100;
}

void bench_own_cpu(Report& report) {
  const std::string what = "ebpf, own CPU at 300,000 calls/s of 2,000 sockets";
  const double ours = own_cpu_percent(Watcher::kLibipm);
  report.value(what, ours, "% of a core", at_most(1));
  report.compare(what, ours, kPeer, own_cpu_percent(Watcher::kRecordPerSend), "% of a core", kNoBudget);
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
  bench_calls(report);
  bench_own_cpu(report);
  for (const Workload& workload : kWorkloads) bench_workload(workload, report);
}

}  // namespace ipm::bench
