// Bytes of a file or a pipe in large reads, with a look ahead. Bound: one buffer of at least kReadBytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace ipm::source {

class ByteSource {
 public:
  static constexpr std::size_t kReadBytes = 512 * 1024;

  ByteSource() = default;
  ~ByteSource();
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  Status open(const std::string& path);  // "-": standard input.
  void open_memory(std::string_view bytes);

  // Reads until `bytes` are there or the input ends; gives what is there. Ok also at the end.
  Result<std::string_view> peek(std::size_t bytes);
  // What is buffered, after at most one read. Empty: end, or (pipes) nothing now.
  Result<std::string_view> peek_some();
  void consume(std::size_t bytes);
  // Until a pipe has something to read. Files never wait.
  void wait(int timeout_ms) const;
  bool at_end() const { return ended_ && begin_ == end_; }
  bool ended() const { return ended_; }
  std::uint64_t offset() const { return offset_; }
  std::uint64_t total_bytes() const { return total_bytes_; }  // From where it began; 0: not known.
  int fd() const { return pollable_ ? fd_ : -1; }

 private:
  // One read. False: nothing came, at the end or since a pipe is empty.
  Result<bool> read_more();

  int fd_ = -1;
  bool owned_ = false;
  bool pollable_ = false;
  bool ended_ = false;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t offset_ = 0;
  std::uint64_t total_bytes_ = 0;
};

}  // namespace ipm::source
