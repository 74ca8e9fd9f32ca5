#include "source/pcap/dissector.h"

namespace ipm::source::pcap {
namespace {

// The file's word first: it comes from the capturing program, the link layer's from the packet.
PacketDirection direction_of(const CapturedPacket& captured, const decode::Frame& frame) {
  if (captured.direction != PacketDirection::kUnknown) return captured.direction;
  switch (frame.direction) {
    case decode::LinkDirection::kIn:
      return PacketDirection::kIn;
    case decode::LinkDirection::kOut:
      return PacketDirection::kOut;
    case decode::LinkDirection::kUnknown:
      break;
  }
  return PacketDirection::kUnknown;
}

CapturedProcess process_of(const CapturedPacket& captured, const decode::Frame& frame) {
  if (captured.process != nullptr && !captured.process->hint_only) return captured.process->process;
  if (frame.has_process) return {.pid = frame.pid, .name = frame.process_name};
  return {};
}

}  // namespace

void Dissector::take(const CapturedPacket& captured, PacketListener& listener) {
  if (captured.time_ns != kNoTime) time_ns_ = captured.time_ns;
  const decode::Verdict verdict =
      decode::parse_frame(captured.link_type, captured.data, captured.original_bytes, frame_);
  PacketFacts facts{.time_ns = time_ns_,
                    .wire_bytes = captured.original_bytes,
                    .direction = direction_of(captured, frame_),
                    .tunnel = frame_.tunnel,
                    .process = process_of(captured, frame_)};
  if (frame_.has_icmp_error) listener.on_icmp_error(frame_.icmp_error, facts);
  if (verdict != decode::Verdict::kOk) {
    ++(verdict == decode::Verdict::kOther ? counters_.other : counters_.malformed);
    return;
  }
  if (!decode::FragmentTable::needed(frame_)) {
    return tell(frame_.inner, frame_.outer(), frame_.tunnelled, {}, facts, listener);
  }
  const decode::FragmentTable::Ready ready = fragments_.join(frame_, time_ns_, captured.original_bytes);
  tell(frame_.inner, frame_.outer(), frame_.tunnelled, ready, facts, listener);
  for (decode::JoinedFragment joined; fragments_.next_joined(joined);) {
    PacketFacts waited{.time_ns = joined.time_ns, .wire_bytes = joined.wire_bytes};
    if (joined.direction != decode::LinkDirection::kUnknown) {
      waited.direction = joined.direction == decode::LinkDirection::kIn ? PacketDirection::kIn : PacketDirection::kOut;
    }
    tell(joined.inner, joined.tunnelled ? joined.outer : joined.inner, joined.tunnelled,
         {.inner = joined.has_inner, .outer = joined.has_outer}, waited, listener);
  }
}

void Dissector::tell(const decode::Packet& inner, const decode::Packet& outer, bool tunnelled,
                     decode::FragmentTable::Ready ready, PacketFacts& facts, PacketListener& listener) {
  if (ready.inner) ++counters_.flow_packets;
  if (!tunnelled && ready.inner && ready.outer) {
    facts.view = View::kBoth;
    return listener.on_packet(inner, facts);
  }
  if (ready.inner) {
    facts.view = View::kInner;
    listener.on_packet(inner, facts);
  }
  if (ready.outer) {
    facts.view = View::kOuter;
    listener.on_packet(outer, facts);
  }
}

}  // namespace ipm::source::pcap
