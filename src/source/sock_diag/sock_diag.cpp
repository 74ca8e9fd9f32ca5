#include "source/sock_diag/sock_diag.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include "os/linux/clock.h"
#include "os/linux/proc_connector.h"
#include "os/linux/proc_files.h"
#include "os/linux/proc_text.h"
#include "os/linux/rtnetlink.h"
#include "source/sock_diag/closed_sockets.h"
#include "source/sock_diag/event_out.h"
#include "source/sock_diag/namespaces.h"
#include "source/sock_diag/options.h"
#include "source/sock_diag/owner_walk.h"
#include "source/sock_diag/processes.h"
#include "source/sock_diag/socket_events.h"
#include "source/sock_diag/socket_table.h"

namespace ipm::source {
namespace sock_diag {
namespace {

constexpr std::uint64_t kRoomMin = 1024;  // Free slots of the lane below which a look pauses.
constexpr std::uint64_t kLinksPerStep = 4096;

struct Question {
  std::uint8_t family;
  std::uint8_t protocol;
  std::uint32_t states;
};
// TIME_WAIT is masked: its bytes came with the destroy record. NEW_SYN_RECV has no cookie yet.
constexpr std::uint32_t kTcpStates = 0xffe & ~(1U << os::kTcpStateTimeWait) & ~(1U << 12);
constexpr Question kQuestions[] = {{AF_INET, model::kProtocolTcp, kTcpStates},
                                   {AF_INET6, model::kProtocolTcp, kTcpStates},
                                   {AF_INET, model::kProtocolUdp, 0xfff},
                                   {AF_INET6, model::kProtocolUdp, 0xfff}};

class SockDiagSource final : public Source {
 public:
  std::string_view name() const noexcept override { return "sock_diag"; }
  bool live() const noexcept override { return true; }
  Capabilities probe() const override;
  Status open(const SourceOptions& options) override;
  Status poll(ring::Writer& out, std::chrono::nanoseconds timeout) override;
  void look_now() override { asked_to_look_.store(true, std::memory_order_relaxed); }
  int fd() const noexcept override { return epoll_.get(); }
  TimeNs next_due_ns() const noexcept override {
    return phase_ == Phase::kIdle && !asked_to_look_.load(std::memory_order_relaxed) ? next_tick_ns_ : 0;
  }
  void interrupt() noexcept override {
    const std::uint64_t one = 1;
    (void)!::write(wake_.get(), &one, sizeof one);
  }
  SourceStats stats() const noexcept override { return out_.stats(); }
  Degradations degradations() const override;

 private:
  enum class Phase { kIdle, kDump, kWalk, kTell, kSamples };

  void watch(int fd);
  void wait(TimeNs timeout);
  void drain_destroy(Netns& netns, TimeNs now);
  void drain_connector(TimeNs now);
  void begin_tick(TimeNs now);
  bool run_tick(TimeNs now);
  bool dump_some(TimeNs now);
  void dumped(Netns& netns, const Question& question, os::DiagSocket socket, TimeNs now);
  void closed(Netns& netns, os::DiagSocket socket, TimeNs now);
  void begin_walk(TimeNs now);
  bool tell_some(TimeNs now);
  void find_owner(std::uint64_t cookie, SocketRecord& record, TimeNs now);
  void find_missing(TimeNs now);
  void read_counters(Netns& netns, TimeNs now);
  void release(Netns& netns, TimeNs now);
  void overrun(Netns& netns, TimeNs now);

  Options options_;
  std::unique_ptr<Namespaces> namespaces_;
  std::unique_ptr<Processes> processes_;
  std::unique_ptr<OwnerWalk> walk_;
  std::unique_ptr<SocketEvents> events_;
  EventOut out_;
  SocketTable sockets_;
  ListenerBook listeners_;
  ClosedSockets closed_;
  os::Fd epoll_;
  os::Fd wake_;
  os::NetlinkSocket connector_;
  Status connector_status_;
  Degradations fixed_;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(128 * 1024);
  Phase phase_ = Phase::kIdle;
  TimeNs next_tick_ns_ = 0;
  std::uint64_t tick_ = 0;
  std::vector<std::uint32_t> dump_netns_;  // Still to be asked in this tick; the last is asked now.
  std::size_t question_ = 0;
  bool asked_ = false;
  std::uint32_t sequence_ = 0;
  std::vector<std::uint64_t> tell_;  // Cookies with something to tell after the walk.
  std::vector<std::uint32_t> likely_;
  std::atomic<bool> asked_to_look_{false};  // A flag alone, so relaxed is enough.
  bool walk_all_ = false;                   // The next walk looks at every process, whatever it costs.
  std::atomic<std::uint64_t> unreadable_{0};
  std::uint16_t loss_flag_ = 0;
};

Capabilities SockDiagSource::probe() const {
  const bool root = ::geteuid() == 0;
  Capabilities all;
  const Result<os::NetlinkSocket> diag = os::NetlinkSocket::open(NETLINK_SOCK_DIAG, 0);
  all.push_back(
      {"TCP sockets, bytes and round-trip times", diag.ok(), diag.ok() ? "" : std::string(diag.status().message())});
  const Result<os::NetlinkSocket> destroy = os::NetlinkSocket::open(NETLINK_SOCK_DIAG, os::kDestroyGroups);
  all.push_back({"final counters of closed connections", destroy.ok(),
                 destroy.ok() ? "" : std::string(destroy.status().message())});
  const Result<os::NetlinkSocket> connector = os::NetlinkSocket::open(NETLINK_CONNECTOR, os::kProcessConnectorGroup);
  all.push_back({"starts and ends of processes as they happen", connector.ok(),
                 connector.ok() ? "" : "process connector: needs CAP_NET_ADMIN before kernel 6.6"});
  all.push_back(
      {"owners of all users' sockets", root, root ? "" : "needs CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH, or root"});
  all.push_back({"other network namespaces", root, root ? "" : "needs CAP_SYS_ADMIN, or root"});
  all.push_back({"bytes of UDP", false, "sock_diag does not count them"});
  all.push_back({"failed connects and resets by process", false,
                 "the kernel zeroes those records; see the table namespaces for totals"});
  all.push_back({"owners of connections that live between two looks", false,
                 "sock_diag names no process; a smaller interval sees more"});
  return all;
}

Degradations SockDiagSource::degradations() const {
  Degradations missing = fixed_;
  const std::uint64_t unreadable = unreadable_.load(std::memory_order_relaxed);  // A number for display.
  if (unreadable != 0) {
    missing.push_back(
        {"owners of some sockets", false,
         std::to_string(unreadable) +
             " processes of other users cannot be read: needs CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH, or root"});
  }
  return missing;
}

void SockDiagSource::watch(int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  (void)::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
}

Status SockDiagSource::open(const SourceOptions& options) {
  Result<Options> parsed = read_options(options);
  if (!parsed.ok()) return parsed.status();
  options_ = *parsed;
  epoll_ = os::Fd(::epoll_create1(EPOLL_CLOEXEC));
  wake_ = os::Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!epoll_.valid() || !wake_.valid()) return Status::from_errno("sock_diag: epoll", errno);
  watch(wake_.get());
  namespaces_ = std::make_unique<Namespaces>(options_);
  if (Status status = namespaces_->open_own(); !status.ok()) return status.with_context("sock_diag");
  processes_ = std::make_unique<Processes>(options_.proc_root, out_);
  walk_ = std::make_unique<OwnerWalk>(options_.proc_root);
  events_ = std::make_unique<SocketEvents>(out_, *processes_);
  Namespaces::Change change = namespaces_->scan(os::boottime_ns(), true);
  for (auto& [inode, netns] : namespaces_->all()) watch(netns->destroy.fd());

  Result<os::NetlinkSocket> connector = os::NetlinkSocket::open(NETLINK_CONNECTOR, os::kProcessConnectorGroup);
  connector_status_ = connector.status();
  if (connector.ok()) {
    connector_ = std::move(*connector);
    connector_status_ = connector_.send(os::process_connector_request(true));
    if (connector_status_.ok()) watch(connector_.fd());
  }
  for (const Capability& each : probe()) {
    if (!each.available) fixed_.push_back(each);
  }
  return Status::success();
}

void SockDiagSource::wait(TimeNs timeout) {
  const TimeNs until_tick = std::max<TimeNs>(0, next_due_ns() - os::boottime_ns());
  const TimeNs wait_ns = std::min(timeout, until_tick);
  epoll_event ready[4];
  (void)::epoll_wait(epoll_.get(), ready, 4,
                     static_cast<int>(std::min<TimeNs>((wait_ns + kMillisecond - 1) / kMillisecond, 60'000)));
  std::uint64_t drained = 0;
  (void)!::read(wake_.get(), &drained, sizeof drained);
}

Status SockDiagSource::poll(ring::Writer& out, std::chrono::nanoseconds timeout) {
  out_.bind(&out);
  if (timeout.count() > 0) wait(timeout.count());
  const TimeNs now = os::boottime_ns();
  const std::uint64_t before = out_.written();
  for (auto& [inode, netns] : namespaces_->all()) drain_destroy(*netns, now);
  drain_connector(now);
  if (asked_to_look_.exchange(false, std::memory_order_relaxed)) {
    next_tick_ns_ = 0;
    walk_all_ = true;
  }
  if (phase_ == Phase::kIdle && now >= next_tick_ns_) begin_tick(now);
  bool paused = false;
  if (phase_ != Phase::kIdle) paused = !run_tick(now);
  return paused || out_.written() != before ? Status::success() : Status::timeout();
}

// --- what the kernel tells on its own ---

void SockDiagSource::overrun(Netns& netns, TimeNs now) {
  netns.lost = true;
  out_.lost();
  model::Loss loss;
  loss.what = model::LossWhat::kKernelBuffer;
  out_.write(model::make_event(now, model::EventKind::kLoss, {}, 0, loss));
  loss_flag_ = model::kEventLost;
  next_tick_ns_ = 0;  // Look again at once.
}

void SockDiagSource::drain_destroy(Netns& netns, TimeNs now) {
  while (out_.room() >= kRoomMin) {
    const os::NetlinkSocket::Received got = netns.destroy.receive(buffer_);
    if (got.what == os::NetlinkSocket::What::kNothing || got.what == os::NetlinkSocket::What::kFailed) return;
    if (got.what == os::NetlinkSocket::What::kOverrun) {
      overrun(netns, now);
      continue;
    }
    if (got.what == os::NetlinkSocket::What::kForeign) {
      out_.malformed();
      continue;
    }
    os::NetlinkMessages messages(got.bytes);
    while (const std::optional<os::NetlinkMessage> message = messages.next()) {
      const std::optional<os::DiagSocket> socket = os::parse_inet_diag(message->payload);
      if (socket) {
        closed(netns, *socket, now);
      } else {
        out_.malformed();
      }
    }
  }
}

void SockDiagSource::closed(Netns& netns, os::DiagSocket socket, TimeNs now) {
  socket.tuple.netns = netns.inode;
  SocketRecord* record = sockets_.find(socket.cookie);
  if (record == nullptr) {
    const bool tcp = socket.tcp.has_value();
    if (closed_.contains(socket.cookie) || !tcp || socket.tcp->zeroed() || socket.tuple.remote_port == 0) {
      out_.filtered();  // Told already; or refused or aborted, which the kernel zeroes; or a UDP socket never seen.
      return;
    }
    socket.tuple.protocol = model::kProtocolTcp;
    SocketRecord brief;
    brief.tuple = socket.tuple;
    brief.family = socket.family;
    brief.opened_ns = now;
    brief.ownership.rule = model::Rule::kBetweenDumps;
    const bool listener = listeners_.listens(brief.tuple);
    const FinEvidence evidence{
        .accepted = listener, .connected = !listener, .peer_sent = closed_.peer_sent(brief.tuple)};
    const std::optional<bool> known = fin_received_by(evidence, *socket.tcp);
    const bool fin = known ? *known : fin_received_given(evidence, *socket.tcp, Remains::kNotAsked);
    events_->between_dumps(socket.cookie, brief, listener, &*socket.tcp, fin, now, loss_flag_);
    closed_.add(socket.cookie, brief.tuple, unique_sent(*socket.tcp));
    return;
  }
  const bool listener = listeners_.listens(record->tuple);
  if (!record->announced) events_->open(socket.cookie, *record, listener, now, loss_flag_);
  std::optional<std::uint64_t> sent;
  model::CloseReason reason = model::CloseReason::kUnknown;
  if (socket.tcp && !socket.tcp->zeroed()) {
    std::optional<std::uint64_t> peer_sent = closed_.peer_sent(record->tuple);
    if (!peer_sent) {
      if (const auto [cookie, peer] = sockets_.find_peer(record->tuple); peer != nullptr && peer->has_tcp)
        peer_sent = unique_sent(peer->tcp);
    }
    const FinEvidence evidence{.last_state = record->state,
                               .last_had_file = record->had_file,
                               .accepted = listener,
                               .connected = !listener,
                               .peer_sent = peer_sent};
    const std::optional<bool> known = fin_received_by(evidence, *socket.tcp);
    const bool fin = known ? *known : fin_received_given(evidence, *socket.tcp, Remains::kNotAsked);
    events_->update(socket.cookie, *record, *socket.tcp, fin, model::TcpState::kClose, now, loss_flag_);
    sent = unique_sent(*socket.tcp);
    reason = model::CloseReason::kOrderly;
  } else if (record->tuple.protocol != model::kProtocolTcp || record->state == model::TcpState::kListen) {
    reason = model::CloseReason::kOrderly;
  }
  events_->close(socket.cookie, *record, reason, now, loss_flag_);
  closed_.add(socket.cookie, record->tuple, sent);
  sockets_.erase(socket.cookie);
}

void SockDiagSource::drain_connector(TimeNs now) {
  if (!connector_.valid()) return;
  while (out_.room() >= kRoomMin) {
    const os::NetlinkSocket::Received got = connector_.receive(buffer_);
    if (got.what == os::NetlinkSocket::What::kNothing || got.what == os::NetlinkSocket::What::kFailed) return;
    if (got.what == os::NetlinkSocket::What::kOverrun) {
      processes_->find_exits(now);
      continue;
    }
    if (got.what == os::NetlinkSocket::What::kForeign) continue;
    os::NetlinkMessages messages(got.bytes);
    while (const std::optional<os::NetlinkMessage> message = messages.next()) {
      const std::optional<os::ProcessNews> news = os::parse_process_news(message->payload);
      if (!news) continue;
      switch (news->what) {
        case os::ProcessNews::What::kFork:
          likely_.push_back(news->pid);
          // The child holds what its parent held: look again.
          if (!processes_->known(news->parent_pid)) break;
          for (auto& [cookie, record] : sockets_.records()) {
            if (record.ownership.owner.pid() == news->parent_pid) record.owner_checked = false;
          }
          break;
        case os::ProcessNews::What::kExec:
          likely_.push_back(news->pid);
          processes_->exec(news->pid, now);
          break;
        case os::ProcessNews::What::kExit:
          processes_->exit(news->pid, news->exit_code, now);
          break;
        case os::ProcessNews::What::kOther:
          break;
      }
      if (likely_.size() > 4096) likely_.erase(likely_.begin(), likely_.begin() + 2048);
    }
  }
}

// --- a look at all sockets ---

void SockDiagSource::begin_tick(TimeNs now) {
  ++tick_;
  Namespaces::Change change = namespaces_->scan(now, tick_ == 1);
  for (Netns* netns : change.opened) watch(netns->destroy.fd());
  for (const std::unique_ptr<Netns>& netns : change.released) release(*netns, now);
  dump_netns_.clear();
  for (auto& [inode, netns] : namespaces_->all()) {
    netns->dumps_complete = true;
    dump_netns_.push_back(inode);
  }
  question_ = 0;
  asked_ = false;
  tell_.clear();
  next_tick_ns_ = now + options_.interval_ns;
  phase_ = Phase::kDump;
}

void SockDiagSource::release(Netns& netns, TimeNs now) {
  drain_destroy(netns, now);
  std::vector<std::uint64_t> gone;
  for (const auto& [cookie, record] : sockets_.records()) {
    if (record.tuple.netns == netns.inode) gone.push_back(cookie);
  }
  std::sort(gone.begin(), gone.end());
  for (const std::uint64_t cookie : gone) {
    SocketRecord* record = sockets_.find(cookie);
    if (record->announced) events_->close(cookie, *record, model::CloseReason::kSourceGone, now, 0);
    sockets_.erase(cookie);
  }
}

// False: the lane has to be emptied first.
bool SockDiagSource::run_tick(TimeNs now) {
  if (phase_ == Phase::kDump) {
    if (!dump_some(now)) return false;
    find_missing(now);
    begin_walk(now);
    phase_ = Phase::kWalk;
  }
  if (phase_ == Phase::kWalk) {
    while (!walk_->step(kLinksPerStep, now)) {
    }
    unreadable_.store(walk_->unreadable(), std::memory_order_relaxed);
    phase_ = Phase::kTell;
  }
  if (phase_ == Phase::kTell) {
    if (!tell_some(now)) return false;
    phase_ = Phase::kSamples;
  }
  if (!processes_->sample(now, kRoomMin)) return false;
  for (auto& [inode, netns] : namespaces_->all()) read_counters(*netns, now);
  listeners_.forget_before(now - kMinute);
  if (!connector_status_.ok()) processes_->find_exits(now);
  loss_flag_ = 0;
  phase_ = Phase::kIdle;
  return true;
}

bool SockDiagSource::dump_some(TimeNs now) {
  while (!dump_netns_.empty()) {
    Netns* netns = namespaces_->find(dump_netns_.back());
    if (netns == nullptr || question_ == std::size(kQuestions)) {
      dump_netns_.pop_back();
      question_ = 0;
      continue;
    }
    const Question& question = kQuestions[question_];
    if (!asked_) {
      const Status status = netns->dump.send(
          os::inet_diag_dump_request(question.family, question.protocol, question.states, ++sequence_));
      asked_ = status.ok();
      if (!asked_) {
        netns->dumps_complete = false;
        ++question_;
        continue;
      }
    }
    if (out_.room() < kRoomMin) return false;
    const os::NetlinkSocket::Received got = netns->dump.receive(buffer_);
    if (got.what == os::NetlinkSocket::What::kForeign) continue;
    if (got.what != os::NetlinkSocket::What::kData) {
      netns->dumps_complete = false;
      asked_ = false;
      ++question_;
      continue;
    }
    os::NetlinkMessages messages(got.bytes);
    while (const std::optional<os::NetlinkMessage> message = messages.next()) {
      if (message->sequence != sequence_) continue;
      if (message->type == NLMSG_DONE || message->type == NLMSG_ERROR) {
        if (message->type == NLMSG_ERROR) netns->dumps_complete = false;
        asked_ = false;
        ++question_;
        break;
      }
      if (const std::optional<os::DiagSocket> socket = os::parse_inet_diag(message->payload)) {
        dumped(*netns, question, *socket, now);
      } else {
        out_.malformed();
      }
    }
  }
  return true;
}

void SockDiagSource::dumped(Netns& netns, const Question& question, os::DiagSocket socket, TimeNs now) {
  if (socket.cookie == 0 || closed_.contains(socket.cookie)) {
    out_.filtered();
    return;
  }
  socket.tuple.netns = netns.inode;
  socket.tuple.protocol = question.protocol;
  const auto state = static_cast<model::TcpState>(socket.state);
  SocketRecord* record = sockets_.find(socket.cookie);
  if (record == nullptr) {
    record = sockets_.insert(socket.cookie, socket.tuple);
    if (record == nullptr) {
      out_.dropped();
      return;
    }
    record->tuple = socket.tuple;
    record->family = socket.family;
    record->existing = tick_ == 1;
    record->opened_ns = tick_ == 1 ? 0 : now;
  }
  record->uid = socket.uid;
  record->had_file = socket.inode != 0;
  if (socket.inode != 0) record->inode = socket.inode;
  record->seen_tick = tick_;
  record->dumps_missed = 0;
  if (question.protocol == model::kProtocolTcp && socket.state == os::kTcpStateListen)
    listeners_.seen(record->tuple, now);
  if (record->announced && socket.tcp && question.protocol == model::kProtocolTcp) {
    events_->update(socket.cookie, *record, *socket.tcp, fin_received_in(state), state, now, loss_flag_);
  }
  record->state = state;
  if (socket.tcp) {
    record->tcp = *socket.tcp;
    record->has_tcp = true;
  }
  if (!record->announced || !record->owner_checked) tell_.push_back(socket.cookie);
}

void SockDiagSource::find_missing(TimeNs now) {
  std::vector<std::uint64_t> gone;
  for (auto& [cookie, record] : sockets_.records()) {
    if (record.seen_tick == tick_) continue;
    const Netns* netns = namespaces_->find(record.tuple.netns);
    if (netns != nullptr && !netns->dumps_complete) continue;
    if (++record.dumps_missed >= 2) gone.push_back(cookie);
  }
  std::sort(gone.begin(), gone.end());
  for (const std::uint64_t cookie : gone) {
    SocketRecord* record = sockets_.find(cookie);
    if (record->announced) events_->close(cookie, *record, model::CloseReason::kSourceGone, now, loss_flag_);
    closed_.add_gone(cookie, *record);
    sockets_.erase(cookie);
  }
}

void SockDiagSource::begin_walk(TimeNs now) {
  std::unordered_set<std::uint64_t> inodes;
  for (const std::uint64_t cookie : tell_) {
    const SocketRecord* record = sockets_.find(cookie);
    if (record != nullptr && record->inode != 0) inodes.insert(record->inode);
  }
  std::vector<std::uint32_t> likely = likely_;
  for (const std::uint32_t pid : processes_->pids()) likely.push_back(pid);
  likely_.clear();
  walk_->begin(std::move(inodes), likely, now, std::exchange(walk_all_, false));
}

void SockDiagSource::find_owner(std::uint64_t cookie, SocketRecord& record, TimeNs now) {
  if (record.inode == 0 || !walk_->wanted(record.inode)) return;
  const Holders* holders = walk_->holders(record.inode);
  Ownership found;
  std::vector<model::ProcessKey> keys;
  if (holders != nullptr) {
    for (std::uint16_t i = 0; i < std::min<std::uint16_t>(holders->count, model::kOwnersMax); ++i) {
      const model::ProcessKey key = processes_->ensure(holders->pids[i], now);
      if (!key.empty()) keys.push_back(key);
    }
    found.holders = holders->count;
  }
  if (keys.size() == 1) {
    found.owner = keys[0];
    found.quality = walk_->complete() ? model::Quality::kExact : model::Quality::kInferred;
    found.rule = model::Rule::kOnlyHolder;
    found.holders = 1;
  } else if (keys.size() > 1) {
    found.quality = model::Quality::kCandidate;
    found.rule = model::Rule::kSharedHolders;
    for (const model::ProcessKey key : keys) found.holders_hash = found.holders_hash * 31 + key.ref();
  } else {
    found.rule = walk_->unreadable() != 0 ? model::Rule::kNoPermission : model::Rule::kNoHolder;
  }
  record.owner_checked = walk_->complete() && (!keys.empty() || ++record.owner_looks >= 3);
  // An orphan keeps its recorded owner.
  if (keys.empty() && record.ownership.quality != model::Quality::kUnknown) return;
  if (found == record.ownership) return;
  record.ownership = found;
  if (record.announced || keys.size() > 1) {
    if (!record.announced) return;  // Told after the opening.
    events_->owner(cookie, record, keys.data(), keys.size(), now);
  }
}

bool SockDiagSource::tell_some(TimeNs now) {
  // Listeners first in the book, so that directions of this look are right.
  while (!tell_.empty()) {
    if (out_.room() < kRoomMin) return false;
    const std::uint64_t cookie = tell_.back();
    tell_.pop_back();
    SocketRecord* record = sockets_.find(cookie);
    if (record == nullptr) continue;
    const bool fresh = !record->announced;
    if (!fresh) {
      find_owner(cookie, *record, now);
      continue;
    }
    find_owner(cookie, *record, now);
    const std::uint16_t flags = record->existing ? std::uint16_t{model::kEventFirstSight} : loss_flag_;
    events_->open(cookie, *record, listeners_.listens(record->tuple), now, flags);
    if (record->ownership.quality == model::Quality::kCandidate) {
      record->ownership = {};
      find_owner(cookie, *record, now);
    }
  }
  return true;
}

void SockDiagSource::read_counters(Netns& netns, TimeNs now) {
  if (netns.snmp.valid()) {
    if (const Result<std::string> text = os::read_file_at(netns.snmp.get()); text.ok()) {
      if (const std::optional<os::SnmpCounters> snmp = os::parse_snmp(*text)) {
        model::HostCounters counters;
        counters.tcp_active_opens = snmp->tcp_active_opens;
        counters.tcp_passive_opens = snmp->tcp_passive_opens;
        counters.tcp_attempt_fails = snmp->tcp_attempt_fails;
        counters.tcp_estab_resets = snmp->tcp_estab_resets;
        counters.tcp_retrans_segs = snmp->tcp_retrans_segs;
        counters.tcp_out_rsts = snmp->tcp_out_rsts;
        counters.tcp_in_segs = snmp->tcp_in_segs;
        counters.tcp_out_segs = snmp->tcp_out_segs;
        counters.udp_in_datagrams = snmp->udp_in_datagrams;
        counters.udp_out_datagrams = snmp->udp_out_datagrams;
        counters.netns = netns.inode;
        out_.write(model::make_event(now, model::EventKind::kHostCounters, {}, 0, counters));
      }
    }
  }
  if (!netns.route.valid() || !netns.route.send(os::link_dump_request(++sequence_)).ok()) return;
  for (bool more = true; more && out_.room() >= kRoomMin;) {
    const os::NetlinkSocket::Received got = netns.route.receive(buffer_);
    if (got.what != os::NetlinkSocket::What::kData) return;
    os::NetlinkMessages messages(got.bytes);
    while (const std::optional<os::NetlinkMessage> message = messages.next()) {
      if (message->type == NLMSG_DONE || message->type == NLMSG_ERROR) more = false;
      if (message->type != RTM_NEWLINK) continue;
      const std::optional<os::Link> link = os::parse_link(message->payload);
      if (!link || !link->has_counters) continue;
      model::Interface counters;
      counters.rx_bytes = link->rx_bytes;
      counters.tx_bytes = link->tx_bytes;
      counters.rx_packets = link->rx_packets;
      counters.tx_packets = link->tx_packets;
      counters.rx_drops = link->rx_drops;
      counters.tx_drops = link->tx_drops;
      counters.rx_errors = static_cast<std::uint32_t>(link->rx_errors);
      counters.tx_errors = static_cast<std::uint32_t>(link->tx_errors);
      counters.netns = netns.inode;
      counters.index = link->index;
      counters.flags = link->flags;
      link->name.copy(counters.name, sizeof counters.name - 1);
      out_.write(model::make_event(now, model::EventKind::kInterface, {}, 0, counters));
    }
  }
}

}  // namespace
}  // namespace sock_diag

std::unique_ptr<Source> make_sock_diag_source() {
  return std::make_unique<sock_diag::SockDiagSource>();
}

}  // namespace ipm::source
