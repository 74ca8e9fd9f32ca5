// Kernel sources and packet sources see the same flows: one row, with the kernel's owner and counters and what only
// packets show. The bytes of the kernel count; those of the packets stand beside them.
//
// The key is the five-tuple in its namespace, or beyond an address translation as conntrack has it. Whichever source
// tells first makes the row; what packets had counted alone is taken back when the kernel's row joins.
#include <algorithm>

#include "core/engine.h"

namespace ipm::core {

using model::Event;
using model::EventKind;
using model::SocketData;
using model::TcpSnapshot;

namespace {

// Nobody was ever credited with a byte of it.
bool nobodys(const FlowRow& row) {
  return row.owner == 0 && row.candidates == 0 && row.tx_bytes == row.tx_unattributed &&
         row.rx_bytes == row.rx_unattributed;
}

}  // namespace

std::uint32_t Engine::fused(const Event& event, const model::FlowTuple& tuple, std::uint64_t hash) {
  if (aliases_.size() != 0) {
    const std::uint32_t slot = aliases_.find(
        hash, [&](std::uint32_t each) { return captured_.at(captured_of(flows_.at(each))).other.same_path(tuple); });
    if (slot != kNoSlot) return slot;
  }
  return flows_.find_path(tuple, event.header.time_ns);
}

std::uint32_t Engine::flow_of(const Event& event, const model::FlowTuple& tuple, std::uint64_t hash) {
  const std::uint32_t slot = flows_.find({.cookie = event.header.flow, .tuple = tuple}, hash);
  return slot != kNoSlot || event.header.flow != 0 ? slot : fused(event, tuple, hash);
}

std::uint32_t Engine::captured_of(const FlowRow& row) const {
  return row.names == 0 ? kNoSlot : names_.flows().at(row.names - 1).captured - 1;  // 0 - 1 is kNoSlot.
}

// A full table gives up a row of a closed flow, if one of the next few is that.
std::uint32_t Engine::ensure_captured(std::uint32_t flow, std::uint16_t source) {
  FlowRow& row = flows_.edit(flow);
  if (const std::uint32_t known = captured_of(row); known != kNoSlot) return known;
  if (captured_.full()) {
    constexpr int kLooks = 16;
    std::uint32_t victim = kNoSlot;
    for (int i = 0; i < kLooks; ++i, ++captured_hand_) {
      if (captured_hand_ >= captured_.slots()) captured_hand_ = 0;
      const CapturedRow& each = captured_.at(captured_hand_);
      if (!each.used) continue;
      victim = each.flow - 1;
      if (!flows_.at(victim).open()) break;
    }
    if (victim == kNoSlot) return kNoSlot;
    ++captured_hand_;
    drop_captured(victim);
  }
  const std::uint32_t slot = captured_.add();
  row.names = names_.captured(row.names, slot + 1);
  if (row.names == 0) {
    captured_.remove(slot);
    return kNoSlot;
  }
  CapturedRow& made = captured_.edit(slot);
  made.flow = flow + 1;
  made.source = source;
  return slot;
}

void Engine::drop_captured(std::uint32_t flow) {
  const FlowRow& row = flows_.at(flow);
  const std::uint32_t slot = captured_of(row);
  if (slot == kNoSlot) return;
  if (captured_.at(slot).aliased) aliases_.erase(flows_.hash({.tuple = captured_.at(slot).other}), flow);
  (void)names_.captured(row.names, 0);
  captured_.remove(slot);
}

// Of any flow that packets are told of, whether or not a kernel source knows it.
void Engine::note_captured(const Event& event, std::uint32_t slot) {
  const std::uint16_t source = event.header.source;
  if (event.header.kind == EventKind::kSocketData) {
    const auto data = event.as<SocketData>();
    if ((data.measured & SocketData::kByPackets) == 0) return;
    const std::uint32_t captured = ensure_captured(slot, source);
    if (captured == kNoSlot) return;
    CapturedRow& row = captured_.edit(captured);
    if (row.source != source) return;  // Captured at two places: the first one counts.
    row.tx_ip_bytes += data.tx_bytes;
    row.rx_ip_bytes += data.rx_bytes;
    row.tx_payload_bytes += data.tx_payload_bytes;
    row.rx_payload_bytes += data.rx_payload_bytes;
    row.tx_short = row.tx_short || (data.measured & SocketData::kTxPayloadShort) != 0;
    row.rx_short = row.rx_short || (data.measured & SocketData::kRxPayloadShort) != 0;
    row.tx_packets += data.tx_packets;
    row.rx_packets += data.rx_packets;
    return;
  }
  const auto snapshot = event.as<TcpSnapshot>();
  if ((snapshot.measured & TcpSnapshot::kRxRetransmits) == 0) return;
  const std::uint32_t captured = ensure_captured(slot, source);
  if (captured == kNoSlot) return;
  CapturedRow& row = captured_.edit(captured);
  if (row.source != source) return;
  row.path_measured |= snapshot.measured;
  row.tx_retransmits += snapshot.tx_retransmits;
  row.rx_retransmits += snapshot.rx_retransmits;
  row.rx_out_of_order += snapshot.rx_out_of_order;
  if ((snapshot.measured & TcpSnapshot::kSrtt) != 0) row.srtt_us = snapshot.srtt_us;
}

// What packets say of a flow that the kernel counts.
void Engine::second_opinion(const Event& event, std::uint32_t slot) {
  FlowRow& row = flows_.edit(slot);
  switch (event.header.kind) {
    case EventKind::kSocketOpen:
      if (event.as<model::SocketOpen>().how != model::OpenHow::kExisting) {
        const std::uint32_t captured = ensure_captured(slot, event.header.source);
        if (captured != kNoSlot) captured_.edit(captured).whole = true;
      }
      break;
    case EventKind::kSocketEstablished:
      if (const auto established = event.as<model::SocketEstablished>();
          established.handshake_us != 0 && (row.path_measured & FlowRow::kHandshake) == 0) {
        row.established_after_us = established.handshake_us;
        row.path_measured |= FlowRow::kHandshake;
      }
      break;
    case EventKind::kSocketData:
      // Bytes that no packets carried are neither: another source counts the flow too.
      if ((event.as<SocketData>().measured & SocketData::kByPackets) == 0) ++counters_.other_layer;
      note_captured(event, slot);
      break;
    case EventKind::kTcpSnapshot: {
      note_captured(event, slot);
      auto missing = event.as<TcpSnapshot>();
      missing.state = model::TcpState::kNone;
      missing.measured &= static_cast<std::uint8_t>(TcpSnapshot::kAll & ~row.path_measured);
      // Once packets have given a figure, the kernel has none.
      const std::uint32_t captured = captured_of(row);
      if (captured != kNoSlot) {
        const auto measured = event.as<TcpSnapshot>().measured;
        missing.measured |= static_cast<std::uint8_t>(measured & captured_.at(captured).fills);
      }
      if (missing.measured == 0) break;
      if (captured != kNoSlot) captured_.edit(captured).fills |= missing.measured;
      snapshot_flow(slot, missing);
      break;
    }
    case EventKind::kEntropy:
      note_entropy(event, slot);
      break;
    default:
      break;  // How it ends is the kernel's to say.
  }
}

void Engine::note_nat(const Event& event, std::uint64_t hash) {
  const auto nat = event.as<model::SocketNat>();
  model::FlowTuple original = nat.tuple;
  original.local = nat.local;
  original.remote = nat.remote;
  original.local_port = nat.local_port;
  original.remote_port = nat.remote_port;
  if (original.same_path(nat.tuple)) return;
  // The socket behind a translation may be in any namespace of the host.
  const std::uint32_t kernel = flows_.find_path(original, event.header.time_ns);
  const std::uint32_t packets = flows_.find({.cookie = 0, .tuple = nat.tuple}, hash);
  if (kernel != kNoSlot && packets != kNoSlot && nobodys(flows_.at(packets))) absorb(kernel, packets);
  const std::uint32_t slot = kernel != kNoSlot ? kernel : ensure_flow(event, nat.tuple, hash);
  const std::uint32_t captured = ensure_captured(slot, event.header.source);
  if (captured == kNoSlot) return;
  CapturedRow& row = captured_.edit(captured);
  if (row.aliased) return;
  row.translated = true;
  row.other = kernel != kNoSlot ? nat.tuple : original;
  if (kernel == kNoSlot) return;
  row.aliased = true;
  aliases_.insert(hash, slot);
}

void Engine::absorb_captured(std::uint32_t kernel, TimeNs time) {
  if (flows_.without_cookie() == 0) return;
  model::FlowKey key{.cookie = 0, .tuple = flows_.at(kernel).tuple};
  if (key.tuple.remote_port == 0) return;
  const std::uint32_t packets = flows_.find(key);
  if (packets == kNoSlot || captured_of(flows_.at(packets)) == kNoSlot) return;
  const FlowRow& row = flows_.at(packets);
  const bool over = !row.open() && time - row.closed_ns > FlowTable::kCloseLagNs;
  if (!over && nobodys(row)) absorb(kernel, packets);
}

// The row of the packets goes, and what it counted alone with it: the kernel's row has those bytes.
void Engine::absorb(std::uint32_t kernel, std::uint32_t packets) {
  const FlowRow gone = flows_.at(packets);
  const Traffic bytes{gone.tx_bytes, gone.rx_bytes};
  LedgerLine& line = ledger_.line(gone.layer);
  line.seen.subtract(bytes);
  line.unattributed.subtract({gone.tx_unattributed, gone.rx_unattributed});
  if (gone.endpoint != 0) {
    EndpointRow& remote = endpoints_.edit(gone.endpoint - 1);
    remote.by_layer[static_cast<std::uint8_t>(gone.layer)].subtract(bytes);
    remote.packets.subtract({gone.tx_packets, gone.rx_packets});
    --remote.flows;
    --remote.flows_total;
    if (gone.open()) --remote.open;
    if ((gone.flags & FlowRow::kSucceeded) != 0) {
      --((gone.flags & FlowRow::kConnect) != 0 ? remote.connects : remote.accepts);
    }
    if ((gone.flags & FlowRow::kFailed) != 0) --remote.connect_failures;
  }
  if (gone.tuple.remote.scope() != model::Scope::kLoopback) {
    if (const std::uint32_t space = namespaces_.find(gone.tuple.netns); space != kNoSlot) {
      namespaces_.edit(space).payload.subtract(bytes);
      namespaces_.edit(space).packets.subtract({gone.tx_packets, gone.rx_packets});
    }
  }
  --ledger_.unattributed_flows;
  drop_captured(kernel);
  FlowRow& row = flows_.edit(kernel);
  flows_.edit(packets).names = 0;
  row.names = names_.joined(row.names, gone.names);
  const std::uint32_t captured = captured_of(row);
  if (captured != kNoSlot) captured_.edit(captured).flow = kernel + 1;
  name_endpoint(row);
  flows_.remove(packets);
}

}  // namespace ipm::core
