// What ends: closed sockets from the destroy groups, and the news of the process connector.
#include <linux/sock_diag.h>

#include <algorithm>

#include "os/linux/clock.h"
#include "source/sock_diag/sock_diag_source.h"

namespace ipm::source::sock_diag {
namespace {

// One closed socket gives at most an opening, data, a snapshot and a close; a batch is up to this many messages.
constexpr std::uint64_t kBatchMessages = 64;
constexpr std::uint64_t kRoomMin = kBatchMessages * 6;
// A process's texts may be long.
constexpr std::uint64_t kRoomMinProcess = 512;

// How many ends of sockets may wait for those of their other ends.
constexpr std::size_t kDeferredMax = 65'536;

using model::TcpState;

}  // namespace

bool SockDiagSource::drain_destroyed(bool& short_of_room) {
  bool worked = false;
  for (auto& [inode, netns] : namespaces_->all()) {
    while (true) {
      if (out_.room() < kRoomMin) {
        short_of_room = true;
        return worked;
      }
      if (!drain_destroyed_of(*netns, kBatchMessages)) break;
      worked = true;
    }
  }
  return finish_deferred(short_of_room) || worked;
}

bool SockDiagSource::drain_destroyed_of(Netns& netns, std::uint64_t messages_max) {
  // Not buffer_: what a record leads to reads other sockets into that one.
  std::byte bytes[16'384];
  for (std::uint64_t i = 0; i < messages_max; ++i) {
    const os::NetlinkSocket::Received received = netns.destroy.receive(bytes);
    const TimeNs now = os::boottime_ns();
    switch (received.what) {
      case os::NetlinkSocket::What::kNothing:
      case os::NetlinkSocket::What::kFailed:
        return i > 0;
      case os::NetlinkSocket::What::kForeign:
        out_.malformed();
        continue;
      case os::NetlinkSocket::What::kOverrun:
        on_overrun(netns, now);
        continue;
      case os::NetlinkSocket::What::kData:
        break;
    }
    os::NetlinkMessages messages(received.bytes);
    while (const auto message = messages.next()) {
      const std::uint64_t before = out_.received() + deferred_.size();
      if (message->type == SOCK_DIAG_BY_FAMILY) {
        if (auto socket = os::parse_inet_diag(message->payload)) {
          on_destroyed(netns, *socket, now);
        } else {
          out_.malformed();
        }
      }
      if (out_.received() + deferred_.size() == before) out_.filtered();
    }
    if (messages.malformed()) out_.malformed();
  }
  return true;
}

void SockDiagSource::on_overrun(Netns& netns, TimeNs now) {
  out_.lost();
  netns.lost = true;
  netns.lost_at_tick = tick_;
  resync_ = true;
  model::Loss loss;
  loss.what = model::LossWhat::kKernelBuffer;
  loss.layer = model::ByteLayer::kTcp;
  out_.write(model::make_event(now, model::EventKind::kLoss, {}, 0, loss));
  degrade("bursts of closing connections without loss",
          "the kernel's buffer of closed sockets ran over; needs CAP_NET_ADMIN for a larger one, or rcvbuf=");
}

void SockDiagSource::on_destroyed(Netns& netns, os::DiagSocket& socket, TimeNs now) {
  if (host::is_transfer(socket.cookie)) return self_test_.ended(socket);
  socket.tuple.netns = netns.inode;
  if (socket.tuple.protocol == 0) {  // Not sent before 4.3.
    socket.tuple.protocol = socket.tcp ? model::kProtocolTcp : model::kProtocolUdp;
  }
  const bool tcp = socket.tuple.protocol == model::kProtocolTcp;
  if (!tcp) socket.tcp.reset();
  SocketRecord* record = sockets_.find(socket.cookie);
  if (record == nullptr) {
    if (tcp && socket.tuple.remote_port == 0) {
      if (socket.tuple.local_port != 0) listeners_.seen(socket.tuple, now);
      return;  // A listener, or never connected.
    }
    if (tcp && (!socket.tcp || socket.tcp->zeroed())) return;  // Refused or aborted: all that is known is that it was.
    if (!tcp && socket.tuple.local_port == 0) return;          // Never bound.
    if (closed_.contains(socket.cookie) && !closed_.gone(socket.cookie)) return;
  } else {
    // The destroy record has no interface.
    socket.interface = record->interface;
    if (record->state == TcpState::kListen) listeners_.seen(record->tuple, now);
  }
  const bool counts = socket.tcp && !socket.tcp->zeroed() && socket.tuple.remote_port != 0;
  Ending ending;
  ending.netns = netns.inode;
  ending.socket = socket;
  ending.until = now + kPeerWait;
  if (!counts) return finish_destroyed(ending, false, now);
  // First, so that what an earlier connection with the same tuple had sent is not taken for the other end's.
  closed_.set_sent(ending.socket.cookie, ending.socket.tuple, unique_sent(*ending.socket.tcp));
  if (const auto waiting = waiting_.find(path_hash(reversed(ending.socket.tuple))); waiting != waiting_.end()) {
    waiting->second->peer_sent = unique_sent(*ending.socket.tcp);
    waiting_.erase(waiting);
  }
  if (const std::optional<bool> fin = fin_received(netns, ending)) return finish_destroyed(ending, *fin, now);
  if (deferred_.size() >= kDeferredMax) return finish_destroyed(ending, fin_received_at_last(ending), now);
  // The other end may be on this host and about to end too; then its count decides.
  deferred_.push_back(ending);
  waiting_[path_hash(deferred_.back().socket.tuple)] = &deferred_.back();
}

bool SockDiagSource::finish_deferred(bool& short_of_room) {
  bool worked = false;
  const TimeNs now = os::boottime_ns();
  while (!deferred_.empty() && deferred_.front().until <= now) {
    if (out_.room() < kRoomMin) {
      short_of_room = true;
      break;
    }
    const auto waiting = waiting_.find(path_hash(deferred_.front().socket.tuple));
    if (waiting != waiting_.end() && waiting->second == &deferred_.front()) waiting_.erase(waiting);
    const Ending ending = deferred_.front();
    deferred_.pop_front();
    finish_by_peer(ending, now);
    worked = true;
  }
  return worked;
}

void SockDiagSource::finish_by_peer(const Ending& ending, TimeNs now) {
  FinEvidence evidence;
  evidence.peer_sent = ending.peer_sent ? ending.peer_sent : peer_sent(ending.socket);
  const std::optional<bool> fin = fin_received_by(evidence, *ending.socket.tcp);
  finish_destroyed(ending, fin ? *fin : fin_received_at_last(ending), now);
}

// An end in order leaves a mini-socket behind, or had the other side's FIN, or has its own acknowledged. Else it was a
// reset by either side or a timeout, and the record does not say which.
model::CloseReason SockDiagSource::reason_of(const Ending& ending, bool fin) {
  const std::optional<os::TcpCounters>& tcp = ending.socket.tcp;
  if (!tcp) return model::CloseReason::kOrderly;
  if (tcp->zeroed()) return model::CloseReason::kUnknown;
  const std::uint64_t beyond_payload = tcp->bytes_acked - std::min(tcp->bytes_acked, unique_sent(*tcp));
  const bool fin_acked = beyond_payload >= (accepted(ending) ? 1U : 2U);
  const bool orderly = fin || fin_acked || ending.remains != Remains::kNothing;
  return orderly ? model::CloseReason::kOrderly : model::CloseReason::kUnknown;
}

// Of sockets that were there before the source nothing says who connected.
bool SockDiagSource::accepted(const Ending& ending) {
  return ending.existing || ending.listener || listeners_.listens(ending.socket.tuple);
}

bool SockDiagSource::fin_received_at_last(const Ending& ending) {
  FinEvidence evidence;
  evidence.role = accepted(ending) ? Role::kAccepted : Role::kConnected;  // Its listener may have ended since.
  return fin_received_given(evidence, *ending.socket.tcp, ending.remains).value_or(kFinReceivedByDefault);
}

void SockDiagSource::finish_destroyed(const Ending& ending, bool fin, TimeNs now) {
  const os::DiagSocket& socket = ending.socket;
  const os::TcpCounters* tcp = socket.tcp && !socket.tcp->zeroed() ? &*socket.tcp : nullptr;
  SocketRecord* record = sockets_.find(socket.cookie);
  if (record == nullptr) {
    if (const auto gone = closed_.take_gone(socket.cookie)) return finish_gone(ending, *gone, fin, now);
    return finish_unseen(ending, fin, now);
  }
  if (!record->announced) {
    // Ended between the dump and the look for its owner: nobody holds it any more.
    if (record->ownership.rule == model::Rule::kNone) record->ownership.rule = model::Rule::kBetweenDumps;
    announce(socket.cookie, *record, now);
  }
  std::uint16_t flags = flags_of(*record);
  model::CloseReason reason = model::CloseReason::kOrderly;
  if (record->has_tcp && record->state != TcpState::kListen) {
    reason = reason_of(ending, fin);
    if (tcp != nullptr) {
      events_->update(socket.cookie, *record, *tcp, fin, TcpState::kClose, now, flags);
    } else if (record->state != TcpState::kSynSent) {
      flags |= model::kEventLost;  // Aborted: what it moved after the last dump is not known.
    }
  }
  events_->close(socket.cookie, *record, reason, now, flags);
  closed_.add(socket.cookie, record->tuple, tcp != nullptr ? std::optional(unique_sent(*tcp)) : std::nullopt);
  sockets_.erase(socket.cookie);
}

void SockDiagSource::finish_unseen(const Ending& ending, bool fin, TimeNs now) {
  const os::DiagSocket& socket = ending.socket;
  const bool tcp = socket.tuple.protocol == model::kProtocolTcp;
  SocketRecord record;
  record.tuple = socket.tuple;
  record.family = socket.family;
  record.state = tcp ? TcpState::kEstablished : TcpState::kNone;
  record.uid = model::Process::kUidUnknown;
  const Netns* netns = namespaces_->find(ending.netns);
  const auto flags = static_cast<std::uint16_t>(netns != nullptr && netns->lost ? model::kEventLost : 0);
  const bool accepted = ending.listener || (tcp && listeners_.listens(record.tuple));
  // Nobody answered its SYN.
  if (tcp && !accepted && socket.tcp->bytes_acked == 0 && socket.tcp->bytes_received == 0) {
    record.state = TcpState::kSynSent;
  }
  events_->between_dumps(socket.cookie, record, accepted, tcp ? &*socket.tcp : nullptr, fin, reason_of(ending, fin),
                         now, flags);
  closed_.add(socket.cookie, record.tuple, tcp ? std::optional(unique_sent(*socket.tcp)) : std::nullopt);
}

// It was told as gone; what it did after the last dump that saw it is told now, then its end once more.
void SockDiagSource::finish_gone(const Ending& ending, SocketRecord& record, bool fin, TimeNs now) {
  const os::DiagSocket& socket = ending.socket;
  const std::uint64_t before = out_.received();
  if (socket.tcp) events_->update(socket.cookie, record, *socket.tcp, fin, TcpState::kClose, now, 0);
  if (out_.received() != before) events_->close(socket.cookie, record, reason_of(ending, fin), now, 0);
  if (out_.received() == before) out_.filtered();
}

std::optional<bool> SockDiagSource::fin_received(Netns& netns, Ending& ending) {
  const os::DiagSocket& socket = ending.socket;
  const SocketRecord* record = sockets_.find(socket.cookie);
  FinEvidence evidence;
  if (record != nullptr) {
    evidence.last_state = record->state;
    evidence.last_had_file = record->had_file;
  }
  std::optional<bool> decided = fin_received_by(evidence, *socket.tcp);
  if (!decided) {
    evidence.peer_sent = peer_sent(socket);
    decided = fin_received_by(evidence, *socket.tcp);
  }
  if (decided && *decided && record != nullptr) return decided;
  // A mini-socket has no tcp_info; a listener of the port, or a new connection with the tuple, has.
  const std::optional<os::DiagSocket> left = lookup(netns, socket.family, socket.tuple, socket.interface);
  if (left && !left->tcp && left->state == os::kTcpStateFinWait2) ending.remains = Remains::kFinWait2;
  if (left && !left->tcp && left->state == os::kTcpStateTimeWait) ending.remains = Remains::kTimeWait;
  ending.listener = left && left->state == os::kTcpStateListen;
  ending.existing = record != nullptr && record->existing;
  if (decided) return decided;
  if (ending.listener || listeners_.listens(socket.tuple)) {
    evidence.role = Role::kAccepted;
  } else if (record != nullptr && !record->existing) {
    evidence.role = Role::kConnected;  // The dump that first saw it would have seen its listener.
  }
  return fin_received_given(evidence, *socket.tcp, ending.remains);
}

std::optional<std::uint64_t> SockDiagSource::peer_sent(const os::DiagSocket& socket) {
  const model::FlowTuple& tuple = socket.tuple;
  if (const auto closed = closed_.peer_sent(tuple)) return closed;
  const auto [cookie, peer] = sockets_.find_peer(tuple);
  // Still open: what the last dump saw is old, so ask again. One that no dump saw can only be asked for if it must be
  // in the same namespace.
  const bool same_netns = tuple.remote.scope() == model::Scope::kLoopback || tuple.local == tuple.remote;
  if (peer == nullptr && !same_netns) return std::nullopt;
  Netns* netns = namespaces_->find(peer != nullptr ? peer->tuple.netns : tuple.netns);
  if (netns == nullptr) return std::nullopt;
  const std::uint32_t interface = peer != nullptr ? peer->interface : 0;
  const std::optional<os::DiagSocket> fresh =
      lookup(*netns, peer != nullptr ? peer->family : socket.family, reversed(tuple), interface);
  if (!fresh || !fresh->tcp || fresh->tuple.remote_port != tuple.local_port) {
    return std::nullopt;
  }
  if (peer != nullptr && fresh->cookie != cookie) return std::nullopt;
  return unique_sent(*fresh->tcp);
}

std::optional<os::DiagSocket> SockDiagSource::lookup(Netns& netns, std::uint8_t family, const model::FlowTuple& tuple,
                                                     std::uint32_t interface) {
  const std::uint32_t sequence = ++sequence_;
  if (!netns.lookup.send(os::inet_diag_lookup_request(family, tuple, interface, sequence)).ok()) return std::nullopt;
  std::byte bytes[4'096];
  while (true) {
    // The kernel answers a single question before sendto() returns.
    const os::NetlinkSocket::Received received = netns.lookup.receive(bytes);
    if (received.what == os::NetlinkSocket::What::kForeign) continue;
    if (received.what != os::NetlinkSocket::What::kData) return std::nullopt;
    os::NetlinkMessages messages(received.bytes);
    while (const auto message = messages.next()) {
      if (message->sequence != sequence) continue;
      if (message->type != SOCK_DIAG_BY_FAMILY) return std::nullopt;  // NLMSG_ERROR: there is none.
      return os::parse_inet_diag(message->payload);
    }
  }
}

bool SockDiagSource::drain_process_news(bool& short_of_room) {
  if (!connector_.valid()) return false;
  bool worked = false;
  std::byte bytes[4'096];
  for (std::uint64_t i = 0; i < kBatchMessages * 16; ++i) {
    if (out_.room() < kRoomMinProcess) {
      short_of_room = true;
      return worked;
    }
    const os::NetlinkSocket::Received received = connector_.receive(bytes);
    const TimeNs now = os::boottime_ns();
    if (received.what == os::NetlinkSocket::What::kNothing || received.what == os::NetlinkSocket::What::kFailed) break;
    worked = true;
    if (received.what == os::NetlinkSocket::What::kForeign) {
      out_.malformed();
      continue;
    }
    if (received.what == os::NetlinkSocket::What::kOverrun) {
      out_.lost();
      verify_processes_ = true;
      continue;
    }
    os::NetlinkMessages messages(received.bytes);
    while (const auto message = messages.next()) {
      if (const auto news = os::parse_process_news(message->payload)) {
        const std::uint64_t before = out_.received();
        on_process_news(*news, now);
        if (out_.received() == before) out_.filtered();
      } else {
        out_.malformed();
      }
    }
    if (messages.malformed()) out_.malformed();
  }
  return worked;
}

void SockDiagSource::on_process_news(const os::ProcessNews& news, TimeNs now) {
  constexpr std::size_t kFreshPidsMax = 4'096;
  switch (news.what) {
    case os::ProcessNews::What::kFork:
      if (fresh_pids_.size() < kFreshPidsMax) fresh_pids_.insert(news.pid);
      if (processes_->known(news.parent_pid)) changed_pids_.insert(news.parent_pid);
      break;
    case os::ProcessNews::What::kExec:
      if (fresh_pids_.size() < kFreshPidsMax) fresh_pids_.insert(news.pid);
      // Descriptors that close on exec leave their sockets to the other holders.
      if (processes_->known(news.pid)) changed_pids_.insert(news.pid);
      processes_->exec(news.pid, now);
      break;
    case os::ProcessNews::What::kExit:
      fresh_pids_.erase(news.pid);
      if (processes_->known(news.pid)) changed_pids_.insert(news.pid);
      processes_->exit(news.pid, news.exit_code, now);
      break;
    case os::ProcessNews::What::kOther:
      break;
  }
}

}  // namespace ipm::source::sock_diag
