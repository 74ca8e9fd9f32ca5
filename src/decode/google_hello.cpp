#include "decode/google_hello.h"

#include <algorithm>

namespace ipm::decode {
namespace {

constexpr std::uint32_t kTagsMax = 64;
constexpr std::uint32_t kHello = 0x4348'4c4f;       // "CHLO"
constexpr std::uint32_t kServerName = 0x534e'4900;  // "SNI" and a zero.

// Packet number, hash and frame header come between version and hello; their sizes differ by version.
constexpr std::size_t kBetweenBytesMax = 48;

// Of the tag table, which is little-endian.
std::uint32_t u32_little(Cursor& cursor) {
  const std::uint32_t value = cursor.u32();
  return (value >> 24) | ((value >> 8) & 0xff00U) | ((value << 8) & 0xff'0000U) | (value << 24);
}

// "Q0" and two digits.
bool is_google_version(std::uint32_t version) {
  const auto digit = [](std::uint32_t byte) { return byte >= '0' && byte <= '9'; };
  return version >> 16 == 0x5130U && digit((version >> 8) & 0xffU) && digit(version & 0xffU);
}

}  // namespace

Bytes google_hello_in(Bytes datagram) {
  Cursor cursor(datagram);
  const std::uint8_t flags = cursor.u8();
  if ((flags & 0x80U) == 0) {  // Up to Q043: a connection ID of eight bytes, then a version if the flags say so.
    if ((flags & 0x09U) != 0x09U) return {};
    cursor.skip(8);
  }
  if (!is_google_version(cursor.u32()) || cursor.failed()) return {};
  const Bytes rest = cursor.rest();
  for (std::size_t at = 0; at < std::min(kBetweenBytesMax, rest.size()); ++at) {
    if (Cursor(rest.subspan(at)).u32() == kHello) return rest.subspan(at);
  }
  return {};
}

Verdict parse_google_hello(Bytes message, TlsHello& out) {
  out = {};
  Cursor cursor(message);
  const std::uint32_t tag = cursor.u32();
  const std::uint32_t tags = cursor.u8() + 256U * cursor.u8();
  cursor.skip(2);
  if (cursor.failed()) return Verdict::kShort;
  if (tag != kHello || tags > kTagsMax) return Verdict::kOther;
  std::uint32_t begin = 0;
  for (std::uint32_t i = 0; i < tags; ++i) {
    const std::uint32_t name = cursor.u32();
    const std::uint32_t end = u32_little(cursor);  // In the values behind the table.
    if (cursor.failed()) return Verdict::kShort;
    if (end < begin || end > kHelloBytesMax) return Verdict::kMalformed;
    if (name == kServerName) {
      cursor.skip((tags - i - 1) * 8U + begin);
      const Bytes value = cursor.take(end - begin);
      if (cursor.failed()) return Verdict::kShort;
      set_server_name(value, out);
      out.has_server_name = true;
      return Verdict::kOk;
    }
    begin = end;
  }
  return Verdict::kOk;
}

}  // namespace ipm::decode
