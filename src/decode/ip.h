// An IP packet down to its TCP or UDP payload. Of a fragmented datagram only the first fragment has the ports; the
// later ones are told apart here and find their ports in FragmentTable.
//
// Lengths are those that the headers give: padding behind the packet is left out, and bytes that a capture cut off are
// counted though they are not there. Pure; allocates nothing.
#pragma once

#include "decode/cursor.h"
#include "model/ip_address.h"

namespace ipm::decode {

inline constexpr std::uint32_t kExtensionHeadersMax = 16;  // Of IPv6, before the transport header.

// RFC 9293 §3.1.
enum TcpFlag : std::uint8_t { kFin = 1, kSyn = 2, kRst = 4, kPsh = 8, kAck = 16, kUrg = 32, kEce = 64, kCwr = 128 };

struct Packet {
  model::IpAddress src = {};
  model::IpAddress dst = {};   // With an IPv4 source route: the last address of the route.
  std::uint16_t src_port = 0;  // Host order.
  std::uint16_t dst_port = 0;
  std::uint8_t protocol = 0;  // IANA number of what the addresses carry, behind all extension headers.
  std::uint8_t tcp_flags = 0;
  bool first_fragment = false;  // More follow: payload is the beginning of a longer one.
  bool later_fragment = false;  // Has no ports: those are in the first fragment with this fragment_id.
  bool has_timestamps = false;  // TCP, RFC 7323: ts_value and ts_echo are set.
  bool ports_only = false;      // The TCP or UDP header is cut or wrong behind its ports: no flags, numbers, payload.
  std::uint8_t fragment_protocol = 0;  // Of a fragment, first or later: what IP says that the whole datagram is.
  std::uint32_t fragment_id = 0;       // Of IPv4 always; of IPv6 with a fragment header.
  std::uint32_t seq = 0;               // TCP: of the first payload byte, or of the SYN.
  std::uint32_t ack = 0;               // TCP, with kAck.
  std::uint32_t ts_value = 0;
  std::uint32_t ts_echo = 0;
  std::uint16_t window = 0;         // TCP, as sent: not scaled.
  std::uint32_t ip_bytes = 0;       // IP total length, header included.
  std::uint32_t payload_bytes = 0;  // Of TCP or UDP, or else of IP, as the headers say.
  Bytes payload = {};               // What is there of it. Of a later fragment nothing: it is no beginning of anything.

  bool cut() const { return payload.size() < payload_bytes; }
};

// From the IP header on. kOk: TCP or UDP, all fields are set. kOther: another protocol, or a later fragment: addresses,
// protocol, ip_bytes and payload are set. kShort: the headers are not all there. kMalformed: they contradict
// themselves; with both, `ports_only` says that at least addresses, ports and ip_bytes are set. original_bytes: from
// the IP header to the end of the frame as it was on the link; 0: as many as there are.
Verdict parse_ip(Bytes bytes, Packet& out, std::uint32_t original_bytes = 0);

// From the TCP or UDP header on; bytes_by_ip is what IP says that there are. Sets ports, flags, numbers and payload.
Verdict parse_transport(std::uint8_t protocol, Bytes bytes, std::uint32_t bytes_by_ip, Packet& out);

}  // namespace ipm::decode
