#include "decode/dns_name.h"

namespace ipm::decode {
namespace {

std::uint8_t byte_at(Bytes bytes, std::size_t at) {
  return std::to_integer<std::uint8_t>(bytes[at]);
}

void append(DnsName& name, std::uint8_t byte) {
  if (byte >= 'A' && byte <= 'Z') byte = static_cast<std::uint8_t>(byte - 'A' + 'a');
  if (byte > ' ' && byte < 0x7f && byte != '\\' && byte != '.') {
    name.text[name.bytes++] = static_cast<char>(byte);
    return;
  }
  const char escaped[] = {'\\', static_cast<char>('0' + byte / 100), static_cast<char>('0' + byte / 10 % 10),
                          static_cast<char>('0' + byte % 10)};
  std::memcpy(name.text + name.bytes, escaped, sizeof escaped);
  name.bytes = static_cast<std::uint16_t>(name.bytes + sizeof escaped);
}

}  // namespace

// The text fits: of 255 bytes on the wire each gives at most four.
Verdict read_dns_name(Bytes message, std::size_t& at, DnsName& out) {
  out.bytes = 0;
  std::size_t reader = at;
  std::size_t part_begin = at;
  std::size_t wire_bytes = 1;  // The root's.
  bool jumped = false;
  for (std::uint32_t pointers = 0;;) {
    if (reader >= message.size()) return Verdict::kShort;
    const std::uint8_t length = byte_at(message, reader);
    if (length == 0) break;
    if ((length & 0xc0U) == 0xc0) {
      if (reader + 1 >= message.size()) return Verdict::kShort;
      const std::size_t target = (length & 0x3fU) * 256U + byte_at(message, reader + 1);
      if (target >= part_begin || target < kDnsHeaderBytes || ++pointers > kDnsPointersMax) return Verdict::kMalformed;
      if (!jumped) at = reader + 2;
      jumped = true;
      reader = part_begin = target;
      continue;
    }
    if ((length & 0xc0U) != 0) return Verdict::kMalformed;
    wire_bytes += length + 1U;
    if (wire_bytes > kDnsNameBytesMax) return Verdict::kMalformed;
    if (reader + 1 + length > message.size()) return Verdict::kShort;
    if (out.bytes != 0) out.text[out.bytes++] = '.';
    for (std::size_t i = 1; i <= length; ++i) append(out, byte_at(message, reader + i));
    reader += length + 1U;
  }
  if (!jumped) at = reader + 1;
  if (out.bytes == 0) out.text[out.bytes++] = '.';
  return Verdict::kOk;
}

void skip_dns_name(Cursor& cursor) {
  for (;;) {
    const std::uint8_t length = cursor.u8();
    if (cursor.failed() || length == 0) return;
    if ((length & 0xc0U) != 0) return cursor.skip(1);
    cursor.skip(length);
  }
}

}  // namespace ipm::decode
