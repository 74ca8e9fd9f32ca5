// Sums in: what the map of traffic has beyond what was told.
#include <algorithm>
#include <utility>

#include "source/ebpf/sockets.h"
#include "source/host/transfer.h"

namespace ipm::source::ebpf {

using model::OpenHow;
using model::ProcessKey;
using model::Rule;

namespace {

constexpr std::uint16_t kPacket = 17;  // AF_PACKET

}  // namespace

void Sockets::begin_tick() {
  if (uses_were_lost()) note_every_use();
}

void Sockets::note_every_use() {
  const std::uint32_t lost = traffic_.uses_lost();  // Before the walk: what is lost meanwhile asks for another.
  const Status sums = traffic_.each([&](const ipm_io_key& key, const ipm_io&) {
    if (!host::is_transfer(key.cookie)) note_use(key);
    return true;
  });
  const Status packets = traffic_.each([&](const ipm_peer_key& key, const ipm_peer&) {
    if (!host::is_transfer(key.cookie)) peers_.note_use(key);
    return true;
  });
  if (!sums.ok() || !packets.ok()) return;  // The next tick tries again.
  uses_lost_ = lost;
  ++walks_;
}

Sockets::Flushed Sockets::flush(std::uint64_t cookie, Socket& socket, Entry& entry, TimeNs now, Bytes most,
                                bool settled) {
  ipm_io value;
  if (traffic_.read(entry.key, value)) return flush_value(cookie, socket, entry, value, now, most, settled);
  entry.queued = false;
  return Flushed::kGone;
}

Sockets::Flushed Sockets::flush_value(std::uint64_t cookie, Socket& socket, Entry& entry, const ipm_io& value,
                                      TimeNs now, Bytes most, bool settled) {
  entry.queued = value.epoch == traffic_.epoch() && !entry.over;  // It may move more without another word.
  if (entry.queued) next_queue_.push_back(entry.key);
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
    if (socket.opened_ns == 0) socket.opened_ns = value.first_ns != 0 ? std::min(time_of(value.first_ns), now) : now;
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
  const bool beyond = entry.tx_bytes + tx != value.tx_bytes || entry.rx_bytes + rx != value.rx_bytes;
  if (beyond) note_use(entry);
  if (tx == 0 && rx == 0) return beyond ? Flushed::kRest : Flushed::kAll;
  Rest left{.bytes = {tx, rx}};
  if (value.tuple.protocol == model::kProtocolUdp) left = tell_datagrams(cookie, socket, process, left.bytes, now);
  const bool some = left.bytes.sum() != 0 && !left.short_of_room;
  const bool waits = settled && some && !peers_.all(cookie).empty() && !std::exchange(entry.waited, true);
  if (some && !waits && tell_others(cookie, socket, process, left.bytes, now)) left.bytes = {};
  entry.tx_bytes += tx - left.bytes.tx;
  entry.rx_bytes += rx - left.bytes.rx;
  if (waits && !std::exchange(entry.queued, true)) next_queue_.push_back(entry.key);
  if (left.bytes.sum() != 0) {
    entry.batch = 0;
    note_use(entry);  // Told when there is room, if it does not wait.
    return Flushed::kRest;
  }
  entry.waited = false;
  // The record that names it may be among what was lost.
  if (records_lost_ && !processes_.known(process.pid())) (void)processes_.ensure(process.pid(), now);
  processes_.talked(process);
  return beyond ? Flushed::kRest : Flushed::kAll;
}

Sockets::Flushed Sockets::flush_frames(Socket& socket, Entry& entry, const ipm_io& value, ProcessKey process,
                                       TimeNs now) {
  socket.frames = true;
  if (value.tx_bytes == entry.tx_bytes) return Flushed::kAll;
  model::FrameData data;
  data.netns = value.tuple.netns;
  data.tx_bytes = value.tx_bytes - entry.tx_bytes;
  if (!out_.write(model::make_event(now, model::EventKind::kFrameData, process, 0, data))) {
    note_use(entry);
    return Flushed::kRest;
  }
  entry.tx_bytes = value.tx_bytes;
  return Flushed::kAll;
}

bool Sockets::flush_all(std::uint64_t cookie, Socket& socket, TimeNs now) {
  for (Entry* entry = socket.entries; entry != nullptr; entry = entry->next_of_socket) {
    if (!has_room()) return false;
    (void)flush(cookie, socket, *entry, now);
  }
  return true;
}

void Sockets::forget_if_over(Socket& socket, Entry& entry, Flushed flushed) {
  if (flushed == Flushed::kRest || (flushed == Flushed::kAll && !entry.over)) return;
  traffic_.forget(entry.key);
  entries_.forget(entry, socket.entries);
}

// Where a good part of the sockets is in use, the maps as a whole: a few times cheaper than entry by entry.
void Sockets::read_at_once(TimeNs now) {
  ++batch_;
  if (queue_.size() < kBatchMin || queue_.size() * 3 < sockets_.size()) return;
  (void)traffic_.each([&](const ipm_peer_key& key, const ipm_peer& sums) {
    peers_.take(key, sums, now);
    return true;
  });
  (void)traffic_.each([&](const ipm_io_key& key, const ipm_io& value) {
    if (out_.room() < settings_.room_min) return false;
    Entry* const entry = entries_.find(key);
    if (entry == nullptr || !entry->queued || entry->over) return true;
    entry->batch = batch_;
    (void)flush_value(key.cookie, *find(key.cookie), *entry, value, now, kAll, true);
    return true;
  });
}

bool Sockets::read_queue(TimeNs now) {
  while (!queue_.empty()) {
    if (out_.room() < settings_.room_min) return false;
    const ipm_io_key key = queue_.front();
    queue_.pop_front();
    Entry* const entry = entries_.find(key);
    if (entry == nullptr || std::exchange(entry->batch, 0) == batch_) continue;
    Socket& socket = *find(key.cookie);
    forget_if_over(socket, *entry, flush(key.cookie, socket, *entry, now, kAll, true));
  }
  return true;
}

bool Sockets::settle(TimeNs now) {
  if (!go_on() || !settle_look(now)) return false;
  if (std::exchange(epoch_, traffic_.epoch()) != traffic_.epoch()) {
    queue_.insert(queue_.end(), next_queue_.begin(), next_queue_.end());
    next_queue_.clear();
  }
  read_at_once(now);
  if (!read_queue(now) || !settle_packets(now)) return false;
  for (; !opening_.empty(); opening_.pop_front()) {
    if (out_.room() < settings_.room_min) return false;
    if (Socket* const socket = find(opening_.front())) announce(opening_.front(), *socket, socket->opened_ns);
  }
  // What is closed and not gone is told as closed; a process may still read what had come.
  for (; !closing_.empty(); closing_.pop_front()) {
    if (out_.room() < settings_.room_min) return false;
    Socket* const socket = find(closing_.front());
    if (socket == nullptr || !socket->closed || socket->close_told) continue;
    if (!flush_all(closing_.front(), *socket, now)) return false;
    if (socket->announced) tell_close(closing_.front(), *socket, now);
  }
  return end_waiting(now);
}

}  // namespace ipm::source::ebpf
