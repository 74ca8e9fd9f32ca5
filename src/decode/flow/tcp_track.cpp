#include "decode/flow/tcp_track.h"

#include <bit>

#include "decode/flow/sequence.h"

namespace ipm::decode::flow {
namespace {

constexpr std::uint32_t kUnackedMax = 1024;         // Segments of one direction under way.
constexpr std::uint32_t kUnackedAloneMax = 20;      // While nothing was seen of the peer, who may never be.
constexpr TimeNs kDuplicateFrameNs = kMillisecond;  // Sooner than any host sends again.

bool has(const Packet& packet, std::uint8_t flags) {
  return (packet.tcp_flags & flags) != 0;
}
bool is_syn(const Packet& packet) {
  return (packet.tcp_flags & (kSyn | kAck)) == kSyn;
}

// Two packets of a direction with the same mark are one and the same. Without an IP id there is no telling: 0.
std::uint32_t mark_of(const Packet& packet) {
  if (packet.fragment_id == 0) return 0;
  std::uint64_t mark = (static_cast<std::uint64_t>(packet.seq) << 32 | packet.ack) * 0x9e3779b97f4a7c15U;
  mark ^= std::rotl(mark, 29) + packet.fragment_id + (static_cast<std::uint64_t>(packet.payload_bytes) << 32);
  mark ^= static_cast<std::uint64_t>(packet.window) << 8 | packet.tcp_flags;
  mark *= 0x9e3779b97f4a7c15U;
  return static_cast<std::uint32_t>(mark >> 32) | 1U;
}

// Whether the packet is one of the last two of its direction, captured again. Remembers it if not.
bool is_duplicate_frame(TcpSide& own, const Packet& packet, TimeNs time_ns) {
  const std::uint32_t mark = mark_of(packet);
  const TimeNs since_ns = time_ns - own.state.last_time_ns;
  if (mark != 0 && (mark == own.marks[0] || mark == own.marks[1]) && since_ns >= 0 && since_ns <= kDuplicateFrameNs) {
    return true;
  }
  own.marks[1] = own.marks[0];
  own.marks[0] = mark;
  return false;
}

bool count(TcpSideMore& more, BlockPool& pool, std::uint16_t classes) {
  if (classes == 0) return true;
  if (more.class_block == kNoSlot) more.class_block = pool.take();
  if (more.class_block == kNoSlot) return false;
  Block& counters = pool.at(more.class_block);
  for (std::uint32_t left = classes; left != 0; left &= left - 1) ++counters.words[std::countr_zero(left)];
  return true;
}

void set_handshaking(TcpTrack& track, bool on) {
  for (TcpSide& side : track.sides) {
    side.bits = static_cast<std::uint8_t>(on ? side.bits | kHandshaking : side.bits & ~kHandshaking);
  }
}

// Only for a SYN, and for what comes while the handshake is under way.
void follow_handshake(TcpTrack& track, unsigned side, const Packet& packet, TimeNs time_ns) {
  if (track.irtt_ns != 0) return;
  if (is_syn(packet)) {
    track.syn_twice = track.syn_ns != 0;
    track.syn_ns = time_ns;
    track.syn_side = static_cast<std::uint8_t>(side);
    set_handshaking(track, time_ns != 0);
  } else if (has(packet, kSyn)) {
    track.synack_twice = track.synack_ns != 0;
    if (track.synack_ns == 0) track.synack_ns = time_ns;
  } else if (has(packet, kAck)) {
    track.irtt_ns = time_ns - track.syn_ns;
    track.handshake_whole = track.synack_ns != 0 && side == track.syn_side;
    if (track.irtt_ns != 0) set_handshaking(track, false);
  }
}

void add_pooled(PooledRtt& pooled, TimeNs sample_ns) {
  if (pooled.samples == 0 || sample_ns < pooled.min_ns) pooled.min_ns = sample_ns;
  if (pooled.samples == 0 || sample_ns > pooled.max_ns) pooled.max_ns = sample_ns;
  pooled.sum_ns += static_cast<double>(sample_ns);
  ++pooled.samples;
}

void set_awaits_ack(TcpSide& side, const SeenBytes& seen) {
  const bool awaits = seen.holes != 0 || seen.open_below;
  side.bits = static_cast<std::uint8_t>(awaits ? side.bits | kAwaitsAck : side.bits & ~kAwaitsAck);
}

// What the acknowledgement says of the segments of the peer, who is `other`.
void take_ack(TcpTrack& track, BlockPool& pool, unsigned other, const Packet& packet, TimeNs time_ns) {
  TcpSide& peer = track.sides[other];
  if (peer.unacked.segments != 0) {
    const Acknowledged acked = Segments(peer.unacked, track.near[other], pool).pop(packet.ack);
    // Wireshark shows no time of 0.
    if (acked.exact && time_ns != acked.exact_time_ns) add_pooled(track.pooled, time_ns - acked.exact_time_ns);
    if (acked.any && !acked.newest.repeated && has(packet, kAck)) {
      track.rtt[other].add(time_ns - acked.newest.time_ns);
    }
  }
  if ((peer.bits & kAwaitsAck) != 0 && has(packet, kAck)) {
    SeenBytes& seen = track.more[other].seen;
    acknowledge(seen, pool, packet.ack);
    set_awaits_ack(peer, seen);
  }
}

// Which of the bytes are new. Returns whether some are not.
bool take_bytes(TcpSide& own, TcpSideMore& more, BlockPool& pool, const Packet& packet, bool duplicate,
                std::uint16_t classes) {
  const NewBytes bytes = see(more.seen, pool, packet.seq + (has(packet, kSyn) ? 1 : 0), packet.payload_bytes);
  set_awaits_ack(own, more.seen);
  more.repeated_bytes += bytes.repeated;
  if (duplicate) return false;
  ++own.data_packets;
  if (bytes.fills) ++more.reordered_packets;
  // One byte again with new ones behind it was a probe of a closed window.
  const bool again = bytes.fresh == 0 ? (classes & kKeepAlive) == 0 : bytes.repeated > 1;
  if (again) ++more.repeated_packets;
  return bytes.repeated != 0;
}

// Follows the bytes of one segment, `expected` being what next_seq was before it. Returns whether it came before.
bool follow_bytes(TcpSide& own, TcpSideMore& more, BlockPool& pool, const Packet& packet, std::uint32_t expected,
                  bool duplicate, std::uint16_t classes) {
  const bool came_before = (classes & (kRetransmission | kOutOfOrder)) != 0;
  const bool in_step = (own.bits & kInStep) != 0;
  if (packet.payload_bytes == 0 && !has(packet, kSyn) && own.state.next_seq == expected) return came_before;
  if (in_step && packet.seq == expected && own.state.next_seq == expected + packet.payload_bytes) {
    ++own.data_packets;
    return false;
  }
  if (in_step) more.seen.highest = expected;
  if (has(packet, kSyn)) begin_stream(more.seen, packet.seq + 1);
  const bool repeated =
      packet.payload_bytes == 0 ? came_before : take_bytes(own, more, pool, packet, duplicate, classes);
  const bool now_in_step = more.seen.begun && more.seen.highest == own.state.next_seq;
  own.bits = static_cast<std::uint8_t>(now_in_step ? own.bits | kInStep : own.bits & ~kInStep);
  return repeated;
}

void take_timestamps(TcpTrack& track, unsigned side, const Packet& packet, TimeNs time_ns) {
  TcpSide& own = track.sides[side];
  TcpSide& peer = track.sides[side ^ 1];
  if (peer.ts_pending != 0 && has(packet, kAck)) {
    const std::uint32_t awaited = peer.newest_ts - (peer.ts_pending - 1U);
    if (packet.ts_echo == awaited) track.ts_rtt[side ^ 1].add(time_ns - track.pending_ts_ns[side ^ 1]);
    if (!seq_before(packet.ts_echo, awaited)) peer.ts_pending = 0;
  }
  const bool first = (own.bits & kHasTimestamps) == 0;
  if (!first && !seq_after(packet.ts_value, own.newest_ts)) return;
  const std::uint32_t step = first ? 0 : packet.ts_value - own.newest_ts;
  own.bits |= kHasTimestamps;
  own.newest_ts = packet.ts_value;
  if (own.ts_pending != 0) {
    // So long ago that its echo would say nothing.
    own.ts_pending = static_cast<std::uint16_t>(step > 0xffffU - own.ts_pending ? 0 : own.ts_pending + step);
    return;
  }
  // What asks for no answer may wait for its echo as long as the peer is silent.
  if (packet.payload_bytes == 0 && !has(packet, kSyn | kFin)) return;
  own.ts_pending = 1;
  track.pending_ts_ns[side] = time_ns;
}

TcpClasses classes_of(const TcpSideMore& more, const BlockPool& pool) {
  TcpClasses out;
  if (more.class_block == kNoSlot) return out;
  const Block& block = pool.at(more.class_block);
  const auto counted = [&](TcpClass which) { return block.words[std::countr_zero(std::uint32_t{which})]; };
  out.retransmissions = counted(kRetransmission);
  out.fast_retransmissions = counted(kFastRetransmission);
  out.spurious_retransmissions = counted(kSpuriousRetransmission);
  out.out_of_order = counted(kOutOfOrder);
  out.lost = counted(kLost);
  out.keep_alives = counted(kKeepAlive);
  out.keep_alive_acks = counted(kKeepAliveAck);
  out.duplicate_acks = counted(kDuplicateAck);
  out.zero_windows = counted(kZeroWindow);
  out.zero_window_probes = counted(kZeroWindowProbe);
  out.zero_window_probe_acks = counted(kZeroWindowProbeAck);
  out.window_updates = counted(kWindowUpdate);
  out.acked_unseen = counted(kAckedUnseen);
  return out;
}

void write_half(const TcpTrack& track, const BlockPool& pool, unsigned side, FlowHalf& half) {
  const TcpSideMore& more = track.more[side];
  half.classes = classes_of(more, pool);
  half.bytes.unique_bytes = half.payload_bytes - more.repeated_bytes;
  half.bytes.repeated_bytes = more.repeated_bytes;
  half.bytes.unseen_bytes = unseen_bytes(more.seen, pool);
  half.bytes.data_packets = track.sides[side].data_packets;
  half.bytes.repeated_packets = more.repeated_packets;
  half.bytes.reordered_packets = more.reordered_packets;
  half.bytes.duplicate_frames = more.duplicate_frames;
  half.bytes.exact = more.seen.exact;
  half.rtt = track.rtt[side].estimate();
  half.ts_rtt = track.ts_rtt[side].estimate();
}

}  // namespace

Measured measure(TcpTrack& track, BlockPool& pool, unsigned side, const Packet& packet, TimeNs time_ns) {
  TcpSide& own = track.sides[side];
  TcpSide& peer = track.sides[side ^ 1];
  TcpSideMore& more = track.more[side];
  const bool duplicate = is_duplicate_frame(own, packet, time_ns);
  if (duplicate) ++more.duplicate_frames;
  const std::uint32_t expected = own.state.next_seq;
  const Segment segment = {time_ns, packet.seq, packet.ack, packet.payload_bytes, packet.window, packet.tcp_flags};
  Measured out;
  out.classes = classify(segment, own.state, peer.state, track.irtt_ns);
  out.counted = count(more, pool, out.classes);
  if (has(packet, kSyn) || (own.bits & kHandshaking) != 0) follow_handshake(track, side, packet, time_ns);
  const bool repeated = follow_bytes(own, more, pool, packet, expected, duplicate, out.classes);
  if (packet.payload_bytes != 0 || has(packet, kSyn | kFin)) {
    const std::uint32_t end = packet.seq + packet.payload_bytes + (has(packet, kSyn | kFin) ? 1 : 0);
    const bool alone = (peer.state.last & kHasSegment) == 0;
    Segments(own.unacked, track.near[side], pool)
        .push(packet.seq, {end, repeated, time_ns}, alone ? kUnackedAloneMax : kUnackedMax);
  }
  take_ack(track, pool, side ^ 1, packet, time_ns);
  if (packet.has_timestamps) take_timestamps(track, side, packet, time_ns);
  return out;
}

void pass_over(TcpTrack& track, unsigned side) {
  track.more[side].seen.exact = false;
}

void reopen(TcpTrack& track, unsigned side) {
  TcpSide& own = track.sides[side];
  if ((own.bits & kInStep) != 0) track.more[side].seen.highest = own.state.next_seq;
  own.bits &= static_cast<std::uint8_t>(~kInStep);
  own.state.next_seq = own.state.joined_seq;
}

void write_row(const TcpTrack& track, const BlockPool& pool, unsigned out_side, FlowRow& row) {
  row.measured = true;
  row.rtt = track.pooled;
  write_half(track, pool, out_side, row.out);
  write_half(track, pool, out_side ^ 1, row.in);
  if (track.irtt_ns == 0) return;
  row.irtt_ns = track.irtt_ns;
  if (!track.handshake_whole) return;
  const TimeNs outward_ns = track.synack_ns - track.syn_ns;
  const TimeNs inward_ns = track.irtt_ns - outward_ns;
  if (!track.syn_twice && outward_ns >= 0) row.outward_ns = outward_ns;
  if (!track.synack_twice && inward_ns >= 0) row.inward_ns = inward_ns;
}

void release(TcpTrack& track, BlockPool& pool) {
  for (unsigned side = 0; side < 2; ++side) {
    Segments(track.sides[side].unacked, track.near[side], pool).clear();
    clear(track.more[side].seen, pool);
    if (track.more[side].class_block != kNoSlot) pool.give(track.more[side].class_block);
    track.more[side].class_block = kNoSlot;
  }
}

}  // namespace ipm::decode::flow
