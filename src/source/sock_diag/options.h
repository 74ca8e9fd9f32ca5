// What a sock_diag URI says.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "source/source.h"

namespace ipm::source::sock_diag {

struct Options {
  TimeNs interval_ns = kSecond;
  std::string proc_root = "/proc";
  bool all_netns = true;
  std::uint64_t receive_buffer_bytes = 64ULL << 20;
};

std::span<const std::string_view> parameters();
Result<Options> read_options(const SourceOptions& options);

}  // namespace ipm::source::sock_diag
