// The periodic look at what is: namespaces and sockets.
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <algorithm>
#include <limits>

#include "os/linux/clock.h"
#include "os/linux/netlink_messages.h"
#include "source/sock_diag/sock_diag_source.h"

namespace ipm::source::sock_diag {
namespace {

// A tick pauses while the lane has less room than this.
constexpr std::uint64_t kRoomMin = 1'024;
constexpr std::uint64_t kLinksPerStep = 2'048;
constexpr std::uint64_t kReleaseMessages = 64;
constexpr std::uint8_t kDumpsMissedMax = 2;
constexpr TimeNs kListenerMemory = kMinute;

// All TCP states but TIME_WAIT: most records of a busy host would be dead ones.
constexpr std::uint32_t kStates = 0xfff & ~(1U << os::kTcpStateTimeWait);

}  // namespace

bool SockDiagSource::advance_tick(bool& short_of_room) {
  const TimeNs now = os::boottime_ns();
  if (phase_ == Phase::kIdle) {
    if (now < next_due_ns_) return false;
    begin_tick(now);
  }
  if (out_.room() < kRoomMin) {
    short_of_room = true;
    return false;
  }
  switch (phase_) {
    case Phase::kIdle:
      break;
    case Phase::kNamespaces:
      scan_namespaces(now);
      phase_ = Phase::kRelease;
      break;
    case Phase::kRelease:
      if (!step_release(now)) break;
      plan_dumps();
      phase_ = Phase::kDump;
      break;
    case Phase::kDump:
      if (!step_dump(now)) break;
      begin_owners(now);
      phase_ = Phase::kOwners;
      break;
    case Phase::kOwners:
      if (walk_->step(kLinksPerStep, now)) phase_ = Phase::kAnnounce;
      break;
    case Phase::kAnnounce:
      if (step_announce(now)) phase_ = Phase::kRecheck;
      break;
    case Phase::kRecheck:
      if (step_recheck(now)) phase_ = Phase::kCounters;
      break;
    case Phase::kCounters:
      if (counters_->step(now, kRoomMin)) phase_ = Phase::kProcesses;
      break;
    case Phase::kProcesses:
      if (!processes_->sample(now, kRoomMin)) break;
      if (!connector_.valid() || verify_processes_) processes_->find_exits(now);
      verify_processes_ = false;
      phase_ = Phase::kSweep;
      break;
    case Phase::kSweep:
      sweep(now);
      phase_ = Phase::kIdle;
      settled_ns_ = now + kPeerWait;
      break;
  }
  return true;
}

void SockDiagSource::begin_tick(TimeNs now) {
  ++tick_;
  walk_all_ = looks_.begin() || walk_all_;
  phase_ = Phase::kNamespaces;
  resync_ = false;
  // Whole intervals after the last due time, so that ticks do not drift; ticks that a slow consumer missed are left
  // out.
  next_due_ns_ = next_due_ns_ == 0
                     ? now + options_.interval_ns
                     : next_due_ns_ + (1 + (now - next_due_ns_) / options_.interval_ns) * options_.interval_ns;
}

void SockDiagSource::scan_namespaces(TimeNs now) {
  Namespaces::Change change = namespaces_->scan(now, false);
  for (Netns* netns : change.opened) watch_netns(*netns);
  for (auto& netns : change.released) releasing_.push_back(std::move(netns));
}

// Tells the ends of what was in the namespaces that are let go, as far as the lane has room.
bool SockDiagSource::step_release(TimeNs now) {
  while (!releasing_.empty()) {
    if (!release(*releasing_.front(), now)) return false;
    releasing_.pop_front();
  }
  return true;
}

bool SockDiagSource::release(Netns& netns, TimeNs now) {
  do {
    if (out_.room() < kRoomMin) return false;
  } while (drain_destroyed_of(netns, kReleaseMessages));
  waiting_.clear();  // Its pointers go with the erasures; the others ask for their other ends when their time comes.
  for (auto ending = deferred_.begin(); ending != deferred_.end();) {
    if (ending->netns != netns.inode) {
      ++ending;
      continue;
    }
    if (out_.room() < kRoomMin) return false;
    finish_by_peer(*ending, now);
    ending = deferred_.erase(ending);
  }
  std::vector<std::uint64_t> cookies;
  for (const auto& [cookie, record] : sockets_.records()) {
    if (record.tuple.netns == netns.inode) cookies.push_back(cookie);
  }
  for (const std::uint64_t cookie : cookies) {
    if (out_.room() < kRoomMin) return false;
    SocketRecord& record = *sockets_.find(cookie);
    if (record.announced) events_->close(cookie, record, model::CloseReason::kSourceGone, now, flags_of(record));
    sockets_.erase(cookie);
  }
  return true;
}

void SockDiagSource::plan_dumps() {
  jobs_.clear();
  job_started_ = false;
  for (const auto& [inode, netns] : namespaces_->all()) {
    for (const std::uint8_t protocol : {model::kProtocolTcp, model::kProtocolUdp}) {
      for (const std::uint8_t family : {std::uint8_t{AF_INET}, std::uint8_t{AF_INET6}}) {
        jobs_.push_back({inode, family, protocol});
      }
    }
  }
  counters_->begin();
}

bool SockDiagSource::step_dump(TimeNs now) {
  if (jobs_.empty()) return true;
  const DumpJob job = jobs_.front();
  Netns* netns = namespaces_->find(job.netns);
  if (netns == nullptr) {
    jobs_.pop_front();
    return jobs_.empty();
  }
  if (!job_started_) {
    if (job.protocol == model::kProtocolTcp && job.family == AF_INET) netns->dumps_complete = true;
    dump_sequence_ = ++sequence_;
    const Status sent = netns->dump.send(os::inet_diag_dump_request(job.family, job.protocol, kStates, dump_sequence_));
    if (!sent.ok()) {
      end_dump_job(false, std::string(sent.message()));
      return jobs_.empty();
    }
    job_started_ = true;
  }
  switch (read_dump_chunk(*netns, job, now)) {
    case Chunk::kMore:
      break;
    case Chunk::kDone:
      end_dump_job(true, {});
      break;
    case Chunk::kFailed:
      end_dump_job(false, "the kernel refused the dump or broke it off");
      break;
  }
  return jobs_.empty();
}

void SockDiagSource::end_dump_job(bool complete, std::string why) {
  const DumpJob job = jobs_.front();
  jobs_.pop_front();
  job_started_ = false;
  if (complete) return;
  if (Netns* netns = namespaces_->find(job.netns)) netns->dumps_complete = false;
  degrade(std::string(job.protocol == model::kProtocolTcp ? "tcp" : "udp") + " sockets over IPv" +
              (job.family == AF_INET ? "4" : "6"),
          std::move(why));
}

SockDiagSource::Chunk SockDiagSource::read_dump_chunk(Netns& netns, const DumpJob& job, TimeNs now) {
  const os::NetlinkSocket::Received received = netns.dump.receive(buffer_);
  if (received.what == os::NetlinkSocket::What::kForeign) {
    out_.malformed();
    return Chunk::kMore;
  }
  if (received.what != os::NetlinkSocket::What::kData) return Chunk::kFailed;
  os::NetlinkMessages messages(received.bytes);
  while (const auto message = messages.next()) {
    if (message->sequence != dump_sequence_) continue;  // Of a dump that was broken off: older than what is known.
    if (message->type == NLMSG_DONE) return Chunk::kDone;
    if (message->type == NLMSG_ERROR) return Chunk::kFailed;
    if (message->type != SOCK_DIAG_BY_FAMILY) continue;
    const std::uint64_t before = out_.received();
    if (auto socket = os::parse_inet_diag(message->payload)) {
      socket->tuple.netns = netns.inode;
      socket->tuple.protocol = job.protocol;
      on_dumped(netns, *socket, now);
      if (out_.received() == before && !baseline_) out_.filtered();
    } else {
      out_.malformed();
    }
  }
  if (messages.malformed()) {
    out_.malformed();
    return Chunk::kFailed;
  }
  return Chunk::kMore;
}

void SockDiagSource::on_dumped(Netns& netns, os::DiagSocket& socket, TimeNs now) {
  (void)netns;
  if (host::is_transfer(socket.cookie)) return;
  const bool tcp = socket.tuple.protocol == model::kProtocolTcp;
  if (!tcp) socket.tcp.reset();
  // Mini-sockets (FIN_WAIT2 after close) and embryonic ones (SYN_RECV) carry no counters.
  if (tcp && !socket.tcp) return;
  if (!tcp && socket.tuple.local_port == 0) return;
  const auto state = tcp ? static_cast<model::TcpState>(socket.state) : model::TcpState::kNone;
  if (state == model::TcpState::kListen) listeners_.seen(socket.tuple, now);
  if (tcp && !socket.tcp->has_bytes_sent) degrade("tcp bytes sent", "the kernel does not count them; needs 4.19");
  SocketRecord* record = sockets_.find(socket.cookie);
  const bool is_new = record == nullptr;
  if (is_new) {
    if (closed_.contains(socket.cookie)) return;  // The dump is older than its end, which has been told.
    record = sockets_.insert(socket.cookie, socket.tuple);
    if (record == nullptr) {
      out_.dropped();
      degrade("sockets past the bound", "more open sockets than the source keeps records of");
      return;
    }
    record->family = socket.family;
    record->interface = socket.interface;
    record->existing = baseline_;
    record->opened_ns = baseline_ ? 0 : now;
    record->has_tcp = tcp;
    record->state = state;
    pending_.push_back(socket.cookie);
  }
  if (socket.inode != 0) {
    // Accepted, or given a file, since the last dump: now somebody can hold it.
    if (!is_new && record->announced && record->inode != socket.inode) rechecks_.push_back(socket.cookie);
    record->inode = socket.inode;
    record->uid = socket.uid;
  } else if (is_new) {
    record->uid = model::Process::kUidUnknown;
  }
  record->had_file = socket.inode != 0;
  record->seen_tick = tick_;
  record->dumps_missed = 0;
  if (socket.tcp && record->announced && state != model::TcpState::kListen) {
    events_->update(socket.cookie, *record, *socket.tcp, fin_received_in(state), state, now, flags_of(*record));
  }
  record->state = state;
  if (socket.tcp) record->tcp = *socket.tcp;
  if (baseline_ && is_new && tcp) record->first = payload_of(*socket.tcp, fin_received_in(state));
}

// What is there before the first event: told later as such, with the bytes of this moment. It is the first tick's dump.
void SockDiagSource::baseline() {
  baseline_ = true;
  plan_dumps();
  while (!jobs_.empty()) step_dump(os::boottime_ns());
  baseline_ = false;
}

std::uint16_t SockDiagSource::flags_of(const SocketRecord& record) {
  const Netns* netns = namespaces_->find(record.tuple.netns);
  return netns != nullptr && netns->lost ? std::uint16_t{model::kEventLost} : std::uint16_t{0};
}

void SockDiagSource::announce(std::uint64_t cookie, SocketRecord& record, TimeNs now) {
  const bool tcp = record.tuple.protocol == model::kProtocolTcp;
  events_->open(cookie, record, tcp && listeners_.listens(record.tuple), now, flags_of(record));
}

bool SockDiagSource::step_announce(TimeNs now) {
  std::vector<model::ProcessKey> owners;
  while (!pending_.empty()) {
    if (out_.room() < kRoomMin) return false;
    const std::uint64_t cookie = pending_.front();
    pending_.pop_front();
    SocketRecord* record = sockets_.find(cookie);
    if (record == nullptr || record->announced) continue;
    owners.clear();
    find_ownership(*record, now, owners);
    announce(cookie, *record, now);
    if (owners.size() > 1 || record->ownership.holders > 1) {
      events_->owner(cookie, *record, owners.data(), owners.size(), now);
    }
  }
  return true;
}

void SockDiagSource::sweep(TimeNs now) {
  std::vector<std::uint64_t> gone;
  unheard_.clear();
  unheard_until_ = now + kBroadcastWait;
  for (auto& [cookie, record] : sockets_.records()) {
    if (record.seen_tick == tick_) continue;
    const Netns* netns = namespaces_->find(record.tuple.netns);
    if (netns == nullptr || !netns->dumps_complete) continue;
    if (record.dumps_missed == 0 && !netns->lost) unheard_.push_back(cookie);
    if (record.dumps_missed < kDumpsMissedMax) ++record.dumps_missed;
    if (record.dumps_missed >= kDumpsMissedMax) gone.push_back(cookie);
  }
  for (const std::uint64_t cookie : gone) {
    if (out_.room() < kRoomMin) break;  // The next sweep finds it again.
    SocketRecord& record = *sockets_.find(cookie);
    if (record.announced) {
      events_->close(cookie, record, model::CloseReason::kSourceGone, now, flags_of(record));
      closed_.add_gone(cookie, record);
    }
    sockets_.erase(cookie);
  }
  for (auto& [inode, netns] : namespaces_->all()) {
    if (netns->lost && netns->dumps_complete && tick_ > netns->lost_at_tick) netns->lost = false;
  }
  listeners_.forget_before(now - kListenerMemory);
  plan_rechecks();
  // Not at once: a host that loses records has no time to spare.
  if (resync_) next_due_ns_ = std::min(next_due_ns_, now + options_.interval_ns / 10);
}

}  // namespace ipm::source::sock_diag
