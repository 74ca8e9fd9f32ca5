// "key = value" lines: the one text form of settings, filters and the CLI's configuration file. A value may be quoted
// with C escapes, since names of programs are hostile. Errors name the line.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace ipm {

struct KeyValue {
  std::string key;
  std::string value;
  bool quoted = false;     // Text, even if it looks like a number or a bound value.
  std::uint32_t line = 0;  // From 1.
};

inline constexpr std::size_t kKeyValueBytesMax = 1U << 20;

// Lines are separated by '\n'; blank lines and those that begin with '#' are skipped; spaces around key and value are
// not part of them. A key may come several times: what that means is the reader's to say.
Result<std::vector<KeyValue>> parse_key_values(std::string_view text);

// "…" with C escapes: what parse_key_values() reads back as the same bytes.
std::string quote_text(std::string_view text);

// The known word that is nearest to `word` by edit distance, or empty if none is near.
std::string_view nearest_word(std::string_view word, std::span<const std::string_view> known);

// Whole numbers with the usual endings. Sizes: 64M, 64MiB, 512k (powers of 1024). Durations: 250ms, 1s, 5m, 6h, 7d.
Result<std::uint64_t> parse_size(std::string_view text);
Result<std::int64_t> parse_duration_ns(std::string_view text);
Result<std::int64_t> parse_integer(std::string_view text);
Result<double> parse_number(std::string_view text);  // 0.95; any finite number.

}  // namespace ipm
