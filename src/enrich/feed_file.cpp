#include "enrich/feed_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace ipm::enrich {
namespace {

std::int64_t nanoseconds(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

FileStamp stamp_from(const struct stat& info) {
  return {.device = info.st_dev,
          .inode = info.st_ino,
          .bytes = info.st_size,
          .modified_ns = nanoseconds(info.st_mtim),
          .changed_ns = nanoseconds(info.st_ctim)};
}

}  // namespace

FileStamp stamp_of(const std::string& path) noexcept {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? stamp_from(info) : FileStamp{};
}

Result<FeedFile> FeedFile::open(const std::string& path) {
  const std::string attempted = "open " + path;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return Status::from_errno(attempted, errno);
  struct stat info {};
  if (::fstat(fd, &info) != 0) {
    const int error = errno;
    ::close(fd);
    return Status::from_errno(attempted, error);
  }
  if (!S_ISREG(info.st_mode)) {
    ::close(fd);
    return Status::invalid_argument(attempted + ": it is no regular file; name a file");
  }
  return FeedFile(fd, stamp_from(info));
}

FeedFile::~FeedFile() {
  if (fd_ >= 0) ::close(fd_);
}

Result<std::size_t> FeedFile::read(std::span<char> block) const {
  ssize_t got = 0;
  do {
    got = ::read(fd_, block.data(), block.size());
  } while (got < 0 && errno == EINTR);
  if (got < 0) return Status::from_errno("read", errno);
  return static_cast<std::size_t>(got);
}

}  // namespace ipm::enrich
