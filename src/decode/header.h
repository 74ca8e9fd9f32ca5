// N bytes that are known to be there, read big-endian at offsets that the compiler checks. Cursor is for everything
// whose length is not known; this is for the headers that each packet has.
#pragma once

#include <cassert>
#include <cstring>

#include "decode/cursor.h"

namespace ipm::decode {

template <std::size_t N>
class Header {
 public:
  static constexpr std::size_t kBytes = N;

  // The first N of `bytes`, which has so many.
  explicit Header(Bytes bytes) : at_(bytes.data()) { assert(bytes.size() >= N); }

  template <std::size_t kAt>
  std::uint8_t u8() const {
    static_assert(kAt < N);
    return std::to_integer<std::uint8_t>(at_[kAt]);
  }
  template <std::size_t kAt>
  std::uint16_t u16() const {
    static_assert(kAt + 2 <= N);
    return static_cast<std::uint16_t>((u8<kAt>() << 8) | u8<kAt + 1>());
  }
  template <std::size_t kAt>
  std::uint32_t u32() const {
    static_assert(kAt + 4 <= N);
    return (std::uint32_t{u16<kAt>()} << 16) | u16<kAt + 2>();
  }
  template <std::size_t kAt, std::size_t kCount>
  void copy(std::uint8_t* to) const {
    static_assert(kAt + kCount <= N);
    std::memcpy(to, at_ + kAt, kCount);
  }

 private:
  const std::byte* at_;
};

}  // namespace ipm::decode
