#include "source/pcap/flow_teller.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace ipm::source::pcap {

using decode::flow::FlowHalf;
using decode::flow::FlowRow;
using decode::flow::FlowState;
using model::EventKind;

namespace {

constexpr std::uint8_t kTurns = decode::kSyn | decode::kFin | decode::kRst;

// Of a packet or a row: the same for both directions.
template <typename Ends>
std::uint64_t hash_of(const Ends& of) {
  struct End {
    model::IpAddress address = {};
    std::uint16_t port = 0;
  };
  End ends[2] = {{of.src, of.src_port}, {of.dst, of.dst_port}};
  const bool swap =
      ends[1].address < ends[0].address || (ends[0].address == ends[1].address && ends[1].port < ends[0].port);
  if (swap) std::swap(ends[0], ends[1]);
  static_assert(sizeof ends == 2 * 18);  // No padding.
  return XXH3_64bits(static_cast<const void*>(ends), sizeof ends);
}

// As this host sees it: who connects knows by the SYN-ACK, who accepts by what comes after.
bool was_established(const FlowRow& row, bool connected) {
  if (row.synack == 0 || row.state < FlowState::kEstablished) return false;
  return connected || row.irtt_ns || row.state > FlowState::kEstablished ||
         row.out.payload_bytes + row.in.payload_bytes != 0;
}

model::TcpState tcp_state(const FlowRow& row) {
  switch (row.state) {
    case FlowState::kAttempt:
    case FlowState::kRejected:
      return model::TcpState::kSynSent;
    case FlowState::kNone:
      return model::TcpState::kNone;
    default:
      return row.synack != 0 || row.syn == 0 ? model::TcpState::kEstablished : model::TcpState::kSynSent;
  }
}

std::uint32_t micros(TimeNs ns) {
  return static_cast<std::uint32_t>(std::clamp<TimeNs>(ns / kMicrosecond, 0, 0xffff'ffff));
}

}  // namespace

model::FlowTuple FlowTeller::tuple_of(const Told& told, const FlowRow& row) const {
  model::FlowTuple out;
  out.netns = options_.netns;
  out.local = told.local_is_src ? row.src : row.dst;
  out.remote = told.local_is_src ? row.dst : row.src;
  out.local_port = told.local_is_src ? row.src_port : row.dst_port;
  out.remote_port = told.local_is_src ? row.dst_port : row.src_port;
  out.protocol = row.protocol;
  out.direction = told.local_is_src ? model::Direction::kOut : model::Direction::kIn;
  return out;
}

FlowTeller::Told& FlowTeller::told_of(const decode::Packet& packet, const PacketFacts& facts,
                                      const decode::flow::Added& added) {
  if (added.slot >= told_.size()) told_.resize(std::size_t{added.slot} + 1);
  Told& told = told_[added.slot];
  if (told.used && told.id == added.id) return told;
  told = Told{};
  told.used = true;
  told.id = added.id;
  const LocalEnds::Finding local = ends_.find(packet, facts.direction, added.outward);
  told.local = local.sender ? packet.src : packet.dst;
  told.local_port = local.sender ? packet.src_port : packet.dst_port;
  if (packet.protocol != model::kProtocolTcp) return told;
  const auto [newest, fresh] = newest_.try_emplace(hash_of(packet), added.slot, added.id);
  if (!fresh) {
    const auto [slot, id] = newest->second;
    newest->second = {added.slot, added.id};
    Told& before = told_[slot];
    // A new SYN took its endpoints before its own end was seen.
    if (slot != added.slot && before.used && before.id == id && before.opened && !before.ended) {
      const FlowRow row = flows_.row(slot);
      tell(before, row, facts.time_ns);
      if (!before.ended) close(before, row, model::CloseReason::kUnknown, facts.time_ns);
    }
  }
  return told;
}

void FlowTeller::on_packet(const decode::Packet& packet, const PacketFacts& facts, const decode::flow::Added& added) {
  ends_.note(packet, facts.direction);
  Told& told = told_of(packet, facts, added);
  told.last_ns = std::max(told.last_ns, facts.time_ns);
  if (told.process.empty() && facts.process.known()) told.process = ensure_process(facts.process, facts.time_ns);
  if (packet.protocol == model::kProtocolTcp && (packet.tcp_flags & kTurns) != 0) {
    return tell(told, flows_.row(added.slot), facts.time_ns);
  }
  if (told.waiting) return;
  told.waiting = true;
  told.waiting_since_ns = facts.time_ns;
  waiting_.emplace_back(added.slot, added.id);
}

bool FlowTeller::advance(TimeNs now, bool everything, std::uint64_t room_min) {
  for (; !waiting_.empty(); waiting_.pop_front()) {
    const auto [slot, id] = waiting_.front();
    Told& told = told_[slot];
    const bool stands = told.used && told.id == id && told.waiting;
    if (stands && !everything && now - told.waiting_since_ns < kTellEvery) break;
    if (out_.room() < room_min) return false;
    if (stands) tell(told, flows_.row(slot), now);
  }
  return true;
}

bool FlowTeller::finish(TimeNs now, std::uint64_t room_min) {
  if (!advance(now, true, room_min)) return false;
  for (; finish_at_ < told_.size(); ++finish_at_) {
    if (out_.room() < room_min) return false;
    give_up_connect(told_[finish_at_], finish_at_, now);
  }
  return true;
}

void FlowTeller::give_up_connects(TimeNs now) {
  const std::size_t looks = std::min<std::size_t>(told_.size(), kLookAtOnce);
  for (std::size_t i = 0; i < looks; ++i, ++look_at_) {
    if (look_at_ >= told_.size()) look_at_ = 0;
    if (out_.room() < kEventsPerPacketMax) return;
    give_up_connect(told_[look_at_], look_at_, now);
  }
}

void FlowTeller::give_up_connect(Told& told, std::uint32_t slot, TimeNs now) {
  if (!told.used || told.ended || !told.opened || now - told.last_ns < options_.connect_patience_ns) return;
  const FlowRow row = flows_.row(slot);
  if (row.state == FlowState::kAttempt) fail(told, row, ETIMEDOUT, model::CloseReason::kTimeout, now);
}

void FlowTeller::on_evicted(const FlowRow& row) {
  if (row.slot >= told_.size()) return;
  Told& told = told_[row.slot];
  if (!told.used || told.id != row.id) return;
  tell(told, row, told.last_ns);
  if (row.protocol == model::kProtocolTcp && !told.ended) {
    close(told, row, model::CloseReason::kUnknown, told.last_ns);
  }
  const auto newest = newest_.find(hash_of(row));
  if (newest != newest_.end() && newest->second == std::pair(row.slot, row.id)) newest_.erase(newest);
  told.used = false;
}

FlowTeller::Known FlowTeller::known(const decode::flow::Added& added) const {
  if (added.slot >= told_.size() || !told_[added.slot].used || told_[added.slot].id != added.id) return {};
  const Told& told = told_[added.slot];
  return {tuple_of(told, flows_.row(added.slot)), told.process};
}

bool FlowTeller::is_from_here(const decode::Packet& packet, const decode::flow::Added& added) const {
  const Told& told = told_[added.slot];
  return told.local == packet.src && told.local_port == packet.src_port;
}

void FlowTeller::tell_if_new(const decode::flow::Added& added, TimeNs now) {
  Told& told = told_[added.slot];
  if (!told.opened) tell(told, flows_.row(added.slot), now);
}

void FlowTeller::tell(Told& told, const FlowRow& row, TimeNs now) {
  told.waiting = false;
  told.local_is_src = row.src == told.local && row.src_port == told.local_port;
  if (!told.opened) tell_open(told, row);
  if (!told.established && was_established(row, told.local_is_src)) {
    told.established = true;
    model::SocketEstablished payload;
    payload.tuple = tuple_of(told, row);
    // By the SYN-ACK alone it is not known yet; the engine then takes the time since the open.
    const std::optional<TimeNs>& took = told.local_is_src ? row.outward_ns : row.inward_ns;
    payload.handshake_us = micros(took.value_or(0));
    out_.write(model::make_event(now, EventKind::kSocketEstablished, told.process, 0, payload));
  }
  tell_data(told, row, now);
  if (row.measured) tell_measured(told, row, now);
  if (!told.ended) tell_end(told, row, now);
}

void FlowTeller::tell_open(Told& told, const FlowRow& row) {
  told.opened = true;
  const bool begins = row.protocol != model::kProtocolTcp || row.syn + row.synack != 0;
  model::SocketOpen payload;
  payload.tuple = tuple_of(told, row);
  if (options_.translations != nullptr) {
    // Before the open, so that it finds the flow of the socket behind the translation.
    const std::optional<model::SocketNat> nat = options_.translations->find(payload.tuple);
    if (nat) out_.write(model::make_event(row.first_ns, EventKind::kSocketNat, {}, 0, *nat));
  }
  payload.how = !begins             ? model::OpenHow::kExisting
                : told.local_is_src ? model::OpenHow::kConnect
                                    : model::OpenHow::kAccept;
  payload.state = tcp_state(row);
  // A handshake that is complete is told by an event of its own.
  if (was_established(row, told.local_is_src)) payload.state = model::TcpState::kSynSent;
  if (!told.process.empty()) {
    payload.quality = model::Quality::kExact;
    payload.rule = model::Rule::kTold;
  }
  out_.write(model::make_event(row.first_ns, EventKind::kSocketOpen, told.process, 0, payload));
}

void FlowTeller::tell_data(Told& told, const FlowRow& row, TimeNs now) {
  const FlowHalf& tx = told.local_is_src ? row.out : row.in;
  const FlowHalf& rx = told.local_is_src ? row.in : row.out;
  // The table may find out later who opened a flow. The ends stay; what was told of each stays too.
  model::SocketData payload;
  payload.tuple = tuple_of(told, row);
  payload.layer = model::ByteLayer::kIp;
  payload.measured = model::SocketData::kAll | model::SocketData::kByPackets;
  payload.tx_bytes = tx.ip_bytes - std::min(tx.ip_bytes, told.tx_bytes);
  payload.rx_bytes = rx.ip_bytes - std::min(rx.ip_bytes, told.rx_bytes);
  const auto packets = [](std::uint64_t total, std::uint64_t before) {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(total - std::min(total, before), 0xffff'ffff));
  };
  payload.tx_packets = packets(tx.packets, told.tx_packets);
  payload.rx_packets = packets(rx.packets, told.rx_packets);
  const auto carried = [&](const FlowHalf& half, std::uint64_t before) {
    const std::uint64_t total = row.measured ? half.bytes.unique_bytes : half.payload_bytes;
    return total - std::min(total, before);
  };
  if (row.measured && !tx.bytes.exact) payload.measured |= model::SocketData::kTxPayloadShort;
  if (row.measured && !rx.bytes.exact) payload.measured |= model::SocketData::kRxPayloadShort;
  payload.tx_payload_bytes = carried(tx, told.tx_payload);
  payload.rx_payload_bytes = carried(rx, told.rx_payload);
  if (payload.tx_packets + payload.rx_packets == 0) return;
  told.tx_bytes += payload.tx_bytes;
  told.rx_bytes += payload.rx_bytes;
  told.tx_packets += payload.tx_packets;
  told.rx_packets += payload.rx_packets;
  told.tx_payload += payload.tx_payload_bytes;
  told.rx_payload += payload.rx_payload_bytes;
  out_.write(model::make_event(now, EventKind::kSocketData, told.process, 0, payload));
}

void FlowTeller::tell_measured(Told& told, const FlowRow& row, TimeNs now) {
  using model::TcpSnapshot;
  const FlowHalf& tx = told.local_is_src ? row.out : row.in;
  const FlowHalf& rx = told.local_is_src ? row.in : row.out;
  TcpSnapshot payload;
  payload.measured = TcpSnapshot::kRetransmits | TcpSnapshot::kOutOfOrder | TcpSnapshot::kRxRetransmits;
  payload.tx_retransmits = tx.bytes.repeated_packets - std::min(tx.bytes.repeated_packets, told.retransmits);
  payload.rx_out_of_order = rx.bytes.reordered_packets - std::min(rx.bytes.reordered_packets, told.out_of_order);
  payload.rx_retransmits = rx.bytes.repeated_packets - std::min(rx.bytes.repeated_packets, told.rx_retransmits);
  const bool new_round_trips = tx.rtt.samples != told.rtt_samples;
  const bool counted = (payload.tx_retransmits | payload.rx_retransmits | payload.rx_out_of_order) != 0;
  if (!new_round_trips && !counted && told.measured_told) return;
  told.measured_told = true;
  if (tx.rtt.samples != 0) {
    payload.measured |= TcpSnapshot::kSrtt | TcpSnapshot::kJitter | TcpSnapshot::kMinRtt;
    payload.srtt_us = micros(tx.rtt.srtt_ns);
    payload.jitter_us = micros(tx.rtt.rttvar_ns);
    payload.min_rtt_us = micros(tx.rtt.min_ns);
  }
  told.rtt_samples = tx.rtt.samples;
  told.retransmits = std::max(told.retransmits, tx.bytes.repeated_packets);
  told.rx_retransmits = std::max(told.rx_retransmits, rx.bytes.repeated_packets);
  told.out_of_order = std::max(told.out_of_order, rx.bytes.reordered_packets);
  payload.tuple = tuple_of(told, row);
  out_.write(model::make_event(now, EventKind::kTcpSnapshot, told.process, 0, payload));
}

void FlowTeller::tell_end(Told& told, const FlowRow& row, TimeNs now) {
  switch (row.state) {
    case FlowState::kClosed:
      return close(told, row, model::CloseReason::kOrderly, now);
    case FlowState::kRejected:
      return fail(told, row, ECONNREFUSED, model::CloseReason::kRefused, now);
    case FlowState::kReset: {
      const FlowHalf& tx = told.local_is_src ? row.out : row.in;
      const FlowHalf& rx = told.local_is_src ? row.in : row.out;
      const bool sent_here = tx.rst != 0 && rx.rst == 0;
      model::SocketReset payload;
      payload.tuple = tuple_of(told, row);
      payload.sent_here = sent_here ? 1 : 0;
      out_.write(model::make_event(now, EventKind::kReset, told.process, 0, payload));
      return close(told, row, sent_here ? model::CloseReason::kResetHere : model::CloseReason::kResetByPeer, now);
    }
    default:
      return;
  }
}

// A connect that nobody of this host tried is no failure of anybody here.
void FlowTeller::fail(Told& told, const FlowRow& row, int error, model::CloseReason reason, TimeNs now) {
  if (told.local_is_src) {
    model::SocketFailure payload;
    payload.tuple = tuple_of(told, row);
    payload.error = error;
    out_.write(model::make_event(now, EventKind::kFailure, told.process, 0, payload));
  }
  close(told, row, reason, now);
}

void FlowTeller::close(Told& told, const FlowRow& row, model::CloseReason reason, TimeNs now) {
  told.ended = true;
  model::SocketClose payload;
  payload.tuple = tuple_of(told, row);
  payload.reason = reason;
  payload.duration_ns = std::max<TimeNs>(0, row.last_ns - row.first_ns);
  out_.write(model::make_event(now, EventKind::kSocketClose, told.process, 0, payload));
}

void FlowTeller::on_icmp_error(const decode::IcmpError& error, TimeNs time) {
  // Destination unreachable, but for "too big" (RFC 792, RFC 4443).
  const bool unreachable = error.v6 ? error.type == 1 : error.type == 3 && error.code != 4;
  if (!unreachable || error.quoted.protocol != model::kProtocolTcp) return;
  const auto newest = newest_.find(hash_of(error.quoted));
  if (newest == newest_.end()) return;
  const auto [slot, id] = newest->second;
  Told& told = told_[slot];
  if (!told.used || told.id != id || told.ended || !told.opened) return;
  const FlowRow row = flows_.row(slot);
  if (row.state == FlowState::kAttempt) fail(told, row, EHOSTUNREACH, model::CloseReason::kUnreachable, time);
}

// The file has no start times: a pid is one process until it shows another name.
model::ProcessKey FlowTeller::ensure_process(const CapturedProcess& process, TimeNs now) {
  if (process.pid <= 0 || process.pid >= 1 << model::kPidBits) return {};
  const auto pid = static_cast<std::uint32_t>(process.pid);
  const model::ProcessKey key(pid, 0);
  const auto known = processes_.find(pid);
  if (known != processes_.end() && (known->second == process.name || process.name.empty())) return key;
  if (known == processes_.end() && processes_.size() >= kProcessesMax) {
    ++processes_refused_;
    return {};
  }
  const EventKind kind = known == processes_.end() ? EventKind::kProcessStart : EventKind::kProcessExec;
  processes_.insert_or_assign(pid, std::string(process.name));
  model::Process payload;
  const std::size_t slash = process.name.rfind('/');
  const std::string_view base = slash == std::string_view::npos ? process.name : process.name.substr(slash + 1);
  if (slash != std::string_view::npos) payload.exe = out_.text(process.name, now);
  base.copy(payload.comm, sizeof payload.comm - 1);
  out_.write(model::make_event(now, kind, key, 0, payload));
  return key;
}

}  // namespace ipm::source::pcap
