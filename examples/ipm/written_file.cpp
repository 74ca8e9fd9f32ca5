#include "written_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <ipm/ipm.hpp>

namespace cli {
namespace {

[[noreturn]] void fail(const std::string& what, int error) {
  const bool asked = error == ENOENT || error == ENOTDIR || error == EISDIR;
  throw ipm::Error(asked ? IPM_ERR_NOT_FOUND : IPM_ERR_IO, what + ": " + std::strerror(error));
}

}  // namespace

WrittenFile::WrittenFile(std::string path) : path_(std::move(path)) {
  struct stat there {};
  if (::stat(path_.c_str(), &there) == 0 && !S_ISREG(there.st_mode)) {
    throw ipm::Error(IPM_ERR_INVALID_ARGUMENT, "write " + path_ + ": it is no file; name one, or - for stdout");
  }
  open();
}

WrittenFile::~WrittenFile() {
  discard();
}

void WrittenFile::open() {
  beside_ = path_ + ".XXXXXX";
  fd_ = ::mkostemp(beside_.data(), O_CLOEXEC);
  if (fd_ < 0) fail("write beside " + path_, errno);
  // As open(2) would have made it: mkstemp() gives a file to nobody but its owner.
  const mode_t mask = ::umask(0);
  ::umask(mask);
  (void)::fchmod(fd_, 0666 & ~mask);
}

void WrittenFile::discard() noexcept {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(beside_.c_str());
  fd_ = -1;
}

void WrittenFile::write(std::string_view text) {
  if (fd_ < 0) open();
  while (!text.empty()) {
    const ssize_t written = ::write(fd_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int error = errno;
      discard();
      fail("write " + path_, error);
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  const int unsaved = ::fsync(fd_) == 0 || errno == EINVAL ? 0 : errno;
  if (unsaved != 0 || std::rename(beside_.c_str(), path_.c_str()) != 0) {
    const int error = unsaved != 0 ? unsaved : errno;
    discard();
    fail("write " + path_, error);
  }
  ::close(fd_);
  fd_ = -1;
}

}  // namespace cli
