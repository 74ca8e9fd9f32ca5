// Records in: what happened to which socket.
#include "source/ebpf/sockets.h"

#include <algorithm>
#include <utility>

#include "source/host/transfer.h"

namespace ipm::source::ebpf {

using model::OpenHow;
using model::ProcessKey;
using model::Rule;
using model::TcpState;

namespace {

constexpr std::uint16_t kPacket = 17;  // AF_PACKET

TcpState state_of(std::uint8_t state) {
  return state <= static_cast<std::uint8_t>(TcpState::kNewSynRecv) ? TcpState{state} : TcpState::kNone;
}

}  // namespace

Sockets::Sockets(Traffic& traffic, host::EventOut& out, host::Processes& processes, std::size_t sockets_max,
                 Counting counting)
    : traffic_(traffic),
      out_(out),
      processes_(processes),
      sockets_max_(sockets_max),
      counting_(counting),
      peers_(traffic, sockets_max) {}

Sockets::Socket* Sockets::find(std::uint64_t cookie) {
  const auto found = sockets_.find(cookie);
  return found == sockets_.end() ? nullptr : &found->second;
}

Sockets::Known Sockets::known(std::uint64_t cookie) const {
  const auto found = sockets_.find(cookie);
  if (found == sockets_.end()) return {};
  return {.tuple = found->second.tuple, .owner = found->second.origin};
}

Sockets::Socket* Sockets::ensure(std::uint64_t cookie) {
  if (Socket* const known = find(cookie)) return known;
  if (sockets_.size() >= sockets_max_) {
    ++refused_;
    return nullptr;
  }
  return &sockets_[cookie];
}

Sockets::Entry& Sockets::entry_of(Socket& socket, const ipm_io_key& key) {
  for (Entry& entry : socket.entries) {
    if (entry.key.pid == key.pid && entry.key.image == key.image) return entry;
  }
  socket.entries.emplace_back();
  socket.entries.back().key = key;
  return socket.entries.back();
}

void Sockets::take(std::span<const std::byte> record) {
  const auto head = head_of(record);
  if (!head) return out_.malformed();
  const auto hand = [&]<class T>(void (Sockets::*to)(const T&)) {
    const std::optional<T> as = record_as<T>(record.first(head->bytes));
    as ? (this->*to)(*as) : out_.malformed();
  };
  switch (head->type) {
    case IPM_RECORD_IO:
      hand(&Sockets::on_io);
      break;
    case IPM_RECORD_PEER:
      hand(&Sockets::on_peer);
      break;
    case IPM_RECORD_SOCKET:
      hand(&Sockets::on_socket);
      break;
    case IPM_RECORD_PROCESS:
      hand(&Sockets::on_process);
      break;
    case IPM_RECORD_EXIT:
      hand(&Sockets::on_exit);
      break;
    case IPM_RECORD_OWNER:
      hand(&Sockets::on_accept);
      break;
    case IPM_RECORD_RELEASE:
      hand(&Sockets::on_release);
      break;
    default:
      out_.malformed();
  }
}

void Sockets::on_io(const ipm_record_io& record) {
  note_use(record.key);
}

void Sockets::note_every_use() {
  (void)traffic_.each([&](const ipm_io_key& key, const ipm_io&) {
    if (!host::is_transfer(key.cookie)) note_use(key);
    return true;
  });
  (void)traffic_.each([&](const ipm_peer_key& key, const ipm_peer&) {
    if (!host::is_transfer(key.cookie)) peers_.note_use(key);
    return true;
  });
}

void Sockets::note_use(const ipm_io_key& key) {
  Socket* const socket = ensure(key.cookie);
  if (socket == nullptr) return;
  Entry& entry = entry_of(*socket, key);
  if (std::exchange(entry.queued, true)) return;
  queue_[key.pid].push_back(key);
}

// --- processes ---

void Sockets::on_process(const ipm_record_process& record) {
  const host::ToldProcess process = process_of(record);
  const auto time = time_of(record.head.time_ns);
  if (process.exec) flush_process(record.actor.pid, time);
  processes_.tell(process, time);
}

void Sockets::on_exit(const ipm_record_exit& record) {
  const auto time = time_of(record.head.time_ns);
  flush_process(record.actor.pid, time);
  processes_.exit(record.actor.pid, record.exit_code, time);
}

void Sockets::flush_process(std::uint32_t pid, TimeNs now) {
  const Queue::node_type nodes[] = {queue_.extract(pid), next_queue_.extract(pid)};
  for (const Queue::node_type& node : nodes) {
    if (node.empty()) continue;
    for (const ipm_io_key& key : node.mapped()) {
      if (Socket* const socket = find(key.cookie)) flush(key.cookie, *socket, entry_of(*socket, key), now);
    }
  }
}

// --- connections ---

void Sockets::on_socket(const ipm_record_socket& record) {
  const auto time = time_of(record.head.time_ns);
  switch (record.what) {
    case IPM_SOCKET_CONNECT:
      return on_connect(record, time);
    case IPM_SOCKET_LISTEN:
      return on_listen(record);
    case IPM_SOCKET_ESTABLISHED:
      return on_established(record, time);
    case IPM_SOCKET_CLOSED:
      return on_closed(record, time);
    case IPM_SOCKET_DESTROYED:
      return on_destroyed(record, time);
    case IPM_SOCKET_NO_WAY:
      return on_no_way(record, time);
    case IPM_SOCKET_RESET_SENT:
      if (Socket* const socket = find(record.cookie)) socket->reset_sent = true;
      return;
    case IPM_SOCKET_SNAPSHOT:
      if (Socket* const socket = find(record.cookie); socket != nullptr && socket->announced) {
        note_counters(*socket, record.tcp);
        tell_snapshot(record.cookie, *socket, record.tcp, time);
      }
      return;
    default:
      out_.malformed();
  }
}

// A socket may connect or listen again: what it was before is over. The sums go on; the kernel's counters begin anew.
Sockets::Socket* Sockets::begin(std::uint64_t cookie, TimeNs now) {
  Socket* const socket = ensure(cookie);
  if (socket == nullptr) return nullptr;
  for (Entry& entry : socket->entries) {
    if (ipm_io value; traffic_.read(entry.key, value)) entry.counters_void_in = value.epoch;
  }
  if (socket->announced || socket->how != OpenHow::kExisting) end_before(cookie, *socket, now);
  std::vector<Entry> entries = std::move(socket->entries);
  *socket = Socket{};
  socket->entries = std::move(entries);
  return socket;
}

// Of the sums it has what the kernel's counters had at its close; what is beyond may be the next one's already.
void Sockets::end_before(std::uint64_t cookie, Socket& socket, TimeNs now) {
  announce(cookie, socket, socket.opened_ns);
  if (socket.was_established) {
    for (std::size_t i = 0; i < socket.entries.size(); ++i) {
      flush(cookie, socket, socket.entries[i], now, rest_of(socket));
    }
    tell_rest(cookie, socket, now);
  }
  tell_close(cookie, socket, now);
  forget_listener(cookie, socket);
}

// Before it is known where from: the port is chosen after this. It is told when that is known, or with the tick.
void Sockets::on_connect(const ipm_record_socket& record, TimeNs time) {
  Socket* const socket = begin(record.cookie, time);
  if (socket == nullptr) return;
  socket->how = OpenHow::kConnect;
  socket->tuple = tuple_of(record.tuple);
  socket->tuple.direction = model::Direction::kOut;
  socket->state = TcpState::kSynSent;
  socket->opened_ns = time_of(record.opened_ns);
  socket->origin = key_of(record.actor);
  socket->rule = Rule::kConnect;
  socket->owned = true;
  socket->uid = record.uid;
  opening_.push_back(record.cookie);
}

// The socket stays as it was: it may try again.
void Sockets::on_no_way(const ipm_record_socket& record, TimeNs time) {
  Socket socket;
  socket.how = OpenHow::kConnect;
  socket.tuple = tuple_of(record.tuple);
  socket.tuple.direction = model::Direction::kOut;
  socket.state = TcpState::kSynSent;
  socket.opened_ns = socket.closed_ns = time;
  socket.origin = key_of(record.actor);
  socket.rule = Rule::kConnect;
  socket.uid = record.uid;
  socket.error = record.error;
  socket.closed = true;
  announce(record.cookie, socket, time);
  tell_close(record.cookie, socket, time);
}

void Sockets::on_listen(const ipm_record_socket& record) {
  Socket* const socket = begin(record.cookie, time_of(record.head.time_ns));
  if (socket == nullptr) return;
  socket->how = OpenHow::kListen;
  socket->tuple = tuple_of(record.tuple);
  socket->tuple.direction = model::Direction::kListen;
  socket->state = TcpState::kListen;
  socket->opened_ns = time_of(record.opened_ns);
  socket->origin = key_of(record.actor);
  socket->rule = Rule::kTold;
  socket->owned = true;
  socket->uid = record.uid;
  listeners_[listener_key(socket->tuple)] = record.cookie;
  announce(record.cookie, *socket, socket->opened_ns);
}

void Sockets::on_established(const ipm_record_socket& record, TimeNs time) {
  Socket* const socket = ensure(record.cookie);
  if (socket == nullptr) return;
  const model::Direction before = socket->tuple.direction;
  socket->tuple = tuple_of(record.tuple);
  socket->tuple.direction = before;
  socket->was_established = true;
  socket->established_ns = time;
  if ((record.flags & IPM_FLAG_PASSIVE) != 0) {
    socket->how = OpenHow::kAccept;
    socket->tuple.direction = model::Direction::kIn;
    socket->opened_ns = record.opened_ns != 0 ? time_of(record.opened_ns) : time;
    socket->uid = record.uid;
  } else if (socket->origin.empty()) {
    socket->how = OpenHow::kConnect;  // The record of its beginning was lost.
    socket->tuple.direction = model::Direction::kOut;
    socket->opened_ns = record.opened_ns != 0 ? time_of(record.opened_ns) : time;
    socket->origin = key_of(record.actor);
    socket->rule = Rule::kConnect;
    socket->owned = !socket->origin.empty();
  }
  announce(record.cookie, *socket, socket->opened_ns);
  socket->state = TcpState::kEstablished;
  tell_established(record.cookie, *socket);
}

void Sockets::on_closed(const ipm_record_socket& record, TimeNs time) {
  Socket* const socket = find(record.cookie);
  if (socket == nullptr) return out_.filtered();  // It never was a connection, or it was there before and nobody's.
  if (socket->closed) return;
  if (socket->tuple.local_port == 0 && record.tuple.local_port != 0) {
    const model::Direction direction = socket->tuple.direction;
    socket->tuple = tuple_of(record.tuple);
    socket->tuple.direction = direction;
  }
  socket->closed = true;
  socket->closed_ns = time;
  socket->state_before = state_of(record.state_before);
  socket->error = record.error;
  socket->reset_received = (record.flags & IPM_FLAG_RESET_RECEIVED) != 0;
  // Also if the record of that was lost.
  socket->was_established = socket->was_established || (record.flags & IPM_FLAG_ESTABLISHED) != 0;
  socket->last = record.tcp;
  note_counters(*socket, record.tcp);
  forget_listener(record.cookie, *socket);
  closing_.push_back(record.cookie);
}

void Sockets::on_destroyed(const ipm_record_socket& record, TimeNs time) {
  look_.erase(record.cookie);  // It was there when the look saw it, and is not when that is told.
  const auto found = sockets_.find(record.cookie);
  if (found == sockets_.end()) return out_.filtered();
  Socket& socket = found->second;
  note_counters(socket, record.tcp);
  if (!socket.closed) {
    socket.closed = true;
    socket.closed_ns = time;
    socket.last = record.tcp;
  }
  end(found, time);
}

void Sockets::on_accept(const ipm_record_owner& record) {
  Socket* const socket = ensure(record.cookie);
  if (socket == nullptr) return;
  socket->origin = key_of(record.actor);
  socket->rule = Rule::kAccept;
  socket->owned = true;
  if (socket->announced) tell_owner(record.cookie, *socket, time_of(record.head.time_ns));
}

void Sockets::on_release(const ipm_record_owner& record) {
  if (counting_ == Counting::kKernel && record.protocol == model::kProtocolUdp && !peers_.all(record.cookie).empty()) {
    count_unseen(record.cookie, time_of(record.head.time_ns));
  }
  const auto found = sockets_.find(record.cookie);
  if (found == sockets_.end()) {
    peers_.forget_all(record.cookie);  // Packets came, and nobody took them.
    return out_.filtered();
  }
  found->second.last_holder = key_of(record.actor);
  if (record.protocol == model::kProtocolTcp) return;  // Its connection may outlive it.
  look_.erase(record.cookie);
  found->second.closed = true;
  found->second.closed_ns = time_of(record.head.time_ns);
  end(found, found->second.closed_ns);
}

// --- sums ---

void Sockets::flush(std::uint64_t cookie, Socket& socket, Entry& entry, TimeNs now, Bytes most, bool settled) {
  ipm_io value;
  if (traffic_.read(entry.key, value)) {
    flush_value(cookie, socket, entry, value, now, most, settled);
  } else {
    entry.queued = false;
  }
}

void Sockets::flush_value(std::uint64_t cookie, Socket& socket, Entry& entry, const ipm_io& value, TimeNs now,
                          Bytes most, bool settled) {
  entry.queued = false;
  if (value.epoch == traffic_.epoch()) {
    entry.queued = true;
    next_queue_[entry.key.pid].push_back(entry.key);
  }
  const ProcessKey process = key_of(value.actor);
  if (value.tuple.family == kPacket) return flush_frames(socket, entry, value, process, now);
  if (!socket.announced || socket.how == OpenHow::kBind) {
    const model::Direction direction = socket.tuple.direction;
    if (socket.tuple.local_port == 0 || socket.how == OpenHow::kBind) socket.tuple = tuple_of(value.tuple);
    socket.tuple.direction = direction;
    if (value.tuple.type == kRawType) socket.tuple.local_port = socket.tuple.remote_port = 0;
    if (value.tuple.protocol == model::kProtocolUdp) meet(cookie, socket, now);
    if (!socket.announced && value.tuple.protocol != model::kProtocolTcp) {
      const bool connected = value.tuple.remote_port != 0;
      socket.how = connected ? OpenHow::kConnect : OpenHow::kBind;
      if (connected) socket.tuple.direction = model::Direction::kOut;
    }
    if (!socket.announced && value.tuple.protocol == model::kProtocolTcp) socket.state = state_of(value.tuple.state);
    if (socket.opened_ns == 0) socket.opened_ns = now;
  }
  if (!socket.owned || socket.origin.empty()) {
    socket.origin = process;
    socket.rule = Rule::kIo;
    socket.owned = true;
  }
  announce(cookie, socket, std::min(socket.opened_ns, now));
  if (value.tcp.measured != 0 && value.epoch != entry.counters_void_in) {
    note_counters(socket, value.tcp);
    tell_snapshot(cookie, socket, value.tcp, now);
  }
  const std::uint64_t tx = std::min(value.tx_bytes - entry.tx_bytes, most.tx);
  const std::uint64_t rx = std::min(value.rx_bytes - entry.rx_bytes, most.rx);
  if (entry.tx_bytes + tx != value.tx_bytes || entry.rx_bytes + rx != value.rx_bytes) note_use(entry.key);
  if (tx == 0 && rx == 0) return;
  Bytes left{tx, rx};
  if (value.tuple.protocol == model::kProtocolUdp) left = tell_datagrams(cookie, socket, process, left, now);
  const bool waits = settled && left.sum() != 0 && !peers_.all(cookie).empty() && !std::exchange(entry.waited, true);
  if (left.sum() != 0 && !waits && tell_others(cookie, socket, process, left, now)) left = {};
  entry.tx_bytes += tx - left.tx;
  entry.rx_bytes += rx - left.rx;
  if (waits && !std::exchange(entry.queued, true)) next_queue_[entry.key.pid].push_back(entry.key);
  if (left.sum() != 0) {
    entry.batch = 0;
    return note_use(entry.key);  // Told when there is room, if it does not wait.
  }
  entry.waited = false;
  // The record that names it may be among what was lost.
  if (records_lost_ && !processes_.known(process.pid())) (void)processes_.ensure(process.pid(), now);
  processes_.talked(process);
}

void Sockets::flush_frames(Socket& socket, Entry& entry, const ipm_io& value, ProcessKey process, TimeNs now) {
  socket.frames = true;
  if (value.tx_bytes == entry.tx_bytes) return;
  model::FrameData data;
  data.netns = value.tuple.netns;
  data.tx_bytes = value.tx_bytes - entry.tx_bytes;
  if (!out_.write(model::make_event(now, model::EventKind::kFrameData, process, 0, data))) return note_use(entry.key);
  entry.tx_bytes = value.tx_bytes;
}

void Sockets::flush_all(std::uint64_t cookie, Socket& socket, TimeNs now) {
  for (std::size_t i = 0; i < socket.entries.size(); ++i) flush(cookie, socket, socket.entries[i], now);
}

void Sockets::end(Map::iterator found, TimeNs now) {
  const std::uint64_t cookie = found->first;
  Socket& socket = found->second;
  flush_all(cookie, socket, now);
  const bool datagrams = socket.announced && socket.tuple.protocol == model::kProtocolUdp;
  if (counting_ == Counting::kKernel && datagrams && !socket.owned) tell_owner(cookie, socket, now);
  end_conversations(cookie, socket, now);
  if (socket.announced) {
    tell_rest(cookie, socket, now);
    tell_close(cookie, socket, now);
  } else if (socket.how != OpenHow::kExisting && !socket.frames) {
    announce(cookie, socket, socket.opened_ns != 0 ? socket.opened_ns : now);
    tell_close(cookie, socket, now);
  }
  for (const Entry& entry : socket.entries) traffic_.forget(entry.key);
  forget_listener(cookie, socket);
  sockets_.erase(found);
}

void Sockets::forget_listener(std::uint64_t cookie, const Socket& socket) {
  if (socket.how != OpenHow::kListen) return;
  // Several may listen at one port (SO_REUSEPORT, a handover): another's place stays.
  const auto found = listeners_.find(listener_key(socket.tuple));
  if (found != listeners_.end() && found->second == cookie) listeners_.erase(found);
}

// Where a good part of the sockets is in use, the maps as a whole: a few times cheaper than entry by entry.
void Sockets::read_at_once(TimeNs now, std::uint64_t room_min) {
  std::size_t queued = 0;
  for (const auto& [pid, keys] : queue_) queued += keys.size();
  ++batch_;
  if (queued < kBatchMin || queued * 3 < sockets_.size()) return;
  (void)traffic_.each([&](const ipm_peer_key& key, const ipm_peer& sums) {
    peers_.take(key, sums, now);
    return true;
  });
  (void)traffic_.each([&](const ipm_io_key& key, const ipm_io& value) {
    if (out_.room() < room_min) return false;
    Socket* const socket = find(key.cookie);
    if (socket == nullptr) return true;
    Entry& entry = entry_of(*socket, key);
    if (!entry.queued) return true;
    entry.batch = batch_;
    flush_value(key.cookie, *socket, entry, value, now, kAll, true);
    return true;
  });
}

bool Sockets::settle(TimeNs now, std::uint64_t room_min) {
  if (!settle_look(now, room_min)) return false;
  if (std::exchange(epoch_, traffic_.epoch()) != traffic_.epoch()) {
    for (auto& [pid, keys] : next_queue_) queue_[pid].insert(queue_[pid].end(), keys.begin(), keys.end());
    next_queue_.clear();
  }
  read_at_once(now, room_min);
  while (!queue_.empty()) {
    if (out_.room() < room_min) return false;
    auto& [pid, keys] = *queue_.begin();
    if (keys.empty()) {
      queue_.erase(queue_.begin());
      continue;
    }
    const ipm_io_key key = keys.back();
    keys.pop_back();
    if (Socket* const socket = find(key.cookie)) {
      Entry& entry = entry_of(*socket, key);
      if (std::exchange(entry.batch, 0) != batch_) flush(key.cookie, *socket, entry, now, kAll, true);
    }
    if (out_.room() < room_min) return false;
  }
  if (!settle_packets(now, room_min)) return false;
  for (; !opening_.empty(); opening_.pop_front()) {
    if (out_.room() < room_min) return false;
    if (Socket* const socket = find(opening_.front())) announce(opening_.front(), *socket, socket->opened_ns);
  }
  // What is closed and not gone is told as closed; a process may still read what had come.
  for (; !closing_.empty(); closing_.pop_front()) {
    if (out_.room() < room_min) return false;
    Socket* const socket = find(closing_.front());
    if (socket == nullptr || !socket->closed || socket->close_told) continue;
    flush_all(closing_.front(), *socket, now);
    if (socket->announced) tell_close(closing_.front(), *socket, now);
  }
  return true;
}

}  // namespace ipm::source::ebpf
