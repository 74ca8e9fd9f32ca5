// Small files that are read and written in one piece: what a monitor keeps from one run to the next.
//
// Threads: the caller's; reading and writing block.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace ipm::monitor {

// kNotFound: there is no such file. kLimit: it has more than bytes_max. Nothing but regular files is read.
Result<std::string> read_whole_file(const std::string& path, std::int64_t bytes_max);
// The file is there whole or as it was before: written beside, synced, renamed.
Status write_whole_file(const std::string& path, std::string_view bytes);

}  // namespace ipm::monitor
