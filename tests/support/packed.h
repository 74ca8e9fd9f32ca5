// Text packed by gzip and zstd, as far as this build has them.
#pragma once

#include <string>
#include <string_view>

#ifdef IPM_WITH_ZLIB
#include <zlib.h>
#endif
#ifdef IPM_WITH_ZSTD
#include <zstd.h>
#endif

namespace ipm::test {

#ifdef IPM_WITH_ZLIB
// One member.
inline std::string gzipped(std::string_view text) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}
#endif

#ifdef IPM_WITH_ZSTD
// One frame.
inline std::string zstd_packed(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}
#endif

}  // namespace ipm::test
