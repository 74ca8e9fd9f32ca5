#include "source/unpacker.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <string>
#include <utility>

#ifdef IPM_WITH_ZLIB
#define ZLIB_CONST
#include <zlib.h>
#endif
#ifdef IPM_WITH_ZSTD
#include <zstd.h>
#endif

namespace ipm::source {
namespace {

#ifdef IPM_WITH_ZLIB
// RFC 1952. Zeros behind a member are padding, as of a tape's blocks.
class GzipUnpacker final : public Unpacker {
 public:
  ~GzipUnpacker() override {
    if (ready_) inflateEnd(&stream_);
  }

  Status start() {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    if (inflateInit2(&stream_, kGzipOnly) != Z_OK) return {Code::kNoMemory, "gzip: no memory for its window"};
    ready_ = true;
    return Status::success();
  }

  Result<Step> step(std::string_view in, std::span<char> out) override {
    Step step;
    if (!inside_) {
      while (step.taken < in.size() && in[step.taken] == '\0' && seen_any_) ++step.taken;
      if (step.taken == in.size()) return step;
      if (seen_any_ && inflateReset(&stream_) != Z_OK) return Status::internal("gzip: no second member");
      inside_ = true;
    }
    constexpr std::size_t kMost = std::numeric_limits<uInt>::max();
    const std::string_view rest = in.substr(step.taken, kMost);
    stream_.next_in = reinterpret_cast<const Bytef*>(rest.data());
    stream_.avail_in = static_cast<uInt>(rest.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(std::min(out.size(), kMost));
    const uInt room = stream_.avail_out;
    const int result = inflate(&stream_, Z_NO_FLUSH);
    step.taken += rest.size() - stream_.avail_in;
    step.given = room - stream_.avail_out;
    if (result == Z_STREAM_END) {
      inside_ = false;
      seen_any_ = true;
    } else if (result != Z_OK && result != Z_BUF_ERROR) {  // That one says: no progress without more bytes.
      // What was unpacked before the place is good, and comes first.
      if (step.given > 0) return step;
      return Status::corrupt(std::string("gzip: ") + (stream_.msg != nullptr ? stream_.msg : "not to be unpacked"));
    }
    return step;
  }
  bool inside() const override { return inside_; }

 private:
  z_stream stream_{};
  bool ready_ = false;
  bool inside_ = false;
  bool seen_any_ = false;  // A whole member.
};
#endif

#ifdef IPM_WITH_ZSTD
// RFC 8878.
class ZstdUnpacker final : public Unpacker {
 public:
  ~ZstdUnpacker() override { ZSTD_freeDStream(stream_); }

  Status start() {
    stream_ = ZSTD_createDStream();
    if (stream_ == nullptr) return {Code::kNoMemory, "zstd: no memory for its window"};
    // §3.1.1.1.2: a window of 128 MiB is more than any sane file needs.
    ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, 27);
    return Status::success();
  }

  Result<Step> step(std::string_view in, std::span<char> out) override {
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    // Without input it may still hold output, but only within a frame.
    if (in.empty() && !inside_) return Step{};
    const std::size_t result = ZSTD_decompressStream(stream_, &to, &from);
    if (ZSTD_isError(result) != 0) {
      return Status::corrupt(std::string("zstd: ") + ZSTD_getErrorName(result));
    }
    if (from.pos > 0 || to.pos > 0) inside_ = result != 0;
    return Step{from.pos, to.pos};
  }
  bool inside() const override { return inside_; }

 private:
  ZSTD_DStream* stream_ = nullptr;
  bool inside_ = false;
};
#endif

template <typename Kind>
[[maybe_unused]] Result<std::unique_ptr<Unpacker>> started() {
  auto unpacker = std::make_unique<Kind>();
  if (Status status = unpacker->start(); !status.ok()) return status;
  return {std::move(unpacker)};
}

}  // namespace

Packing packing_of(std::string_view first_bytes) {
  // gzip: method 8, deflate, is the only one there is.
  if (first_bytes.starts_with("\x1f\x8b\x08")) return Packing::kGzip;
  if (first_bytes.starts_with("\x28\xb5\x2f\xfd")) return Packing::kZstd;
  return Packing::kNone;
}

std::string_view packing_name(Packing packing) {
  return packing == Packing::kGzip ? "gzip" : packing == Packing::kZstd ? "zstd" : "nothing";
}

Result<std::unique_ptr<Unpacker>> Unpacker::open(Packing packing) {
  assert(packing != Packing::kNone);
#ifdef IPM_WITH_ZLIB
  if (packing == Packing::kGzip) return started<GzipUnpacker>();
#endif
#ifdef IPM_WITH_ZSTD
  if (packing == Packing::kZstd) return started<ZstdUnpacker>();
#endif
  const std::string library = packing == Packing::kGzip ? "IPM_WITH_ZLIB" : "IPM_WITH_ZSTD";
  return Status::unsupported("compressed with " + std::string(packing_name(packing)) + "; this libipm was built with " +
                             library + "=OFF");
}

}  // namespace ipm::source
