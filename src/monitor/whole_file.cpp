#include "monitor/whole_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "os/linux/fd.h"

namespace ipm::monitor {
namespace {

Status read_all(int fd, std::string& out) {
  for (std::size_t at = 0; at < out.size();) {
    const ssize_t got = ::read(fd, out.data() + at, out.size() - at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Status::from_errno("read", errno);
    if (got == 0) out.resize(at);  // It has become shorter: its content says where it ends.
    at += static_cast<std::size_t>(got);
  }
  return Status::success();
}

Status write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return Status::from_errno("write", errno);
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return ::fsync(fd) == 0 ? Status::success() : Status::from_errno("fsync", errno);
}

}  // namespace

Result<std::string> read_whole_file(const std::string& path, std::int64_t bytes_max) {
  const os::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (fd.get() < 0) return Status::from_errno("open", errno);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return Status::from_errno("fstat", errno);
  if (!S_ISREG(info.st_mode)) return Status::invalid_argument("this is no regular file");
  if (info.st_size > bytes_max) {
    return Status::limit("the file is larger than " + std::to_string(bytes_max >> 20) + " MiB");
  }
  std::string bytes(static_cast<std::size_t>(info.st_size), '\0');
  if (Status status = read_all(fd.get(), bytes); !status.ok()) return status;
  return bytes;
}

Status write_whole_file(const std::string& path, std::string_view bytes) {
  const std::string beside = path + ".new-" + std::to_string(::getpid());
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
  // What a run that was killed left behind under this number.
  if (::unlink(beside.c_str()) != 0 && errno != ENOENT) return Status::from_errno("unlink " + beside, errno);
  const os::Fd fd(::open(beside.c_str(), flags, 0600));
  if (fd.get() < 0) return Status::from_errno("open " + beside, errno);
  Status status = write_all(fd.get(), bytes);
  if (status.ok() && ::rename(beside.c_str(), path.c_str()) != 0) status = Status::from_errno("rename", errno);
  if (!status.ok()) (void)::unlink(beside.c_str());
  return status;
}

}  // namespace ipm::monitor
