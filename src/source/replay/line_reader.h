// Lines of a plain or packed input (gzip, zstd). Bound: one line of at most `line_bytes_max`; what is longer is
// skipped.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "source/byte_source.h"
#include "source/unpacker.h"

namespace ipm::source {

class LineReader {
 public:
  // kNothing: much was read and no line has ended yet; call again. It keeps one call short.
  enum class Got { kLine, kTooLong, kNothing };

  LineReader(ByteSource& bytes, std::size_t line_bytes_max);
  ~LineReader();

  // Unpack from here on. Unsupported if this libipm was built without it.
  Status unpack_by(Packing packing);

  // Ok: `line` holds one, until the next call; timeout: a pipe has none now; end.
  Status next(std::string_view& line, Got& got);
  const std::string& note() const { return note_; }  // "zstd: … at offset 123", or empty.

 private:
  // More text into text_. Ok, timeout, end.
  Status more();
  Status unpack(std::string_view bytes);
  Status end_unpacking(const std::string& why);

  ByteSource& bytes_;
  const std::size_t line_bytes_max_;
  std::unique_ptr<Unpacker> unpacker_;
  Packing packing_ = Packing::kNone;
  std::vector<char> unpacked_;  // One step of it.
  std::string text_;
  std::size_t begin_ = 0;
  std::size_t scanned_ = 0;
  bool skipping_ = false;  // In a line that is too long.
  bool ended_ = false;
  std::string note_;
};

}  // namespace ipm::source
