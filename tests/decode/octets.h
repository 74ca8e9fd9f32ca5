// Bytes for tests of decoders: written in hex, or put together big-endian.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "decode/cursor.h"

namespace ipm::test {

using Octets = std::vector<std::byte>;

// Pairs of hex digits; blanks are nothing.
inline Octets hex(std::string_view digits) {
  Octets out;
  int high = -1;
  for (const char c : digits) {
    if (c == ' ') continue;
    const int value = c <= '9' ? c - '0' : c - 'a' + 10;
    if (high >= 0) out.push_back(static_cast<std::byte>(high * 16 + value));
    high = high >= 0 ? -1 : value;
  }
  return out;
}

inline Octets text(std::string_view letters) {
  const auto* bytes = reinterpret_cast<const std::byte*>(letters.data());
  return {bytes, bytes + letters.size()};
}

inline Octets number(std::uint64_t value, std::size_t bytes) {
  Octets out;
  for (std::size_t i = bytes; i-- > 0;) out.push_back(static_cast<std::byte>(value >> (8 * i)));
  return out;
}

inline Octets join(std::initializer_list<Octets> parts) {
  Octets out;
  for (const Octets& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

// The bytes with their own length before them.
inline Octets sized(std::size_t length_bytes, const Octets& body) {
  return join({number(body.size(), length_bytes), body});
}

inline Octets numbers16(std::initializer_list<std::uint16_t> values) {
  Octets out;
  for (const std::uint16_t value : values) out = join({out, number(value, 2)});
  return out;
}

// In memory of exactly their size, so that the address sanitizer sees a read past the end.
class Exactly {
 public:
  explicit Exactly(decode::Bytes bytes) : bytes_(bytes.begin(), bytes.end()) { bytes_.shrink_to_fit(); }
  decode::Bytes bytes() const { return bytes_; }

 private:
  Octets bytes_;
};

}  // namespace ipm::test
