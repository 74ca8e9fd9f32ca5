// Frames for tests, put together layer by layer, and what parse_frame() sees in them as text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "decode/frame.h"
#include "decode/octets.h"

namespace ipm::test {

inline constexpr std::uint16_t kLinkEthernet = 1, kLinkRaw = 101;
inline constexpr std::uint32_t kProtoIcmp = 1, kProtoIpIp = 4, kProtoTcp = 6, kProtoUdp = 17, kProtoIpv6 = 41,
                               kProtoFragment = 44, kProtoGre = 47;

// Of a packet inside of a tunnel, and of the tunnel's own.
inline constexpr std::string_view kInnerSrc = "0a000001", kInnerDst = "c0000207";  // 10.0.0.1, 192.0.2.7
inline constexpr std::string_view kOuterSrc = "cb007101", kOuterDst = "c6336402";  // 203.0.113.1, 198.51.100.2

inline Octets udp(std::uint32_t from, std::uint32_t to, const Octets& payload) {
  return join({number(from, 2), number(to, 2), number(payload.size() + 8, 2), hex("0000"), payload});
}
// 54321 → 443, an acknowledgment, without options.
inline Octets tcp(const Octets& payload = {}) {
  return join({hex("d431 01bb 000003e8 000007d0 50 10 2000 0000 0000"), payload});
}

struct Ipv4 {
  std::string_view src = kInnerSrc;
  std::string_view dst = kInnerDst;
  std::uint32_t fragment = 0;  // Flags and offset, as in the header.
  std::uint32_t id = 7;
};
inline Octets ipv4(std::uint32_t protocol, const Octets& payload, Ipv4 with = {}) {
  return join({hex("4500"), number(payload.size() + 20, 2), number(with.id, 2), number(with.fragment, 2), hex("40"),
               number(protocol, 1), hex("0000"), hex(with.src), hex(with.dst), payload});
}
inline Octets outer_ipv4(std::uint32_t protocol, const Octets& payload) {
  return ipv4(protocol, payload, {.src = kOuterSrc, .dst = kOuterDst});
}
// 2001:db8::1 → 2001:db8::2.
inline Octets ipv6(std::uint32_t next_header, const Octets& payload) {
  return join({hex("60000000"), number(payload.size(), 2), number(next_header, 1), hex("40"),
               hex("20010db8000000000000000000000001 20010db8000000000000000000000002"), payload});
}
inline Octets ethernet(std::uint32_t type, const Octets& payload) {
  return join({hex("00005e005301 00005e005302"), number(type, 2), payload});
}

// "10.0.0.1:54321 > 192.0.2.7:443 tcp ip 40 payload 0", and what is special about it.
inline std::string text_of(const decode::Packet& packet) {
  const std::string name = packet.protocol == 6    ? "tcp"
                           : packet.protocol == 17 ? "udp"
                                                   : std::to_string(packet.protocol);
  return packet.src.text() + ":" + std::to_string(packet.src_port) + " > " + packet.dst.text() + ":" +
         std::to_string(packet.dst_port) + " " + name + " ip " + std::to_string(packet.ip_bytes) + " payload " +
         std::to_string(packet.payload_bytes) + (packet.first_fragment ? " first" : "") +
         (packet.later_fragment ? " later" : "") + (packet.ports_only ? " ports only" : "");
}

// The frame is copied to memory of exactly its size, so that the address sanitizer sees a read past the end.
struct Seen {
  decode::Verdict verdict = decode::Verdict::kOther;
  decode::Frame frame = {};
  std::string inner;  // As text, with kOk.
  std::string outer;
  std::string process;
};
inline Seen see(std::uint16_t link_type, const Octets& octets, std::uint32_t original_bytes = 0) {
  const Exactly bytes(octets);
  Seen seen;
  seen.verdict = decode::parse_frame(link_type, bytes.bytes(), original_bytes, seen.frame);
  if (seen.verdict == decode::Verdict::kOk) {
    seen.inner = text_of(seen.frame.inner);
    seen.outer = text_of(seen.frame.outer());
  }
  if (seen.frame.has_process) seen.process = seen.frame.process_name;
  seen.frame.inner.payload = seen.frame.outermost.payload = {};  // They point into what is about to go.
  seen.frame.process_name = {};
  return seen;
}

// The packet that most tests pack into something, and how it is seen.
inline Octets packet() {
  return ipv4(kProtoTcp, tcp(text("hello")));
}
inline constexpr std::string_view kPacketText = "10.0.0.1:54321 > 192.0.2.7:443 tcp ip 45 payload 5";
inline Octets packet_v6() {
  return ipv6(kProtoTcp, tcp(text("hello")));
}
inline constexpr std::string_view kPacketV6Text = "2001:db8::1:54321 > 2001:db8::2:443 tcp ip 65 payload 5";

}  // namespace ipm::test
