#include "source/synthetic/synthetic.h"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <string>
#include <vector>

#include "base/key_values.h"
#include "base/random.h"
#include "source/text_emitter.h"

namespace ipm::source {
namespace {

using model::EventKind;
using model::ProcessKey;

constexpr TimeNs kUnixStart = 1'767'225'600 * kSecond;  // 2026-01-01.
constexpr std::uint64_t kRoom = 64;                     // Events that one turn of the host may write.

class SyntheticSource final : public Source {
 public:
  std::string_view name() const noexcept override { return "synthetic"; }
  bool live() const noexcept override { return false; }
  Capabilities probe() const override { return {{"a made-up host, the same for each seed", true, ""}}; }
  int fd() const noexcept override { return -1; }
  TimeNs next_due_ns() const noexcept override { return 0; }
  void interrupt() noexcept override {}
  Degradations degradations() const override { return {}; }

  Status open(const SourceOptions& options) override {
    std::uint64_t seed = 1;
    struct Parameter {
      std::string_view name;
      std::uint64_t* value;
      std::int64_t max;
    };
    const Parameter known[] = {{"seed", &seed, std::numeric_limits<std::int64_t>::max()},
                               {"events", &events_max_, 1'000'000'000'000},
                               {"processes", &processes_max_, 100'000},
                               {"flows", &flows_max_, 10'000'000},
                               {"reorder", &reorder_per_mille_, 1000}};
    for (const auto& [key, text] : options.uri.parameters) {
      const auto* at = std::find_if(std::begin(known), std::end(known), [&](const Parameter& p) { return p.name == key; });
      if (at == std::end(known)) {
        return Status::invalid_argument("synthetic: unknown parameter " + quote_text(key) + "; known are seed, events, processes, flows, reorder");
      }
      Result<std::int64_t> number = parse_integer(text);
      if (!number.ok()) return number.status().with_context("synthetic: " + key);
      if (*number < 0 || *number > at->max) return Status::invalid_argument("synthetic: " + key + " is out of range");
      *at->value = static_cast<std::uint64_t>(*number);
    }
    processes_max_ = std::max<std::uint64_t>(processes_max_, 1);
    flows_max_ = std::max<std::uint64_t>(flows_max_, 1);
    random_ = Random(seed);
    processes_.resize(processes_max_);
    flows_.resize(flows_max_);
    return Status::success();
  }

  Status poll(ring::Writer& out, std::chrono::nanoseconds) override {
    while (written_ < events_max_ && out.free() >= kRoom) turn(out);
    return written_ < events_max_ ? Status::success() : Status::end();
  }

  SourceStats stats() const noexcept override { return {.received = written_, .written = written_}; }

 private:
  struct Proc {
    ProcessKey key;
    std::uint64_t pid = 0;
  };
  struct Flow {
    bool open = false;
    std::uint64_t cookie = 0;
    model::FlowTuple tuple;
    std::size_t process = 0;
    bool owned = false;
    bool shared = false;
  };

  template <typename T>
  void write(EventKind kind, ProcessKey process, std::uint64_t flow, const T& payload, ring::Writer& out, std::uint16_t event_flags = 0) {
    const TimeNs late = random_.below(1000) < reorder_per_mille_ ? static_cast<TimeNs>(random_.below(200)) * kMillisecond : 0;
    out.write(model::make_event(std::max<TimeNs>(1, now_ - late), kind, process, flow, payload, event_flags));
    ++written_;
  }

  // One thing happens.
  void turn(ring::Writer& out) {
    now_ += static_cast<TimeNs>(random_.below(2 * kMillisecond)) + 1;
    if (written_ == 0) anchor(out, model::AnchorReason::kOpen);
    if (random_.one_in(5000)) {  // A suspend: engine time runs on, wall time is as before.
      now_ += 30 * kSecond;
      anchor(out, model::AnchorReason::kSuspend);
    }
    if (random_.one_in(7000)) {
      wall_step_ += kSecond;
      anchor(out, model::AnchorReason::kStep);
    }
    if (random_.one_in(3000)) lose(out);
    if (now_ >= next_counters_) host_counters(out);
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

  void anchor(ring::Writer& out, model::AnchorReason reason) {
    model::ClockAnchor anchor;
    anchor.boottime_ns = now_;
    anchor.realtime_ns = kUnixStart + now_ + wall_step_;
    anchor.reason = reason;
    write(EventKind::kClockAnchor, {}, 0, anchor, out);
  }

  void lose(ring::Writer& out) {
    model::Loss loss;
    loss.what = model::LossWhat::kKernelBuffer;
    loss.events = 1 + random_.below(5);
    loss.bytes_known = random_.one_in(2) ? 1 : 0;
    loss.bytes = random_.below(10'000);
    loss.layer = model::ByteLayer::kTcp;
    write(EventKind::kLoss, {}, 0, loss, out);
  }

  void host_counters(ring::Writer& out) {
    next_counters_ = now_ + kSecond;
    model::Interface eth;
    eth.netns = 1;
    eth.index = 2;
    eth.flags = 1;  // IFF_UP
    std::string_view("eth0").copy(eth.name, sizeof eth.name);
    // Payload and 66 bytes of headers a packet.
    eth.tx_bytes = tx_total_ + 66 * tx_packets_;
    eth.rx_bytes = rx_total_ + 66 * rx_packets_;
    eth.tx_packets = tx_packets_;
    eth.rx_packets = rx_packets_;
    write(EventKind::kInterface, {}, 0, eth, out);
    model::HostCounters counters;
    counters.netns = 1;
    counters.tcp_active_opens = next_cookie_;
    write(EventKind::kHostCounters, {}, 0, counters, out);
  }

  void describe(std::size_t index, EventKind kind, ring::Writer& out) {
    Proc& proc = processes_[index];
    if (proc.key.empty()) {
      if (kind == EventKind::kProcessExec) return;
      // Pids are used again soon, with another start.
      proc.key = ProcessKey(static_cast<std::uint32_t>(100 + random_.below(processes_.size() * 2)), ++next_start_);
    }
    static constexpr std::string_view kNames[] = {"nginx", "curl", "sshd", "postgres", "python3", "backup", "agent", "cron"};
    const std::string_view name = kNames[random_.below(std::size(kNames))];
    model::Process facts;
    facts.ppid = 1;
    facts.uid = random_.one_in(3) ? 0 : 1000;
    facts.netns = 1;
    facts.exe = texts_.id("/usr/bin/" + std::string(name), now_, out);
    facts.unit = random_.one_in(2) ? texts_.id(std::string(name) + ".service", now_, out) : 0;
    facts.start_ns = static_cast<TimeNs>(proc.key.start_ticks()) * 10 * kMillisecond;
    name.copy(facts.comm, sizeof facts.comm - 1);
    write(kind, proc.key, 0, facts, out);
  }

  void end_process(std::size_t index, ring::Writer& out) {
    Proc& proc = processes_[index];
    if (proc.key.empty()) return;
    write(EventKind::kProcessExit, proc.key, 0, model::ProcessExit{}, out);
    proc.key = {};
    for (Flow& flow : flows_) {
      if (flow.open && flow.process == index) flow.owned = false;
    }
  }

  void open_flow(Flow& flow, ring::Writer& out) {
    flow = {};
    flow.open = true;
    flow.cookie = ++next_cookie_;
    flow.process = random_.below(processes_.size());
    if (processes_[flow.process].key.empty()) describe(flow.process, EventKind::kProcessStart, out);
    const bool udp = random_.one_in(8);
    if (udp && random_.one_in(2)) flow.cookie = 0;
    flow.tuple.netns = 1;
    flow.tuple.protocol = udp ? model::kProtocolUdp : model::kProtocolTcp;
    flow.tuple.direction = random_.one_in(3) ? model::Direction::kIn : model::Direction::kOut;
    flow.tuple.local = *model::IpAddress::parse("10.0.0.1");
    flow.tuple.remote = *model::IpAddress::parse("198.51." + std::to_string(random_.below(100)) + "." + std::to_string(random_.below(250)));
    flow.tuple.local_port = static_cast<std::uint16_t>(1024 + random_.below(60'000));
    flow.tuple.remote_port = udp ? 53 : 443;
    const std::uint64_t fate = random_.below(10);
    flow.owned = fate < 7;
    flow.shared = fate == 7;
    const ProcessKey owner = flow.owned ? processes_[flow.process].key : ProcessKey();
    model::SocketOpen open;
    open.tuple = flow.tuple;
    open.how = flow.tuple.direction == model::Direction::kIn ? model::OpenHow::kAccept : model::OpenHow::kConnect;
    open.state = udp ? model::TcpState::kNone : model::TcpState::kSynSent;
    open.quality = flow.owned ? model::Quality::kExact : model::Quality::kUnknown;
    open.rule = flow.owned ? model::Rule::kConnect : model::Rule::kBetweenDumps;
    write(EventKind::kSocketOpen, owner, flow.cookie, open, out);
    if (!udp && random_.one_in(12)) {
      write(EventKind::kFailure, owner, flow.cookie, model::SocketFailure{.tuple = flow.tuple, .error = ECONNREFUSED}, out);
      close(flow, model::CloseReason::kRefused, out);
      return;
    }
    if (!udp) write(EventKind::kSocketEstablished, owner, flow.cookie, model::SocketEstablished{.tuple = flow.tuple, .handshake_us = 900}, out);
    if (flow.shared) {
      model::SocketOwner found;
      found.tuple = flow.tuple;
      found.quality = model::Quality::kCandidate;
      found.rule = model::Rule::kSharedHolders;
      found.holders = 2;
      const std::size_t other = (flow.process + 1) % processes_.size();
      if (processes_[other].key.empty()) describe(other, EventKind::kProcessStart, out);
      found.owners[0] = processes_[flow.process].key.ref();
      found.owners[1] = processes_[other].key.ref();
      write(EventKind::kSocketOwner, {}, flow.cookie, found, out);
    }
  }

  void move(Flow& flow, ring::Writer& out) {
    if (flow.tuple.protocol != model::kProtocolTcp) return;  // This host's source cannot count UDP.
    model::SocketData data;
    data.tuple = flow.tuple;
    data.layer = model::ByteLayer::kTcp;
    data.measured = model::SocketData::kBytes | model::SocketData::kTxPackets | model::SocketData::kRxPackets;
    data.tx_bytes = random_.below(20'000);
    data.rx_bytes = random_.below(50'000);
    data.tx_packets = static_cast<std::uint32_t>(data.tx_bytes / 1448 + 1);
    data.rx_packets = static_cast<std::uint32_t>(data.rx_bytes / 1448 + 1);
    tx_total_ += data.tx_bytes;
    rx_total_ += data.rx_bytes;
    tx_packets_ += data.tx_packets;
    rx_packets_ += data.rx_packets;
    write(EventKind::kSocketData, {}, flow.cookie, data, out);
    if (random_.one_in(4)) {
      model::TcpSnapshot snapshot;
      snapshot.tuple = flow.tuple;
      snapshot.state = model::TcpState::kEstablished;
      snapshot.measured = model::TcpSnapshot::kSrtt | model::TcpSnapshot::kMinRtt | model::TcpSnapshot::kRetransmits;
      snapshot.srtt_us = static_cast<std::uint32_t>(500 + random_.below(20'000));
      snapshot.min_rtt_us = 400;
      snapshot.tx_retransmits = random_.one_in(10) ? 1 : 0;
      write(EventKind::kTcpSnapshot, {}, flow.cookie, snapshot, out);
    }
    if (!flow.owned && !flow.shared && random_.one_in(10) && !processes_[flow.process].key.empty()) {
      model::SocketOwner found;
      found.tuple = flow.tuple;
      found.quality = model::Quality::kExact;
      found.rule = model::Rule::kOnlyHolder;
      found.holders = 1;
      found.owners[0] = processes_[flow.process].key.ref();
      write(EventKind::kSocketOwner, {}, flow.cookie, found, out);
      flow.owned = true;
    }
  }

  void close_flow(Flow& flow, ring::Writer& out) {
    if (flow.tuple.protocol == model::kProtocolTcp && random_.one_in(10)) {
      write(EventKind::kReset, {}, flow.cookie, model::SocketReset{.tuple = flow.tuple, .sent_here = 0}, out);
      close(flow, model::CloseReason::kResetByPeer, out);
      return;
    }
    close(flow, model::CloseReason::kOrderly, out);
  }

  void close(Flow& flow, model::CloseReason reason, ring::Writer& out) {
    model::SocketClose close;
    close.tuple = flow.tuple;
    close.reason = reason;
    write(EventKind::kSocketClose, {}, flow.cookie, close, out);
    flow.open = false;
  }

  std::uint64_t events_max_ = 100'000;
  std::uint64_t processes_max_ = 20;
  std::uint64_t flows_max_ = 200;
  std::uint64_t reorder_per_mille_ = 0;
  Random random_{1};
  TextEmitter texts_;
  std::vector<Proc> processes_;
  std::vector<Flow> flows_;
  TimeNs now_ = 3600 * kSecond;  // An hour after boot.
  TimeNs wall_step_ = 0;
  TimeNs next_counters_ = 0;
  std::uint64_t next_cookie_ = 0;
  std::uint64_t next_start_ = 360'000;
  std::uint64_t tx_total_ = 0, rx_total_ = 0, tx_packets_ = 0, rx_packets_ = 0;
  std::uint64_t written_ = 0;
};

}  // namespace

std::unique_ptr<Source> make_synthetic_source() { return std::make_unique<SyntheticSource>(); }

}  // namespace ipm::source
