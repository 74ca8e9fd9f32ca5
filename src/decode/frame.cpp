#include "decode/frame.h"

#include <algorithm>

#include "decode/header.h"
#include "decode/layer.h"
#include "model/flow_key.h"

namespace ipm::decode {
namespace {

constexpr std::uint32_t kLayersMax = 64;  // Of one frame, tags and labels included.
constexpr std::uint8_t kIcmp = 1, kIcmpV6 = 58;

// Protocols of which a fragment may be a piece of TCP or UDP: themselves, tunnels and extension headers.
bool may_have_ports(std::uint8_t protocol) {
  switch (protocol) {
    case 0:
    case 4:
    case 6:
    case 17:
    case 41:
    case 43:
    case 47:
    case 51:
    case 60:
    case 97:
    case 103:
    case 137:
    case 143:
      return true;
    default:
      return false;
  }
}

bool is_error(bool v6, std::uint8_t type) {
  // Unreachable, source quench, time exceeded, parameter problem; of ICMPv6 the first four types.
  return v6 ? type >= 1 && type <= 4 : type == 3 || type == 4 || type == 11 || type == 12;
}

bool is_tunnel(const Packet& packet) {
  return packet.protocol == model::kProtocolUdp && (may_be_tunnel(packet.src_port) || may_be_tunnel(packet.dst_port));
}

// One frame from its outermost IP header inwards. Each transport header that is found becomes `inner`.
class Walk {
 public:
  explicit Walk(Frame& out) : out_(out) {}

  Verdict run(Layer layer) {
    for (std::uint32_t count = 0; count < kLayersMax; ++count) {
      if (layer.tunnel != Tunnel::kNone) tunnel_ = layer.tunnel;
      switch (layer.kind) {
        case LayerKind::kNothing:
          return verdict();
        case LayerKind::kShort:
          failed_ = Verdict::kShort;
          return verdict();
        case LayerKind::kMalformed:
          failed_ = Verdict::kMalformed;
          return verdict();
        case LayerKind::kIpv6:
          if (!layer.bytes.empty() && std::to_integer<std::uint32_t>(layer.bytes[0]) >> 4 != 6) return verdict();
          [[fallthrough]];
        case LayerKind::kIp:
          layer = read_ip(layer);
          break;
        default:
          layer = step(layer);
      }
    }
    return verdict();
  }

  // Goes on from the IP header of `layer`, which has been read into out.inner.
  Verdict resume(Verdict parsed, const Layer& layer) {
    ip_headers_ = 1;
    return run(take(parsed, out_.inner, layer));
  }

 private:
  Verdict verdict() const { return found_ ? Verdict::kOk : failed_; }

  Layer read_ip(const Layer& layer) {
    if (++ip_headers_ > kTunnelsMax + 1) return {};
    if (!found_) return take(parse_ip(layer.bytes, out_.inner, layer.whole_bytes()), out_.inner, layer);
    Packet deeper;
    const Verdict parsed = parse_ip(layer.bytes, deeper, layer.whole_bytes());
    return take(parsed, deeper, layer);
  }

  // `packet` has been read from `layer`. Returns what is in it.
  Layer take(Verdict parsed, const Packet& packet, const Layer& layer) {
    if (packet.first_fragment) note_fragment(packet);
    if (parsed == Verdict::kOk || packet.ports_only) {
      found(packet);
      if (packet.ports_only || !is_tunnel(packet)) return {};
      return read_udp_payload(packet.src_port, packet.dst_port, payload_of(packet, layer));
    }
    if (packet.later_fragment) {
      if (may_have_ports(packet.fragment_protocol)) found(packet);
      return {};
    }
    if (parsed != Verdict::kOther) {
      failed_ = parsed;
      return {};
    }
    if (packet.protocol == kIcmp || packet.protocol == kIcmpV6) {
      read_icmp(packet);
      return {};
    }
    return read_ip_payload(packet.protocol, payload_of(packet, layer));
  }

  // Never more than the IP header and the frame have room for, whatever UDP says.
  static Layer payload_of(const Packet& packet, const Layer& layer) {
    if (packet.payload.empty()) return {};
    const auto before = static_cast<std::uint32_t>(packet.payload.data() - layer.bytes.data());
    const auto here = static_cast<std::uint32_t>(packet.payload.size());
    const std::uint32_t room = std::min(packet.ip_bytes, layer.whole_bytes()) - before;
    return {.bytes = packet.payload, .cut_bytes = std::min(packet.payload_bytes, room) - here};
  }

  void found(const Packet& packet) {
    if (found_) {
      if (!out_.tunnelled) out_.outermost = out_.inner;
      out_.tunnelled = true;
      out_.inner = packet;
    }
    found_ = true;
    out_.tunnel = tunnel_;
  }

  // The outermost one stays, then the innermost.
  void note_fragment(const Packet& packet) {
    const std::uint8_t slot = out_.first_fragments == 0 ? 0 : 1;
    out_.first_fragment[slot] = {.key = fragment_key(packet), .in_datagram = found_};
    out_.first_fragments = slot + 1;
  }

  void read_icmp(const Packet& packet) {
    const bool v6 = packet.protocol == kIcmpV6;
    Cursor cursor(packet.payload);
    const std::uint8_t type = cursor.u8();
    const std::uint8_t code = cursor.u8();
    cursor.skip(2);
    const std::uint32_t parameter = cursor.u32();
    if (cursor.failed() || !is_error(v6, type)) return;
    const bool too_big = v6 ? type == 2 : type == 3 && code == 4;
    IcmpError& error = out_.icmp_error;
    error.type = type;
    error.code = code;
    error.mtu = !too_big ? 0 : v6 ? parameter : parameter & 0xffffU;
    error.from = packet.src;
    error.v6 = v6;
    const Verdict quoted = parse_ip(cursor.rest(), error.quoted);
    const bool has_addresses = quoted == Verdict::kOk || quoted == Verdict::kOther || error.quoted.ports_only;
    error.quoted.payload = {};
    out_.has_icmp_error = has_addresses;
  }

  Frame& out_;
  Verdict failed_ = Verdict::kOther;
  Tunnel tunnel_ = Tunnel::kNone;
  std::uint32_t ip_headers_ = 0;
  bool found_ = false;
};

// Out of line: everything but plain TCP and UDP behind the usual link layers.
[[gnu::noinline]] Verdict walk_from_link(std::uint16_t link_type, const Layer& frame, Frame& out) {
  return Walk(out).run(read_link(link_type, frame, out));
}
[[gnu::noinline]] Verdict walk_from_ip(Verdict parsed, const Layer& ip, Frame& out) {
  return Walk(out).resume(parsed, ip);
}

constexpr std::size_t kUnusual = ~std::size_t{0};

std::size_t ip_at(Bytes data, std::size_t at, std::uint16_t ethertype) {
  if (data.size() <= at) return kUnusual;
  const std::uint32_t version = std::to_integer<std::uint32_t>(data[at]) >> 4;
  return (ethertype == 0x0800 && version == 4) || (ethertype == 0x86dd && version == 6) ? at : kUnusual;
}

// Where IP begins behind the link layers that nearly all captures have, with up to two VLAN tags. kUnusual: to be
// walked. It is a shorter way through read_link() and step(), to the same place.
std::size_t find_ip(std::uint16_t link_type, Bytes data, Frame& out) {
  constexpr std::size_t kEthernetBytes = 14, kTagBytes = 4, kSllBytes = 16, kSll2Bytes = 20, kNullBytes = 4,
                        kRawBytes = 8;
  constexpr std::uint16_t kArphrdEthernet = 1, kArphrdLoopback = 772;
  switch (link_type) {
    case 1: {
      if (data.size() <= kEthernetBytes + 2 * kTagBytes) return kUnusual;
      const Header<kEthernetBytes + 2 * kTagBytes> header(data);
      std::uint16_t type = header.u16<12>();
      std::size_t at = kEthernetBytes;
      if (type == 0x8100 || type == 0x88a8) {
        type = header.u16<16>();
        at += kTagBytes;
        if (type == 0x8100) {
          type = header.u16<20>();
          at += kTagBytes;
        }
      }
      return ip_at(data, at, type);
    }
    case 113: {
      if (data.size() <= kSllBytes) return kUnusual;
      const Header<kSllBytes> header(data);
      const std::uint16_t hardware = header.u16<2>();
      if (hardware != kArphrdEthernet && hardware != kArphrdLoopback) return kUnusual;
      out.direction = cooked_direction(header.u16<0>());
      return ip_at(data, kSllBytes, header.u16<14>());
    }
    case 276: {
      if (data.size() <= kSll2Bytes) return kUnusual;
      const Header<kSll2Bytes> header(data);
      const std::uint16_t hardware = header.u16<8>();
      if (hardware != kArphrdEthernet && hardware != kArphrdLoopback) return kUnusual;
      out.direction = cooked_direction(header.u8<10>());
      return ip_at(data, kSll2Bytes, header.u16<0>());
    }
    case 0: {
      if (data.size() <= kNullBytes) return kUnusual;
      const Header<kNullBytes> header(data);
      if (header.u32<0>() == 2 || header.u32<0>() == 0x0200'0000) return ip_at(data, kNullBytes, 0x0800);
      if (header.u32<0>() == 0x1e00'0000) return ip_at(data, kNullBytes, 0x86dd);
      return kUnusual;
    }
    case 12:
    case 101: {
      if (data.size() < kRawBytes) return kUnusual;
      const Header<kRawBytes> header(data);
      if (header.u16<1>() == 0xff03 || header.u16<6>() == 0xff03) return kUnusual;
      return ip_at(data, 0, header.u8<0>() >> 4 == 6 ? 0x86dd : 0x0800);
    }
    case 228:
      return ip_at(data, 0, 0x0800);
    case 229:
      return ip_at(data, 0, 0x86dd);
    default:
      return kUnusual;
  }
}

}  // namespace

Verdict parse_frame(std::uint16_t link_type, Bytes data, std::uint32_t original_bytes, Frame& out) {
  out.tunnelled = out.has_icmp_error = out.has_process = false;
  out.direction = LinkDirection::kUnknown;
  out.tunnel = Tunnel::kNone;
  out.first_fragments = 0;
  const auto here_bytes = static_cast<std::uint32_t>(data.size());
  const std::uint32_t cut_bytes = std::max(original_bytes, here_bytes) - here_bytes;
  const std::size_t at = find_ip(link_type, data, out);
  if (at == kUnusual) return walk_from_link(link_type, {.bytes = data, .cut_bytes = cut_bytes}, out);
  const Bytes ip = data.subspan(at);
  const Verdict parsed = parse_ip(ip, out.inner, static_cast<std::uint32_t>(ip.size()) + cut_bytes);
  const bool plain = parsed == Verdict::kOk && !out.inner.first_fragment && !is_tunnel(out.inner);
  return plain ? Verdict::kOk : walk_from_ip(parsed, {.bytes = ip, .cut_bytes = cut_bytes}, out);
}

FragmentKey fragment_key(const Packet& packet) {
  return {packet.src, packet.dst, packet.fragment_id, packet.fragment_protocol};
}

std::string_view tunnel_name(Tunnel tunnel) {
  switch (tunnel) {
    case Tunnel::kNone:
      return "";
    case Tunnel::kMpls:
      return "mpls";
    case Tunnel::kIpInIp:
      return "ipip";
    case Tunnel::kGre:
      return "gre";
    case Tunnel::kErspan:
      return "erspan";
    case Tunnel::kEtherIp:
      return "etherip";
    case Tunnel::kVxlan:
      return "vxlan";
    case Tunnel::kGeneve:
      return "geneve";
    case Tunnel::kGtp:
      return "gtp";
    case Tunnel::kTeredo:
      return "teredo";
    case Tunnel::kL2tp:
      return "l2tp";
    case Tunnel::kCapwap:
      return "capwap";
    case Tunnel::kOther:
      return "other";
  }
  return "";
}

}  // namespace ipm::decode
