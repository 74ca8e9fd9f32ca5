// The formats of lines: the first byte names one, so that each is reached whatever its beginning looks like.
#include <cstdint>

#include "feed_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using ipm::enrich::FeedFormat;
  if (size == 0) return 0;
  constexpr FeedFormat kFormats[] = {FeedFormat::kDetect, FeedFormat::kPlain,    FeedFormat::kHosts, FeedFormat::kCidr,
                                     FeedFormat::kDrop,   FeedFormat::kDropJson, FeedFormat::kFeodo};
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  ipm::fuzz::read_into_index(text, kFormats[data[0] % std::size(kFormats)]);
  return 0;
}
