#include "os/linux/proc_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <memory>

#include "os/linux/fd.h"
#include "os/linux/proc_text.h"

namespace ipm::os {

Result<std::string> read_file_at(int fd, std::size_t bytes_max) {
  std::string text;
  while (text.size() < bytes_max) {
    const std::size_t had = text.size();
    text.resize(std::min(bytes_max, had + 4096));
    const ssize_t size = ::pread(fd, text.data() + had, text.size() - had, static_cast<off_t>(had));
    if (size < 0 && errno == EINTR) {
      text.resize(had);
      continue;
    }
    text.resize(had + (size > 0 ? static_cast<std::size_t>(size) : 0));
    if (size < 0) return Status::from_errno("read", errno);
    if (size == 0) break;
  }
  return text;
}

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return Status::from_errno("open " + path, errno);
  Result<std::string> text = read_file_at(fd.get(), bytes_max);
  if (!text.ok()) return text.status().with_context(path);
  return text;
}

Result<std::string> read_link(const std::string& path) {
  char target[PATH_MAX];
  const ssize_t size = ::readlink(path.c_str(), target, sizeof target);
  if (size < 0) return Status::from_errno("read link " + path, errno);
  return std::string(target, static_cast<std::size_t>(size));
}

Result<std::vector<std::uint32_t>> list_processes(const std::string& proc_root) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(proc_root.c_str()), ::closedir);
  if (!directory) return Status::from_errno("open " + proc_root, errno);
  std::vector<std::uint32_t> pids;
  while (const dirent* entry = ::readdir(directory.get())) {
    const auto pid = parse_decimal(entry->d_name);
    if (pid && *pid > 0 && *pid <= INT_MAX) pids.push_back(static_cast<std::uint32_t>(*pid));
  }
  return pids;
}

std::string process_path(const std::string& proc_root, std::uint32_t pid, std::string_view name) {
  std::string path = proc_root;
  path += '/';
  path += std::to_string(pid);
  path += '/';
  path += name;
  return path;
}

Result<FileIdentity> file_identity(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return Status::from_errno("stat " + path, errno);
  FileIdentity out;
  out.inode = info.st_ino;
  const std::uint32_t major_number = major(info.st_dev), minor_number = minor(info.st_dev);
  out.device = (minor_number & 0xff) | (major_number << 8) | ((minor_number & ~0xffU) << 12);
  out.mtime_ns = static_cast<TimeNs>(info.st_mtim.tv_sec) * kSecond + info.st_mtim.tv_nsec;
  return out;
}

}  // namespace ipm::os
