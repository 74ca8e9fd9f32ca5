// A STIX bundle where the first byte is 'b', else the text of one pattern.
#include <cstdint>

#include "enrich/stix_pattern.h"
#include "feed_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 'b') {
    ipm::fuzz::read_into_index(text, ipm::enrich::FeedFormat::kStix);
    return 0;
  }
  const ipm::enrich::StixPattern pattern = ipm::enrich::read_stix_pattern(text);
  if (pattern.malformed && !pattern.indicators.empty()) std::abort();
  if (pattern.indicators.empty() && pattern.unsupported.empty()) std::abort();  // Nothing is dropped silently.
  if (pattern.indicators.size() > ipm::enrich::kPatternIndicatorsMax) std::abort();
  return 0;
}
