// One string for all the order_by columns of a row, such that comparing two of them byte by byte orders their rows. A
// number takes nine bytes, so most keys need no memory of their own.
#pragma once

#include <bit>
#include <cstdint>
#include <string>

#include "query/table.h"

namespace ipm::query {

namespace detail {

inline void append_big_endian(std::string& key, std::uint64_t bits, char flip) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    key += static_cast<char>(static_cast<char>(static_cast<std::uint8_t>(bits >> shift)) ^ flip);
  }
}

// Ordered as the numbers are: negative ones have all bits inverted, the others their sign. -0.0 becomes 0.0.
inline std::uint64_t ordered_bits(double value) {
  constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(value == 0 ? 0.0 : value);
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

// NUL becomes 00 ff and the end is 00 00: a text sorts before what it begins.
inline void append_text(std::string& key, std::string_view text, char flip) {
  for (char c : text) {
    key += static_cast<char>(c ^ flip);
    if (c == '\0') key += static_cast<char>('\xff' ^ flip);
  }
  key += flip;
  key += flip;
}

}  // namespace detail

// Nulls come last in both directions, so their mark is not flipped.
inline void append_sort_key(std::string& key, const Value& value, bool descending) {
  const char flip = descending ? '\xff' : '\0';
  key += value.is(Value::Kind::kNull) ? '\1' : '\0';
  switch (value.kind()) {
    case Value::Kind::kNull:
      break;
    case Value::Kind::kInt:
      detail::append_big_endian(key, static_cast<std::uint64_t>(value.integer()) ^ (std::uint64_t{1} << 63), flip);
      break;
    case Value::Kind::kDouble:
      detail::append_big_endian(key, detail::ordered_bits(value.real()), flip);
      break;
    case Value::Kind::kText:
      detail::append_text(key, value.text(), flip);
      break;
  }
}

}  // namespace ipm::query
