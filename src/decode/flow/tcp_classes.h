// Classes TCP segments as Wireshark 4.0 does (tcp.analysis.*), whose counts others know and compare with.
//
// Each segment is held against what its own direction was expected to send next and what the other direction last
// acknowledged. These are guesses from order and time of arrival: what segments say of bytes is in tcp_track.h.
// Numbers of 0 mean "none yet", as they do there.
// Pure; a few words of state a direction.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace ipm::decode::flow {

// Of one segment; more than one may be set.
enum TcpClass : std::uint16_t {
  kRetransmission = 1U << 0,
  kFastRetransmission = 1U << 1,
  kSpuriousRetransmission = 1U << 2,
  kOutOfOrder = 1U << 3,
  kLost = 1U << 4,
  kKeepAlive = 1U << 5,
  kKeepAliveAck = 1U << 6,
  kDuplicateAck = 1U << 7,
  kZeroWindow = 1U << 8,
  kZeroWindowProbe = 1U << 9,
  kZeroWindowProbeAck = 1U << 10,
  kWindowUpdate = 1U << 11,
  kAckedUnseen = 1U << 12,
};
inline constexpr std::uint32_t kTcpClasses = 13;

struct Segment {
  TimeNs time_ns = 0;
  std::uint32_t seq = 0;
  std::uint32_t ack = 0;  // As sent, with or without the flag.
  std::uint32_t payload_bytes = 0;
  std::uint16_t window = 0;  // As sent, not scaled.
  std::uint8_t flags = 0;    // TcpFlag.
};

// What was seen of one direction.
struct SegmentState {
  TimeNs next_time_ns = 0;       // When next_seq was reached.
  TimeNs last_time_ns = 0;       // Of its last segment.
  std::uint32_t next_seq = 0;    // Highest end of a segment.
  std::uint32_t joined_seq = 0;  // Up to where segments followed each other without a hole.
  std::uint32_t last_ack = 0;
  std::uint16_t last_window = 0;
  std::uint8_t duplicate_acks = 0;  // Running; stays at 255.
  std::uint8_t last = 0;            // Of its last segment: the bits below; 0: there was none.
};
inline constexpr std::uint8_t kProbeKeepAlive = 1, kProbeZeroWindow = 2, kHasSegment = 4, kOverAcked = 8;

// Which classes the segment is of. handshake_ns: see FlowRow::irtt_ns; 0: not known.
std::uint16_t classify(const Segment& segment, SegmentState& own, SegmentState& peer, const TimeNs& handshake_ns);

}  // namespace ipm::decode::flow
