#include "source/replay/line_reader.h"

#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#ifdef IPM_WITH_ZSTD
#include <zstd.h>
#endif

namespace ipm::source {

namespace {
constexpr std::uint32_t kReadsPerCall = 64;
}

struct LineReader::Unpacker {
#ifdef IPM_WITH_ZSTD
  ZSTD_DStream* stream = ZSTD_createDStream();
  std::vector<char> out = std::vector<char>(ZSTD_DStreamOutSize());
  bool in_frame = true;       // A zstd frame has begun or is due, and has not ended.
  bool output_waits = false;  // The last output filled its buffer: there may be more without more input.
  ~Unpacker() {
    ZSTD_freeDStream(stream);
  }
#endif
};

LineReader::LineReader(ByteSource& bytes, std::size_t line_bytes_max)
    : bytes_(bytes), line_bytes_max_(line_bytes_max) {}
LineReader::~LineReader() = default;

bool LineReader::is_zstd(std::string_view first_bytes) {
  return first_bytes.size() >= 4 && std::memcmp(first_bytes.data(), "\x28\xb5\x2f\xfd", 4) == 0;
}

Status LineReader::use_zstd() {
#ifdef IPM_WITH_ZSTD
  unpacker_ = std::make_unique<Unpacker>();
  // RFC 8878 §3.1.1.1.2: a window of 128 MiB is more than any sane line file needs.
  ZSTD_DCtx_setParameter(unpacker_->stream, ZSTD_d_windowLogMax, 27);
  return Status::success();
#else
  return Status::unsupported("compressed with zstd; this libipm was built with IPM_WITH_ZSTD=OFF");
#endif
}

Status LineReader::more() {
  Result<std::string_view> bytes = bytes_.peek_some();
  if (!bytes.ok()) return bytes.status();
  if (unpacker_) return unpack(*bytes);
  if (bytes->empty()) return bytes_.ended() ? Status::end() : Status::timeout();
  text_.append(*bytes);
  bytes_.consume(bytes->size());
  return Status::success();
}

Status LineReader::unpack(std::string_view bytes) {
#ifdef IPM_WITH_ZSTD
  // With no more input there may still be output: zstd keeps what did not fit.
  if (bytes.empty() && !unpacker_->output_waits) {
    if (!bytes_.ended()) return Status::timeout();
    if (unpacker_->in_frame) note_ = "zstd: the file is cut at offset " + std::to_string(bytes_.offset());
    return Status::end();
  }
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  ZSTD_outBuffer out{unpacker_->out.data(), unpacker_->out.size(), 0};
  const std::size_t result = ZSTD_decompressStream(unpacker_->stream, &out, &in);
  text_.append(unpacker_->out.data(), out.pos);
  if (ZSTD_isError(result) != 0) {
    note_ =
        std::string("zstd: ") + ZSTD_getErrorName(result) + " at offset " + std::to_string(bytes_.offset() + in.pos);
    return Status::end();
  }
  bytes_.consume(in.pos);
  unpacker_->in_frame = result != 0;
  unpacker_->output_waits = out.pos == out.size;
  if (!bytes.empty() && in.pos == 0 && out.pos == 0) {
    note_ = "zstd: no progress at offset " + std::to_string(bytes_.offset());
    return Status::end();
  }
  return Status::success();
#else
  (void)bytes;
  return Status::end();  // use_zstd() refused.
#endif
}

Status LineReader::next(std::string_view& line, Got& got) {
  for (std::uint32_t reads = 0;; ++reads) {
    const std::size_t newline = text_.find('\n', scanned_);
    if (newline != std::string::npos) {
      line = std::string_view(text_).substr(begin_, newline - begin_);
      begin_ = scanned_ = newline + 1;
      const bool too_long = std::exchange(skipping_, false) || line.size() > line_bytes_max_;
      got = too_long ? Got::kTooLong : Got::kLine;
      return Status::success();
    }
    text_.erase(0, begin_);
    begin_ = 0;
    if (text_.size() > line_bytes_max_) {
      text_.clear();
      skipping_ = true;
    }
    scanned_ = text_.size();
    if (ended_) {
      if (text_.empty() && !skipping_) return Status::end();
      // The last line may lack its newline.
      got = std::exchange(skipping_, false) ? Got::kTooLong : Got::kLine;
      line = text_;
      begin_ = scanned_ = text_.size();
      return Status::success();
    }
    if (reads == kReadsPerCall) {
      got = Got::kNothing;
      return Status::success();
    }
    Status status = more();
    if (status.is_error() || status.code() == Code::kTimeout) return status;
    if (status.code() == Code::kEnd) ended_ = true;
  }
}

}  // namespace ipm::source
