// What is measured of one TCP connection while it runs: classes, round trip times, which bytes were seen.
//
// Seven cache lines, by how often they are needed: a segment in order touches three, an acknowledgement one more.
// What only some connections need (segments under way, holes, class counters) comes from a pool of single lines.
// Threads: one caller at a time. Nothing is allocated but by the pool.
#pragma once

#include <cstdint>

#include "base/time.h"
#include "decode/flow/flow_row.h"
#include "decode/flow/rtt_filter.h"
#include "decode/flow/seen_bytes.h"
#include "decode/flow/segment_queue.h"
#include "decode/flow/slab.h"
#include "decode/flow/tcp_classes.h"
#include "decode/ip.h"

namespace ipm::decode::flow {

// One direction: what every segment needs.
struct alignas(64) TcpSide {
  SegmentState state = {};
  SegmentQueue unacked = {};
  std::uint32_t marks[2] = {};     // Of its last two packets, newest first: see TcpSideMore::duplicate_frames.
  std::uint32_t data_packets = 0;  // With payload, without duplicate frames.
  std::uint32_t newest_ts = 0;     // RFC 7323: the highest TSval sent.
  std::uint16_t ts_pending = 0;    // One more than how far below newest_ts the TSval is whose echo is awaited; 0: none.
  std::uint8_t bits = 0;           // TcpSideBit.
};
static_assert(sizeof(TcpSide) == 64);

enum TcpSideBit : std::uint8_t {
  kHasTimestamps = 1U << 0,  // newest_ts is set.
  kInStep = 1U << 1,         // Nothing was missed or repeated of late: the highest byte is the one before next_seq, and
                             // SeenBytes::highest is old.
  kAwaitsAck = 1U << 2,      // An ACK of the peer may say something about what was not seen.
  kHandshaking = 1U << 3,    // On both sides: a SYN was sent, and TcpTrack::irtt_ns is not known yet.
};

// One direction: what is needed when something is not in order.
struct alignas(64) TcpSideMore {
  SeenBytes seen = {};
  std::uint64_t repeated_bytes = 0;
  std::uint32_t repeated_packets = 0;
  std::uint32_t reordered_packets = 0;
  std::uint32_t duplicate_frames = 0;
  std::uint32_t class_block = kNoSlot;  // Counters by number of the class; none yet: all are 0.
};
static_assert(sizeof(TcpSideMore) == 64);

struct alignas(64) TcpTrack {
  TcpSide sides[2] = {};
  alignas(64) NearSegments near[2] = {};
  TimeNs pending_ts_ns[2] = {};  // When the TSval that is waited for was first seen.
  alignas(64) PooledRtt pooled = {};
  RttFilter rtt[2] = {};
  RttFilter ts_rtt[2] = {};
  TimeNs syn_ns = 0;     // Of the last SYN before the handshake was complete. 0: none, as it is for Wireshark.
  TimeNs synack_ns = 0;  // Of the first SYN-ACK. 0: none.
  TimeNs irtt_ns = 0;    // 0: not known.
  std::uint8_t syn_side = 0;
  bool syn_twice = false;
  bool synack_twice = false;
  bool handshake_whole = false;  // SYN, SYN-ACK and the ACK of who sent the SYN.
  TcpSideMore more[2] = {};
};
static_assert(sizeof(TcpTrack) == 448);

// Measures one segment, sent by `side`. Which classes it is of, and whether there was room to count them.
struct Measured {
  std::uint16_t classes = 0;
  bool counted = true;
};
Measured measure(TcpTrack& track, BlockPool& pool, unsigned side, const Packet& packet, TimeNs time_ns);

// Instead of measure(), where nobody has said how long the segment is: the beginning of a fragmented one.
void pass_over(TcpTrack& track, unsigned side);

// A SYN came again, with the number of the first one: what a reset said about numbers in between is void.
void reopen(TcpTrack& track, unsigned side);

// Sets what FlowRow has with `measured`; row.out is what `out_side` sent, with its payload_bytes set already.
void write_row(const TcpTrack& track, const BlockPool& pool, unsigned out_side, FlowRow& row);

// Gives back what it took from the pool.
void release(TcpTrack& track, BlockPool& pool);

}  // namespace ipm::decode::flow
