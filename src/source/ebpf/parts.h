// The parts of the kernel side. Each is an object of its own: what the kernel refuses costs one part.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ipm::source::ebpf {

enum class Part : std::uint8_t { kLength, kLifecycle, kProcesses, kAccept, kRelease, kNames, kPackets, kSeed };
inline constexpr std::size_t kParts = 8;

struct PartFacts {
  std::string_view name;   // As without= takes it.
  std::string_view gives;  // What cannot be seen without it.
};

inline constexpr std::array<PartFacts, kParts> kPartFacts{{
    {"length", "bytes of each process"},
    {"lifecycle", "connections as they open and close"},
    {"processes", "process starts and exits as they happen"},
    {"accept", "who accepts a connection that it does not use"},
    {"release", "the end of udp and raw sockets as it happens"},
    {"names", "dns names and tls hellos"},
    {"packets", "whom udp sockets talk to, and packets"},
    {"seed", "sockets from before the source was opened"},
}};

// Its programs are attached to the root of cgroup v2.
constexpr bool at_cgroup(Part part) {
  return part == Part::kRelease || part == Part::kNames || part == Part::kPackets;
}

constexpr const PartFacts& facts_of(Part part) {
  return kPartFacts[static_cast<std::size_t>(part)];
}

}  // namespace ipm::source::ebpf
