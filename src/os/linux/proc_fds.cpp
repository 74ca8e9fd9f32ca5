#include "os/linux/proc_fds.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "os/linux/fd.h"
#include "os/linux/proc_files.h"
#include "os/linux/proc_text.h"

namespace ipm::os {

Status for_each_socket_fd(const std::string& proc_root, std::uint32_t pid, std::uint64_t& links_read,
                          const std::function<void(std::uint64_t inode)>& visit) {
  const std::string path = process_path(proc_root, pid, "fd");
  Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return Status::from_errno("open " + path, errno);
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::fdopendir(fd.get()), ::closedir);
  if (!directory) return Status::from_errno("read " + path, errno);
  const int directory_fd = fd.release();
  while (const dirent* entry = ::readdir(directory.get())) {
    if (entry->d_name[0] == '.') continue;
    char target[64];  // Longer ones are no sockets.
    const ssize_t size = ::readlinkat(directory_fd, entry->d_name, target, sizeof target);
    ++links_read;
    if (size <= 0) {
      if (size < 0 && errno == EACCES) return Status::from_errno("read links of " + path, EACCES);
      continue;
    }
    if (const auto inode = parse_inode_link({target, static_cast<std::size_t>(size)}, "socket")) visit(*inode);
  }
  return Status::success();
}

}  // namespace ipm::os
