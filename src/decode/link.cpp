// The header that a capture file puts before each frame, by LINKTYPE (https://www.tcpdump.org/linktypes.html).
#include <bit>

#include "decode/layer.h"

namespace ipm::decode {
namespace {

// Hardware types of Linux (if_arp.h) with a header of their own behind the cooked one.
constexpr std::uint16_t kArphrdFrameRelay = 770, kArphrdGre = 778, kArphrdRadiotap = 803, kArphrdNetlink = 824;

Layer skipped(const Layer& frame, std::size_t bytes, LayerKind kind, std::uint16_t number = 0) {
  Cursor cursor(frame.bytes);
  cursor.skip(bytes);
  return rest(frame, cursor, kind, number);
}

LayerKind kind_of_family(std::uint32_t family) {
  switch (family) {
    case 2:  // AF_INET, everywhere
      return LayerKind::kIp;
    case 10:  // AF_INET6 of Linux, NetBSD and OpenBSD, FreeBSD, macOS
    case 24:
    case 28:
    case 30:
      return LayerKind::kIpv6;
    default:
      return LayerKind::kNothing;
  }
}

// The address family in the order of the machine that wrote it; some old ones wrote 16 bits of it, some an ethertype.
Layer read_null(const Layer& frame) {
  Cursor cursor(frame.bytes);
  const std::uint32_t big = cursor.u32();
  if (cursor.failed()) return {.kind = LayerKind::kShort};
  if ((big >> 16) == 0xff03) {
    Cursor from(frame.bytes);
    return rest(frame, from, LayerKind::kHdlc);
  }
  std::uint32_t family = __builtin_bswap32(big);
  if ((family & 0xffff'0000U) != 0) {
    const bool upper_half = (family & 0xff00'0000U) == 0 && family < 0x0006'0000U;
    family = upper_half ? family >> 16 : big;
  } else if ((family & 0xffU) == 0 && family < 0x600U) {
    family >>= 8;
  }
  if (family > 1500) return rest(frame, cursor, LayerKind::kEtherType, static_cast<std::uint16_t>(family));
  return rest(frame, cursor, kind_of_family(family));
}

Layer read_family(const Layer& frame, std::size_t header_bytes) {  // Network order, or else the other.
  Cursor cursor(frame.bytes);
  std::uint32_t family = cursor.u32();
  if ((family & 0xffff'0000U) != 0) family = __builtin_bswap32(family);
  cursor.skip(header_bytes - 4);
  return rest(frame, cursor, kind_of_family(family));
}

// Point-to-point drivers leave all kinds of things before the IP header.
Layer read_raw(const Layer& frame) {
  const auto at = [&](std::size_t from, LayerKind kind) {
    Cursor cursor(frame.bytes);
    cursor.skip(from);
    return rest(frame, cursor, kind);
  };
  const auto has_ppp = [&](std::size_t from) {
    return frame.bytes.size() >= from + 2 && frame.bytes[from] == std::byte{0xff} &&
           frame.bytes[from + 1] == std::byte{3};
  };
  for (const std::size_t from : {std::size_t{0}, std::size_t{6}, std::size_t{1}}) {
    if (has_ppp(from)) return at(from, LayerKind::kHdlc);
  }
  const Bytes zeros = frame.bytes.first(std::min<std::size_t>(frame.bytes.size(), 10));
  if (zeros.size() == 10 && std::ranges::all_of(zeros, [](std::byte b) { return b == std::byte{0}; })) {
    return at(10, LayerKind::kIp);
  }
  return at(0, LayerKind::kIp);
}

// What Linux gives for the device "any".
Layer read_cooked(const Layer& frame, Cursor& cursor, std::uint16_t hardware, std::uint16_t protocol) {
  switch (hardware) {
    case kArphrdNetlink:
      return {};
    case kArphrdFrameRelay:
      return rest(frame, cursor, LayerKind::kFrameRelay);
    case kArphrdRadiotap:
      return rest(frame, cursor, LayerKind::kRadiotap);
    case kArphrdGre:
      return read_gre_payload(protocol, false, rest(frame, cursor, LayerKind::kNothing));
    default:
      break;
  }
  switch (protocol) {  // Below 1536: Linux's own numbers, if_ether.h.
    case 4:
      return rest(frame, cursor, LayerKind::kLlc);
    case 7:
      return rest(frame, cursor, LayerKind::kPpp);
    default:
      return rest(frame, cursor, LayerKind::kEtherType, protocol);
  }
}

Layer read_sll(const Layer& frame, Frame& out) {
  Cursor cursor(frame.bytes);
  const std::uint16_t type = cursor.u16();
  const std::uint16_t hardware = cursor.u16();
  cursor.skip(10);
  const std::uint16_t protocol = cursor.u16();
  if (cursor.failed()) return {.kind = LayerKind::kShort};
  out.direction = cooked_direction(type);
  return read_cooked(frame, cursor, hardware, protocol);
}

Layer read_sll2(const Layer& frame, Frame& out) {
  Cursor cursor(frame.bytes);
  const std::uint16_t protocol = cursor.u16();
  cursor.skip(6);
  const std::uint16_t hardware = cursor.u16();
  const std::uint8_t type = cursor.u8();
  cursor.skip(9);
  if (cursor.failed()) return {.kind = LayerKind::kShort};
  out.direction = cooked_direction(type);
  return read_cooked(frame, cursor, hardware, protocol);
}

// Apple's: which process sent or got the packet.
Layer read_pktap(const Layer& frame, Frame& out) {
  constexpr std::uint32_t kHeaderBytesMin = 108, kPacket = 1, kIn = 1, kOut = 2;
  Cursor cursor(frame.bytes);
  const std::uint32_t header_bytes = little32(cursor);
  const std::uint32_t record = little32(cursor);
  const std::uint32_t link_type = little32(cursor);
  cursor.skip(24);  // Interface
  const std::uint32_t flags = little32(cursor);
  cursor.skip(12);
  auto pid = std::bit_cast<std::int32_t>(little32(cursor));
  Bytes name = cursor.take(20);
  cursor.skip(8);
  const auto effective_pid = std::bit_cast<std::int32_t>(little32(cursor));
  const Bytes effective_name = cursor.take(20);
  if (cursor.failed()) return {.kind = LayerKind::kShort};
  if (header_bytes < kHeaderBytesMin) return {.kind = LayerKind::kMalformed};
  if (record != kPacket || link_type > 0xffff) return {};
  if ((flags & (kIn | kOut)) == kIn) out.direction = LinkDirection::kIn;
  if ((flags & (kIn | kOut)) == kOut) out.direction = LinkDirection::kOut;
  if (pid <= 0 && effective_pid > 0) {  // On behalf of which a system process works.
    pid = effective_pid;
    name = effective_name;
  }
  const std::size_t name_bytes = static_cast<std::size_t>(std::ranges::find(name, std::byte{0}) - name.begin());
  out.has_process = true;
  out.pid = pid;
  out.process_name = {reinterpret_cast<const char*>(name.data()), name_bytes};
  Cursor behind(frame.bytes);
  behind.skip(header_bytes);
  const Layer inner = rest(frame, behind, LayerKind::kNothing);
  const bool nested = link_type == 149 || link_type == 258;
  return inner.kind == LayerKind::kShort || nested ? inner
                                                   : read_link(static_cast<std::uint16_t>(link_type), inner, out);
}

// Netlink attributes in the order of the machine that wrote them: length, type, value, filled up to 4.
Layer read_nflog(const Layer& frame) {
  constexpr std::uint16_t kPacketHeader = 1, kPayload = 9;
  Cursor cursor(frame.bytes);
  const std::uint8_t family = cursor.u8();
  cursor.skip(3);
  std::uint16_t protocol = 0;
  Layer payload = {};
  while (cursor.left() >= 4) {
    const std::uint16_t length = little16(cursor);
    const std::uint16_t type = little16(cursor) & 0x7fffU;
    if (length < 4) return {.kind = LayerKind::kMalformed};
    const std::size_t value_bytes = length - 4U;
    if (type == kPayload) {
      payload = limited(rest(frame, cursor, LayerKind::kNothing), static_cast<std::uint32_t>(value_bytes));
      break;  // The last one in all that writes them.
    }
    Cursor value(cursor.take(value_bytes));
    if (type == kPacketHeader) protocol = value.u16();
    cursor.skip(std::min((4 - value_bytes % 4) % 4, cursor.left()));
  }
  if (payload.bytes.empty()) return {.kind = LayerKind::kShort};
  payload.kind = protocol != 0 ? LayerKind::kEtherType : kind_of_family(family);
  payload.number = protocol;
  return payload;
}

Layer read_ppi(const Layer& frame, Frame& out) {
  Cursor cursor(frame.bytes);
  cursor.skip(2);
  const std::uint16_t header_bytes = little16(cursor);
  const std::uint32_t link_type = little32(cursor);
  if (cursor.failed()) return {.kind = LayerKind::kShort};
  if (header_bytes < 8) return {.kind = LayerKind::kMalformed};
  Cursor behind(frame.bytes);
  behind.skip(header_bytes);
  const Layer inner = rest(frame, behind, LayerKind::kNothing);
  if (inner.kind == LayerKind::kShort || link_type > 0xffff || link_type == 192) return inner;
  return read_link(static_cast<std::uint16_t>(link_type), inner, out);
}

// Prism II and AVS, told apart by their first word. Some files have frames without the header among the others.
Layer read_prism(const Layer& frame) {
  constexpr std::uint32_t kAvs = 0x8021'1001, kAvs2 = 0x8021'1002, kPrism = 0x44, kPrism2 = 0x41, kPrismBytes = 144;
  Cursor cursor(frame.bytes);
  const std::uint32_t code = cursor.u32();
  const std::uint32_t length = cursor.u32();
  if (cursor.failed()) return {.kind = LayerKind::kShort};
  if (code == kAvs || code == kAvs2) return skipped(frame, length, LayerKind::kWlan);
  const std::uint32_t swapped = __builtin_bswap32(code);
  const bool prism = code == kPrism || code == kPrism2 || swapped == kPrism || swapped == kPrism2;
  return skipped(frame, prism ? kPrismBytes : 0, LayerKind::kWlan);
}

Layer read_fddi(const Layer& frame) {
  Cursor cursor(frame.bytes);
  const std::uint8_t control = cursor.u8();
  cursor.skip(12);
  return rest(frame, cursor, (control & 0xf0U) == 0x50 ? LayerKind::kLlc : LayerKind::kNothing);
}

Layer read_token_ring(const Layer& frame) {
  Cursor cursor(frame.bytes);
  cursor.skip(1);
  const std::uint8_t control = cursor.u8();
  cursor.skip(6);
  const bool routed = (cursor.u8() & 0x80U) != 0;
  cursor.skip(5);
  if (routed) {
    Cursor route(cursor);
    cursor.skip(route.u8() & 0x1fU);
  }
  return rest(frame, cursor, (control >> 6) == 1 ? LayerKind::kLlc : LayerKind::kNothing);
}

Layer read_pflog(const Layer& frame) {  // OpenBSD: length and address family first.
  Cursor cursor(frame.bytes);
  const std::uint8_t length = cursor.u8();
  const std::uint8_t family = cursor.u8();
  if (cursor.failed()) return {.kind = LayerKind::kShort};
  return skipped(frame, (length + 3U) & ~3U, kind_of_family(family));
}

Layer read_ipnet(const Layer& frame) {  // Solaris; its AF_INET6 is 26.
  Cursor cursor(frame.bytes);
  cursor.skip(1);
  const std::uint8_t family = cursor.u8();
  cursor.skip(22);
  return rest(frame, cursor, family == 26 ? LayerKind::kIpv6 : kind_of_family(family));
}

Layer read_juniper_ethernet(const Layer& frame) {  // "MGC", flags, maybe extensions, maybe no Ethernet header.
  constexpr std::uint8_t kNoLink = 2, kExtensions = 0x80;
  Cursor cursor(frame.bytes);
  const std::uint32_t magic = cursor.u24();
  const std::uint8_t flags = cursor.u8();
  if (magic != 0x4d4743) return skipped(frame, 0, LayerKind::kEthernet);
  if ((flags & kExtensions) != 0) {
    const std::uint16_t extensions_bytes = cursor.u16();
    cursor.skip(extensions_bytes);
  }
  if ((flags & kNoLink) != 0) {
    const std::uint32_t protocol = little32(cursor);
    return rest(frame, cursor, protocol == 2 ? LayerKind::kIp : protocol == 6 ? LayerKind::kIpv6 : LayerKind::kNothing);
  }
  return rest(frame, cursor, LayerKind::kEthernet);
}

Layer read_typed_at(const Layer& frame, std::size_t type_at, std::size_t header_bytes) {
  Cursor cursor(frame.bytes);
  cursor.skip(type_at);
  const std::uint16_t type = cursor.u16();
  cursor.skip(header_bytes - type_at - 2);
  return rest(frame, cursor, LayerKind::kEtherType, type);
}

}  // namespace

Layer read_link(std::uint16_t link_type, const Layer& frame, Frame& out) {
  switch (link_type) {
    case 1:
      return skipped(frame, 0, LayerKind::kEthernet);
    case 0:
      return read_null(frame);
    case 108:
      return read_family(frame, 4);
    case 12:
    case 14:
    case 101:
      return read_raw(frame);
    case 228:
      return skipped(frame, 0, LayerKind::kIp);
    case 229:
      return skipped(frame, 0, LayerKind::kIpv6);
    case 113:
      return read_sll(frame, out);
    case 276:
      return read_sll2(frame, out);
    case 9:
    case 50:
      return skipped(frame, 0, LayerKind::kHdlc);
    case 51:
      return skipped(frame, 0, LayerKind::kEtherType, 0x8864);
    case 204:  // PPP behind a direction byte
      if (!frame.bytes.empty())
        out.direction = frame.bytes[0] == std::byte{0} ? LinkDirection::kIn : LinkDirection::kOut;
      return skipped(frame, 1, LayerKind::kHdlc);
    case 104:
    case 112:
      return skipped(frame, 0, LayerKind::kCiscoHdlc);
    case 205:
      return skipped(frame, 1, LayerKind::kCiscoHdlc);
    case 107:
      return skipped(frame, 0, LayerKind::kFrameRelay);
    case 206:
      return skipped(frame, 1, LayerKind::kFrameRelay);
    case 105:
      return skipped(frame, 0, LayerKind::kWlan);
    case 119:
    case 163:
      return read_prism(frame);
    case 127:
      return skipped(frame, 0, LayerKind::kRadiotap);
    case 192:
      return read_ppi(frame, out);
    case 149:
    case 258:
      return read_pktap(frame, out);
    case 239:
      return read_nflog(frame);
    case 10:
      return read_fddi(frame);
    case 6:
      return read_token_ring(frame);
    case 11:
    case 100:  // RFC 2684
      return skipped(frame, 0, LayerKind::kLlc);
    case 19:  // Classical IP over ATM, as Linux gives it
    case 106:
      return skipped(frame, 0, LayerKind::kIp);
    case 109:
      return read_family(frame, 12);
    case 117:
      return read_pflog(frame);
    case 122:  // RFC 2625
      return skipped(frame, 16, LayerKind::kLlc);
    case 138:
      return read_typed_at(frame, 16, 18);
    case 178:
      return read_juniper_ethernet(frame);
    case 219:
      return skipped(frame, 0, LayerKind::kMpls);
    case 226:
      return read_ipnet(frame);
    case 240:
      return skipped(frame, 4, LayerKind::kEthernet);
    case 241:
      return skipped(frame, 12, LayerKind::kEthernet);
    case 242:
      return read_typed_at(frame, 40, 44);
    default:
      return {};
  }
}

}  // namespace ipm::decode
