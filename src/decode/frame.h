// From a captured frame to its TCP and UDP headers: link layer, tags, tunnels, IP.
//
// A frame in a tunnel has two of them. The view "inner" counts it at the innermost, "outer" at the outermost; where
// there is one, both are the same. What an ICMP error quotes is told apart and counts nowhere.
// Pure; allocates nothing; never reads outside of the bytes.
#pragma once

#include <string_view>

#include "decode/ip.h"

namespace ipm::decode {

inline constexpr std::uint32_t kTunnelsMax = 8;  // IP headers behind the first; deeper ones are not looked at.

// Which way the capture says that the frame went, seen from the machine that captured it.
enum class LinkDirection : std::uint8_t { kUnknown = 0, kIn = 1, kOut = 2 };

// What the innermost header was packed in.
enum class Tunnel : std::uint8_t {
  kNone = 0,
  kMpls,
  kIpInIp,
  kGre,
  kErspan,
  kEtherIp,
  kVxlan,
  kGeneve,
  kGtp,
  kTeredo,
  kL2tp,
  kCapwap,
  kOther
};
std::string_view tunnel_name(Tunnel tunnel);  // "gre"; "" for none.

// Names a fragmented datagram (RFC 791 §3.2, RFC 8200 §4.5).
struct FragmentKey {
  model::IpAddress src = {};
  model::IpAddress dst = {};
  std::uint32_t id = 0;
  std::uint8_t protocol = 0;

  bool operator==(const FragmentKey&) const = default;
};

FragmentKey fragment_key(const Packet& packet);  // Of a first or later fragment.

// An IP header of a frame that begins a fragmented datagram.
struct FirstFragment {
  FragmentKey key = {};
  bool in_datagram = false;  // It lies in a UDP datagram of this frame: a tunnel's.
};

// RFC 792, RFC 4443: a packet did not arrive.
struct IcmpError {
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  std::uint32_t mtu = 0;       // Of "too big"; 0: not said.
  model::IpAddress from = {};  // Who says so: source of the ICMP message.
  bool v6 = false;             // Numbers are those of ICMPv6.
  Packet quoted = {};          // The packet that did not arrive: addresses, ports and, of TCP, seq. Never counted.
};

// Reuse one Frame for all frames: parse_frame() writes what is there and leaves the rest as it was.
struct Frame {
  Packet inner = {};       // With kOk.
  Packet outermost = {};   // With `tunnelled`; read outer().
  bool tunnelled = false;  // inner and outer are different headers.
  bool has_icmp_error = false;
  bool has_process = false;
  LinkDirection direction = LinkDirection::kUnknown;
  Tunnel tunnel = Tunnel::kNone;  // Innermost one around `inner`.

  // The outermost and the innermost IP header that begin a fragmented datagram: see FragmentTable. (One that continues
  // a datagram is always the innermost header, and is then `inner`: later_fragment, no ports.)
  std::uint8_t first_fragments = 0;  // How many of first_fragment are set.
  FirstFragment first_fragment[2] = {};

  IcmpError icmp_error = {};  // With has_icmp_error. kOk as well, when a UDP tunnel carries it.

  // With has_process, of PKTAP. The name points into the frame.
  std::int32_t pid = 0;  // 0 or negative: not known.
  std::string_view process_name = {};

  const Packet& outer() const { return tunnelled ? outermost : inner; }
};

// `link_type` is a LINKTYPE number of a capture file, without the bits above; or DLT_RAW of any platform.
// original_bytes: of the whole frame, of which `data` may be the beginning; 0: as many as there are.
// kOk: inner and outer are TCP or UDP, or a later fragment of one. kOther: something else, maybe an ICMP error.
// kShort, kMalformed: the headers are cut or contradict themselves.
Verdict parse_frame(std::uint16_t link_type, Bytes data, std::uint32_t original_bytes, Frame& out);

}  // namespace ipm::decode
