#include "decode/flow/tcp_classes.h"

#include "decode/flow/sequence.h"
#include "decode/ip.h"

namespace ipm::decode::flow {
namespace {

constexpr TimeNs kFastRetransmissionNs = 20 * kMillisecond;
constexpr TimeNs kReorderingNs = 3 * kMillisecond;  // Where the handshake does not tell.
constexpr std::uint8_t kFastRetransmissionAcks = 2;

bool has(const Segment& segment, std::uint8_t flags) {
  return (segment.flags & flags) != 0;
}

std::uint32_t end_of(const Segment& segment) {
  return segment.seq + segment.payload_bytes + (has(segment, kSyn | kFin) ? 1 : 0);
}

// Whether an interval is below a limit, as unsigned numbers: where time goes backwards it is above any.
bool sooner(TimeNs interval_ns, TimeNs limit_ns) {
  return static_cast<std::uint64_t>(interval_ns) < static_cast<std::uint64_t>(limit_ns);
}

// Neither data nor a new acknowledgement: says something only by its window, or by being there.
bool repeats_last_ack(const Segment& segment, const SegmentState& own) {
  return segment.payload_bytes == 0 && segment.seq == own.next_seq && segment.ack == own.last_ack &&
         !has(segment, kSyn | kFin | kRst);
}

// Of what a segment may be whether or not it brings anything new.
std::uint16_t class_of_header(const Segment& segment, const SegmentState& own, const SegmentState& peer) {
  std::uint16_t classes = 0;
  if (segment.payload_bytes == 1 && segment.seq == own.next_seq && (peer.last & kHasSegment) != 0 &&
      peer.last_window == 0) {
    return kZeroWindowProbe;
  }
  if (segment.window == 0 && !has(segment, kSyn | kFin | kRst)) classes |= kZeroWindow;
  if (own.next_seq != 0 && seq_after(segment.seq, own.next_seq) && !has(segment, kRst)) classes |= kLost;
  if (segment.payload_bytes <= 1 && segment.seq == own.next_seq - 1 && !has(segment, kSyn | kFin | kRst)) {
    classes |= kKeepAlive;
  }
  if (!repeats_last_ack(segment, own)) return classes;
  const bool same_window = (own.last & kHasSegment) != 0 && segment.window == own.last_window;
  if (segment.window != 0 && !same_window) return classes | kWindowUpdate;
  if (!same_window) return classes;
  if (segment.window != 0) {
    return classes | ((peer.last & kProbeKeepAlive) != 0 ? kKeepAliveAck : kDuplicateAck);
  }
  return (peer.last & kProbeZeroWindow) != 0 ? classes | kZeroWindowProbeAck : classes;
}

// Of a segment with data, SYN or FIN, which may have been sent before.
std::uint16_t class_of_repeat(const Segment& segment, const SegmentState& own, const SegmentState& peer,
                              const TimeNs& handshake_ns) {
  const std::uint32_t end = end_of(segment);
  if (segment.payload_bytes > 0 && peer.last_ack != 0 &&
      !seq_after(segment.seq + segment.payload_bytes, peer.last_ack)) {
    return kRetransmission | kSpuriousRetransmission;
  }
  // More than one byte from one before the end: a probe's byte was sent again with what follows it.
  const bool after_probe = segment.payload_bytes > 1 && segment.seq == own.next_seq - 1;
  if (own.next_seq == 0 || !seq_before(segment.seq, own.next_seq) || after_probe) return 0;
  if ((peer.duplicate_acks >= kFastRetransmissionAcks || (peer.last & kOverAcked) != 0) &&
      peer.last_ack == segment.seq && sooner(segment.time_ns - peer.last_time_ns, kFastRetransmissionNs)) {
    return kRetransmission | kFastRetransmission;
  }
  const TimeNs reordering_ns = handshake_ns != 0 ? handshake_ns : kReorderingNs;
  if (sooner(segment.time_ns - own.next_time_ns, reordering_ns) && end != own.next_seq) return kOutOfOrder;
  return kRetransmission;
}

}  // namespace

std::uint16_t classify(const Segment& segment, SegmentState& own, SegmentState& peer, const TimeNs& handshake_ns) {
  std::uint16_t classes = class_of_header(segment, own, peer);
  std::uint8_t over_acked = own.last & kOverAcked;
  if ((classes & kDuplicateAck) != 0) {
    if (over_acked != 0) own.duplicate_acks = over_acked = 0;
    if (own.duplicate_acks != 0xff) ++own.duplicate_acks;
  }
  if (segment.ack != own.last_ack) own.duplicate_acks = over_acked = 0;
  if (peer.joined_seq != 0 && seq_after(segment.ack, peer.joined_seq) && has(segment, kAck)) {
    if (seq_after(peer.next_seq, peer.joined_seq)) {
      classes |= kAckedUnseen;
    } else {
      if (peer.duplicate_acks == 0 && (peer.last & kOverAcked) == 0) classes |= kAckedUnseen;
      peer.last |= kOverAcked;
    }
    peer.joined_seq = peer.next_seq;
  }
  if ((segment.payload_bytes > 0 || has(segment, kSyn | kFin)) && (classes & kKeepAlive) == 0) {
    classes |= class_of_repeat(segment, own, peer, handshake_ns);
  }
  const std::uint32_t end = end_of(segment);
  if ((classes & kZeroWindowProbe) == 0) {
    if (own.next_seq == 0 || seq_after(end, own.next_seq)) {
      own.next_seq = end;
      own.next_time_ns = segment.time_ns;
    }
    if (own.joined_seq == 0 || segment.seq == own.joined_seq) own.joined_seq = own.next_seq;
  }
  own.last_window = segment.window;
  own.last_ack = segment.ack;
  own.last_time_ns = segment.time_ns;
  own.last = static_cast<std::uint8_t>(kHasSegment | over_acked | ((classes & kKeepAlive) != 0 ? kProbeKeepAlive : 0) |
                                       ((classes & kZeroWindowProbe) != 0 ? kProbeZeroWindow : 0));
  return classes;
}

}  // namespace ipm::decode::flow
