#include "source/synthetic/synthetic_host.h"

#include <algorithm>
#include <cerrno>
#include <string>

namespace ipm::source {

using model::EventKind;
using model::ProcessKey;

namespace {
constexpr TimeNs kFirst = 3600 * kSecond;  // Engine time of the first event: an hour after boot.
constexpr std::uint32_t kNetns = 1;
constexpr std::uint64_t kHeaderBytes = 66;     // Ethernet, IPv4, TCP with timestamps.
constexpr std::uint64_t kSegmentBytes = 1448;  // What is left of 1500 for payload.
}  // namespace

SyntheticHost::SyntheticHost(const SyntheticShape& shape)
    : shape_(shape),
      random_(shape.seed),
      processes_(std::max<std::uint64_t>(shape.processes, 1)),
      flows_(std::max<std::uint64_t>(shape.flows, 1)),
      now_(kFirst) {
  octets_.netns = totals_.netns = kNetns;
  octets_.index = 2;
  octets_.flags = 1;  // IFF_UP
  std::string_view("eth0").copy(octets_.name, sizeof octets_.name);
}

template <typename T>
void SyntheticHost::write(EventKind kind, ProcessKey process, std::uint64_t flow, const T& payload, ring::Writer& out) {
  TimeNs time = now_;
  // A clock anchor says what time it is and is never late.
  if (kind != EventKind::kClockAnchor && random_.below(1000) < shape_.reorder_per_mille) {
    time -= static_cast<TimeNs>(random_.below(200)) * kMillisecond;
  }
  out.write(model::make_event(time, kind, process, flow, payload));
  ++own_events_;
}

void SyntheticHost::turn(ring::Writer& out) {
  const auto gap = static_cast<std::uint64_t>(kSecond) / std::max<std::uint64_t>(shape_.rate, 1);
  now_ += static_cast<TimeNs>(random_.below(2 * gap)) + 1;
  clocks(out);
  if (random_.one_in(3000)) lose(out);
  if (now_ >= next_counters_) count_host(out);
  Flow& flow = flows_[random_.below(flows_.size())];
  if (!flow.open) {
    open_flow(flow, out);
  } else if (random_.one_in(20)) {
    close_flow(flow, out);
  } else {
    move(flow, out);
  }
  if (random_.one_in(400)) end_process(random_.below(processes_.size()), out);
  if (random_.one_in(900)) describe(random_.below(processes_.size()), EventKind::kProcessExec, out);
}

// --- time and totals ---

void SyntheticHost::clocks(ring::Writer& out) {
  if (own_events_ == 0) anchor(model::AnchorReason::kOpen, out);
  if (random_.one_in(5000)) {  // CLOCK_BOOTTIME runs on while the host sleeps.
    now_ += 30 * kSecond;
    anchor(model::AnchorReason::kSuspend, out);
  }
  if (random_.one_in(7000)) {
    wall_step_ += kSecond;
    anchor(model::AnchorReason::kStep, out);
  }
}

void SyntheticHost::anchor(model::AnchorReason reason, ring::Writer& out) {
  model::ClockAnchor anchor;
  anchor.boottime_ns = now_;
  anchor.realtime_ns = static_cast<TimeNs>(shape_.start_unix_s) * kSecond + (now_ - kFirst) + wall_step_;
  anchor.reason = reason;
  write(EventKind::kClockAnchor, {}, 0, anchor, out);
}

void SyntheticHost::lose(ring::Writer& out) {
  model::Loss loss;
  loss.what = model::LossWhat::kKernelBuffer;
  loss.events = 1 + random_.below(5);
  loss.bytes_known = random_.one_in(2) ? 1 : 0;
  loss.bytes = loss.bytes_known != 0 ? random_.below(10'000) : 0;
  loss.layer = model::ByteLayer::kTcp;
  write(EventKind::kLoss, {}, 0, loss, out);
}

void SyntheticHost::count_host(ring::Writer& out) {
  next_counters_ = now_ + kSecond;
  write(EventKind::kInterface, {}, 0, octets_, out);
  write(EventKind::kHostCounters, {}, 0, totals_, out);
}

// --- processes ---

// Pids come again soon, with another start; never while their process lives.
std::uint32_t SyntheticHost::free_pid() {
  for (;;) {
    const auto pid = static_cast<std::uint32_t>(100 + random_.below(processes_.size() * 2));
    const bool taken =
        std::any_of(processes_.begin(), processes_.end(), [&](const Proc& proc) { return proc.key.pid() == pid; });
    if (!taken) return pid;
  }
}

void SyntheticHost::describe(std::size_t index, EventKind kind, ring::Writer& out) {
  static constexpr std::string_view kNames[] = {"nginx",   "curl",   "sshd",  "postgres",
                                                "python3", "backup", "agent", "cron"};
  Proc& proc = processes_[index];
  if (kind == EventKind::kProcessExec && proc.key.empty()) return;
  if (proc.key.empty()) proc.key = ProcessKey(free_pid(), ++next_start_);
  const std::string_view name = kNames[random_.below(std::size(kNames))];
  model::Process facts;
  facts.ppid = 1;
  facts.uid = random_.one_in(3) ? 0 : 1000;
  facts.netns = kNetns;
  facts.exe = texts_.id("/usr/bin/" + std::string(name), now_, out);
  if (random_.one_in(2)) facts.unit = texts_.id(std::string(name) + ".service", now_, out);
  facts.start_ns = static_cast<TimeNs>(proc.key.start_ticks()) * 10 * kMillisecond;
  name.copy(facts.comm, sizeof facts.comm - 1);
  write(kind, proc.key, 0, facts, out);
}

void SyntheticHost::end_process(std::size_t index, ring::Writer& out) {
  Proc& proc = processes_[index];
  if (proc.key.empty()) return;
  write(EventKind::kProcessExit, proc.key, 0, model::ProcessExit{}, out);
  proc.key = {};
}

// --- flows ---

model::FlowTuple SyntheticHost::make_tuple(bool udp) {
  model::FlowTuple tuple;
  tuple.netns = kNetns;
  tuple.protocol = udp ? model::kProtocolUdp : model::kProtocolTcp;
  tuple.direction = random_.one_in(3) ? model::Direction::kIn : model::Direction::kOut;
  tuple.local = *model::IpAddress::parse("10.0.0.1");
  // Two draws, one statement each: operands of + may be evaluated in any order.
  const std::string third = std::to_string(random_.below(100));
  const std::string fourth = std::to_string(random_.below(250));
  tuple.remote = *model::IpAddress::parse("198.51." + third + "." + fourth);
  tuple.local_port = static_cast<std::uint16_t>(1024 + random_.below(60'000));
  tuple.remote_port = udp ? 53 : 443;
  return tuple;
}

void SyntheticHost::open_flow(Flow& flow, ring::Writer& out) {
  flow = {};
  flow.open = true;
  flow.process = random_.below(processes_.size());
  if (processes_[flow.process].key.empty()) describe(flow.process, EventKind::kProcessStart, out);
  const bool udp = random_.one_in(8);
  flow.tuple = make_tuple(udp);
  const bool outward = flow.tuple.direction == model::Direction::kOut;
  if (!udp || random_.one_in(2)) flow.cookie = ++next_cookie_;  // Some UDP has the tuple alone.
  const std::uint64_t fate = random_.below(10);
  flow.owned = fate < 7;
  flow.shared = fate == 7;
  const ProcessKey owner = flow.owned ? processes_[flow.process].key : ProcessKey();
  model::SocketOpen open;
  open.tuple = flow.tuple;
  open.how = outward ? model::OpenHow::kConnect : model::OpenHow::kAccept;
  if (!udp) open.state = outward ? model::TcpState::kSynSent : model::TcpState::kEstablished;
  open.quality = flow.owned ? model::Quality::kExact : model::Quality::kUnknown;
  const model::Rule seen = outward ? model::Rule::kConnect : model::Rule::kAccept;
  open.rule = flow.owned ? seen : model::Rule::kBetweenDumps;
  write(EventKind::kSocketOpen, owner, flow.cookie, open, out);
  if (!udp && outward) {
    if (random_.one_in(12)) {
      ++totals_.tcp_attempt_fails;
      write(EventKind::kFailure, owner, flow.cookie, model::SocketFailure{.tuple = flow.tuple, .error = ECONNREFUSED},
            out);
      return end_flow(flow, model::CloseReason::kRefused, out);
    }
    write(EventKind::kSocketEstablished, owner, flow.cookie,
          model::SocketEstablished{.tuple = flow.tuple, .handshake_us = 900}, out);
  }
  if (!udp) ++(outward ? totals_.tcp_active_opens : totals_.tcp_passive_opens);
  if (flow.shared) say_shared(flow, out);
}

void SyntheticHost::say_shared(const Flow& flow, ring::Writer& out) {
  const std::size_t other = (flow.process + 1) % processes_.size();
  if (processes_[other].key.empty()) describe(other, EventKind::kProcessStart, out);
  model::SocketOwner found;
  found.tuple = flow.tuple;
  found.quality = model::Quality::kCandidate;
  found.rule = model::Rule::kSharedHolders;
  found.holders = 2;
  found.owners[0] = processes_[flow.process].key.ref();
  found.owners[1] = processes_[other].key.ref();
  write(EventKind::kSocketOwner, {}, flow.cookie, found, out);
}

void SyntheticHost::move(Flow& flow, ring::Writer& out) {
  if (flow.tuple.protocol != model::kProtocolTcp) return;  // This host's source cannot count UDP.
  model::SocketData data;
  data.tuple = flow.tuple;
  data.layer = model::ByteLayer::kTcp;
  data.measured = model::SocketData::kBytes | model::SocketData::kTxPackets | model::SocketData::kRxPackets;
  data.tx_bytes = random_.below(20'000);
  data.rx_bytes = random_.below(50'000);
  data.tx_packets = static_cast<std::uint32_t>(data.tx_bytes / kSegmentBytes + 1);
  data.rx_packets = static_cast<std::uint32_t>(data.rx_bytes / kSegmentBytes + 1);
  octets_.tx_bytes += data.tx_bytes + kHeaderBytes * data.tx_packets;
  octets_.rx_bytes += data.rx_bytes + kHeaderBytes * data.rx_packets;
  octets_.tx_packets += data.tx_packets;
  octets_.rx_packets += data.rx_packets;
  totals_.tcp_out_segs += data.tx_packets;
  totals_.tcp_in_segs += data.rx_packets;
  write(EventKind::kSocketData, {}, flow.cookie, data, out);
  if (random_.one_in(4)) {
    model::TcpSnapshot snapshot;
    snapshot.tuple = flow.tuple;
    snapshot.state = model::TcpState::kEstablished;
    snapshot.measured = model::TcpSnapshot::kSrtt | model::TcpSnapshot::kMinRtt | model::TcpSnapshot::kRetransmits;
    snapshot.srtt_us = static_cast<std::uint32_t>(500 + random_.below(20'000));
    snapshot.min_rtt_us = 400;
    snapshot.tx_retransmits = random_.one_in(10) ? 1 : 0;
    totals_.tcp_retrans_segs += snapshot.tx_retransmits;
    write(EventKind::kTcpSnapshot, {}, flow.cookie, snapshot, out);
  }
  if (!flow.owned && !flow.shared && random_.one_in(10)) find_owner(flow, out);
}

// A later look at the sockets finds out whose it is.
void SyntheticHost::find_owner(Flow& flow, ring::Writer& out) {
  const ProcessKey key = processes_[flow.process].key;
  if (key.empty()) return;
  model::SocketOwner found;
  found.tuple = flow.tuple;
  found.quality = model::Quality::kExact;
  found.rule = model::Rule::kOnlyHolder;
  found.holders = 1;
  found.owners[0] = key.ref();
  write(EventKind::kSocketOwner, {}, flow.cookie, found, out);
  flow.owned = true;
}

void SyntheticHost::close_flow(Flow& flow, ring::Writer& out) {
  if (flow.tuple.protocol == model::kProtocolTcp && random_.one_in(10)) {
    ++totals_.tcp_estab_resets;
    write(EventKind::kReset, {}, flow.cookie, model::SocketReset{.tuple = flow.tuple, .sent_here = 0}, out);
    return end_flow(flow, model::CloseReason::kResetByPeer, out);
  }
  end_flow(flow, model::CloseReason::kOrderly, out);
}

void SyntheticHost::end_flow(Flow& flow, model::CloseReason reason, ring::Writer& out) {
  model::SocketClose close;
  close.tuple = flow.tuple;
  close.reason = reason;
  write(EventKind::kSocketClose, {}, flow.cookie, close, out);
  flow.open = false;
}

}  // namespace ipm::source
