// UDP: bytes of a process, told for the remotes that it talked to.
#include <algorithm>
#include <cstring>

#include "source/ebpf/sockets.h"

namespace ipm::source::ebpf {

using model::EventKind;
using model::OpenHow;
using model::ProcessKey;
using model::Quality;
using model::Rule;

void Sockets::on_peer(const ipm_record_peer& record) {
  peers_.note_use(record.key);
}

// Reads whom the socket talked to; the first of them is who its own flow is with.
void Sockets::meet(std::uint64_t cookie, Socket& socket, TimeNs now) {
  (void)peers_.read(cookie, now);
  if (const Peer* const first = peers_.first(cookie)) socket.tuple = first->tuple;
}

Bytes Sockets::tell_datagrams(std::uint64_t cookie, Socket& socket, ProcessKey process, Bytes bytes, TimeNs now) {
  const auto tell = [&](std::span<Peer* const> peers) {
    for (Peer* const peer : peers) {
      const Bytes part{std::min(bytes.tx, peer->credit.tx), std::min(bytes.rx, peer->credit.rx)};
      if (part.sum() + peer->packets_out + peer->packets_in == 0) continue;
      if (!tell_peer(cookie, socket, *peer, process, part, now)) return;
      bytes.tx -= part.tx;
      bytes.rx -= part.rx;
    }
  };
  tell(peers_.read(cookie, now));
  if (bytes.sum() != 0) tell(peers_.read(cookie, now, true));
  return bytes;
}

bool Sockets::tell_peer(std::uint64_t cookie, Socket& socket, Peer& peer, ProcessKey process, Bytes bytes, TimeNs now) {
  std::uint16_t flags = flags_of(socket);
  if (counting_ == Counting::kKernel) {
    process = socket.origin;
    bytes = peer.ip;
    if (socket.rule == Rule::kLastHolder) flags |= model::kEventInferred;
  }
  const std::uint64_t flow = Peers::flow_of(cookie, peer.number);
  if (peer.number != 0 && !peer.opened) {
    if (!open_conversation(flow, socket, peer.tuple, process, now)) return false;
    peer.opened = true;
  }
  model::SocketData event;
  event.tuple = peer.tuple;
  event.layer = layer_of(socket);
  event.measured = model::SocketData::kAll;
  event.tx_bytes = bytes.tx;
  event.rx_bytes = bytes.rx;
  event.tx_packets = static_cast<std::uint32_t>(std::min<std::uint64_t>(peer.packets_out, UINT32_MAX));
  event.rx_packets = static_cast<std::uint32_t>(std::min<std::uint64_t>(peer.packets_in, UINT32_MAX));
  if (!out_.write(model::make_event(now, EventKind::kSocketData, process, flow, event, flags))) return false;
  peer.packets_out -= event.tx_packets;
  peer.packets_in -= event.rx_packets;
  peer.ip = {};
  if (counting_ == Counting::kKernel) {
    peer.credit = {};
    if (!process.empty()) processes_.talked(process);
    return true;
  }
  peer.credit.tx -= bytes.tx;
  peer.credit.rx -= bytes.rx;
  return true;
}

bool Sockets::open_conversation(std::uint64_t flow, const Socket& socket, const model::FlowTuple& tuple,
                                ProcessKey process, TimeNs now) {
  model::SocketOpen payload;
  payload.tuple = tuple;
  payload.how = OpenHow::kBind;
  payload.quality = process.empty() ? Quality::kUnknown : Quality::kExact;
  const Rule rule = counting_ == Counting::kCalls ? Rule::kIo : socket.rule;
  payload.rule = process.empty() ? Rule::kNone : rule;
  payload.uid = socket.uid;
  return out_.write(model::make_event(now, EventKind::kSocketOpen, process, flow, payload, flags_of(socket)));
}

// What no packet was seen for: corked, thrown away on its way, or past the bound of peers.
bool Sockets::tell_others(std::uint64_t cookie, Socket& socket, ProcessKey process, Bytes bytes, TimeNs now) {
  const std::span<Peer* const> peers = peers_.all(cookie);
  if (peers.size() == 1) {
    Peer& only = *peers.front();
    only.credit.tx += bytes.tx;  // It can have been for nobody else.
    only.credit.rx += bytes.rx;
    return tell_peer(cookie, socket, only, process, bytes, now);
  }
  if (peers.empty()) return tell_data(cookie, socket, process, bytes.tx, bytes.rx, now, 0);
  const std::uint64_t flow = Peers::flow_of(cookie, Peers::kOthers);
  model::SocketData event;
  event.tuple = socket.tuple;
  event.tuple.remote = {};
  event.tuple.remote_port = 0;
  event.layer = model::ByteLayer::kApp;
  event.measured = model::SocketData::kBytes;
  event.tx_bytes = bytes.tx;
  event.rx_bytes = bytes.rx;
  if (!socket.others && !open_conversation(flow, socket, event.tuple, process, now)) return false;
  socket.others = true;
  return out_.write(model::make_event(now, EventKind::kSocketData, process, flow, event, flags_of(socket)));
}

// Packets that moved no byte of a process: not read yet, or thrown away.
bool Sockets::settle_packets(TimeNs now, std::uint64_t room_min) {
  for (const std::uint64_t cookie : peers_.sockets()) {
    if (out_.room() < room_min) return false;
    if (counting_ == Counting::kKernel) count_unseen(cookie, now);
    Socket* const socket = find(cookie);
    if (socket != nullptr && socket->announced) (void)tell_datagrams(cookie, *socket, {}, {}, now);
  }
  if (now - packets_swept_ns_ < kPacketsSweep) return true;
  packets_swept_ns_ = now;
  for (const ipm_peer_key& key : peers_.silent(now)) {
    if (find(key.cookie) == nullptr) {
      peers_.forget_all(key.cookie);
      continue;
    }
    if (out_.room() < room_min) return false;
    for (const Peer* const peer : peers_.all(key.cookie)) {
      if (std::memcmp(&peer->key, &key, sizeof key) == 0) close_conversation(*peer, model::CloseReason::kIdle, now);
    }
    peers_.forget(key);
  }
  return true;
}

void Sockets::close_conversation(const Peer& peer, model::CloseReason reason, TimeNs now) {
  if (!peer.opened) return;
  model::SocketClose close;
  close.tuple = peer.tuple;
  close.reason = reason;
  out_.write(model::make_event(now, EventKind::kSocketClose, {}, Peers::flow_of(peer.key.cookie, peer.number), close));
}

void Sockets::end_conversations(std::uint64_t cookie, Socket& socket, TimeNs now) {
  if (socket.announced) (void)tell_datagrams(cookie, socket, {}, {}, now);
  for (const Peer* const peer : peers_.all(cookie)) close_conversation(*peer, model::CloseReason::kOrderly, now);
  if (socket.others) {
    Peer others;
    others.key.cookie = cookie;
    others.number = Peers::kOthers;
    others.opened = true;
    others.tuple = socket.tuple;
    others.tuple.remote = {};
    others.tuple.remote_port = 0;
    close_conversation(others, model::CloseReason::kOrderly, now);
  }
  peers_.forget_all(cookie);
}

}  // namespace ipm::source::ebpf
