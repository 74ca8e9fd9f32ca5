// Lines of a plain or zstd-compressed input. Bound: one line of at most `line_bytes_max`; what is longer is skipped.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "source/replay/byte_source.h"

namespace ipm::source {

class LineReader {
 public:
  // kNothing: much was read and no line has ended yet; call again. It keeps one call short.
  enum class Got { kLine, kTooLong, kNothing };

  LineReader(ByteSource& bytes, std::size_t line_bytes_max);
  ~LineReader();

  static bool is_zstd(std::string_view first_bytes);
  // Decompress from here on. Unsupported without IPM_WITH_ZSTD.
  Status use_zstd();

  // Ok: `line` holds one, until the next call; timeout: a pipe has none now; end.
  Status next(std::string_view& line, Got& got);
  const std::string& note() const { return note_; }  // "zstd: … at offset 123", or empty.

 private:
  // More text into text_. Ok, timeout, end.
  Status more();
  Status unpack(std::string_view bytes);

  ByteSource& bytes_;
  const std::size_t line_bytes_max_;
  struct Unpacker;
  std::unique_ptr<Unpacker> unpacker_;
  std::string text_;
  std::size_t begin_ = 0;
  std::size_t scanned_ = 0;
  bool skipping_ = false;  // In a line that is too long.
  bool ended_ = false;
  std::string note_;
};

}  // namespace ipm::source
