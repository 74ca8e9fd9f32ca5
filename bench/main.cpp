// ipm_bench [SECTION…] [--benchmark_…]: measures libipm beside its peers and prints one table.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string_view>
#include <vector>

#include "sections.h"

namespace {

struct Section {
  std::string_view name;
  void (*run)(ipm::bench::Report&);
};

constexpr Section kSections[] = {
    {"lanes", ipm::bench::bench_lanes},         {"flow_table", ipm::bench::bench_flow_table},
    {"engine", ipm::bench::bench_engine},       {"memory", ipm::bench::bench_memory},
    {"inventory", ipm::bench::bench_inventory}, {"ebpf", ipm::bench::bench_ebpf},
    {"detect", ipm::bench::bench_detect},       {"enrich", ipm::bench::bench_enrich},
    {"pcap", ipm::bench::bench_pcap},
};

void run(const Section& section, ipm::bench::Report& report) {
  std::fprintf(stderr, "%.*s\n", static_cast<int>(section.name.size()), section.name.data());
  try {
    section.run(report);
  } catch (const std::exception& error) {
    report.skip(std::string(section.name), error.what());
  }
}

}  // namespace

int main(int argc, char** argv) {
  char interleaved[] = "--benchmark_enable_random_interleaving=true";
  std::vector<char*> arguments(argv, argv + argc);
  arguments.insert(arguments.begin() + 1, interleaved);
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  const std::vector<std::string_view> wanted(arguments.begin() + 1, arguments.begin() + count);
  for (const std::string_view name : wanted) {
    if (std::ranges::any_of(kSections, [&](const Section& section) { return section.name == name; })) continue;
    std::fprintf(
        stderr,
        "no section \"%.*s\"; there are lanes, flow_table, engine, memory, inventory, ebpf, detect, enrich, pcap\n",
        static_cast<int>(name.size()), name.data());
    return 2;
  }
  ipm::bench::Report report;
  for (const Section& section : kSections) {
    if (wanted.empty() || std::ranges::find(wanted, section.name) != wanted.end()) run(section, report);
  }
  std::fputs(report.text().c_str(), stdout);
  return 0;
}
