// Files that people put somewhere for libipm to read, and put others in their place: opened as what they are, and
// recognised when they have changed.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "base/status.h"
#include "enrich/feed.h"

namespace ipm::enrich {

// What changes when a file is replaced or written to.
struct FileStamp {
  dev_t device = 0;
  ino_t inode = 0;
  std::int64_t bytes = -1;  // -1: it is not there.
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;
  bool operator==(const FileStamp&) const = default;
};
FileStamp stamp_of(const std::string& path) noexcept;

// A regular file, open for reading: no pipe that would block, no device without an end.
class FeedFile {
 public:
  static Result<FeedFile> open(const std::string& path);
  FeedFile(FeedFile&& other) noexcept : fd_(other.fd_), stamp_(other.stamp_) { other.fd_ = -1; }
  FeedFile& operator=(FeedFile&&) = delete;
  ~FeedFile();

  Result<std::size_t> read(std::span<char> block) const;
  const FileStamp& stamp() const { return stamp_; }

 private:
  FeedFile(int fd, const FileStamp& stamp) : fd_(fd), stamp_(stamp) {}
  int fd_;
  FileStamp stamp_;
};

}  // namespace ipm::enrich
