// An IP packet down to its TCP or UDP payload. Of a fragmented datagram only the first fragment has the ports; the
// later ones are told apart and not put together here.
//
// Lengths are those that the headers give: padding behind the packet is left out, and bytes that a capture cut off are
// counted though they are not there. Pure; allocates nothing.
#pragma once

#include "decode/cursor.h"
#include "model/ip_address.h"

namespace ipm::decode {

inline constexpr std::uint32_t kExtensionHeadersMax = 8;  // Of IPv6, before the transport header.

// RFC 9293 §3.1.
enum TcpFlag : std::uint8_t { kFin = 1, kSyn = 2, kRst = 4, kPsh = 8, kAck = 16, kUrg = 32, kEce = 64, kCwr = 128 };

struct Packet {
  model::IpAddress src = {};
  model::IpAddress dst = {};
  std::uint16_t src_port = 0;  // Host order.
  std::uint16_t dst_port = 0;
  std::uint8_t protocol = 0;  // IANA number of what the addresses carry, behind all extension headers.
  std::uint8_t tcp_flags = 0;
  bool first_fragment = false;      // More follow: payload is the beginning of a longer one.
  std::uint32_t seq = 0;            // TCP: of the first payload byte, or of the SYN.
  std::uint32_t ack = 0;            // TCP, with kAck.
  std::uint32_t ip_bytes = 0;       // IP total length, header included.
  std::uint32_t payload_bytes = 0;  // Of TCP or UDP, as the headers say.
  Bytes payload = {};               // What is there of it.

  bool cut() const { return payload.size() < payload_bytes; }
};

// From the IP header on. kOk: TCP or UDP, all fields are set. kOther: another protocol, or a later fragment: addresses,
// protocol and ip_bytes are set. kShort: the headers are not all there. kMalformed: they contradict themselves.
Verdict parse_ip(Bytes bytes, Packet& out);

// From the TCP or UDP header on; bytes_by_ip is what IP says that there are. Sets ports, flags, numbers and payload.
Verdict parse_transport(std::uint8_t protocol, Bytes bytes, std::uint32_t bytes_by_ip, Packet& out);

}  // namespace ipm::decode
