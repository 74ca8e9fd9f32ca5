// Numbers in the byte order of the program that wrote a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ipm::source::pcap {

class ByteOrder {
 public:
  ByteOrder() = default;
  // True if `magic` stands at `at` in either order; that order is `out` then.
  static bool of_magic(const std::byte* at, std::uint32_t magic, ByteOrder& out) {
    const std::uint32_t found = ByteOrder().u32(at);
    if (found != magic && found != __builtin_bswap32(magic)) return false;
    out.swapped_ = found != magic;
    return true;
  }

  std::uint16_t u16(const std::byte* at) const {
    std::uint16_t value = 0;
    std::memcpy(&value, at, sizeof value);
    return swapped_ ? __builtin_bswap16(value) : value;
  }
  std::uint32_t u32(const std::byte* at) const {
    std::uint32_t value = 0;
    std::memcpy(&value, at, sizeof value);
    return swapped_ ? __builtin_bswap32(value) : value;
  }
  std::uint64_t u64(const std::byte* at) const {
    std::uint64_t value = 0;
    std::memcpy(&value, at, sizeof value);
    return swapped_ ? __builtin_bswap64(value) : value;
  }

 private:
  bool swapped_ = false;  // Against this machine.
};

}  // namespace ipm::source::pcap
