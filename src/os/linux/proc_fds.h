// Which sockets a process has open: the links of /proc/PID/fd.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/status.h"

namespace ipm::os {

// Calls `visit` with the inode of each descriptor that is a socket (the same inode again for a duplicate).
// kPermission: the directory may not be read; kNotFound: the process is gone. `links_read` grows by the cost.
Status for_each_socket_fd(const std::string& proc_root, std::uint32_t pid, std::uint64_t& links_read,
                          const std::function<void(std::uint64_t inode)>& visit);

}  // namespace ipm::os
