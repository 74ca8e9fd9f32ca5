// Small files, links and the list of processes under /proc. `proc_root` is "/proc", or a recorded tree in tests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"

namespace ipm::os {

// At most `bytes_max` from the start of the file: files of /proc have no size to ask for.
Result<std::string> read_file(const std::string& path, std::size_t bytes_max = 65'536);
// The same from an open descriptor, from its beginning.
Result<std::string> read_file_at(int fd, std::size_t bytes_max = 65'536);
Result<std::string> read_link(const std::string& path);

// Process ids in a proc tree, in the order of the directory.
Result<std::vector<std::uint32_t>> list_processes(const std::string& proc_root);

// "PROC_ROOT/PID/name".
std::string process_path(const std::string& proc_root, std::uint32_t pid, std::string_view name);

// What file a path leads to.
struct FileIdentity {
  std::uint64_t inode = 0;
  std::uint32_t device = 0;  // Major and minor as the kernel packs them in 32 bits (new_encode_dev).
  TimeNs mtime_ns = 0;
};
Result<FileIdentity> file_identity(const std::string& path);

}  // namespace ipm::os
