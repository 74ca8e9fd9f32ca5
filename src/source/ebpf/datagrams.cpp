// UDP: bytes of a process, told for the remotes that it talked to.
#include <algorithm>
#include <utility>

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

// A UDP socket is known by its first sums, which would be read with the tick; without the calls, by its packets, and
// its owner by who closes it.
Sockets::Introduced Sockets::introduce(std::uint64_t cookie, const model::FlowTuple& packet, TimeNs now,
                                       ProcessKey closer) {
  const bool by_packets = settings_.counting == Counting::kKernel;
  if (by_packets) count_unseen(cookie, now);
  Socket* const socket = find(cookie);
  if (socket == nullptr) return {.owner = {}, .flow = cookie};
  const Peer* const peer = peers_.find(peer_key_of(cookie, packet));
  const bool told = socket->announced && (peer == nullptr || peer->number == 0 || peer->opened);
  if (!told && by_packets) (void)tell_datagrams(cookie, *socket, {}, {}, now);
  for (Entry* entry = told ? nullptr : socket->entries; entry != nullptr; entry = entry->next_of_socket) {
    (void)flush(cookie, *socket, *entry, now, kAll, true);
  }
  if (by_packets && !socket->owned && !closer.empty()) {
    socket->last_holder = closer;
    tell_owner(cookie, *socket, now);
  }
  const bool apart = peer != nullptr && peer->opened;
  return {.owner = socket->origin, .flow = apart ? Peers::flow_of(cookie, peer->number) : cookie};
}

Sockets::Rest Sockets::tell_datagrams(std::uint64_t cookie, Socket& socket, ProcessKey process, Bytes bytes,
                                      TimeNs now) {
  bool short_of_room = false;
  const auto tell = [&](std::span<Peer* const> peers) {
    for (Peer* const peer : peers) {
      const Bytes part{std::min(bytes.tx, peer->credit.tx), std::min(bytes.rx, peer->credit.rx)};
      if (part.sum() + peer->packets_out + peer->packets_in == 0) continue;
      short_of_room = !has_room() || !tell_peer(cookie, socket, *peer, process, part, now);
      if (short_of_room) return;
      bytes.tx -= part.tx;
      bytes.rx -= part.rx;
    }
  };
  tell(peers_.read(cookie, now));
  if (bytes.sum() != 0 && !short_of_room) tell(peers_.read(cookie, now, true));
  return {.bytes = bytes, .short_of_room = short_of_room};
}

bool Sockets::tell_peer(std::uint64_t cookie, Socket& socket, Peer& peer, ProcessKey process, Bytes bytes, TimeNs now) {
  std::uint16_t flags = flags_of(socket);
  if (settings_.counting == Counting::kKernel) {
    process = socket.origin;
    bytes = peer.ip;
    if (socket.rule == Rule::kLastHolder) flags |= model::kEventInferred;
  }
  const std::uint64_t flow = Peers::flow_of(cookie, peer.number);
  if (peer.number != 0 && !peer.opened) {
    if (!open_conversation(flow, socket, peer.tuple, process, now)) return false;
    peer.opened = true;
    peer.unowned = settings_.counting == Counting::kKernel && process.empty();
  }
  tell_peer_owner(socket, peer, now);
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
  if (settings_.counting == Counting::kKernel) {
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
  const Rule rule = settings_.counting == Counting::kCalls ? Rule::kIo : socket.rule;
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
bool Sockets::settle_packets(TimeNs now) {
  for (const std::uint64_t cookie : peers_.sockets()) {
    if (out_.room() < settings_.room_min) return false;
    if (settings_.counting == Counting::kKernel) count_unseen(cookie, now);
    Socket* const socket = find(cookie);
    if (socket == nullptr || !socket->announced) continue;
    if (tell_datagrams(cookie, *socket, {}, {}, now).short_of_room) return false;
  }
  if (now - packets_swept_ns_ < kPacketsSweep) return true;
  packets_swept_ns_ = now;
  for (const ipm_peer_key& key : peers_.silent(now)) {
    Socket* const socket = find(key.cookie);
    if (socket == nullptr) {
      peers_.forget_all(key.cookie);
      continue;
    }
    if (out_.room() < settings_.room_min) return false;
    if (Peer* const peer = peers_.find(key)) close_conversation(*socket, *peer, model::CloseReason::kIdle, now);
    peers_.forget(key);
  }
  return true;
}

// Of a conversation that was told before it was known whose it is.
void Sockets::tell_peer_owner(const Socket& socket, Peer& peer, TimeNs now) {
  if (!peer.opened || !peer.unowned || socket.origin.empty()) return;
  const std::uint64_t flow = Peers::flow_of(peer.key.cookie, peer.number);
  peer.unowned = !write_owner(flow, peer.tuple, socket, now);
}

void Sockets::close_conversation(const Socket& socket, Peer& peer, model::CloseReason reason, TimeNs now) {
  if (!peer.opened) return;
  tell_peer_owner(socket, peer, now);
  peer.opened = false;
  model::SocketClose close;
  close.tuple = peer.tuple;
  close.reason = reason;
  out_.write(model::make_event(now, EventKind::kSocketClose, {}, Peers::flow_of(peer.key.cookie, peer.number), close));
}

bool Sockets::end_conversations(std::uint64_t cookie, Socket& socket, TimeNs now) {
  (void)peers_.read(cookie, now, true);  // What moved since this tick read them is in no later one.
  if (socket.announced && tell_datagrams(cookie, socket, {}, {}, now).short_of_room) return false;
  for (Peer* const peer : peers_.all(cookie)) {
    if (!has_room()) return false;
    close_conversation(socket, *peer, model::CloseReason::kOrderly, now);
  }
  if (std::exchange(socket.others, false)) {
    Peer others;
    others.key.cookie = cookie;
    others.number = Peers::kOthers;
    others.opened = true;
    others.tuple = socket.tuple;
    others.tuple.remote = {};
    others.tuple.remote_port = 0;
    close_conversation(socket, others, model::CloseReason::kOrderly, now);
  }
  peers_.forget_all(cookie);
  return has_room();
}

}  // namespace ipm::source::ebpf
