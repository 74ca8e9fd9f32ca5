// "ebpf:": every byte of every process from the kernel itself, however short-lived the process, in every network
// namespace. Needs CAP_BPF and CAP_PERFMON to open, and a kernel with BTF; nothing once it is open.
//
// Its lane needs at least 2,048 events: it stops reading while fewer than 1,024 are free.
//
// URI parameters: interval (between two readings of the sums; default 1s), sockets (entries for pairs of socket and
// process; default 65536), ring (bytes of the ring; default 4M), cpu_max (share of one core that it may take before it
// reads less often; default 5%), proc (another /proc tree), without (a comma-separated list of parts to leave out: see
// parts.h; without length, lifecycle and seed have to run).
#pragma once

#include <memory>

#include "source/source.h"

namespace ipm::source {

std::unique_ptr<Source> make_ebpf_source(const SourceUri& uri = {});

}  // namespace ipm::source
