// The parameters of "ebpf:".
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "source/ebpf/parts.h"
#include "source/source.h"

namespace ipm::source::ebpf {

struct Options {
  TimeNs interval_ns = kSecond;
  std::uint32_t sockets_max = 65'536;
  std::uint32_t ring_bytes = 4U << 20;
  double cpu_max = 0.05;  // Share of a core that the source may take before it comes less often.
  std::string proc_root = "/proc";
  std::array<bool, kParts> without{};
};

std::span<const std::string_view> parameters();
Result<Options> read_options(const SourceOptions& options);

}  // namespace ipm::source::ebpf
