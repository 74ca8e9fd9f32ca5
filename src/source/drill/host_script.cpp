#include "source/drill/host_script.h"

#include <algorithm>

#include "source/text_emitter.h"

namespace ipm::source {
namespace {

bool is_earlier(const model::Event& a, const model::Event& b) {
  return a.header.time_ns < b.header.time_ns;
}

}  // namespace

HostScript::HostScript() {
  model::ClockAnchor anchor;
  anchor.boottime_ns = anchor.realtime_ns = kScriptBegin;
  add(0, model::EventKind::kClockAnchor, {}, anchor);
}

void HostScript::start(TimeNs at, const Persona& who, bool again) {
  model::Process process;
  process.uid = who.uid;
  process.exe = text(at, who.exe);
  if (!who.parents.empty()) process.ancestors = text(at, who.parents);
  process.exe_inode = next_inode_ += again ? 1 : 0;
  who.name.copy(process.comm, sizeof process.comm - 1);
  add(at, model::EventKind::kProcessStart, key(who), process);
}

void HostScript::connect(TimeNs at, const Persona& who, std::string_view remote, std::uint16_t port, std::uint64_t tx,
                         std::uint64_t rx, TimeNs lasts, double entropy, std::uint8_t protocol) {
  const model::FlowTuple t = begin(at, who, remote, port, protocol);
  move(at + lasts, who, t, tx, rx, entropy);
  end(at + lasts, who, t);
}

void HostScript::serve(TimeNs at, const Persona& who, std::string_view remote, std::uint16_t port, std::uint64_t tx,
                       std::uint64_t rx, double entropy) {
  model::FlowTuple t = tuple(remote, static_cast<std::uint16_t>(next_port_++ % 20'000 + 40'000));
  t.local_port = port;
  t.direction = model::Direction::kIn;
  open(at, who, t, model::OpenHow::kAccept);
  move(at + kSecond, who, t, tx, rx, entropy);
  end(at + kSecond, who, t);
}

void HostScript::stream(TimeNs at, const Persona& who, std::string_view remote, std::uint16_t port, TimeNs every,
                        int records, std::uint64_t tx, std::uint64_t rx) {
  const model::FlowTuple t = begin(at, who, remote, port, model::kProtocolTcp);
  for (int i = 1; i <= records; ++i) move(at + i * every, who, t, tx, rx, -1);
  end(at + (records + 1) * every, who, t);
}

void HostScript::fail(TimeNs at, const Persona& who, std::string_view remote, std::uint16_t port, int error) {
  const model::FlowTuple t = begin(at, who, remote, port, model::kProtocolTcp, model::TcpState::kSynSent);
  const TimeNs later = at + (error == ECONNREFUSED ? kMillisecond : 3 * kSecond);
  add(later, model::EventKind::kFailure, key(who), model::SocketFailure{.tuple = t, .error = error});
  end(later, who, t, error == ECONNREFUSED ? model::CloseReason::kRefused : model::CloseReason::kTimeout);
}

void HostScript::reset(TimeNs at, const Persona& who, std::string_view remote, std::uint16_t port) {
  const model::FlowTuple t = begin(at, who, remote, port, model::kProtocolTcp);
  add(at + kSecond, model::EventKind::kReset, key(who), model::SocketReset{.tuple = t});
  end(at + kSecond, who, t, model::CloseReason::kResetByPeer);
}

void HostScript::round_trip(TimeNs at, const Persona& who, std::string_view remote, std::uint16_t port,
                            std::uint32_t srtt_us) {
  const model::FlowTuple t = begin(at, who, remote, port, model::kProtocolTcp);
  model::TcpSnapshot snapshot;
  snapshot.tuple = t;
  snapshot.measured = model::TcpSnapshot::kSrtt;
  snapshot.srtt_us = srtt_us;
  add(at + kSecond, model::EventKind::kTcpSnapshot, key(who), snapshot);
  end(at + 2 * kSecond, who, t);
}

void HostScript::listen(TimeNs at, const Persona& who, std::uint16_t port) {
  model::FlowTuple t = tuple("0.0.0.0", 0);
  t.local_port = port;
  t.direction = model::Direction::kListen;
  open(at, who, t, model::OpenHow::kListen);
}

void HostScript::ask(TimeNs at, const Persona& who, std::string_view name, std::uint16_t type) {
  model::DnsAnswer answer;
  answer.tuple = begin(at, who, "10.4.0.53", 53, model::kProtocolUdp);
  move(at, who, answer.tuple, 60, 120, -1);
  answer.name = text(at, name);
  answer.question_type = type;
  add(at, model::EventKind::kDnsAnswer, key(who), answer);
  end(at, who, answer.tuple);
}

void HostScript::warn(TimeNs at, std::string_view remote, std::string_view feed, TimeNs listed) {
  model::IntelHit hit;
  hit.tuple = tuple(remote, 0);
  hit.listed_unix_ns = kScriptBegin + at - listed;
  hit.indicator = text(at, remote);
  hit.feed = text(at, feed);
  add(at, model::EventKind::kIntelHit, {}, hit);
}

void HostScript::say(TimeNs at, std::string_view line) {
  const model::OperatorRule rule{.text = text(at, line)};
  add(at, model::EventKind::kOperatorRule, {}, rule);
}

void HostScript::mark_drill(TimeNs at, bool begins, std::uint32_t id) {
  add(at, model::EventKind::kDrillMark, {}, model::Drill{.begins = begins ? 1U : 0U, .id = id});
}

const std::vector<model::Event>& HostScript::events() {
  std::stable_sort(events_.begin(), events_.end(), is_earlier);
  return events_;
}

std::vector<model::Event> HostScript::take_before(TimeNs until) {
  std::stable_sort(events_.begin(), events_.end(), is_earlier);
  model::Event limit = {};
  limit.header.time_ns = kScriptBegin + until;
  const auto rest = std::lower_bound(events_.begin(), events_.end(), limit, is_earlier);
  std::vector<model::Event> later(rest, events_.end());
  events_.erase(rest, events_.end());
  events_.swap(later);
  return later;
}

model::FlowTuple HostScript::tuple(std::string_view remote, std::uint16_t port) const {
  model::FlowTuple t;
  t.remote = *model::IpAddress::parse(remote);
  t.local = *model::IpAddress::parse(t.remote.is_v4() ? "10.4.0.2" : "2001:db8:4::2");
  t.remote_port = port;
  t.netns = 1;
  t.protocol = model::kProtocolTcp;
  t.direction = model::Direction::kOut;
  return t;
}

model::FlowTuple HostScript::begin(TimeNs at, const Persona& who, std::string_view remote, std::uint16_t port,
                                   std::uint8_t protocol, model::TcpState state) {
  model::FlowTuple t = tuple(remote, port);
  t.local_port = static_cast<std::uint16_t>(20'000 + next_port_++ % 40'000);
  t.protocol = protocol;
  open(at, who, t, model::OpenHow::kConnect, state);
  return t;
}

void HostScript::open(TimeNs at, const Persona& who, const model::FlowTuple& t, model::OpenHow how,
                      model::TcpState state) {
  model::SocketOpen payload;
  payload.tuple = t;
  payload.how = how;
  payload.state = how == model::OpenHow::kListen ? model::TcpState::kListen : state;
  payload.quality = model::Quality::kExact;
  payload.rule = model::Rule::kConnect;
  add(at, model::EventKind::kSocketOpen, key(who), payload);
}

void HostScript::move(TimeNs at, const Persona& who, const model::FlowTuple& t, std::uint64_t tx, std::uint64_t rx,
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
      model::Entropy{.tuple = t,
                     .millibits = static_cast<std::uint32_t>(
                         entropy * 1000 + 0.5)});  // NOLINT(bugprone-incorrect-roundings): not negative.
}

void HostScript::end(TimeNs at, const Persona& who, const model::FlowTuple& t, model::CloseReason reason) {
  add(at, model::EventKind::kSocketClose, key(who), model::SocketClose{.tuple = t, .reason = reason});
}

std::uint32_t HostScript::text(TimeNs at, std::string_view content) {
  next_text_ = next_text_ % 16'000 + 1;
  for (std::uint32_t part = 0; part < text_parts(content); ++part) {
    events_.push_back(text_event(kScriptBegin + at, next_text_, content, part));
  }
  return next_text_;
}

}  // namespace ipm::source
