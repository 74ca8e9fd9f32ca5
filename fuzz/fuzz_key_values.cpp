// Settings and filter text takes any bytes; what was parsed and is quoted again reads back as the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/key_values.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)ipm::parse_size(text).ok();
  (void)ipm::parse_duration_ns(text).ok();
  (void)ipm::parse_integer(text).ok();
  static constexpr std::string_view kKnown[] = {"memory_max_bytes", "flows_max", "store.path"};
  (void)ipm::nearest_word(text, kKnown);
  ipm::Result<std::vector<ipm::KeyValue>> parsed = ipm::parse_key_values(text);
  if (!parsed.ok()) return 0;
  for (const ipm::KeyValue& entry : *parsed) {
    ipm::Result<std::vector<ipm::KeyValue>> again = ipm::parse_key_values("k = " + ipm::quote_text(entry.value));
    if (!again.ok() || again->size() != 1 || again->front().value != entry.value) std::abort();
  }
  return 0;
}
