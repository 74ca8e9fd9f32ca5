// Packets in packets: what IP and UDP carry that is a frame or a packet again.
#include "decode/layer.h"

namespace ipm::decode {
namespace {

constexpr std::uint16_t kVxlan = 4789, kVxlanGpe = 4790, kGeneve = 6081, kGtpUser = 2152, kGtpControl = 2123,
                        kGtpPrime = 3386, kTeredo = 3544, kL2tp = 1701, kCapwapData = 5247, kMplsInUdp = 6635,
                        kLispData = 4341, kAyiya = 5072, kAmt = 2268, kTzsp = 37008;

constexpr std::uint16_t kSystemPortMax = 1023;  // RFC 6335 §6. No tunnel has one of these.

// RFC 2784, RFC 2890, RFC 2637 §4.1, and the routing field of RFC 1701 §2.3.
Layer read_gre(const Layer& layer) {
  constexpr std::uint16_t kChecksum = 0x8000, kRouting = 0x4000, kKey = 0x2000, kSequence = 0x1000,
                          kAcknowledgment = 0x0080, kVersion = 7;
  Cursor cursor(layer.bytes);
  const std::uint16_t flags = cursor.u16();
  const std::uint16_t protocol = cursor.u16();
  if ((flags & (kChecksum | kRouting)) != 0) cursor.skip(4);
  if ((flags & kKey) != 0) cursor.skip(4);
  if ((flags & kSequence) != 0) cursor.skip(4);
  if (protocol == 0x880b && (flags & kVersion) != 0 && (flags & kAcknowledgment) != 0) cursor.skip(4);
  if ((flags & kRouting) != 0) {
    for (std::uint8_t length = 1; length != 0 && !cursor.failed();) {
      const std::uint16_t family = cursor.u16();
      cursor.skip(1);
      length = cursor.u8();
      cursor.skip(length);
      if (family == 0 && length == 0) break;
    }
  }
  const Layer payload = rest(layer, cursor, LayerKind::kNothing, 0, Tunnel::kGre);
  if (payload.kind == LayerKind::kShort) return payload;
  if (payload.bytes.empty()) return {};
  return read_gre_payload(protocol, (flags & kSequence) != 0, payload);
}

// draft-foschiano-erspan-03 §4. Type I has no header, type II 8 bytes, type III 12 and maybe 8 more.
Layer read_erspan(const Layer& layer) {
  Cursor cursor(layer.bytes);
  const std::uint32_t version = cursor.u8() >> 4;
  if (version == 1) {
    cursor.skip(7);
  } else if (version == 2) {
    cursor.skip(9);
    const std::uint16_t last = cursor.u16();
    if (((last >> 10) & 0x1fU) != 0)
      return cursor.failed() ? Layer{.kind = LayerKind::kShort} : Layer{};  // No Ethernet.
    if ((last & 1U) != 0) cursor.skip(8);
  } else {
    return cursor.failed() ? Layer{.kind = LayerKind::kShort} : Layer{};
  }
  return rest(layer, cursor, LayerKind::kEthernet, 0, Tunnel::kErspan);
}

Layer read_vxlan(const Layer& layer) {  // RFC 7348 §5
  Cursor cursor(layer.bytes);
  cursor.skip(8);
  return rest(layer, cursor, LayerKind::kEthernet, 0, Tunnel::kVxlan);
}

Layer read_vxlan_gpe(const Layer& layer) {  // draft-ietf-nvo3-vxlan-gpe §3
  Cursor cursor(layer.bytes);
  cursor.skip(3);
  const std::uint8_t next = cursor.u8();
  cursor.skip(4);
  switch (next) {
    case 1:
      return rest(layer, cursor, LayerKind::kIp, 0, Tunnel::kVxlan);
    case 2:
      return rest(layer, cursor, LayerKind::kIpv6, 0, Tunnel::kVxlan);
    case 3:
      return rest(layer, cursor, LayerKind::kEthernet, 0, Tunnel::kVxlan);
    case 4:
      return rest(layer, cursor, LayerKind::kEtherType, 0x894f, Tunnel::kVxlan);
    case 5:
      return rest(layer, cursor, LayerKind::kMpls, 0, Tunnel::kVxlan);
    default:
      return {};
  }
}

Layer read_geneve(const Layer& layer) {  // RFC 8926 §3.4
  Cursor cursor(layer.bytes);
  const std::uint8_t first = cursor.u8();
  cursor.skip(1);
  const std::uint16_t protocol = cursor.u16();
  cursor.skip(4 + (first & 0x3fU) * 4);
  return rest(layer, cursor, LayerKind::kEtherType, protocol, Tunnel::kGeneve);
}

// 3GPP TS 29.281 §5, and version 0 of TS 09.60. Only a T-PDU carries a packet; what it is says no field.
Layer read_gtp(const Layer& layer) {
  constexpr std::uint8_t kExtension = 4, kSequence = 2, kNumber = 1, kProtocolType = 0x10, kTpdu = 255;
  constexpr std::uint32_t kExtensionsMax = 16;
  Cursor cursor(layer.bytes);
  const std::uint8_t flags = cursor.u8();
  const std::uint8_t message = cursor.u8();
  const std::uint16_t length = cursor.u16();
  if (cursor.failed() || (flags >> 5) > 1 || message != kTpdu || (flags & kProtocolType) == 0) return {};
  const bool version_0 = (flags >> 5) == 0;
  cursor.skip(version_0 ? 16 : 4);
  const std::size_t counted_from = cursor.at();
  if (!version_0 && (flags & (kExtension | kSequence | kNumber)) != 0) {
    cursor.skip(3);
    std::uint8_t next = cursor.u8();
    if ((flags & kExtension) == 0) next = 0;
    for (std::uint32_t count = 0; next != 0; ++count) {
      const std::uint8_t words = cursor.u8();
      if (cursor.failed() || words == 0 || count == kExtensionsMax) return {};
      cursor.skip(words * 4U - 2);
      next = cursor.u8();
    }
  }
  const std::size_t headers_bytes = cursor.at() - counted_from;
  Layer payload = rest(layer, cursor, LayerKind::kIp, 0, Tunnel::kGtp);
  if (payload.kind == LayerKind::kShort || headers_bytes >= length || payload.bytes.empty()) return {};
  payload = limited(payload, static_cast<std::uint32_t>(length - headers_bytes));
  const std::uint8_t first = std::to_integer<std::uint8_t>(payload.bytes[0]);
  if ((first >= 0x45 && first <= 0x4e) || (first >> 4) == 6) return payload;
  Cursor inside(payload.bytes);
  inside.skip(12);
  const std::uint16_t type = inside.u16();
  if (type != 0x0800 && type != 0x86dd) return {};
  payload.kind = LayerKind::kEthernet;
  return payload;
}

Layer read_teredo(const Layer& layer) {  // RFC 4380 §5.1.1
  Cursor cursor(layer.bytes);
  Cursor ahead(cursor);
  if (ahead.u16() == 1) {  // Authentication
    cursor.skip(2);
    const std::uint8_t client_bytes = cursor.u8();
    const std::uint8_t value_bytes = cursor.u8();
    cursor.skip(client_bytes + value_bytes + 9U);
    ahead = cursor;
    if (ahead.u16() != 0 || ahead.failed()) return rest(layer, cursor, LayerKind::kIpv6, 0, Tunnel::kTeredo);
    cursor.skip(8);
  } else if (Cursor origin(cursor); origin.u16() == 0) {
    cursor.skip(8);
  }
  return rest(layer, cursor, LayerKind::kIpv6, 0, Tunnel::kTeredo);
}

Layer read_l2tp(const Layer& layer) {  // RFC 2661 §3.1, data messages
  constexpr std::uint16_t kControl = 0x8000, kLength = 0x4000, kSequence = 0x0800, kOffset = 0x0200;
  Cursor cursor(layer.bytes);
  const std::uint16_t flags = cursor.u16();
  if ((flags & 15U) != 2 || (flags & kControl) != 0) return {};
  Layer message = layer;
  if ((flags & kLength) != 0) message = limited(layer, cursor.u16());
  Cursor inside(message.bytes);
  inside.skip((flags & kLength) != 0 ? 8 : 6);
  if ((flags & kSequence) != 0) inside.skip(4);
  if ((flags & kOffset) != 0) {
    const std::uint16_t padding = inside.u16();
    inside.skip(padding);
  }
  return rest(message, inside, LayerKind::kHdlc, 0, Tunnel::kL2tp);
}

Layer read_capwap(const Layer& layer) {  // RFC 5415 §4.3, RFC 5416 §2
  constexpr std::uint32_t kNative = 0x100, kFragment = 0x80, kKeepAlive = 8;
  Cursor cursor(layer.bytes);
  const std::uint8_t preamble = cursor.u8();
  const std::uint32_t first = cursor.u24();
  const std::uint32_t header_bytes = (first >> 19) * 4;
  if (cursor.failed() || (preamble & 15U) != 0 || header_bytes < 8) return {};
  if ((first & (kFragment | kKeepAlive)) != 0) return {};
  cursor.skip(header_bytes - 4);
  if ((first & kNative) == 0) return rest(layer, cursor, LayerKind::kEthernet, 0, Tunnel::kCapwap);
  const bool wlan = ((first >> 9) & 0x1fU) == 1;
  return wlan ? rest(layer, cursor, LayerKind::kWlan, kWlanSwappedType, Tunnel::kCapwap) : Layer{};
}

Layer read_lisp(const Layer& layer) {  // RFC 9300 §5
  Cursor cursor(layer.bytes);
  cursor.skip(8);
  return rest(layer, cursor, LayerKind::kIp, 0, Tunnel::kOther);
}

Layer read_ayiya(const Layer& layer) {  // draft-massar-v6ops-ayiya-02 §4
  constexpr std::uint8_t kForward = 1;
  Cursor cursor(layer.bytes);
  const std::uint32_t identity_bytes = 1U << (cursor.u8() >> 4);
  const std::uint32_t signature_bytes = (cursor.u8() >> 4) * 4U;
  const std::uint8_t operation = cursor.u8() & 15U;
  const std::uint8_t protocol = cursor.u8();
  cursor.skip(4 + identity_bytes + signature_bytes);
  if (operation != kForward || protocol != 41) return {};
  return rest(layer, cursor, LayerKind::kIpv6, 0, Tunnel::kOther);
}

Layer read_amt(const Layer& layer) {  // RFC 7450 §5.1.6: multicast data.
  Cursor cursor(layer.bytes);
  const std::uint8_t type = cursor.u8();
  cursor.skip(1);
  return type == 6 ? rest(layer, cursor, LayerKind::kIp, 0, Tunnel::kOther) : Layer{};
}

Layer read_tzsp(const Layer& layer) {  // Type, what it carries, then tagged fields until tag 1.
  Cursor cursor(layer.bytes);
  cursor.skip(1);
  const std::uint8_t type = cursor.u8();
  const std::uint16_t carried = cursor.u16();
  if (cursor.failed() || type == 4 || type == 5) return {};
  for (std::uint8_t tag = 0; tag != 1 && !cursor.failed();) {
    tag = cursor.u8();
    if (tag <= 1) continue;
    const std::uint8_t length = cursor.u8();
    cursor.skip(length);
  }
  switch (carried) {
    case 1:
      return rest(layer, cursor, LayerKind::kEthernet, 0, Tunnel::kOther);
    case 18:
      return rest(layer, cursor, LayerKind::kWlan, 0, Tunnel::kOther);
    case 126:
      return rest(layer, cursor, LayerKind::kRadiotap, 0, Tunnel::kOther);
    default:
      return {};
  }
}

Layer read_port(std::uint16_t port, const Layer& payload) {
  switch (port) {
    case kVxlan:
      return read_vxlan(payload);
    case kVxlanGpe:
      return read_vxlan_gpe(payload);
    case kGeneve:
      return read_geneve(payload);
    case kGtpUser:
    case kGtpControl:
    case kGtpPrime:
      return read_gtp(payload);
    case kTeredo:
      return read_teredo(payload);
    case kL2tp:
      return read_l2tp(payload);
    case kCapwapData:
      return read_capwap(payload);
    case kMplsInUdp: {  // RFC 7510
      Layer mpls = payload;
      mpls.kind = LayerKind::kMpls;
      return mpls;
    }
    case kLispData:
      return read_lisp(payload);
    case kAyiya:
      return read_ayiya(payload);
    case kAmt:
      return read_amt(payload);
    case kTzsp:
      return read_tzsp(payload);
    default:
      return {};
  }
}

}  // namespace

bool may_be_tunnel(std::uint16_t port) {
  switch (port) {
    case kVxlan:
    case kVxlanGpe:
    case kGeneve:
    case kGtpUser:
    case kGtpControl:
    case kGtpPrime:
    case kTeredo:
    case kL2tp:
    case kCapwapData:
    case kMplsInUdp:
    case kLispData:
    case kAyiya:
    case kAmt:
    case kTzsp:
      return true;
    default:
      return false;
  }
}

Layer read_udp_payload(std::uint16_t src_port, std::uint16_t dst_port, const Layer& payload) {
  const std::uint16_t low_port = std::min(src_port, dst_port);
  // An answer of some service to a client whose port happens to be a tunnel's. 0 is no service: it means no port.
  if (low_port != 0 && low_port <= kSystemPortMax) return {};
  const Layer lower = read_port(low_port, payload);
  if (lower.kind != LayerKind::kNothing) return lower;
  return read_port(std::max(src_port, dst_port), payload);
}

Layer read_gre_payload(std::uint16_t protocol, bool has_sequence, const Layer& payload) {
  const auto as = [&](LayerKind kind, std::uint16_t number = 0) {
    Layer layer = payload;
    layer.kind = kind;
    layer.number = number;
    layer.tunnel = Tunnel::kGre;
    return layer;
  };
  // Aruba: 802.11 frames, one number for each tunnel of an access point.
  if (protocol >= 0x8200 && protocol <= 0x8370 && (protocol & 15U) == 0) return as(LayerKind::kWlan);
  switch (protocol) {
    case 0x0800:
    case 0x86dd:
    case 0x8847:
    case 0x8848:
    case 0x894f:
    case 0x6558:
      return as(LayerKind::kEtherType, protocol);
    case 0x6400:  // MikroTik EoIP
      return as(LayerKind::kEthernet);
    case 0x6559:
      return as(LayerKind::kFrameRelay);
    case 0x880b:
      return as(LayerKind::kHdlc);
    case 0x883e: {  // WCCP; version 2 puts 4 bytes before the packet
      const bool plain = !payload.bytes.empty() && std::to_integer<std::uint32_t>(payload.bytes[0]) >> 4 == 4;
      Cursor cursor(payload.bytes);
      cursor.skip(plain ? 0 : 4);
      return rest(payload, cursor, LayerKind::kIp, 0, Tunnel::kGre);
    }
    case 0x88be: {
      if (has_sequence) return read_erspan(payload);
      Layer mirrored = as(LayerKind::kEthernet);
      mirrored.tunnel = Tunnel::kErspan;
      return mirrored;
    }
    case 0x22eb:
      return read_erspan(payload);
    default:
      return {};
  }
}

Layer read_ip_payload(std::uint8_t protocol, const Layer& payload) {
  constexpr std::uint8_t kIpInIp = 4, kIpv6 = 41, kGre = 47, kEtherIp = 97, kPim = 103, kMplsInIp = 137,
                         kEthernet = 143;
  const auto as = [&](LayerKind kind, Tunnel tunnel) {
    Layer layer = payload;
    layer.kind = kind;
    layer.tunnel = tunnel;
    return layer;
  };
  switch (protocol) {
    case kIpInIp:
      return as(LayerKind::kIp, Tunnel::kIpInIp);
    case kIpv6:
      return as(LayerKind::kIpv6, Tunnel::kIpInIp);
    case kGre:
      return read_gre(payload);
    case kEtherIp: {  // RFC 3378 §3
      Cursor cursor(payload.bytes);
      cursor.skip(2);
      return rest(payload, cursor, LayerKind::kEthernet, 0, Tunnel::kEtherIp);
    }
    case kPim: {  // RFC 7761 §4.9.3: a Register message carries a multicast packet.
      Cursor cursor(payload.bytes);
      const std::uint8_t type = cursor.u8();
      cursor.skip(7);
      return type == 0x21 ? rest(payload, cursor, LayerKind::kIp, 0, Tunnel::kOther) : Layer{};
    }
    case kMplsInIp:
      return as(LayerKind::kMpls, Tunnel::kMpls);
    case kEthernet:  // RFC 8986 §4.9
      return as(LayerKind::kEthernet, Tunnel::kOther);
    default:
      return {};
  }
}

}  // namespace ipm::decode
