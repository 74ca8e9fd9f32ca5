// Fuzz input as packets of a few connections. Each packet: one byte of flags, two bytes that place it in its stream,
// one byte of length, then its payload.
#pragma once

#include <cstdint>

#include "decode/ip.h"

namespace ipm::fuzz {

// visit(decode::Packet, unsigned connection, bool from_initiator)
template <typename Visit>
void each_packet(decode::Bytes bytes, std::uint8_t protocol, std::uint16_t server_port, const Visit& visit) {
  decode::Cursor cursor(bytes);
  while (cursor.left() > 4) {
    const std::uint8_t flags = cursor.u8();
    decode::Packet packet;
    packet.protocol = protocol;
    packet.seq = 0xffff'ff00U + cursor.u16();  // So that the numbers wrap.
    const std::size_t length = cursor.u8() * ((flags & 0x80U) != 0 ? 8U : 1U);
    packet.payload = cursor.take(length < cursor.left() ? length : cursor.left());
    packet.payload_bytes = static_cast<std::uint32_t>(packet.payload.size()) + ((flags & 0x40U) != 0 ? 100U : 0U);
    packet.tcp_flags = decode::kAck;
    if ((flags & 0x20U) != 0) packet.tcp_flags |= decode::kSyn;
    if ((flags & 0x10U) != 0) packet.tcp_flags |= decode::kFin;
    packet.first_fragment = protocol == 17 && (flags & 0x30U) == 0x30U;
    const unsigned connection = (flags >> 1) & 3U;
    const bool from_initiator = (flags & 1U) == 0;
    packet.src_port = from_initiator ? static_cast<std::uint16_t>(4000 + connection) : server_port;
    packet.dst_port = from_initiator ? server_port : static_cast<std::uint16_t>(4000 + connection);
    packet.src.bytes[15] = from_initiator ? 1 : 2;
    packet.dst.bytes[15] = from_initiator ? 2 : 1;
    visit(packet, connection, from_initiator);
  }
}

}  // namespace ipm::fuzz
