#include "decode/flow/flow_record.h"

namespace ipm::decode::flow {
namespace {

bool is(const Packet& packet, std::uint8_t syn_and_ack) {
  return (packet.tcp_flags & (kSyn | kAck)) == syn_and_ack;
}
void set_first_seq(FlowRecord& record, unsigned side, std::uint32_t seq) {
  record.first_seq[side] = seq;
  record.set(side == 0 ? kFirstSeq0 : kFirstSeq1);
}

// The sender of the first SYN, else the receiver of the first SYN-ACK, else the sender of the first packet.
void set_initiator(FlowRecord& record, unsigned side) {
  record.unset(kInitiatorIsSide1);
  if (side == 1) record.set(kInitiatorIsSide1);
}

// The first thing that comes back for nothing but SYNs.
bool refuses(const FlowRecord& record, unsigned side) {
  return record.syn != 0 && record.synack == 0 && record.packets[side] == 1 && record.rst[side] == 1 &&
         record.packets[side ^ 1] == record.syn;
}

}  // namespace

int side_of(const FlowRecord& record, const Packet& packet) {
  if (record.protocol != packet.protocol) return -1;
  if (record.port[0] == packet.src_port && record.port[1] == packet.dst_port && record.address[0] == packet.src &&
      record.address[1] == packet.dst) {
    return 0;
  }
  if (record.port[1] == packet.src_port && record.port[0] == packet.dst_port && record.address[1] == packet.src &&
      record.address[0] == packet.dst) {
    return 1;
  }
  return -1;
}

void begin(FlowRecord& record, const Packet& packet, TimeNs time_ns) {
  record.address[0] = packet.src;
  record.address[1] = packet.dst;
  record.port[0] = packet.src_port;
  record.port[1] = packet.dst_port;
  record.protocol = packet.protocol;
  record.first_ns = record.last_ns = time_ns;
}

void follow_flags(FlowRecord& record, unsigned side, const Packet& packet) {
  const unsigned other = side ^ 1;
  if (!record.has_first_seq(side)) {
    set_first_seq(record, side, (packet.tcp_flags & kSyn) != 0 ? packet.seq : packet.seq - 1);
  } else if (is(packet, kSyn | kAck)) {
    set_first_seq(record, side, packet.seq);
  }
  if (!record.has_first_seq(other) && (packet.tcp_flags & kAck) != 0) set_first_seq(record, other, packet.ack - 1);

  if (is(packet, kSyn)) {
    ++record.syn;
    if (!record.has(kSynSeen)) set_initiator(record, side);
    record.set(kSynSeen);
  } else if (is(packet, kSyn | kAck)) {
    ++record.synack;
    if (!record.has(kSynSeen | kSynAckSeen)) set_initiator(record, other);
    record.set(kSynAckSeen);
  }
  if ((packet.tcp_flags & kFin) != 0) ++record.fin[side];
  if ((packet.tcp_flags & kRst) == 0) return;
  ++record.rst[side];
  if (record.closed() || record.has(kResetSeen)) return;
  record.set(kResetSeen);
  if (refuses(record, side)) record.set(kRefused);
}

FlowState state_of(const FlowRecord& record) {
  if (record.protocol != model::kProtocolTcp) return FlowState::kNone;
  if (record.has(kResetSeen)) return record.has(kRefused) ? FlowState::kRejected : FlowState::kReset;
  if (record.closed()) return FlowState::kClosed;
  if (record.fin[0] != 0 || record.fin[1] != 0) return FlowState::kHalfClosed;
  if (record.syn == 0 && record.synack == 0) return FlowState::kMidstream;
  return record.packets[0] + record.packets[1] == record.syn ? FlowState::kAttempt : FlowState::kEstablished;
}

void write_row(const FlowRecord& record, FlowRow& row) {
  const unsigned out = record.initiator();
  const unsigned in = out ^ 1;
  row.id = record.id;
  row.src = record.address[out];
  row.dst = record.address[in];
  row.src_port = record.port[out];
  row.dst_port = record.port[in];
  row.protocol = record.protocol;
  row.initiator_rule = record.has(kSynSeen)      ? InitiatorRule::kSyn
                       : record.has(kSynAckSeen) ? InitiatorRule::kSynAck
                                                 : InitiatorRule::kFirstPacket;
  row.state = state_of(record);
  row.first_ns = record.first_ns;
  row.last_ns = record.last_ns;
  for (const bool outward : {true, false}) {
    FlowHalf& half = outward ? row.out : row.in;
    const unsigned side = outward ? out : in;
    half.packets = record.packets[side];
    half.wire_bytes = record.wire_bytes[side];
    half.ip_bytes = record.ip_bytes[side];
    half.payload_bytes = record.payload_bytes[side];
    half.fin = record.fin[side];
    half.rst = record.rst[side];
  }
  row.syn = record.syn;
  row.synack = record.synack;
  row.fragments = record.fragments;
  row.icmp_errors = record.icmp_errors;
}

}  // namespace ipm::decode::flow
