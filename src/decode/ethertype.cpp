// Ethernet and what stands between it and IP: tags, LLC and SNAP, MPLS, PPP.
#include "decode/layer.h"

namespace ipm::decode {
namespace {

constexpr std::uint16_t kLengthMax = 1500;     // IEEE 802.3 §3.2.6: up to here a length,
constexpr std::uint16_t kEtherTypeMin = 1536;  // from here on a type.
constexpr std::uint32_t kFcsBytes = 4;

Layer read_length(const Layer& layer, Cursor& cursor, std::uint16_t length) {
  const Layer payload = limited(rest(layer, cursor, LayerKind::kLlc), length);
  // Novell's "raw" 802.3: IPX without LLC.
  if (payload.bytes.size() >= 2 && payload.bytes[0] == std::byte{0xff} && payload.bytes[1] == std::byte{0xff})
    return {};
  return payload;
}

// A frame of the trunks of old Cisco switches: 26 bytes around an Ethernet frame.
bool is_isl(Bytes bytes) {
  const auto at = [&](std::size_t i) { return std::to_integer<std::uint8_t>(bytes[i]); };
  return bytes.size() >= 6 && (at(0) == 0x01 || at(0) == 0x0c) && at(1) == 0 && at(2) == 0x0c && at(3) == 0 &&
         at(4) == 0 && (at(5) >> 4) == 0;
}

Layer read_ethernet(const Layer& layer) {
  Cursor cursor(layer.bytes);
  cursor.skip(12);
  const std::uint16_t type = cursor.u16();
  if (cursor.failed()) return {.kind = LayerKind::kShort};
  if (type >= kEtherTypeMin) return rest(layer, cursor, LayerKind::kEtherType, type);
  if (type > kLengthMax) return {};
  if (is_isl(layer.bytes)) {
    cursor.skip(12);
    return rest(layer, cursor, LayerKind::kEthernet);
  }
  return type == 0 ? Layer{} : read_length(layer, cursor, type);
}

Layer read_tag(const Layer& layer, std::size_t tag_bytes) {  // Behind a tag follows what would without it.
  Cursor cursor(layer.bytes);
  cursor.skip(tag_bytes);
  const std::uint16_t type = cursor.u16();
  if (cursor.failed()) return {.kind = LayerKind::kShort};
  return type <= kLengthMax ? read_length(layer, cursor, type) : rest(layer, cursor, LayerKind::kEtherType, type);
}

// A header whose last two bytes are the type of what follows.
Layer read_typed(const Layer& layer, std::size_t before_type_bytes) {
  Cursor cursor(layer.bytes);
  cursor.skip(before_type_bytes);
  const std::uint16_t type = cursor.u16();
  return rest(layer, cursor, LayerKind::kEtherType, type);
}

Layer read_pppoe(const Layer& layer) {  // RFC 2516 §4
  Cursor cursor(layer.bytes);
  cursor.skip(4);
  const std::uint16_t length = cursor.u16();
  if (cursor.failed()) return {.kind = LayerKind::kShort};
  return limited(rest(layer, cursor, LayerKind::kPpp), length);
}

Layer read_nsh(const Layer& layer) {  // RFC 8300 §2.2
  Cursor cursor(layer.bytes);
  const std::uint16_t first = cursor.u16();
  cursor.skip(1);
  const std::uint8_t next = cursor.u8();
  const std::uint32_t header_bytes = (first & 0x3fU) * 4;
  if (header_bytes < 8) return {.kind = cursor.failed() ? LayerKind::kShort : LayerKind::kMalformed};
  cursor.skip(header_bytes - 4);
  switch (next) {
    case 1:
      return rest(layer, cursor, LayerKind::kIp);
    case 2:
      return rest(layer, cursor, LayerKind::kIpv6);
    case 3:
      return rest(layer, cursor, LayerKind::kEthernet);
    case 4:
      return rest(layer, cursor, LayerKind::kEtherType, 0x894f);
    case 5:
      return rest(layer, cursor, LayerKind::kMpls);
    default:
      return {};
  }
}

Layer read_trill(const Layer& layer) {  // RFC 6325 §3
  Cursor cursor(layer.bytes);
  const std::uint16_t first = cursor.u16();
  cursor.skip(4 + ((first >> 6) & 0x1fU) * 4);  // Nicknames, options.
  return rest(layer, cursor, LayerKind::kEthernet);
}

// IEEE 802.1AE §9.3. Only what is signed but not encrypted can be read.
Layer read_macsec(const Layer& layer) {
  constexpr std::uint8_t kVersion = 0x80, kHasChannel = 0x20, kEncrypted = 8, kChanged = 4;
  Cursor cursor(layer.bytes);
  const std::uint8_t flags = cursor.u8();
  if ((flags & (kVersion | kEncrypted | kChanged)) != 0) return {};
  cursor.skip((flags & kHasChannel) != 0 ? 13 : 5);
  const std::uint16_t type = cursor.u16();
  return rest(layer, cursor, LayerKind::kEtherType, type);
}

// An Ethernet frame in a frame of Cisco FabricPath, which has its own FCS.
Layer read_fabric_path(const Layer& layer) {
  Cursor cursor(layer.bytes);
  cursor.skip(2);
  return without_end(rest(layer, cursor, LayerKind::kEthernet), kFcsBytes);
}

Layer again(const Layer& layer, LayerKind kind) {
  Layer same = layer;
  same.kind = kind;
  return same;
}

Layer read_ethertype(const Layer& layer) {
  switch (layer.number) {
    case 0x0800:
      return again(layer, LayerKind::kIp);
    case 0x86dd:
      return again(layer, LayerKind::kIpv6);
    case 0x8100:  // IEEE 802.1Q, and what stacks of it begin with
    case 0x88a8:
    case 0x9100:
    case 0x9200:
      return read_tag(layer, 2);
    case 0x8926:  // VN-Tag
      return read_tag(layer, 4);
    case 0x893f:  // IEEE 802.1BR
    case 0x8909:  // Cisco metadata
      return read_tag(layer, 6);
    case 0x8847:
    case 0x8848:
      return again(layer, LayerKind::kMpls);
    case 0x8864:
      return read_pppoe(layer);
    case 0x6558:  // Transparent Ethernet bridging
      return again(layer, LayerKind::kEthernet);
    case 0x8870:  // LLC in a frame longer than a length can say
      return again(layer, LayerKind::kLlc);
    case 0x88e7:  // IEEE 802.1ah: service, then an Ethernet header
      return read_typed(layer, 4 + 12);
    case 0x892f:  // IEC 62439-3 HSR: length and sequence
    case 0xf1c1:  // IEEE 802.1CB: sequence
      return read_typed(layer, 4);
    case 0x88e5:
      return read_macsec(layer);
    case 0x8903:
      return read_fabric_path(layer);
    case 0x894f:
      return read_nsh(layer);
    case 0x22f3:
      return read_trill(layer);
    default:
      return {};
  }
}

Layer read_snap(const Layer& layer) {
  Cursor cursor(layer.bytes);
  const std::uint32_t organisation = cursor.u24();
  const std::uint16_t protocol = cursor.u16();
  if (cursor.failed()) return {.kind = LayerKind::kShort};
  if (organisation == 0 || organisation == 0x0000f8) return rest(layer, cursor, LayerKind::kEtherType, protocol);
  if (organisation != 0x0080c2 || (protocol != 1 && protocol != 7)) return {};
  cursor.skip(layer.number);  // A bridged Ethernet frame (RFC 2684 §5.2), with or without its FCS behind it.
  return without_end(rest(layer, cursor, LayerKind::kEthernet), protocol == 1 ? kFcsBytes : 0);
}

Layer read_llc(const Layer& layer) {
  Cursor cursor(layer.bytes);
  const std::uint8_t to = cursor.u8();
  const std::uint8_t from = cursor.u8();
  const std::uint8_t control = cursor.u8();
  const bool unnumbered = (control & 3U) == 3;
  if (!unnumbered) cursor.skip(1);
  const bool information = (control & 1U) == 0 || (control & 0xefU) == 3;
  if (cursor.failed()) return {.kind = LayerKind::kShort};
  if (!information) return {};
  if (to == 0xaa && from == 0xaa) return rest(layer, cursor, LayerKind::kSnap, 2);
  return to == 0x06 ? rest(layer, cursor, LayerKind::kIp) : Layer{};
}

// Types that a frame in a pseudo-wire may well have.
bool is_usual(std::uint16_t type) {
  switch (type) {
    case 0x0800:
    case 0x0806:
    case 0x22f3:
    case 0x6558:
    case 0x8100:
    case 0x86dd:
    case 0x8809:
    case 0x8847:
    case 0x8848:
    case 0x8863:
    case 0x8864:
    case 0x8870:
    case 0x888e:
    case 0x88a8:
    case 0x88cc:
    case 0x88e5:
    case 0x88e7:
    case 0x88f7:
    case 0x8902:
    case 0x8903:
    case 0x8909:
    case 0x8926:
    case 0x892f:
    case 0x893f:
    case 0x894f:
    case 0x9000:
    case 0x9100:
    case 0xf1c1:
      return true;
    default:
      return false;
  }
}

// Does a plain Ethernet frame begin here, without a control word before it? Both begin with zeros: the type tells.
bool looks_like_ethernet(Bytes bytes) {
  Cursor cursor(bytes);
  cursor.skip(12);
  const std::uint16_t type = cursor.u16();
  const std::uint16_t next = cursor.u16();  // The type, if four bytes stand before the frame, is the one after this.
  const std::uint16_t type_behind_control = cursor.u16();
  if (is_usual(type)) return true;
  return type != 0 && type <= kLengthMax && next != 0 && !is_usual(next) && !is_usual(type_behind_control) &&
         !cursor.failed();
}

Layer read_mpls(const Layer& layer) {
  constexpr std::uint32_t kAssociatedChannel = 13;
  Cursor cursor(layer.bytes);
  std::uint32_t entry = 0;
  do {  // RFC 3032 §2.1: until the bottom of the stack.
    entry = cursor.u32();
    if (cursor.failed()) return {.kind = LayerKind::kShort};
  } while ((entry & 0x100U) == 0);
  Layer payload = rest(layer, cursor, LayerKind::kIp, 0, Tunnel::kMpls);
  if (payload.bytes.empty()) return {.kind = LayerKind::kShort};
  const std::uint32_t nibble =
      (entry >> 12) == kAssociatedChannel ? 1 : std::to_integer<std::uint32_t>(payload.bytes[0]) >> 4;
  if (nibble == 4 || nibble == 6) return payload;  // RFC 4928 §3
  Cursor inside(payload.bytes);
  if (nibble == 1) {  // RFC 4385 §5: an associated channel.
    inside.skip(2);
    const std::uint16_t channel = inside.u16();
    if (channel != 0x21 && channel != 0x57) return {};
    return rest(payload, inside, channel == 0x21 ? LayerKind::kIp : LayerKind::kIpv6, 0, Tunnel::kMpls);
  }
  if (nibble != 0) return {};
  if (!looks_like_ethernet(payload.bytes)) inside.skip(4);  // RFC 4448 §4.6
  return rest(payload, inside, LayerKind::kEthernet, 0, Tunnel::kMpls);
}

// RFC 3518 §4.2: a bridged frame.
Layer read_bridged(const Layer& layer) {
  Cursor cursor(layer.bytes);
  const std::uint8_t flags = cursor.u8();
  const std::uint8_t mac_type = cursor.u8();
  if ((flags & 0x40U) != 0) cursor.skip(4);  // LAN id
  if (mac_type != 1) return cursor.failed() ? Layer{.kind = LayerKind::kShort} : Layer{};
  const std::uint32_t padding_bytes = flags & 0x0fU;
  const std::uint32_t fcs_bytes = (flags & 0x80U) != 0 ? kFcsBytes : 0;
  return without_end(rest(layer, cursor, LayerKind::kEthernet), padding_bytes + fcs_bytes);
}

Layer read_ppp(const Layer& layer) {
  Cursor cursor(layer.bytes);
  std::uint16_t protocol = cursor.u8();
  if ((protocol & 1U) == 0) protocol = static_cast<std::uint16_t>((protocol << 8) | cursor.u8());  // RFC 1661 §2
  switch (protocol) {
    case 0x0021:
    case 0x0800:
      return rest(layer, cursor, LayerKind::kIp);
    case 0x0057:
    case 0x86dd:
      return rest(layer, cursor, LayerKind::kIpv6);
    case 0x0281:
    case 0x0283:
      return rest(layer, cursor, LayerKind::kMpls);
    case 0x0031:
      return read_bridged(rest(layer, cursor, LayerKind::kEthernet));
    default:
      return cursor.failed() ? Layer{.kind = LayerKind::kShort} : Layer{};
  }
}

Layer read_hdlc(const Layer& layer) {
  if (layer.bytes.empty()) return {.kind = LayerKind::kShort};
  const std::uint8_t address = std::to_integer<std::uint8_t>(layer.bytes[0]);
  if (address == 0x0f || address == 0x8f) return again(layer, LayerKind::kCiscoHdlc);
  Cursor cursor(layer.bytes);
  if (address == 0xff) cursor.skip(2);  // RFC 1662 §3.1
  return rest(layer, cursor, LayerKind::kPpp);
}

// RFC 2427, and Cisco's own: a type where the control field would be.
Layer read_frame_relay(const Layer& layer) {
  Cursor cursor(layer.bytes);
  std::uint32_t address_bytes = 0;
  while ((cursor.u8() & 1U) == 0 && !cursor.failed() && address_bytes < 4) ++address_bytes;
  Cursor type(cursor);
  std::uint8_t protocol = cursor.u8();
  if (protocol != 3) {
    const std::uint16_t ethertype = type.u16();
    if (ethertype == 0x0800 || ethertype == 0x86dd || ethertype == 0x6558 || ethertype == 0x8847 ||
        ethertype == 0x8848) {
      return rest(layer, type, LayerKind::kEtherType, ethertype);
    }
    return cursor.failed() ? Layer{.kind = LayerKind::kShort} : Layer{};
  }
  protocol = cursor.u8();
  if (protocol == 0) protocol = cursor.u8();  // Padding
  switch (protocol) {
    case 0xcc:
      return rest(layer, cursor, LayerKind::kIp);
    case 0x8e:
      return rest(layer, cursor, LayerKind::kIpv6);
    case 0xcf:
      return rest(layer, cursor, LayerKind::kPpp);
    case 0x80:
      return rest(layer, cursor, LayerKind::kSnap);
    default:
      return cursor.failed() ? Layer{.kind = LayerKind::kShort} : Layer{};
  }
}

}  // namespace

Layer step(const Layer& layer) {
  switch (layer.kind) {
    case LayerKind::kEthernet:
      return read_ethernet(layer);
    case LayerKind::kEtherType:
      return read_ethertype(layer);
    case LayerKind::kLlc:
      return read_llc(layer);
    case LayerKind::kSnap:
      return read_snap(layer);
    case LayerKind::kMpls:
      return read_mpls(layer);
    case LayerKind::kPpp:
      return read_ppp(layer);
    case LayerKind::kHdlc:
      return read_hdlc(layer);
    case LayerKind::kCiscoHdlc:
      return read_typed(layer, 2);
    case LayerKind::kFrameRelay:
      return read_frame_relay(layer);
    case LayerKind::kWlan:
      return read_wlan(layer);
    case LayerKind::kRadiotap:
      return read_radiotap(layer);
    default:
      return {};
  }
}

}  // namespace ipm::decode
