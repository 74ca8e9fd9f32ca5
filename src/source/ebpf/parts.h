// The parts of the kernel side. Each is an object of its own: what the kernel refuses costs one part.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ipm::source::ebpf {

enum class Part : std::uint8_t { kLength, kLifecycle, kProcesses, kAccept, kRelease, kNames, kSeed };
inline constexpr std::size_t kParts = 7;

struct PartFacts {
  std::string_view name;   // As without= takes it.
  std::string_view gives;  // What cannot be seen without it.
  std::string_view needs;
};

inline constexpr std::array<PartFacts, kParts> kPartFacts{{
    {"length", "bytes of each process", "needs Linux 6.3 with BTF, CAP_BPF and CAP_PERFMON"},
    {"lifecycle", "connections as they open and close", "needs BTF, CAP_BPF and CAP_PERFMON"},
    {"processes", "process starts and exits as they happen", "needs BTF, CAP_BPF and CAP_PERFMON"},
    {"accept", "who accepts a connection that it does not use",
     "needs tracefs (mount -t tracefs none /sys/kernel/tracing) and CAP_PERFMON"},
    {"release", "the end of udp and raw sockets as it happens", "needs cgroup v2 and CAP_NET_ADMIN"},
    {"names", "dns names and tls hellos", "needs cgroup v2 and CAP_NET_ADMIN"},
    {"seed", "sockets from before the source was opened", "needs BTF, CAP_BPF and CAP_PERFMON"},
}};

constexpr const PartFacts& facts_of(Part part) {
  return kPartFacts[static_cast<std::size_t>(part)];
}

}  // namespace ipm::source::ebpf
