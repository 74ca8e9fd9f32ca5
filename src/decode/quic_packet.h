// The long header of a QUIC packet, as far as it stands in the clear (RFC 8999, RFC 9000 §17.2), and what its version
// says about it. Versions: 1 (RFC 9001), 2 (RFC 9369), drafts 22 to 34, those of Facebook that are built on drafts,
// Google's Q050, T050 and T051, and the reserved ones (RFC 9000 §15), which are read as the last drafts. Pure;
// allocates nothing.
#pragma once

#include <span>

#include "decode/cursor.h"

namespace ipm::decode {

inline constexpr std::uint32_t kQuicVersion1 = 1;
inline constexpr std::uint32_t kQuicVersion2 = 0x6b33'43cf;
inline constexpr std::size_t kQuicCidBytesMax = 20;

struct QuicVersion {
  std::span<const std::uint8_t, 20> salt;  // Of its Initial keys.
  bool second = false;                     // Version 2: other labels, other packet types.
  bool google = false;                     // CRYPTO frames have another number.
};
// Null for one that is not known.
const QuicVersion* quic_version(std::uint32_t number);

enum class QuicPacketType : std::uint8_t { kInitial = 0, kZeroRtt = 1, kHandshake = 2, kRetry = 3 };

struct QuicPacket {
  std::uint32_t version = 0;
  QuicPacketType type = QuicPacketType::kInitial;
  Bytes destination, source;  // Connection IDs.
  Bytes whole;                // To the end of its payload; empty for Retry.
  std::size_t number_at = 0;  // Where the protected packet number begins in `whole`.
};

// Takes the next packet off a datagram. kOther: a short header, version negotiation, or a version that is not known;
// nothing behind it can be told apart.
Verdict next_quic_packet(Bytes& datagram, QuicPacket& out);

// RFC 9000 §16. 0 having failed.
std::uint64_t quic_number(Cursor& cursor);

}  // namespace ipm::decode
