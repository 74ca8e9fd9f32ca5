// The steps from layer to layer of a frame, between link.cpp, ethertype.cpp, wlan.cpp and tunnel.cpp; frame.cpp walks
// them. Nobody else includes this.
#pragma once

#include <algorithm>

#include "decode/cursor.h"
#include "decode/frame.h"

namespace ipm::decode {

enum class LayerKind : std::uint8_t {
  kNothing,    // Carries no IP, or none that can be seen.
  kShort,      // Ends too soon.
  kMalformed,  // Contradicts itself.
  kEthernet,
  kEtherType,  // Layer::number says which.
  kLlc,        // IEEE 802.2
  kSnap,       // Behind its aa aa 03: OUI, protocol; Layer::number is how much padding bridged frames have.
  kIp,         // Version 4 or 6, as the first bits say.
  kIpv6,       // Version 6 or nothing.
  kMpls,
  kPpp,   // From the protocol field on.
  kHdlc,  // PPP with or without address and control, or Cisco HDLC.
  kCiscoHdlc,
  kFrameRelay,
  kWlan,  // IEEE 802.11; Layer::number: kWlanPadded.
  kRadiotap,
};

inline constexpr std::uint16_t kWlanPadded = 1;       // The header is filled up to a multiple of 4.
inline constexpr std::uint16_t kWlanSwappedType = 2;  // The first two bytes have changed places.

struct Layer {
  LayerKind kind = LayerKind::kNothing;
  Tunnel tunnel = Tunnel::kNone;  // What has just been unpacked, if anything.
  std::uint16_t number = 0;
  Bytes bytes = {};
  std::uint32_t cut_bytes = 0;  // Followed `bytes` on the link and were not captured.

  std::uint32_t whole_bytes() const { return static_cast<std::uint32_t>(bytes.size()) + cut_bytes; }
};

// What follows the cursor, which has read some of `from`.
inline Layer rest(const Layer& from, Cursor& cursor, LayerKind kind, std::uint16_t number = 0,
                  Tunnel tunnel = Tunnel::kNone) {
  if (cursor.failed()) return {.kind = LayerKind::kShort};
  return {.kind = kind, .tunnel = tunnel, .number = number, .bytes = cursor.rest(), .cut_bytes = from.cut_bytes};
}

// Fields of link layers that the writer's machine or a radio put in the other order.
inline std::uint16_t little16(Cursor& cursor) {
  const std::uint16_t big = cursor.u16();
  return static_cast<std::uint16_t>((big << 8) | (big >> 8));
}
inline std::uint32_t little32(Cursor& cursor) {
  const std::uint32_t low = little16(cursor);
  return low | (std::uint32_t{little16(cursor)} << 16);
}

// The first `count` of its bytes, which a length field gives; all of them if there never were so many.
inline Layer limited(Layer layer, std::uint32_t count) {
  if (count >= layer.whole_bytes()) return layer;
  layer.bytes = layer.bytes.first(std::min<std::size_t>(layer.bytes.size(), count));
  layer.cut_bytes = count - static_cast<std::uint32_t>(layer.bytes.size());
  return layer;
}

// All but the last `count`: a checksum or padding.
inline Layer without_end(const Layer& layer, std::uint32_t count) {
  return layer.whole_bytes() < count ? layer : limited(layer, layer.whole_bytes() - count);
}

// Of Linux' cooked headers: PACKET_HOST, _BROADCAST, _MULTICAST, _OTHERHOST, _OUTGOING.
inline LinkDirection cooked_direction(std::uint16_t packet_type) {
  return packet_type == 4 ? LinkDirection::kOut : packet_type < 3 ? LinkDirection::kIn : LinkDirection::kUnknown;
}

// link.cpp: the file's own header. Sets what it knows of direction and process.
Layer read_link(std::uint16_t link_type, const Layer& frame, Frame& out);
// ethertype.cpp, wlan.cpp: one step below `layer`, which is none of the first three kinds and no IP.
Layer step(const Layer& layer);
Layer read_wlan(const Layer& layer);
Layer read_radiotap(const Layer& layer);
// tunnel.cpp: what an IP packet carries; what a UDP datagram carries, kNothing if that is no tunnel.
Layer read_ip_payload(std::uint8_t protocol, const Layer& payload);
Layer read_udp_payload(std::uint16_t src_port, std::uint16_t dst_port, const Layer& payload);
bool may_be_tunnel(std::uint16_t port);
Layer read_gre_payload(std::uint16_t protocol, bool has_sequence, const Layer& payload);

}  // namespace ipm::decode
