// Events out: what is told of a socket.
#include <algorithm>
#include <cerrno>

#include "source/ebpf/sockets.h"

namespace ipm::source::ebpf {

using model::CloseReason;
using model::EventKind;
using model::OpenHow;
using model::ProcessKey;
using model::Quality;
using model::Rule;
using model::TcpState;

namespace {

// Counters of 32 bits wrap: a step back looks like a huge step forward.
bool stepped_back(std::uint32_t now, std::uint32_t before) {
  return now - before > 0x8000'0000U;
}
std::uint32_t growth(std::uint32_t now, std::uint32_t before) {
  return stepped_back(now, before) ? 0 : now - before;
}

std::uint32_t micros(TimeNs ns) {
  return static_cast<std::uint32_t>(std::clamp<TimeNs>(ns / kMicrosecond, 1, 0xffff'ffff));
}

bool ends_orderly(TcpState state) {
  return state == TcpState::kFinWait1 || state == TcpState::kFinWait2 || state == TcpState::kClosing ||
         state == TcpState::kLastAck || state == TcpState::kTimeWait;
}

}  // namespace

std::uint16_t Sockets::flags_of(const Socket& socket) const {
  return static_cast<std::uint16_t>(socket.uncertain ? model::kEventLost : 0);
}

void Sockets::announce(std::uint64_t cookie, Socket& socket, TimeNs time) {
  if (socket.announced) return;
  model::SocketOpen payload;
  payload.tuple = socket.tuple;
  payload.how = socket.how;
  payload.state = socket.state;
  payload.quality = socket.origin.empty() ? Quality::kUnknown : Quality::kExact;
  payload.rule = socket.rule;
  payload.inode = socket.inode;
  payload.uid = socket.uid;
  const auto flags =
      static_cast<std::uint16_t>(flags_of(socket) | (socket.existing ? unsigned{model::kEventFirstSight} : 0U));
  if (!out_.write(model::make_event(time, EventKind::kSocketOpen, socket.origin, cookie, payload, flags))) return;
  socket.announced = true;
}

void Sockets::tell_established(std::uint64_t cookie, Socket& socket) {
  model::SocketEstablished payload;
  payload.tuple = socket.tuple;
  // The other side's SYN came before its socket was there: only who connected can tell how long it took.
  if (socket.how == OpenHow::kConnect && socket.opened_ns != 0) {
    payload.handshake_us = micros(socket.established_ns - socket.opened_ns);
  }
  out_.write(model::make_event(socket.established_ns, EventKind::kSocketEstablished, socket.origin, cookie, payload,
                               flags_of(socket)));
}

void Sockets::note_counters(Socket& socket, const ipm_tcp& tcp) {
  if (tcp.measured == 0) return;
  socket.tx_most = std::max(socket.tx_most, payload_sent(tcp));
  socket.rx_most = std::max(socket.rx_most, payload_taken(tcp));
}

bool Sockets::tell_data(std::uint64_t cookie, Socket& socket, ProcessKey process, std::uint64_t tx, std::uint64_t rx,
                        TimeNs now, std::uint16_t flags) {
  model::SocketData event;
  event.tuple = socket.tuple;
  event.layer = layer_of(socket);
  event.measured = model::SocketData::kBytes;
  event.tx_bytes = tx;
  event.rx_bytes = rx;
  if (socket.told.measured != 0) {
    event.measured |= model::SocketData::kTxPackets | model::SocketData::kRxPackets;
    event.tx_packets = growth(socket.told.segs_out, socket.packets_out);
    event.rx_packets = growth(socket.told.segs_in, socket.packets_in);
  }
  flags |= flags_of(socket);
  if (!out_.write(model::make_event(now, EventKind::kSocketData, process, cookie, event, flags))) return false;
  socket.packets_out += event.tx_packets;
  socket.packets_in += event.rx_packets;
  socket.tx_told += tx;
  socket.rx_told += rx;
  return true;
}

void Sockets::tell_snapshot(std::uint64_t cookie, Socket& socket, const ipm_tcp& tcp, TimeNs now) {
  const ipm_tcp& before = socket.told;
  // What was read earlier may come later, and an abort sets everything to zero.
  if (tcp.measured == 0 || stepped_back(tcp.segs_in, before.segs_in) || stepped_back(tcp.segs_out, before.segs_out) ||
      stepped_back(tcp.total_retrans, before.total_retrans)) {
    return;
  }
  const std::uint32_t retransmits = growth(tcp.total_retrans, before.total_retrans);
  const std::uint32_t out_of_order = growth(tcp.rcv_ooopack, before.rcv_ooopack);
  const bool news = before.measured == 0 || retransmits != 0 || out_of_order != 0 || tcp.srtt_us != before.srtt_us ||
                    tcp.mdev_us != before.mdev_us || tcp.min_rtt_us != before.min_rtt_us;
  if (news) {
    model::TcpSnapshot event;
    event.tuple = socket.tuple;
    event.state = socket.closed ? TcpState::kNone : socket.state;
    event.measured = model::TcpSnapshot::kRetransmits | model::TcpSnapshot::kOutOfOrder;
    event.tx_retransmits = retransmits;
    event.rx_out_of_order = out_of_order;
    if (tcp.srtt_us != 0) {
      // Before the first sample the deviation is the initial timeout's, and means nothing.
      event.srtt_us = tcp.srtt_us;
      event.jitter_us = tcp.mdev_us;
      event.measured |= model::TcpSnapshot::kSrtt | model::TcpSnapshot::kJitter;
    }
    if (tcp.min_rtt_us != 0 && tcp.min_rtt_us != 0xffff'ffff) {
      event.min_rtt_us = tcp.min_rtt_us;
      event.measured |= model::TcpSnapshot::kMinRtt;
    }
    if (!out_.write(model::make_event(now, EventKind::kTcpSnapshot, {}, cookie, event, flags_of(socket)))) return;
  }
  socket.told = tcp;
}

// By the kernel's counters, beyond what was told.
Bytes Sockets::rest_of(const Socket& socket) {
  const auto beyond = [](std::uint64_t most, std::uint64_t before, std::uint64_t told) {
    return most > before + told ? most - before - told : 0;
  };
  return {beyond(socket.tx_most, socket.tx_before, socket.tx_told),
          beyond(socket.rx_most, socket.rx_before, socket.rx_told)};
}

model::ByteLayer Sockets::layer_of(const Socket& socket) const {
  if (settings_.counting == Counting::kCalls) return model::ByteLayer::kApp;
  return socket.tuple.protocol == model::kProtocolTcp ? model::ByteLayer::kTcp : model::ByteLayer::kIp;
}

// TCP payload beyond the sums: what no tracepoint saw, or all of it where none is there.
void Sockets::tell_rest(std::uint64_t cookie, Socket& socket, TimeNs now) {
  if (socket.tuple.protocol != model::kProtocolTcp || socket.how == OpenHow::kListen) return;
  if (socket.last.measured != 0) tell_snapshot(cookie, socket, socket.last, socket.closed_ns);
  const auto [tx, rx] = rest_of(socket);
  const bool packets = socket.told.segs_out != socket.packets_out || socket.told.segs_in != socket.packets_in;
  if (!socket.owned) tell_owner(cookie, socket, now);
  if (tx + rx != 0) {
    const bool counted = settings_.counting == Counting::kKernel && socket.rule != Rule::kLastHolder;
    (void)tell_data(cookie, socket, socket.origin, tx, rx, now, counted ? 0 : model::kEventInferred);
  } else if (settings_.counting == Counting::kKernel && socket.told.measured == 0) {
    return;  // Of MPTCP the kernel's counters are not read.
  } else if (packets || !socket.used) {
    (void)tell_data(cookie, socket, {}, 0, 0, now, 0);  // A measured zero is not "not measured".
  }
}

void Sockets::tell_owner(std::uint64_t cookie, Socket& socket, TimeNs now) {
  if (!socket.owned) {
    // Nobody was seen to accept or use it.
    socket.rule = Rule::kLastHolder;
    socket.origin = socket.last_holder;
    const auto listener = listeners_.find(listener_key(socket.tuple));
    if (socket.origin.empty() && listener != listeners_.end()) {
      if (const Socket* const from = find(listener->second)) {
        socket.rule = Rule::kListener;
        socket.origin = from->origin;
      }
    }
    if (socket.origin.empty()) return;
    socket.owned = true;
  }
  (void)write_owner(cookie, socket.tuple, socket, now);
  for (Peer* const peer : peers_.all(cookie)) {
    if (!has_room()) return;  // The others with what they say next, or with their end.
    tell_peer_owner(socket, *peer, now);
  }
}

bool Sockets::write_owner(std::uint64_t flow, const model::FlowTuple& tuple, const Socket& socket, TimeNs now) {
  const bool inferred = socket.rule == Rule::kLastHolder || socket.rule == Rule::kListener;
  model::SocketOwner payload;
  payload.tuple = tuple;
  payload.quality = inferred ? Quality::kInferred : Quality::kExact;
  payload.rule = socket.rule;
  payload.holders = 1;
  payload.owners[0] = socket.origin.ref();
  return out_.write(model::make_event(now, EventKind::kSocketOwner, {}, flow, payload, flags_of(socket)));
}

void Sockets::tell_failure(std::uint64_t cookie, const Socket& socket, TimeNs now) {
  model::SocketFailure failure;
  failure.tuple = socket.tuple;
  failure.error = socket.error;
  out_.write(model::make_event(now, EventKind::kFailure, socket.origin, cookie, failure, flags_of(socket)));
}

void Sockets::tell_close(std::uint64_t cookie, Socket& socket, TimeNs now) {
  if (socket.close_told) return;
  const TimeNs time = socket.closed_ns != 0 ? socket.closed_ns : now;
  model::SocketClose close;
  close.tuple = socket.tuple;
  if (socket.opened_ns != 0 && !socket.existing) close.duration_ns = std::max<TimeNs>(0, time - socket.opened_ns);
  const std::uint16_t flags = flags_of(socket);
  const bool tcp = socket.tuple.protocol == model::kProtocolTcp && socket.how != OpenHow::kListen;
  if (!tcp) {
    if (socket.closed) close.reason = CloseReason::kOrderly;
  } else if (socket.how == OpenHow::kConnect && !socket.was_established) {
    // Of an MPTCP connection the state is set before the error.
    if (socket.error != 0 || (socket.last.measured == 0 && socket.closed)) {
      tell_failure(cookie, socket, time);
      if (socket.error == ECONNREFUSED) close.reason = CloseReason::kRefused;
      if (socket.error == ETIMEDOUT) close.reason = CloseReason::kTimeout;
      if (socket.error == EHOSTUNREACH || socket.error == ENETUNREACH) close.reason = CloseReason::kUnreachable;
    }
  } else if (socket.reset_received || socket.reset_sent) {
    model::SocketReset reset;
    reset.tuple = socket.tuple;
    reset.sent_here = socket.reset_received ? 0 : 1;
    close.reason = socket.reset_received ? CloseReason::kResetByPeer : CloseReason::kResetHere;
    out_.write(model::make_event(time, EventKind::kReset, socket.origin, cookie, reset, flags));
  } else if (socket.error == ETIMEDOUT) {
    close.reason = CloseReason::kTimeout;
  } else if (ends_orderly(socket.state_before)) {
    close.reason = CloseReason::kOrderly;
  }
  socket.close_told = out_.write(model::make_event(time, EventKind::kSocketClose, socket.origin, cookie, close, flags));
}

}  // namespace ipm::source::ebpf
