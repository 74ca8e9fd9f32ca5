// A look at all sockets that processes hold: at the beginning, after records were lost, and where no hook tells the end
// of sockets.
#include <algorithm>
#include <cstring>
#include <utility>

#include "source/ebpf/sockets.h"

namespace ipm::source::ebpf {

using model::OpenHow;
using model::ProcessKey;
using model::Rule;
using model::TcpState;

void Sockets::begin_look(TimeNs now) {
  look_.clear();
  look_order_.clear();
  look_began_ns_ = now;
}

void Sockets::seen(const ipm_record_seed& record) {
  const std::uint64_t cookie = record.socket.cookie;
  if (cookie == 0) return out_.malformed();
  if (look_.size() >= settings_.sockets_max && !look_.contains(cookie)) {
    ++refused_;
    return;
  }
  const auto [found, fresh] = look_.try_emplace(cookie);
  Seen& seen = found->second;
  if (fresh) {
    seen.record = record.socket;
    look_order_.push_back(cookie);
  }
  Holder holder{.key = key_of(record.socket.actor)};
  std::memcpy(holder.comm.data(), record.comm, holder.comm.size());
  const auto is_it = [&](const Holder& known) { return known.key == holder.key; };
  if (std::any_of(seen.holders.begin(), seen.holders.end(), is_it)) return;
  // Those past the first few are told apart by coming one after the other.
  if (std::exchange(seen.last_holder, holder.key) == holder.key) return;
  if (seen.holders.size() < kHoldersMax) seen.holders.push_back(holder);
  ++seen.holders_total;
  seen.tx_bytes += record.tx_bytes;
  seen.rx_bytes += record.rx_bytes;
}

void Sockets::end_look(bool after_loss, TimeNs now) {
  after_loss_ = after_loss;
  wants_look_ = false;
  const bool tcp_may_be_over = after_loss || !settings_.ends_told;
  for (const auto& [cookie, socket] : sockets_) {
    // Nobody holds it. UDP ends with its last descriptor. A connection may still be ending by itself, but if its end is
    // among what was lost, or never is told, it would stay for good.
    const bool tcp = socket.tuple.protocol == model::kProtocolTcp;
    const bool over = tcp ? tcp_may_be_over || socket.missed : socket.announced || socket.frames;
    if (over && !look_.contains(cookie) && socket.opened_ns < look_began_ns_) gone_.push_back(cookie);
  }
  look_ended_ns_ = now;
}

bool Sockets::settle_look(TimeNs now) {
  for (; !look_order_.empty(); look_order_.pop_front()) {
    if (out_.room() < settings_.room_min) return false;
    const auto seen = look_.find(look_order_.front());
    if (seen != look_.end()) tell_seen(seen->first, seen->second, now);
  }
  look_.clear();
  looked_before_ = true;
  gone_holders_.clear();
  for (; !gone_.empty(); gone_.pop_front()) {
    if (out_.room() < settings_.room_min) return false;
    const auto found = sockets_.find(gone_.front());
    if (found == sockets_.end()) continue;
    Socket& socket = found->second;
    const bool tcp = socket.tuple.protocol == model::kProtocolTcp;
    socket.uncertain = socket.uncertain || after_loss_;
    if (tcp && !std::exchange(socket.missed, true)) {
      // Its end may be under way, or it may be on its way from one process to another.
      wants_look_ = true;
      continue;
    }
    socket.closed = true;
    if (socket.closed_ns == 0) socket.closed_ns = look_ended_ns_;
    // What comes of it later is in its rest, which is told now.
    if (tcp) over_.add(found->first);
    if (!finish(found, now)) return false;
  }
  return true;
}

// What was there before the source: its bytes of before are of before, whoever moved them.
void Sockets::tell_seen(std::uint64_t cookie, const Seen& seen, TimeNs now) {
  Socket* const known = find(cookie);
  if (known != nullptr) known->missed = false;
  // It began after the hooks were there: the ring tells it, unless that was lost.
  const bool by_hooks = (seen.record.flags & IPM_FLAG_SEEDED) == 0 && seen.record.opened_ns != 0;
  if (settings_.counting == Counting::kKernel && looked_before_) {
    if (known != nullptr && known->announced) return count_seen(cookie, *known, seen, now);
    // It shows when it talks.
    if (seen.record.tuple.protocol != model::kProtocolTcp && peers_.all(cookie).empty()) return;
  }
  if (by_hooks && !after_loss_) return;
  // A connection shows when it moves something; the look only says that it is still there.
  const bool tcp = seen.record.tuple.protocol == model::kProtocolTcp;
  if (!settings_.ends_told && looked_before_ && tcp && !after_loss_) return;
  Socket* const socket = ensure(cookie);
  if (socket == nullptr) return;
  const ipm_record_socket& record = seen.record;
  socket->inode = record.inode;
  const bool unseen = infer_beginning(*socket, record);
  if (socket->announced || socket->entries != nullptr || (socket->how != OpenHow::kExisting && !unseen)) {
    // The hooks know it already. A holder is none who used it.
    note_counters(*socket, record.tcp);
    if (!socket->existing_counted && (record.flags & IPM_FLAG_SEEDED) != 0) count_before(*socket, seen);
    return;
  }
  const model::Direction direction = socket->tuple.direction;
  socket->tuple = tuple_of(record.tuple);
  socket->tuple.direction = direction;
  socket->state = TcpState{std::min<std::uint8_t>(record.tuple.state, 12)};
  socket->existing = !unseen && (settings_.counting == Counting::kCalls || !looked_before_ || after_loss_);
  socket->uncertain = after_loss_;
  socket->uid = record.uid;
  const bool listens = tcp && socket->state == TcpState::kListen;
  if (!tcp && socket->tuple.local_port == 0) {
    sockets_.erase(cookie);  // Never bound: nothing to tell of it.
    return;
  }
  if (tcp && (socket->state == TcpState::kClose || socket->state == TcpState::kSynSent)) {
    if (socket->state == TcpState::kClose) {
      sockets_.erase(cookie);
      return;
    }
    socket->how = OpenHow::kConnect;
    socket->tuple.direction = model::Direction::kOut;
  }
  socket->was_established = tcp && !listens && socket->state != TcpState::kSynSent;
  if (record.tuple.type == kRawType) socket->tuple.local_port = socket->tuple.remote_port = 0;
  for (const Holder& holder : seen.holders) {
    if (processes_.ensure(holder.key.pid(), now) == holder.key) continue;
    // Gone since: of it there is its name.
    host::ToldProcess gone;
    gone.key = holder.key;
    std::memcpy(gone.facts.comm, holder.comm.data(), holder.comm.size() - 1);
    if (gone_holders_.insert(holder.key.ref()).second) processes_.tell_gone(gone, now);
  }
  if (seen.holders_total == 1) socket->origin = seen.holders.front().key;
  socket->rule = seen.holders_total > 1 ? Rule::kSharedHolders : Rule::kOnlyHolder;
  socket->owned = !socket->origin.empty();
  if (listens) {
    socket->tuple.direction = model::Direction::kListen;
    socket->how = OpenHow::kListen;
    listeners_[listener_key(socket->tuple)] = cookie;
  }
  announce(cookie, *socket, unseen ? socket->opened_ns : now);
  if (unseen) tell_established(cookie, *socket);
  if (seen.holders_total > 1) {
    model::SocketOwner payload;
    payload.tuple = socket->tuple;
    payload.quality = model::Quality::kCandidate;
    payload.rule = Rule::kSharedHolders;
    payload.holders = static_cast<std::uint16_t>(std::min<std::uint32_t>(seen.holders_total, 0xffff));
    for (std::size_t i = 0; i < std::min<std::size_t>(seen.holders.size(), model::kOwnersMax); ++i) {
      payload.owners[i] = seen.holders[i].key.ref();
    }
    out_.write(model::make_event(now, model::EventKind::kSocketOwner, {}, cookie, payload, flags_of(*socket)));
  }
  if (!tcp || listens) return;
  if (unseen) {
    note_counters(*socket, record.tcp);
    return tell_snapshot(cookie, *socket, record.tcp, now);
  }
  count_before(*socket, seen);
  tell_snapshot(cookie, *socket, record.tcp, now);
  (void)tell_data(cookie, *socket, socket->origin, socket->tx_before, socket->rx_before, now, model::kEventFirstSight);
  socket->tx_told = socket->rx_told = 0;  // They are in `before`.
}

void Sockets::count_before(Socket& socket, const Seen& seen) {
  socket.existing_counted = true;
  const ipm_tcp& tcp = seen.record.tcp;
  if (tcp.measured == 0) return;
  const std::uint64_t unsent = settings_.counting == Counting::kCalls ? tcp.unsent : 0;
  const std::uint64_t sent = payload_sent(tcp) + unsent, taken = payload_taken(tcp);
  socket.tx_before = sent > seen.tx_bytes ? sent - seen.tx_bytes : 0;
  socket.rx_before = taken > seen.rx_bytes ? taken - seen.rx_bytes : 0;
  socket.tx_most = std::max(socket.tx_most, payload_sent(tcp));
  socket.rx_most = std::max(socket.rx_most, taken);
}

}  // namespace ipm::source::ebpf
