// Records in: what happened to which socket.
#include "source/ebpf/sockets.h"

#include <algorithm>
#include <utility>

#include "source/host/transfer.h"

namespace ipm::source::ebpf {

using model::OpenHow;
using model::Rule;
using model::TcpState;

Sockets::Sockets(Traffic& traffic, host::EventOut& out, host::Processes& processes, Settings settings)
    : traffic_(traffic),
      out_(out),
      processes_(processes),
      settings_(settings),
      entries_(settings.sockets_max),
      peers_(traffic, settings.sockets_max),
      over_(settings.sockets_max) {}

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
  if (sockets_.size() >= settings_.sockets_max) {
    ++refused_;
    return nullptr;
  }
  return &sockets_[cookie];
}

void Sockets::take(std::span<const std::byte> record) {
  if (!go_on()) {
    hurried_ = true;
    (void)go_on();
    hurried_ = false;
  }
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

void Sockets::note_use(const ipm_io_key& key) {
  Socket* const known = find(key.cookie);
  if (known == nullptr && over_.contains(key.cookie)) return traffic_.forget(key);
  Socket* const socket = known != nullptr ? known : ensure(key.cookie);
  if (socket == nullptr) return;
  if (Entry* const entry = ensure_entry(*socket, key)) note_use(*entry);
}

void Sockets::note_use(Entry& entry) {
  if (!std::exchange(entry.queued, true)) queue_.push_back(entry.key);
}

Entry* Sockets::ensure_entry(Socket& socket, const ipm_io_key& key) {
  Entry* const entry = entries_.ensure(key, socket.entries);
  if (entry == nullptr) ++refused_;
  socket.used = true;
  return entry;
}

// --- processes ---

void Sockets::on_process(const ipm_record_process& record) {
  image_ = record;
  (void)go_on();
}

void Sockets::on_exit(const ipm_record_exit& record) {
  exit_ = record;
  (void)go_on();
}

void Sockets::process_gone(std::uint32_t pid, TimeNs now) {
  hurried_ = true;
  (void)let_go(pid, std::nullopt, now);
  hurried_ = false;
}

bool Sockets::go_on() {
  if (image_) {
    const auto time = time_of(image_->head.time_ns);
    if (!let_go(image_->actor.pid, image_->actor.image, time)) return false;
    processes_.tell(process_of(*image_), time);
    image_.reset();
  }
  if (exit_) {
    const auto time = time_of(exit_->head.time_ns);
    if (!let_go(exit_->actor.pid, std::nullopt, time)) return false;
    processes_.exit(exit_->actor.pid, exit_->exit_code, time);
    exit_.reset();
  }
  if (end_) {
    const auto found = sockets_.find(*end_);
    if (found != sockets_.end() && !end(found, found->second.closed_ns)) return false;
    end_.reset();
  }
  return true;
}

// Each image has entries of its own. What does not run moves nothing more, so an entry that is read now is read for
// good, even if it was not said to be in use.
bool Sockets::let_go(std::uint32_t pid, std::optional<std::uint32_t> runs, TimeNs now) {
  for (Entry* entry = entries_.of_process(pid); entry != nullptr;) {
    Entry& each = *std::exchange(entry, entry->next_of_process);
    if (each.key.image == runs) continue;
    if (!has_room()) return false;
    Socket* const socket = find(each.key.cookie);
    each.over = true;
    Flushed flushed = Flushed::kAll;
    if (each.queued || uses_were_lost()) flushed = flush(each.key.cookie, *socket, each, now);
    if (flushed == Flushed::kRest && !has_room()) return false;
    forget_if_over(*socket, each, flushed);
  }
  return true;
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
  if ((record.flags & IPM_FLAG_BEGAN) != 0) return on_failed(record, time);
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

// It was told as connecting, and as closed without an error: only the call got one.
void Sockets::on_failed(const ipm_record_socket& record, TimeNs time) {
  Socket* const socket = find(record.cookie);
  const bool failed = socket != nullptr && socket->how == OpenHow::kConnect && !socket->was_established &&
                      socket->closed && socket->error == 0;
  if (!failed) return out_.filtered();
  socket->error = record.error;
  if (socket->close_told) tell_failure(record.cookie, *socket, time);
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
    socket->how = OpenHow::kConnect;  // The record of its beginning was lost, or it is from before the hooks.
    socket->uncertain = socket->uncertain || (record.flags & IPM_FLAG_SEEDED) == 0;
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
  const auto found = find_or_infer(record, time);
  if (found == sockets_.end()) return out_.filtered();  // It never was a connection, or was there before and nobody's.
  Socket* const socket = &found->second;
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
  auto found = find_or_infer(record, time);
  if (found == sockets_.end() && may_be_hidden(record.cookie)) found = sockets_.find(record.cookie);
  if (found == sockets_.end()) return out_.filtered();
  Socket& socket = found->second;
  note_counters(socket, record.tcp);
  if (!socket.closed) {
    socket.closed = true;
    socket.closed_ns = time;
    socket.last = record.tcp;
  }
  if (!finish(found, time)) end_ = record.cookie;
}

// What was moved over a socket that is not known may be in the map all the same. It waits then like one that is known.
bool Sockets::may_be_hidden(std::uint64_t cookie) {
  return uses_were_lost() && !over_.contains(cookie) && ensure(cookie) != nullptr;
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
  if (settings_.counting == Counting::kKernel && record.protocol == model::kProtocolUdp) {
    count_unseen(record.cookie, time_of(record.head.time_ns));
  }
  auto found = sockets_.find(record.cookie);
  const bool lasts = record.protocol == model::kProtocolTcp;  // Its connection may outlive it.
  if (found == sockets_.end() && !lasts && may_be_hidden(record.cookie)) found = sockets_.find(record.cookie);
  if (found == sockets_.end()) {
    peers_.forget_all(record.cookie);  // Packets came, and nobody took them.
    return out_.filtered();
  }
  found->second.last_holder = key_of(record.actor);
  if (lasts) return;
  look_.erase(record.cookie);
  found->second.closed = true;
  found->second.closed_ns = time_of(record.head.time_ns);
  if (!finish(found, found->second.closed_ns)) end_ = record.cookie;
}

}  // namespace ipm::source::ebpf
