// What a live flow and an idle process cost in memory: as the page store accounts it, and by resident pages of a
// process of its own. Without the flow's key and without label text; both are there once whatever the design.
#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

#include <stdexcept>

#include "child.h"
#include "engine_host.h"
#include "host_traffic.h"
#include "sections.h"

namespace ipm::bench {
namespace {

constexpr TimeNs kBegin = 1'000 * kSecond;
constexpr std::uint32_t kProcesses = 10'000;
constexpr double kKeyBytes = sizeof(model::FlowKey::cookie) + sizeof(model::FlowTuple);

double resident_bytes() {
  unsigned long total = 0, resident = 0;
  FILE* file = ::fopen("/proc/self/statm", "r");
  const bool read = file != nullptr && ::fscanf(file, "%lu %lu", &total, &resident) == 2;
  if (file != nullptr) ::fclose(file);
  if (!read) throw std::runtime_error("/proc/self/statm does not say");
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

enum class How { kAccounted, kResident };

double bytes_of(const EngineHost& host, How how) {
  return how == How::kAccounted ? static_cast<double>(host.bytes_used()) : resident_bytes();
}

// Feeds the events in a process of its own; returns what that added for each of `rows`.
double bytes_each(How how, const std::vector<model::Event>& before, const std::vector<model::Event>& events,
                  std::uint32_t rows) {
  Child child([&](const Child::Say& say) {
    EngineHost host(kLargeHostBytes);
    host.feed(before);
    ::malloc_trim(0);  // Free memory that is resident would hide what is taken from here on.
    const double bytes = bytes_of(host, how);
    host.feed(events);
    say((bytes_of(host, how) - bytes) / rows);
  });
  return child.hear();
}

// Flows of processes that are known, to remote addresses that are known: an endpoint is a row of its own.
double bytes_per_flow(How how, std::uint32_t flows) {
  const HostSize size{.flows = flows, .processes = 500, .programs = 100, .remotes = 2'000};
  const HostTraffic traffic(size);
  std::vector<model::Event> before = traffic.process_starts(kBegin);
  const std::vector<model::Event> opens = traffic.socket_opens(kBegin);
  before.insert(before.end(), opens.begin(), opens.begin() + size.remotes);
  return bytes_each(how, before, {opens.begin() + size.remotes, opens.end()}, flows - size.remotes) - kKeyBytes;
}

double bytes_per_process(How how) {
  const HostTraffic traffic({.flows = 0, .processes = kProcesses, .programs = 100, .remotes = 1});
  return bytes_each(how, {}, traffic.process_starts(kBegin), kProcesses);
}

}  // namespace

void bench_memory(Report& report) {
  for (const std::uint32_t flows : {10'000U, 1'000'000U}) {
    const std::string what = "memory of a live flow, " + number_text(flows) + " flows";
    report.value(what + ", accounted", bytes_per_flow(How::kAccounted, flows), "B", at_most(256));
    report.value(what + ", resident", bytes_per_flow(How::kResident, flows), "B", at_most(256));
  }
  report.value("memory of an idle process, accounted", bytes_per_process(How::kAccounted), "B", at_most(2'048));
  report.value("memory of an idle process, resident", bytes_per_process(How::kResident), "B", at_most(2'048));
}

}  // namespace ipm::bench
