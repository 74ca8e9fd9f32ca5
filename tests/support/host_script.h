// Days of a small host as events, written down as who did what and when: for tests of what is normal and what is not.
// The programs, addresses and rhythms are of its own making; a Disguise changes everything that must not matter.
#pragma once

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "model/event.h"
#include "source/text_emitter.h"

namespace ipm::test {

inline constexpr TimeNs kDay = 24 * kHour;
inline constexpr TimeNs kScriptBegin = 1'700'000'000 * kSecond;  // 2023-11-14 22:13:20 UTC.

// Other names, other addresses in the same relations, other pids, whole weeks later.
struct Disguise {
  bool on = false;
  TimeNs shift_ns = 0;

  std::string program(std::string_view name) const {
    return on ? "x" + std::string(name.rbegin(), name.rend()) : std::string(name);
  }
  std::string path(std::string_view exe) const {
    const std::size_t slash = exe.rfind('/');
    return std::string(exe.substr(0, slash + 1)) + program(exe.substr(slash + 1));
  }
  std::uint32_t pid(std::uint32_t pid) const { return on ? 90'000 - pid * 3 : pid; }
  // Keeps prefixes and private ranges: addresses that share n whole octets share n after it.
  model::IpAddress address(model::IpAddress address) const {
    if (!on) return address;
    const bool inside = address.bytes[12] == 10;
    std::uint8_t before = inside ? 3 : 0;
    for (std::size_t i = inside ? 13 : 12; i < 16; ++i) {
      const std::uint8_t octet = address.bytes[i];
      // Public first octets stay below 100 and clear of 10.
      address.bytes[i] =
          i == 12 ? static_cast<std::uint8_t>(20 + octet % 70) : static_cast<std::uint8_t>(octet ^ (before * 29 + 77));
      before = static_cast<std::uint8_t>(before * 31 + octet);
    }
    return address;
  }
};

struct Persona {
  std::string name;
  std::string exe;
  std::uint32_t pid = 0;
  std::uint32_t uid = 1000;
  std::string parents = {};
};

class HostScript {
 public:
  explicit HostScript(Disguise disguise = {}) : disguise_(disguise) {
    model::ClockAnchor anchor;
    anchor.boottime_ns = anchor.realtime_ns = kScriptBegin + disguise.shift_ns;
    add(0, model::EventKind::kClockAnchor, {}, anchor);
  }

  // Times are since the beginning.
  void start(TimeNs at, const Persona& who, bool again = false) {
    model::Process process;
    process.uid = who.uid;
    process.exe = text(at, disguise_.path(who.exe));
    if (!who.parents.empty()) process.ancestors = text(at, disguise_.program(who.parents));
    process.exe_inode = next_inode_ += again ? 1 : 0;
    disguise_.program(who.name).copy(process.comm, sizeof process.comm - 1);
    add(at, model::EventKind::kProcessStart, key(who), process);
  }
  // A connection that comes and goes. The entropy is of what was sent, in bits per byte; negative: not measured.
  void connect(TimeNs at, const Persona& who, std::string_view remote, std::uint16_t port, std::uint64_t tx,
               std::uint64_t rx, TimeNs lasts = kSecond, double entropy = -1,
               std::uint8_t protocol = model::kProtocolTcp) {
    const model::FlowTuple t = begin(at, who, remote, port, protocol);
    move(at + lasts, who, t, tx, rx, entropy);
    end(at + lasts, who, t);
  }
  void serve(TimeNs at, const Persona& who, std::string_view remote, std::uint16_t port, std::uint64_t tx,
             std::uint64_t rx, double entropy = -1) {
    model::FlowTuple t = tuple(remote, static_cast<std::uint16_t>(next_port_++ % 20'000 + 40'000));
    t.local_port = port;
    t.direction = model::Direction::kIn;
    open(at, who, t, model::OpenHow::kAccept);
    move(at + kSecond, who, t, tx, rx, entropy);
    end(at + kSecond, who, t);
  }
  // One connection with `records` of these sizes, one every `every`.
  void stream(TimeNs at, const Persona& who, std::string_view remote, std::uint16_t port, TimeNs every, int records,
              std::uint64_t tx, std::uint64_t rx) {
    const model::FlowTuple t = begin(at, who, remote, port, model::kProtocolTcp);
    for (int i = 1; i <= records; ++i) move(at + i * every, who, t, tx, rx, -1);
    end(at + (records + 1) * every, who, t);
  }
  void fail(TimeNs at, const Persona& who, std::string_view remote, std::uint16_t port, int error = ECONNREFUSED) {
    const model::FlowTuple t = begin(at, who, remote, port, model::kProtocolTcp, model::TcpState::kSynSent);
    const TimeNs later = at + (error == ECONNREFUSED ? kMillisecond : 3 * kSecond);
    add(later, model::EventKind::kFailure, key(who), model::SocketFailure{.tuple = t, .error = error});
    end(later, who, t, error == ECONNREFUSED ? model::CloseReason::kRefused : model::CloseReason::kTimeout);
  }
  void reset(TimeNs at, const Persona& who, std::string_view remote, std::uint16_t port) {
    const model::FlowTuple t = begin(at, who, remote, port, model::kProtocolTcp);
    add(at + kSecond, model::EventKind::kReset, key(who), model::SocketReset{.tuple = t});
    end(at + kSecond, who, t, model::CloseReason::kResetByPeer);
  }
  void round_trip(TimeNs at, const Persona& who, std::string_view remote, std::uint16_t port, std::uint32_t srtt_us) {
    const model::FlowTuple t = begin(at, who, remote, port, model::kProtocolTcp);
    model::TcpSnapshot snapshot;
    snapshot.tuple = t;
    snapshot.measured = model::TcpSnapshot::kSrtt;
    snapshot.srtt_us = srtt_us;
    add(at + kSecond, model::EventKind::kTcpSnapshot, key(who), snapshot);
    end(at + 2 * kSecond, who, t);
  }
  void listen(TimeNs at, const Persona& who, std::uint16_t port) {
    model::FlowTuple t = tuple("0.0.0.0", 0);
    t.local_port = port;
    t.direction = model::Direction::kListen;
    open(at, who, t, model::OpenHow::kListen);
  }
  void ask(TimeNs at, const Persona& who, std::string_view name, std::uint16_t type = 1) {
    model::DnsAnswer answer;
    answer.tuple = begin(at, who, "10.4.0.53", 53, model::kProtocolUdp);
    move(at, who, answer.tuple, 60, 120, -1);
    answer.name = text(at, std::string(name));
    answer.question_type = type;
    add(at, model::EventKind::kDnsAnswer, key(who), answer);
    end(at, who, answer.tuple);
  }

  // In the order of time; events of one time stay as they were written.
  const std::vector<model::Event>& events() {
    std::stable_sort(events_.begin(), events_.end(),
                     [](const model::Event& a, const model::Event& b) { return a.header.time_ns < b.header.time_ns; });
    return events_;
  }

 private:
  model::ProcessKey key(const Persona& who) const { return {disguise_.pid(who.pid), 0}; }
  model::FlowTuple tuple(std::string_view remote, std::uint16_t port) const {
    model::FlowTuple t;
    t.local = disguise_.address(*model::IpAddress::parse("10.4.0.2"));
    const model::IpAddress address = *model::IpAddress::parse(remote);
    t.remote = address.is_unspecified() ? address : disguise_.address(address);
    t.remote_port = port;
    t.netns = 1;
    t.protocol = model::kProtocolTcp;
    t.direction = model::Direction::kOut;
    return t;
  }
  model::FlowTuple begin(TimeNs at, const Persona& who, std::string_view remote, std::uint16_t port,
                         std::uint8_t protocol, model::TcpState state = model::TcpState::kEstablished) {
    model::FlowTuple t = tuple(remote, port);
    t.local_port = static_cast<std::uint16_t>(20'000 + next_port_++ % 40'000);
    t.protocol = protocol;
    open(at, who, t, model::OpenHow::kConnect, state);
    return t;
  }
  void open(TimeNs at, const Persona& who, const model::FlowTuple& t, model::OpenHow how,
            model::TcpState state = model::TcpState::kEstablished) {
    model::SocketOpen payload;
    payload.tuple = t;
    payload.how = how;
    payload.state = how == model::OpenHow::kListen ? model::TcpState::kListen : state;
    payload.quality = model::Quality::kExact;
    payload.rule = model::Rule::kConnect;
    add(at, model::EventKind::kSocketOpen, key(who), payload);
  }
  void move(TimeNs at, const Persona& who, const model::FlowTuple& t, std::uint64_t tx, std::uint64_t rx,
            double entropy) {
    model::SocketData payload;
    payload.tuple = t;
    payload.layer = model::ByteLayer::kApp;
    payload.measured = model::SocketData::kBytes;
    payload.tx_bytes = tx;
    payload.rx_bytes = rx;
    add(at, model::EventKind::kSocketData, key(who), payload);
    if (entropy < 0) return;
    add(at, model::EventKind::kEntropy, key(who),
        model::Entropy{.tuple = t, .millibits = static_cast<std::uint32_t>(entropy * 1000 + 0.5)});
  }
  void end(TimeNs at, const Persona& who, const model::FlowTuple& t,
           model::CloseReason reason = model::CloseReason::kOrderly) {
    add(at, model::EventKind::kSocketClose, key(who), model::SocketClose{.tuple = t, .reason = reason});
  }
  std::uint32_t text(TimeNs at, const std::string& content) {
    next_text_ = next_text_ % 16'000 + 1;
    for (std::uint16_t part = 0; part < source::text_parts(content); ++part) {
      events_.push_back(source::text_event(kScriptBegin + disguise_.shift_ns + at, next_text_, content, part));
    }
    return next_text_;
  }
  template <typename T>
  void add(TimeNs at, model::EventKind kind, model::ProcessKey process, const T& payload) {
    events_.push_back(model::make_event(kScriptBegin + disguise_.shift_ns + at, kind, process, 0, payload));
  }

  const Disguise disguise_;
  std::vector<model::Event> events_;
  std::uint32_t next_port_ = 0;
  std::uint32_t next_text_ = 0;
  std::uint64_t next_inode_ = 100;
};

}  // namespace ipm::test
