#include "source/sock_diag/socket_events.h"

#include <algorithm>

namespace ipm::source::sock_diag {

using model::Direction;
using model::EventKind;
using model::OpenHow;
using model::TcpState;

namespace {

bool is_tcp(const SocketRecord& record) {
  return record.tuple.protocol == model::kProtocolTcp;
}

// Counters only grow; a smaller value is a moment in the middle of a retransmission, and is caught up with later.
std::uint64_t growth(std::uint64_t now, std::uint64_t before) {
  return now > before ? now - before : 0;
}
// Segment counters are 32 bits wide and wrap; a step back looks like a huge step forward.
std::uint32_t growth_wrapping(std::uint32_t now, std::uint32_t before) {
  const std::uint32_t step = now - before;
  return step > 0x8000'0000U ? 0 : step;
}

struct Opening {
  Direction direction = Direction::kUnknown;
  OpenHow how = OpenHow::kExisting;
};

Opening opening_of(const SocketRecord& record, bool listener_known) {
  Opening out;
  const bool has_remote = record.tuple.remote_port != 0;
  if (is_tcp(record) && record.state == TcpState::kListen) {
    out = {Direction::kListen, OpenHow::kListen};
  } else if (!is_tcp(record)) {
    // A UDP socket does not say who spoke first, unless it is connected.
    out = has_remote ? Opening{Direction::kOut, OpenHow::kConnect} : Opening{Direction::kUnknown, OpenHow::kBind};
  } else if (listener_known && record.state != TcpState::kSynSent) {
    out = {Direction::kIn, OpenHow::kAccept};
  } else {
    out = {Direction::kOut, OpenHow::kConnect};
  }
  if (record.existing) out.how = OpenHow::kExisting;
  return out;
}

}  // namespace

void SocketEvents::open_event(std::uint64_t cookie, SocketRecord& record, bool listener_known, TimeNs now,
                              std::uint16_t flags) {
  const Opening opening = opening_of(record, listener_known);
  record.tuple.direction = opening.direction;
  model::SocketOpen payload;
  payload.tuple = record.tuple;
  payload.how = opening.how;
  payload.state = record.state;
  payload.quality = record.ownership.owner.empty() ? model::Quality::kUnknown : record.ownership.quality;
  payload.rule = record.ownership.rule;
  payload.inode = record.inode;
  payload.uid = record.uid;
  out_.write(model::make_event(now, EventKind::kSocketOpen, record.ownership.owner, cookie, payload, flags));
}

void SocketEvents::open(std::uint64_t cookie, SocketRecord& record, bool listener_known, TimeNs now,
                        std::uint16_t flags) {
  const std::uint16_t first = record.existing ? model::kEventFirstSight : 0;
  open_event(cookie, record, listener_known, now, flags | first);
  record.announced = true;
  if (!record.has_tcp || record.state == TcpState::kListen) return;
  if (record.existing) data(cookie, record, record.first, record.tcp.has_bytes_sent, true, now, flags | first);
  const Payload payload = payload_of(record.tcp, fin_received_in(record.state));
  data(cookie, record, payload, record.tcp.has_bytes_sent, !record.existing, now, flags);
  snapshot(cookie, record, record.tcp, record.state, now, flags | first);
}

void SocketEvents::update(std::uint64_t cookie, SocketRecord& record, const os::TcpCounters& tcp, bool fin_received,
                          TcpState state, TimeNs now, std::uint16_t flags) {
  // Its SYN was acknowledged, if it ended before a dump saw it established.
  const bool answered = state != TcpState::kClose || tcp.bytes_acked > 0;
  if (record.state == TcpState::kSynSent && state != TcpState::kSynSent && answered) {
    model::SocketEstablished payload;
    payload.tuple = record.tuple;
    out_.write(model::make_event(now, EventKind::kSocketEstablished, record.ownership.owner, cookie, payload, flags));
  }
  data(cookie, record, payload_of(tcp, fin_received), tcp.has_bytes_sent, false, now, flags);
  snapshot(cookie, record, tcp, state, now, flags);
}

void SocketEvents::data(std::uint64_t cookie, SocketRecord& record, const Payload& payload, bool sent_known,
                        bool even_if_zero, TimeNs now, std::uint16_t flags) {
  model::SocketData event;
  event.tuple = record.tuple;
  event.layer = model::ByteLayer::kTcp;
  event.measured = model::SocketData::kRxBytes | model::SocketData::kTxPackets | model::SocketData::kRxPackets;
  if (sent_known) event.measured |= model::SocketData::kTxBytes;
  event.tx_bytes = sent_known ? growth(payload.tx_bytes, record.reported.tx_bytes) : 0;
  event.rx_bytes = growth(payload.rx_bytes, record.reported.rx_bytes);
  event.tx_packets = growth_wrapping(payload.tx_packets, record.reported.tx_packets);
  event.rx_packets = growth_wrapping(payload.rx_packets, record.reported.rx_packets);
  const bool news = event.tx_bytes + event.rx_bytes + event.tx_packets + event.rx_packets > 0;
  if (!news && !even_if_zero) return;
  if (event.tx_bytes + event.rx_bytes > 0) processes_.talked(record.ownership.owner);
  // What found no room is told with the next look.
  if (!out_.write(model::make_event(now, EventKind::kSocketData, record.ownership.owner, cookie, event, flags))) return;
  record.reported.tx_bytes += event.tx_bytes;
  record.reported.rx_bytes += event.rx_bytes;
  record.reported.tx_packets += event.tx_packets;
  record.reported.rx_packets += event.rx_packets;
}

void SocketEvents::snapshot(std::uint64_t cookie, SocketRecord& record, const os::TcpCounters& tcp, TcpState state,
                            TimeNs now, std::uint16_t flags) {
  const os::TcpCounters& before = record.snapshot;
  if (state == record.snapshot_state && tcp.rtt_us == before.rtt_us && tcp.rttvar_us == before.rttvar_us &&
      tcp.min_rtt_us == before.min_rtt_us && tcp.total_retrans == before.total_retrans &&
      tcp.rcv_ooopack == before.rcv_ooopack) {
    return;
  }
  model::TcpSnapshot event;
  event.tuple = record.tuple;
  event.state = state;
  event.measured = model::TcpSnapshot::kRetransmits | model::TcpSnapshot::kOutOfOrder;
  event.tx_retransmits = growth_wrapping(tcp.total_retrans, before.total_retrans);
  event.rx_out_of_order = growth_wrapping(tcp.rcv_ooopack, before.rcv_ooopack);
  if (tcp.rtt_us != 0) {
    // Before the first sample the deviation is the initial timeout's, and means nothing.
    event.srtt_us = tcp.rtt_us;
    event.jitter_us = tcp.rttvar_us;
    event.measured |= model::TcpSnapshot::kSrtt | model::TcpSnapshot::kJitter;
  }
  if (tcp.min_rtt_us != 0 && tcp.min_rtt_us != 0xffff'ffff) {
    event.min_rtt_us = tcp.min_rtt_us;
    event.measured |= model::TcpSnapshot::kMinRtt;
  }
  record.snapshot = tcp;
  record.snapshot_state = state;
  out_.write(model::make_event(now, EventKind::kTcpSnapshot, record.ownership.owner, cookie, event, flags));
}

void SocketEvents::close(std::uint64_t cookie, const SocketRecord& record, model::CloseReason reason, TimeNs now,
                         std::uint16_t flags) {
  model::SocketClose payload;
  payload.tuple = record.tuple;
  payload.reason = reason;
  if (record.opened_ns != 0) payload.duration_ns = now - record.opened_ns;
  out_.write(model::make_event(now, EventKind::kSocketClose, record.ownership.owner, cookie, payload, flags));
}

void SocketEvents::owner(std::uint64_t cookie, const SocketRecord& record, const model::ProcessKey* owners,
                         std::size_t count, TimeNs now) {
  model::SocketOwner payload;
  payload.tuple = record.tuple;
  payload.quality = record.ownership.quality;
  payload.rule = record.ownership.rule;
  payload.holders = record.ownership.holders;
  for (std::size_t i = 0; i < std::min<std::size_t>(count, model::kOwnersMax); ++i) payload.owners[i] = owners[i].ref();
  out_.write(model::make_event(now, EventKind::kSocketOwner, {}, cookie, payload));
}

void SocketEvents::between_dumps(std::uint64_t cookie, SocketRecord& record, bool listener_known,
                                 const os::TcpCounters* tcp, bool fin_received, model::CloseReason reason, TimeNs now,
                                 std::uint16_t flags) {
  record.ownership.rule = model::Rule::kBetweenDumps;
  record.opened_ns = 0;  // Not known.
  open_event(cookie, record, listener_known, now, flags);
  if (tcp != nullptr) {
    data(cookie, record, payload_of(*tcp, fin_received), tcp->has_bytes_sent, true, now, flags);
    snapshot(cookie, record, *tcp, TcpState::kClose, now, flags);
  }
  close(cookie, record, reason, now, flags);
}

}  // namespace ipm::source::sock_diag
