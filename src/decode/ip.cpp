#include "decode/ip.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "decode/header.h"
#include "model/flow_key.h"

namespace ipm::decode {
namespace {

constexpr std::uint32_t kIpv4HeaderBytes = 20;
constexpr std::uint32_t kIpv6HeaderBytes = 40;
constexpr std::uint32_t kIpv6LinkBytesMin = 1280;
constexpr std::uint32_t kUdpHeaderBytes = 8;
constexpr std::uint32_t kTcpHeaderBytes = 20;
constexpr std::uint32_t kPortsBytes = 4;  // Both begin with them.

// IANA protocol numbers, "IPv6 Extension Header Types".
constexpr std::uint8_t kHopByHop = 0, kRouting = 43, kFragment = 44, kAuthentication = 51, kDestinationOptions = 60,
                       kMobility = 135, kHip = 139, kShim6 = 140;

bool is_extension(std::uint8_t header) {
  return header == kHopByHop || header == kRouting || header == kFragment || header == kAuthentication ||
         header == kDestinationOptions || header == kMobility || header == kHip || header == kShim6;
}

// All defaults are zeros. In two halves, because GCC 12 makes one string instruction of `= {}`, which alone takes
// longer than everything else here.
void clear(Packet& out) {
  static_assert(std::is_trivially_copyable_v<Packet>);
  constexpr std::size_t kHalf = sizeof(Packet) / 2;
  auto* bytes = reinterpret_cast<std::byte*>(&out);
  std::memset(bytes, 0, kHalf);
  std::memset(bytes + kHalf, 0, sizeof(Packet) - kHalf);
}

template <std::size_t kAt, std::size_t N>
void set_address_v4(const Header<N>& header, model::IpAddress& out) {
  out.bytes[10] = out.bytes[11] = 0xff;  // The rest is zero.
  header.template copy<kAt, 4>(out.bytes.data() + 12);
}

std::uint32_t whole(Bytes bytes, std::uint32_t original_bytes) {
  return std::max(original_bytes, static_cast<std::uint32_t>(bytes.size()));
}

void set_payload(Bytes behind_header, std::uint32_t payload_bytes, Packet& out) {
  out.payload_bytes = payload_bytes;
  out.payload = behind_header.first(std::min<std::size_t>(behind_header.size(), payload_bytes));
}

Verdict parse_udp(Bytes bytes, std::uint32_t bytes_by_ip, Packet& out) {
  if (bytes.size() < kUdpHeaderBytes) {
    Cursor cursor(bytes);
    cursor.skip(kPortsBytes);
    const std::uint16_t length = cursor.u16();
    if (length >= kUdpHeaderBytes) out.payload_bytes = length - kUdpHeaderBytes;
    return bytes_by_ip < kUdpHeaderBytes ? Verdict::kMalformed : Verdict::kShort;
  }
  const std::uint16_t length = Header<kUdpHeaderBytes>(bytes).u16<4>();
  // In IPv6 0 stands for more than 65,535 bytes (RFC 2675 §4).
  if (length < kUdpHeaderBytes && (length != 0 || out.src.is_v4())) return Verdict::kMalformed;
  // A first fragment holds less than the length says. Of anything else the length counts, also when IP has less.
  const bool by_ip = length == 0 || (out.first_fragment && length > bytes_by_ip);
  set_payload(bytes.subspan(kUdpHeaderBytes), (by_ip ? bytes_by_ip : length) - kUdpHeaderBytes, out);
  return Verdict::kOk;
}

// RFC 7323 §3.2. Other options are skipped.
void find_timestamps(Bytes options, Packet& out) {
  Cursor cursor(options);
  while (cursor.left() != 0) {
    const std::uint8_t kind = cursor.u8();
    if (kind == 0) return;    // End of list
    if (kind == 1) continue;  // No operation
    const std::uint8_t length = cursor.u8();
    if (length < 2) return;
    if (kind == 8 && length == 10) {
      out.ts_value = cursor.u32();
      out.ts_echo = cursor.u32();
      out.has_timestamps = !cursor.failed();
      return;
    }
    cursor.skip(length - 2U);
  }
}

void parse_tcp_options(Bytes options, Packet& out) {
  // Nearly always: two no-operations and the timestamps (RFC 7323 appendix A).
  if (options.size() >= 12) {
    const Header<12> usual(options);
    if (usual.u32<0>() == 0x0101'080a) {
      out.ts_value = usual.u32<4>();
      out.ts_echo = usual.u32<8>();
      out.has_timestamps = true;
      return;
    }
  }
  find_timestamps(options, out);
}

Verdict parse_tcp(Bytes bytes, std::uint32_t bytes_by_ip, Packet& out) {
  if (bytes.size() < kTcpHeaderBytes) {
    Cursor cursor(bytes);
    cursor.skip(kPortsBytes);
    out.seq = cursor.u32();  // As far as an ICMP error has to quote it (RFC 792).
    cursor.skip(4);
    const std::uint32_t header_bytes = (cursor.u8() >> 4) * 4U;
    if (!cursor.failed() && header_bytes <= bytes_by_ip) out.payload_bytes = bytes_by_ip - header_bytes;
    return bytes_by_ip < kTcpHeaderBytes ? Verdict::kMalformed : Verdict::kShort;
  }
  const Header<kTcpHeaderBytes> header(bytes);
  const std::uint32_t header_bytes = (header.u8<12>() >> 4) * 4U;
  if (header_bytes < kTcpHeaderBytes || header_bytes > bytes_by_ip) {
    if (header_bytes < kTcpHeaderBytes) out.payload_bytes = bytes_by_ip - header_bytes;
    return Verdict::kMalformed;
  }
  out.seq = header.u32<4>();
  out.ack = header.u32<8>();
  out.tcp_flags = header.u8<13>();
  out.window = header.u16<14>();
  const std::size_t here_bytes = std::min<std::size_t>(header_bytes, bytes.size());
  if (here_bytes > kTcpHeaderBytes)
    parse_tcp_options(bytes.subspan(kTcpHeaderBytes, here_bytes - kTcpHeaderBytes), out);
  set_payload(bytes.subspan(here_bytes), bytes_by_ip - header_bytes, out);
  return Verdict::kOk;
}

// RFC 791 §3.1: where a source route ends, unless it has been followed to its end.
void follow_source_route(Bytes options, model::IpAddress& dst) {
  constexpr std::uint8_t kLoose = 131, kStrict = 137;
  Cursor cursor(options);
  while (cursor.left() != 0) {
    const std::uint8_t kind = cursor.u8();
    if (kind == 0) return;
    if (kind == 1) continue;
    const std::uint8_t length = cursor.u8();
    if (length < 2 || length - 2U > cursor.left()) return;
    const Bytes body = cursor.take(length - 2U);
    if (kind != kLoose && kind != kStrict) continue;
    if (body.size() < 5) return;
    const std::uint8_t next = std::to_integer<std::uint8_t>(body[0]);  // Counted from 1, from the kind on.
    if (next < 4 || (next & 3U) != 0 || next > length) return;
    set_address_v4<0>(Header<4>(body.last(4)), dst);
    return;
  }
}

// RFC 4302 §2: an authentication header between IPv4 and what it carries.
Verdict parse_authenticated(Bytes bytes, std::uint32_t bytes_by_ip, Packet& out) {
  for (std::uint32_t count = 0; out.protocol == kAuthentication; ++count) {
    if (count == kExtensionHeadersMax) return Verdict::kMalformed;
    Cursor cursor(bytes);
    const std::uint8_t next = cursor.u8();
    const std::uint32_t header_bytes = (cursor.u8() + 2U) * 4;
    cursor.skip(header_bytes - 2);
    if (cursor.failed()) return Verdict::kShort;
    if (header_bytes > bytes_by_ip) return Verdict::kMalformed;
    bytes = cursor.rest();
    bytes_by_ip -= header_bytes;
    out.protocol = next;
  }
  return parse_transport(out.protocol, bytes, bytes_by_ip, out);
}

Verdict parse_ipv4(Bytes bytes, std::uint32_t original_bytes, Packet& out) {
  if (bytes.size() < kIpv4HeaderBytes) return Verdict::kShort;
  const Header<kIpv4HeaderBytes> header(bytes);
  const std::uint32_t header_bytes = (header.u8<0>() & 15U) * 4;
  const std::uint16_t total_bytes = header.u16<2>();
  const std::uint16_t fragment = header.u16<6>();
  out.fragment_id = header.u16<4>();
  out.protocol = header.u8<9>();
  set_address_v4<12>(header, out.src);
  set_address_v4<16>(header, out.dst);
  // 0: left to the network card, which cuts the packet into segments. What is here is then all of it.
  out.ip_bytes = total_bytes != 0 ? total_bytes : whole(bytes, original_bytes);
  if (header_bytes < kIpv4HeaderBytes || out.ip_bytes < header_bytes) return Verdict::kMalformed;
  if (header_bytes > kIpv4HeaderBytes) {
    const Bytes here = bytes.first(std::min<std::size_t>(bytes.size(), header_bytes));
    follow_source_route(here.subspan(kIpv4HeaderBytes), out.dst);
  }
  // A capture that says how long the frame was is believed before the header is.
  const std::uint32_t bytes_by_ip =
      (original_bytes != 0 ? std::min(out.ip_bytes, std::max(whole(bytes, original_bytes), header_bytes))
                           : out.ip_bytes) -
      header_bytes;
  if ((fragment & 0x3fffU) != 0) {
    out.fragment_protocol = out.protocol;
    out.later_fragment = (fragment & 0x1fffU) != 0;
    out.first_fragment = !out.later_fragment;
    if (out.later_fragment) {
      out.payload_bytes = bytes_by_ip;
      return Verdict::kOther;
    }
  }
  if (bytes.size() < header_bytes) return Verdict::kShort;
  if (out.protocol == kAuthentication) return parse_authenticated(bytes.subspan(header_bytes), bytes_by_ip, out);
  return parse_transport(out.protocol, bytes.subspan(header_bytes), bytes_by_ip, out);
}

// RFC 2675: 0xc2, 4, and the length of everything behind the IPv6 header. 0: the options hold none.
std::uint32_t jumbo_bytes(Bytes options) {
  Cursor cursor(options);
  while (cursor.left() != 0) {
    const std::uint8_t type = cursor.u8();
    if (type == 0) continue;  // Pad1
    const std::uint8_t length = cursor.u8();
    if (type == 0xc2 && length == 4) return cursor.u32();
    cursor.skip(length);
    if (cursor.failed()) return 0;
  }
  return 0;
}

// Follows the extension headers to the transport header. kOk: out.protocol is its number and the cursor stands before
// it.
Verdict skip_extensions(Cursor& cursor, Packet& out) {
  for (std::uint32_t count = 0; is_extension(out.protocol); ++count) {
    if (count == kExtensionHeadersMax) return Verdict::kMalformed;
    const std::uint8_t kind = out.protocol;
    out.protocol = cursor.u8();
    const std::uint8_t length = cursor.u8();
    if (kind == kFragment) {
      const std::uint16_t fragment = cursor.u16();
      out.fragment_id = cursor.u32();
      if (cursor.failed()) return Verdict::kShort;
      if ((fragment & 0xfff9U) == 0) continue;  // Atomic, RFC 6946.
      out.fragment_protocol = out.protocol;
      out.later_fragment = (fragment & 0xfff8U) != 0;
      out.first_fragment = !out.later_fragment;
      if (out.later_fragment) return Verdict::kOther;
      continue;
    }
    // In 8 bytes behind the first 8 (RFC 8200 §4); of the authentication header in 4 behind the first 8 (RFC 4302
    // §2.2).
    const Bytes body = cursor.take(kind == kAuthentication ? (length + 2U) * 4 - 2 : (length + 1U) * 8 - 2);
    if (cursor.failed()) return Verdict::kShort;
    if (kind == kHopByHop && out.ip_bytes == kIpv6HeaderBytes) {
      const std::uint32_t jumbo = jumbo_bytes(body);
      // A packet of more than 4 GiB does not exist; the sum is kept from wrapping.
      if (jumbo > 0xffffU && jumbo <= 0xffff'ffffU - kIpv6HeaderBytes) out.ip_bytes = jumbo + kIpv6HeaderBytes;
    }
  }
  return Verdict::kOk;
}

Verdict parse_ipv6(Bytes bytes, std::uint32_t original_bytes, Packet& out) {
  if (bytes.size() < kIpv6HeaderBytes) return Verdict::kShort;
  const Header<kIpv6HeaderBytes> header(bytes);
  out.ip_bytes = header.u16<4>() + kIpv6HeaderBytes;
  out.protocol = header.u8<6>();
  header.copy<8, 16>(out.src.bytes.data());
  header.copy<24, 16>(out.dst.bytes.data());
  Cursor cursor(bytes);
  cursor.skip(kIpv6HeaderBytes);
  if (is_extension(out.protocol)) {
    const Verdict verdict = skip_extensions(cursor, out);
    if (verdict != Verdict::kOk) {
      if (out.later_fragment && out.ip_bytes > cursor.at())
        out.payload_bytes = out.ip_bytes - static_cast<std::uint32_t>(cursor.at());
      return verdict;
    }
  }
  // No length and no jumbo option: as with IPv4, what is here is all of it. What fits through every link (RFC 8200 §5)
  // has never been left to a network card to cut, and is a wrong header.
  if (out.ip_bytes == kIpv6HeaderBytes) {
    out.ip_bytes = whole(bytes, original_bytes);
    if (out.ip_bytes <= kIpv6LinkBytesMin) return Verdict::kMalformed;
  }
  const auto headers_bytes = static_cast<std::uint32_t>(cursor.at());
  if (out.ip_bytes < headers_bytes) return Verdict::kMalformed;
  const std::uint32_t bytes_by_ip =
      (original_bytes != 0 ? std::min(out.ip_bytes, whole(bytes, original_bytes)) : out.ip_bytes) - headers_bytes;
  return parse_transport(out.protocol, cursor.rest(), bytes_by_ip, out);
}

}  // namespace

Verdict parse_transport(std::uint8_t protocol, Bytes bytes, std::uint32_t bytes_by_ip, Packet& out) {
  out.protocol = protocol;
  bytes = bytes.first(std::min<std::size_t>(bytes.size(), bytes_by_ip));
  const bool tcp = protocol == model::kProtocolTcp;
  if (!tcp && protocol != model::kProtocolUdp) {
    set_payload(bytes, bytes_by_ip, out);
    return Verdict::kOther;
  }
  if (bytes.size() < kPortsBytes) return bytes_by_ip < kPortsBytes ? Verdict::kMalformed : Verdict::kShort;
  const Header<kPortsBytes> ports(bytes);
  out.src_port = ports.u16<0>();
  out.dst_port = ports.u16<2>();
  const Verdict verdict = tcp ? parse_tcp(bytes, bytes_by_ip, out) : parse_udp(bytes, bytes_by_ip, out);
  out.ports_only = verdict != Verdict::kOk;
  return verdict;
}

Verdict parse_ip(Bytes bytes, Packet& out, std::uint32_t original_bytes) {
  clear(out);
  if (bytes.empty()) return Verdict::kShort;
  const std::uint32_t version = std::to_integer<std::uint32_t>(bytes[0]) >> 4;
  if (version == 4) return parse_ipv4(bytes, original_bytes, out);
  if (version == 6) return parse_ipv6(bytes, original_bytes, out);
  return Verdict::kMalformed;
}

}  // namespace ipm::decode
