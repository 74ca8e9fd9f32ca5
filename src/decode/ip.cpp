#include "decode/ip.h"

#include <algorithm>
#include <cstring>

#include "model/flow_key.h"

namespace ipm::decode {
namespace {

constexpr std::uint32_t kIpv4HeaderBytes = 20;
constexpr std::uint32_t kIpv6HeaderBytes = 40;
constexpr std::uint32_t kUdpHeaderBytes = 8;
constexpr std::uint32_t kTcpHeaderBytes = 20;

// IANA protocol numbers, "IPv6 Extension Header Types".
constexpr std::uint8_t kHopByHop = 0, kRouting = 43, kFragment = 44, kAuthentication = 51, kDestinationOptions = 60,
                       kMobility = 135, kHip = 139, kShim6 = 140;

bool is_extension(std::uint8_t header) {
  return header == kHopByHop || header == kRouting || header == kFragment || header == kAuthentication ||
         header == kDestinationOptions || header == kMobility || header == kHip || header == kShim6;
}

model::IpAddress address_v4(Bytes bytes) {
  std::uint32_t network_order = 0;
  if (bytes.size() == sizeof network_order) std::memcpy(&network_order, bytes.data(), sizeof network_order);
  return model::IpAddress::v4(network_order);
}
model::IpAddress address_v6(Bytes bytes) {
  std::uint8_t network_order[16] = {};
  if (bytes.size() == sizeof network_order) std::memcpy(network_order, bytes.data(), sizeof network_order);
  return model::IpAddress::v6(network_order);
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

Verdict parse_ipv4(Bytes bytes, Packet& out) {
  Cursor cursor(bytes);
  const std::uint32_t header_bytes = (cursor.u8() & 15U) * 4;
  cursor.skip(1);
  const std::uint16_t total_bytes = cursor.u16();
  cursor.skip(2);
  const std::uint16_t fragment = cursor.u16();
  cursor.skip(1);
  out.protocol = cursor.u8();
  cursor.skip(2);
  out.src = address_v4(cursor.take(4));
  out.dst = address_v4(cursor.take(4));
  if (cursor.failed()) return Verdict::kShort;
  // 0: left to the network card, which cuts the packet into segments. What is here is then all of it.
  out.ip_bytes = total_bytes != 0 ? total_bytes : static_cast<std::uint32_t>(bytes.size());
  if (header_bytes < kIpv4HeaderBytes || out.ip_bytes < header_bytes) return Verdict::kMalformed;
  if ((fragment & 0x1fffU) != 0) return Verdict::kOther;
  out.first_fragment = (fragment & 0x2000U) != 0;
  if (bytes.size() < header_bytes) return Verdict::kShort;
  return parse_transport(out.protocol, bytes.subspan(header_bytes), out.ip_bytes - header_bytes, out);
}

// Follows the extension headers to the transport header. kOk: `header` is its number and the cursor stands before it.
Verdict skip_extensions(Cursor& cursor, std::uint8_t& header, Packet& out) {
  for (std::uint32_t count = 0; is_extension(header); ++count) {
    if (count == kExtensionHeadersMax) return Verdict::kMalformed;
    const std::uint8_t kind = header;
    header = cursor.u8();
    out.protocol = header;
    const std::uint8_t length = cursor.u8();
    if (kind == kFragment) {
      const std::uint16_t fragment = cursor.u16();
      cursor.skip(4);
      if (cursor.failed()) return Verdict::kShort;
      if ((fragment & 0xfff8U) != 0) return Verdict::kOther;
      out.first_fragment = (fragment & 1U) != 0;
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

Verdict parse_ipv6(Bytes bytes, Packet& out) {
  Cursor cursor(bytes);
  cursor.skip(4);
  out.ip_bytes = cursor.u16() + kIpv6HeaderBytes;
  std::uint8_t header = cursor.u8();
  out.protocol = header;
  cursor.skip(1);
  out.src = address_v6(cursor.take(16));
  out.dst = address_v6(cursor.take(16));
  if (cursor.failed()) return Verdict::kShort;
  const Verdict verdict = skip_extensions(cursor, header, out);
  if (verdict != Verdict::kOk) return verdict;
  // No length and no jumbo option: as with IPv4, what is here is all of it.
  if (out.ip_bytes == kIpv6HeaderBytes) out.ip_bytes = static_cast<std::uint32_t>(bytes.size());
  if (out.ip_bytes < cursor.at()) return Verdict::kMalformed;
  const auto bytes_by_ip = static_cast<std::uint32_t>(out.ip_bytes - cursor.at());
  return parse_transport(header, cursor.rest(), bytes_by_ip, out);
}

void set_payload(Bytes behind_header, std::uint32_t payload_bytes, Packet& out) {
  out.payload_bytes = payload_bytes;
  out.payload = behind_header.first(std::min<std::size_t>(behind_header.size(), payload_bytes));
}

Verdict parse_udp(Bytes bytes, std::uint32_t bytes_by_ip, Packet& out) {
  if (bytes_by_ip < kUdpHeaderBytes) return Verdict::kMalformed;
  Cursor cursor(bytes);
  out.src_port = cursor.u16();
  out.dst_port = cursor.u16();
  const std::uint16_t length = cursor.u16();
  cursor.skip(2);
  if (cursor.failed()) return Verdict::kShort;
  // 0 stands for more than 65,535 bytes (RFC 2675 §4). A first fragment holds less than the length says.
  if (length != 0 && length < kUdpHeaderBytes) return Verdict::kMalformed;
  const std::uint32_t datagram_bytes = length == 0 ? bytes_by_ip : std::min<std::uint32_t>(length, bytes_by_ip);
  set_payload(cursor.rest(), datagram_bytes - kUdpHeaderBytes, out);
  return Verdict::kOk;
}

Verdict parse_tcp(Bytes bytes, std::uint32_t bytes_by_ip, Packet& out) {
  if (bytes_by_ip < kTcpHeaderBytes) return Verdict::kMalformed;
  Cursor cursor(bytes);
  out.src_port = cursor.u16();
  out.dst_port = cursor.u16();
  out.seq = cursor.u32();
  out.ack = cursor.u32();
  const std::uint32_t header_bytes = (cursor.u8() >> 4) * 4U;
  out.tcp_flags = cursor.u8();
  cursor.skip(6);
  if (cursor.failed()) return Verdict::kShort;
  if (header_bytes < kTcpHeaderBytes || header_bytes > bytes_by_ip) return Verdict::kMalformed;
  const Bytes behind = header_bytes <= bytes.size() ? bytes.subspan(header_bytes) : Bytes{};
  set_payload(behind, bytes_by_ip - header_bytes, out);
  return Verdict::kOk;
}

}  // namespace

Verdict parse_transport(std::uint8_t protocol, Bytes bytes, std::uint32_t bytes_by_ip, Packet& out) {
  out.protocol = protocol;
  bytes = bytes.first(std::min<std::size_t>(bytes.size(), bytes_by_ip));
  if (protocol == model::kProtocolUdp) return parse_udp(bytes, bytes_by_ip, out);
  if (protocol == model::kProtocolTcp) return parse_tcp(bytes, bytes_by_ip, out);
  return Verdict::kOther;
}

Verdict parse_ip(Bytes bytes, Packet& out) {
  out = {};
  if (bytes.empty()) return Verdict::kShort;
  const std::uint32_t version = std::to_integer<std::uint32_t>(bytes[0]) >> 4;
  if (version == 4) return parse_ipv4(bytes, out);
  if (version == 6) return parse_ipv6(bytes, out);
  return Verdict::kMalformed;
}

}  // namespace ipm::decode
