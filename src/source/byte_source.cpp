#include "source/byte_source.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace ipm::source {

ByteSource::~ByteSource() {
  if (owned_ && fd_ >= 0) ::close(fd_);
}

Status ByteSource::open(const std::string& path) {
  if (path == "-") {
    fd_ = STDIN_FILENO;
  } else {
    // O_NONBLOCK: opening a named pipe does not wait for its writer. Files do not care.
    fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd_ < 0) return Status::from_errno("open " + path, errno);
    owned_ = true;
  }
  struct stat info {};
  if (::fstat(fd_, &info) != 0) return Status::from_errno("stat " + path, errno);
  if (S_ISDIR(info.st_mode)) return Status::invalid_argument("open " + path + ": it is a directory");
  pollable_ = !S_ISREG(info.st_mode);
  if (!pollable_) {
    // Standard input may have been read in part by whoever gave it.
    const off_t begin = std::max<off_t>(::lseek(fd_, 0, SEEK_CUR), 0);
    total_bytes_ = static_cast<std::uint64_t>(std::max<off_t>(info.st_size - begin, 0));
  }
  return Status::success();
}

void ByteSource::open_memory(std::string_view bytes) {
  buffer_.assign(bytes.begin(), bytes.end());
  end_ = buffer_.size();
  total_bytes_ = end_;
  ended_ = true;
}

Result<bool> ByteSource::read_more() {
  if (ended_) return false;
  if (pollable_) {
    pollfd ready{fd_, POLLIN, 0};
    if (::poll(&ready, 1, 0) == 0) return false;
  }
  if (begin_ != 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() < end_ + kReadBytes) buffer_.resize(end_ + kReadBytes);
  for (;;) {
    const ssize_t got = ::read(fd_, buffer_.data() + end_, kReadBytes);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return false;
    if (got < 0) return Status::from_errno("read", errno);
    if (got == 0) ended_ = true;
    end_ += static_cast<std::size_t>(got);
    return got > 0;
  }
}

Result<std::string_view> ByteSource::peek(std::size_t bytes) {
  while (end_ - begin_ < bytes) {
    Result<bool> more = read_more();
    if (!more.ok()) return more.status();
    if (!*more) break;
  }
  return std::string_view(buffer_.data() + begin_, std::min(bytes, end_ - begin_));
}

Result<std::string_view> ByteSource::peek_some() {
  if (begin_ == end_) {
    Result<bool> more = read_more();
    if (!more.ok()) return more.status();
  }
  return std::string_view(buffer_.data() + begin_, end_ - begin_);
}

void ByteSource::wait(int timeout_ms) const {
  if (!pollable_ || ended_) return;
  pollfd ready{fd_, POLLIN, 0};
  (void)::poll(&ready, 1, timeout_ms);  // Interrupted or not: the next read finds out.
}

void ByteSource::consume(std::size_t bytes) {
  begin_ += bytes;
  offset_ += bytes;
}

}  // namespace ipm::source
