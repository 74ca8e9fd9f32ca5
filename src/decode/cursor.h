// Reads big-endian fields from bytes that somebody else wrote. A read past the end gives zero or nothing, and the
// cursor has failed from then on; nothing outside of the bytes is ever touched. Check failed() after a group of reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ipm::decode {

using Bytes = std::span<const std::byte>;

// What became of the bytes. `Short`: they ended too soon for it, more of them might be well.
enum class Verdict : std::uint8_t { kOk = 0, kShort = 1, kMalformed = 2, kOther = 3 };

class Cursor {
 public:
  explicit Cursor(Bytes bytes) : bytes_(bytes) {}

  bool failed() const { return failed_; }
  std::size_t at() const { return at_; }
  std::size_t left() const { return bytes_.size() - at_; }

  std::uint8_t u8() { return static_cast<std::uint8_t>(number<1>()); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number<2>()); }
  std::uint32_t u24() { return number<3>(); }
  std::uint32_t u32() { return number<4>(); }
  // The next `count` bytes: all of them or, having failed, none.
  Bytes take(std::size_t count) {
    if (failed_ || count > left()) {
      failed_ = true;
      return {};
    }
    const Bytes taken = bytes_.subspan(at_, count);
    at_ += count;
    return taken;
  }
  void skip(std::size_t count) { (void)take(count); }
  Bytes rest() { return take(left()); }

 private:
  // The count is a constant, so that this is one load.
  template <std::size_t kCount>
  std::uint32_t number() {
    if (failed_ || kCount > left()) {
      failed_ = true;
      return 0;
    }
    const std::byte* from = bytes_.data() + at_;
    at_ += kCount;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < kCount; ++i) value = (value << 8) | std::to_integer<std::uint32_t>(from[i]);
    return value;
  }

  Bytes bytes_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

}  // namespace ipm::decode
