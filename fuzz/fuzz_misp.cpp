// MISP events and what its searches answer.
#include <cstdint>

#include "feed_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ipm::fuzz::read_into_index({reinterpret_cast<const char*>(data), size}, ipm::enrich::FeedFormat::kMisp);
  return 0;
}
