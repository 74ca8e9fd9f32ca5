// The parts of a run, each a file of its own.
#pragma once

#include "report.h"

namespace ipm::bench {

void bench_lanes(Report& report);
void bench_flow_table(Report& report);
void bench_engine(Report& report);
void bench_memory(Report& report);
void bench_inventory(Report& report);
void bench_ebpf(Report& report);
void bench_detect(Report& report);
void bench_enrich(Report& report);
void bench_pcap(Report& report);

}  // namespace ipm::bench
