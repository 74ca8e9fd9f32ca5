#include "decode/quic_packet.h"

namespace ipm::decode {
namespace {

using Salt = std::uint8_t[20];

constexpr Salt kSaltDraft22 = {0x7f, 0xbc, 0xdb, 0x0e, 0x7c, 0x66, 0xbb, 0xe9, 0x19, 0x3a,
                               0x96, 0xcd, 0x21, 0x51, 0x9e, 0xbd, 0x7a, 0x02, 0x64, 0x4a};
constexpr Salt kSaltDraft23 = {0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7,
                               0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02};
constexpr Salt kSaltDraft29 = {0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97,
                               0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99};
constexpr Salt kSalt1 = {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
                         0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a};
constexpr Salt kSalt2 = {0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
                         0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9};
constexpr Salt kSaltQ050 = {0x50, 0x45, 0x74, 0xef, 0xd0, 0x66, 0xfe, 0x2f, 0x9d, 0x94,
                            0x5c, 0xfc, 0xdb, 0xd3, 0xa7, 0xf0, 0xd3, 0xb5, 0x6b, 0x45};
constexpr Salt kSaltT050 = {0x7f, 0xf5, 0x79, 0xe5, 0xac, 0xd0, 0x72, 0x91, 0x55, 0x80,
                            0x30, 0x4c, 0x43, 0xa2, 0x36, 0x7c, 0x60, 0x48, 0x83, 0x10};
constexpr Salt kSaltT051 = {0x7a, 0x4e, 0xde, 0xf4, 0xe7, 0xcc, 0xee, 0x5f, 0xa4, 0x50,
                            0x6c, 0x19, 0x12, 0x4f, 0xc8, 0xcc, 0xda, 0x6e, 0x03, 0x3d};

constexpr QuicVersion kDraft22{kSaltDraft22, false, false};
constexpr QuicVersion kDraft23{kSaltDraft23, false, false};
constexpr QuicVersion kDraft29{kSaltDraft29, false, false};
constexpr QuicVersion kFirst{kSalt1, false, false};
constexpr QuicVersion kSecond{kSalt2, true, false};
constexpr QuicVersion kQ050{kSaltQ050, false, true};
constexpr QuicVersion kT050{kSaltT050, false, true};
constexpr QuicVersion kT051{kSaltT051, false, true};

constexpr std::uint32_t kDraft = 0xff00'0000;  // Plus its number.

// The two bits of the first byte. Version 2 turns them round by one (RFC 9369 §3.2).
QuicPacketType packet_type(std::uint8_t first_byte, const QuicVersion& version) {
  const unsigned bits = (first_byte >> 4) & 3U;
  return static_cast<QuicPacketType>(version.second ? (bits + 3) % 4 : bits);
}

}  // namespace

const QuicVersion* quic_version(std::uint32_t number) {
  switch (number) {
    case kQuicVersion1:
      return &kFirst;
    case kQuicVersion2:
      return &kSecond;
    case 0xface'b001:
      return &kDraft22;
    case 0xface'b002:
    case 0xface'b00e:
      return &kDraft23;
    case 0x5130'3530:
      return &kQ050;
    case 0x5430'3530:
      return &kT050;
    case 0x5430'3531:
      return &kT051;
    default:
      break;
  }
  if ((number & 0x0f0f'0f0fU) == 0x0a0a'0a0aU) return &kDraft29;
  if (number < kDraft + 22 || number > kDraft + 34) return nullptr;
  const std::uint32_t draft = number - kDraft;
  if (draft == 22) return &kDraft22;
  if (draft <= 28) return &kDraft23;
  return draft <= 32 ? &kDraft29 : &kFirst;
}

std::uint64_t quic_number(Cursor& cursor) {
  const std::uint8_t first = cursor.u8();
  std::uint64_t value = first & 0x3fU;
  for (int more = (1 << (first >> 6)) - 1; more > 0; --more) value = (value << 8) | cursor.u8();
  return cursor.failed() ? 0 : value;
}

Verdict next_quic_packet(Bytes& datagram, QuicPacket& out) {
  Cursor cursor(datagram);
  const std::uint8_t first = cursor.u8();
  out.version = cursor.u32();
  if (cursor.failed()) return Verdict::kShort;
  if ((first & 0x80U) == 0) return Verdict::kOther;
  const QuicVersion* version = quic_version(out.version);
  if (version == nullptr) return Verdict::kOther;
  out.type = packet_type(first, *version);
  out.destination = cursor.take(cursor.u8());
  out.source = cursor.take(cursor.u8());
  if (cursor.failed()) return Verdict::kShort;
  if (out.destination.size() > kQuicCidBytesMax || out.source.size() > kQuicCidBytesMax) return Verdict::kMalformed;
  if (out.type == QuicPacketType::kRetry) {  // Token and tag to the end of the datagram.
    out.whole = {};
    out.number_at = 0;
    datagram = {};
    return Verdict::kOk;
  }
  if (out.type == QuicPacketType::kInitial) {
    const std::uint64_t token_bytes = quic_number(cursor);
    if (token_bytes > cursor.left()) return Verdict::kShort;
    cursor.skip(static_cast<std::size_t>(token_bytes));
  }
  const std::uint64_t bytes = quic_number(cursor);  // Of number and payload.
  out.number_at = cursor.at();
  if (cursor.failed() || bytes > cursor.left()) return Verdict::kShort;
  cursor.skip(static_cast<std::size_t>(bytes));
  out.whole = datagram.first(cursor.at());
  datagram = cursor.rest();
  return Verdict::kOk;
}

}  // namespace ipm::decode
