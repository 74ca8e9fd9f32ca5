// Which bytes of one direction of a TCP stream were seen: new ones, repeated ones, and the holes between.
//
// What nobody saw below the first segment of a capture that began in mid-stream counts as new until the peer
// acknowledges what lies above. Bounded: kHolesMax at a time; the lowest is forgotten first, and counts as unseen.
#pragma once

#include <cstdint>

#include "decode/flow/slab.h"

namespace ipm::decode::flow {

inline constexpr std::uint32_t kHolesMax = 7;
inline constexpr std::uint32_t kWindowMaxBytes = 1U << 30;  // RFC 7323 §2.3; a jump further than this is no hole.

struct SeenBytes {
  std::uint64_t unseen_bytes = 0;  // Of holes that were given up: acknowledged by the peer, or forgotten.
  std::uint32_t highest = 0;       // End of the highest byte.
  std::uint32_t floor = 0;         // Where the first segment began.
  std::uint32_t holes_block = kNoSlot;
  std::uint8_t holes = 0;
  bool begun = false;
  bool open_below = false;  // There may be bytes below the floor that nobody has seen or acknowledged.
  bool exact = true;
};

struct NewBytes {
  std::uint32_t fresh = 0;  // Seen for the first time.
  std::uint32_t repeated = 0;
  bool fills = false;  // Some of the fresh bytes lie below others that came before.
};

// The stream begins here: the number behind the SYN.
void begin_stream(SeenBytes& seen, std::uint32_t first_byte);
NewBytes see(SeenBytes& seen, BlockPool& pool, std::uint32_t start, std::uint32_t bytes);
// The peer has everything below `ack`: what of that was not seen will not be.
void acknowledge(SeenBytes& seen, BlockPool& pool, std::uint32_t ack);
std::uint64_t unseen_bytes(const SeenBytes& seen, const BlockPool& pool);  // With the holes that are still open.
void clear(SeenBytes& seen, BlockPool& pool);

}  // namespace ipm::decode::flow
