// The life of a flow: found or made by its key, opened, established or failed, measured, closed, evicted.
#include <algorithm>
#include <cerrno>

#include "core/engine.h"
#include "core/engine_watch.h"

namespace ipm::core {

using model::Event;
using model::EventKind;
using model::TcpState;

namespace {

bool state_is_established(TcpState state) {
  return state != TcpState::kNone && state != TcpState::kSynSent && state != TcpState::kSynRecv &&
         state != TcpState::kNewSynRecv && state != TcpState::kListen && state != TcpState::kClose;
}

model::CloseReason reason_of(int error) {
  switch (error) {
    case ECONNREFUSED:
      return model::CloseReason::kRefused;
    case ETIMEDOUT:
      return model::CloseReason::kTimeout;
    case EHOSTUNREACH:
    case ENETUNREACH:
      return model::CloseReason::kUnreachable;
    default:
      return model::CloseReason::kUnknown;
  }
}

model::Failing failing(model::CloseReason reason) {
  switch (reason) {
    case model::CloseReason::kRefused:
      return model::Failing::kRefused;
    case model::CloseReason::kTimeout:
      return model::Failing::kTimeout;
    case model::CloseReason::kUnreachable:
      return model::Failing::kUnreachable;
    default:
      return model::Failing::kOther;
  }
}

std::uint32_t micros(TimeNs ns) {
  return static_cast<std::uint32_t>(std::clamp<TimeNs>(ns / kMicrosecond, 0, 0xffff'ffff));
}

}  // namespace

std::uint32_t Engine::ensure_flow(const Event& event, const model::FlowTuple& tuple, std::uint64_t hash) {
  const model::FlowKey key{.cookie = event.header.flow, .tuple = tuple};
  std::uint32_t slot = flows_.find(key, hash);
  if (slot != kNoSlot) {
    // Without a cookie the same tuple may be used again: an open after the close is another flow.
    if (flows_.at(slot).open() || event.header.kind != EventKind::kSocketOpen) return slot;
    flows_.forget_key(slot);
  }
  if (key.cookie == 0) {
    slot = fused(event, tuple, hash);
    if (slot != kNoSlot) return slot;
  }
  if (flows_.full()) evict_flow(flows_.victim());
  slot = flows_.add(key, hash, now_);
  FlowRow& row = flows_.edit(slot);
  row.source = event.header.source;
  row.opened_ns = row.last_seen_ns = event.header.time_ns;
  ++ledger_.unattributed_flows;
  join_endpoint(slot, event.header.time_ns);
  if (key.cookie != 0) absorb_captured(slot, event.header.time_ns);
  return slot;
}

// A socket is known before it is bound, and a UDP socket before it is connected.
void Engine::complete_tuple(std::uint32_t slot, const model::FlowTuple& tuple, TimeNs time) {
  FlowRow& row = flows_.edit(slot);
  const bool local = row.tuple.local_port == 0 && tuple.local_port != 0;
  const bool remote = row.tuple.remote_port == 0 && tuple.remote_port != 0 && row.endpoint == 0;
  if (!local && !remote) return;
  flows_.forget_path(slot);
  if (local) {
    row.tuple.local = tuple.local;
    row.tuple.local_port = tuple.local_port;
  }
  if (remote) {
    row.tuple.remote = tuple.remote;
    row.tuple.remote_port = tuple.remote_port;
  }
  flows_.keep_path(slot);
  absorb_captured(slot, time);
  if (!remote) return;
  if (row.names == 0) row.names = names_.opened(row.tuple, now_);
  join_endpoint(slot, time);
  if (row.owner == 0) return;
  note_remote(row.owner - 1, row);
  tell_open(slot, time);
}

void Engine::join_endpoint(std::uint32_t slot, TimeNs time) {
  FlowRow& row = flows_.edit(slot);
  row.endpoint = ensure_endpoint(row.tuple.remote, row.tuple.netns, time);
  if (row.endpoint == 0) return;
  EndpointRow& remote = endpoints_.edit(row.endpoint - 1);
  ++remote.flows;
  ++remote.flows_total;
  if (row.open()) ++remote.open;
  remote.last_port = row.tuple.remote_port;
}

void Engine::apply_flow(const Event& event, std::uint64_t hash) {
  model::FlowTuple tuple;
  std::memcpy(&tuple, event.payload, sizeof tuple);
  const std::uint32_t slot = ensure_flow(event, tuple, hash);
  const TimeNs time = event.header.time_ns;
  FlowRow& row = flows_.edit(slot);
  row.last_seen_ns = std::max(row.last_seen_ns, time);
  const bool second = row.cookie != 0 && event.header.flow == 0;  // Of a flow that a kernel source tells of.
  if (!second) row.opened_ns = std::min(row.opened_ns, time);
  if ((event.header.flags & model::kEventFirstSight) != 0) row.coverage |= model::kFirstSight;
  if ((event.header.flags & model::kEventLost) != 0) row.coverage |= model::kLostEvents;
  if (row.tuple.direction == model::Direction::kUnknown) row.tuple.direction = tuple.direction;
  if (row.cookie != 0) complete_tuple(slot, tuple, time);
  flows_.touch(slot, now_);
  if (second) return second_opinion(event, slot);
  switch (event.header.kind) {
    case EventKind::kSocketOpen:
      open_flow(event, slot);
      break;
    case EventKind::kSocketEstablished: {
      const auto established = event.as<model::SocketEstablished>();
      row.established_after_us =
          established.handshake_us != 0 ? established.handshake_us : micros(time - row.opened_ns);
      row.path_measured |= FlowRow::kEstablished;
      if (established.handshake_us != 0) row.path_measured |= FlowRow::kHandshake;
      row.state = TcpState::kEstablished;
      succeed(slot, time);
      break;
    }
    case EventKind::kSocketData:
      note_captured(event, slot);
      add_data(event, slot);
      break;
    case EventKind::kTcpSnapshot:
      note_captured(event, slot);
      snapshot_flow(slot, event.as<model::TcpSnapshot>());
      break;
    case EventKind::kRetransmit: {
      model::TcpSnapshot as_snapshot;
      as_snapshot.measured = model::TcpSnapshot::kRetransmits;
      as_snapshot.tx_retransmits = event.as<model::SocketCount>().count;
      snapshot_flow(slot, as_snapshot);
      break;
    }
    case EventKind::kReset:
      reset_flow(slot, event.as<model::SocketReset>());
      break;
    case EventKind::kFailure: {
      const auto failure = event.as<model::SocketFailure>();
      row.close_reason = reason_of(failure.error);
      fail(slot, time);
      break;
    }
    case EventKind::kSocketClose: {
      const auto close = event.as<model::SocketClose>();
      if (close.duration_ns >= 0 && close.duration_ns <= time && (row.flags & FlowRow::kOpenedKnown) == 0) {
        row.opened_ns = time - close.duration_ns;
        row.flags |= FlowRow::kOpenedKnown;
      }
      close_flow(slot, time, close.reason);
      break;
    }
    case EventKind::kSocketOwner:
      owner_found(event, slot);
      break;
    case EventKind::kEntropy:
      note_entropy(event, slot);
      break;
    default:
      break;
  }
}

void Engine::open_flow(const Event& event, std::uint32_t slot) {
  auto open = event.as<model::SocketOpen>();
  open.rule = model::rule_from_event(open.rule);
  open.quality = model::quality_from_event(open.quality);
  FlowRow& row = flows_.edit(slot);
  row.state = open.state;
  if (open.how != model::OpenHow::kExisting && open.rule != Rule::kBetweenDumps) row.flags |= FlowRow::kOpenedKnown;
  if (open.how == model::OpenHow::kListen || row.tuple.direction == model::Direction::kListen)
    row.flags |= FlowRow::kListener;
  if (row.tuple.protocol == model::kProtocolTcp) {
    if (open.how == model::OpenHow::kConnect) row.flags |= FlowRow::kConnect;
    if (open.how == model::OpenHow::kAccept) row.flags |= FlowRow::kAccept;
  }
  if (row.quality == Quality::kUnknown && open.rule != Rule::kNone) row.rule = open.rule;
  const std::uint32_t process = ensure_process(event.header.process, event.header.time_ns);
  if (process != kNoSlot && open.quality >= Quality::kInferred) {
    if (row.origin_pid == 0) row.origin_pid = event.header.process.pid();
    set_owner(slot, process, open.quality, open.rule, event.header.time_ns);
  }
  if (state_is_established(open.state)) succeed(slot, event.header.time_ns);
}

void Engine::succeed(std::uint32_t slot, TimeNs time) {
  FlowRow& row = flows_.edit(slot);
  if ((row.flags & (FlowRow::kSucceeded | FlowRow::kFailed)) != 0 ||
      (row.flags & (FlowRow::kConnect | FlowRow::kAccept)) == 0)
    return;
  row.flags |= FlowRow::kSucceeded;
  if (row.endpoint != 0) {
    EndpointRow& remote = endpoints_.edit(row.endpoint - 1);
    ++((row.flags & FlowRow::kConnect) != 0 ? remote.connects : remote.accepts);
  }
  credit_outcome(slot, time);
}

void Engine::fail(std::uint32_t slot, TimeNs time) {
  FlowRow& row = flows_.edit(slot);
  if ((row.flags & (FlowRow::kSucceeded | FlowRow::kFailed)) != 0) return;
  row.flags |= FlowRow::kFailed | FlowRow::kConnect;
  if (row.endpoint != 0) ++endpoints_.edit(row.endpoint - 1).connect_failures;
  credit_outcome(slot, time);
  tell(slot, [&](model::BehaviourSink& watch, const model::FlowFacts& facts) {
    watch.failed(facts, failing(row.close_reason), time);
  });
}

void Engine::reset_flow(std::uint32_t slot, const model::SocketReset& reset) {
  FlowRow& row = flows_.edit(slot);
  if (row.close_reason == model::CloseReason::kUnknown) {
    row.close_reason = reset.sent_here != 0 ? model::CloseReason::kResetHere : model::CloseReason::kResetByPeer;
  }
  succeed(slot, now_);  // Only an established connection is reset; a RST that answers a SYN is a failure.
  if (row.owner == 0) return;
  const auto count = [&](Activity& activity) { ++(reset.sent_here != 0 ? activity.resets_tx : activity.resets_rx); };
  ProcessRow& process = processes_.edit(row.owner - 1);
  count(process.activity);
  if (process.app != 0) count(apps_.edit(process.app - 1).activity);
  tell(slot, [&](model::BehaviourSink& watch, const model::FlowFacts& facts) {
    watch.reset(facts, reset.sent_here != 0, now_);
  });
}

void Engine::close_flow(std::uint32_t slot, TimeNs time, model::CloseReason reason) {
  FlowRow& row = flows_.edit(slot);
  if (!row.open()) return;
  row.closed_ns = std::max<TimeNs>(time, 1);
  row.last_seen_ns = std::max(row.last_seen_ns, time);
  if (last_loss_ns_ != 0 && last_loss_ns_ >= row.opened_ns) row.coverage |= model::kLostEvents;
  if (row.close_reason == model::CloseReason::kUnknown) row.close_reason = reason;
  const TcpState state_before = row.state;
  if (row.tuple.protocol == model::kProtocolTcp) row.state = TcpState::kClose;
  if ((row.flags & FlowRow::kConnect) != 0) {
    const bool never_established = state_before == TcpState::kSynSent ||
                                   row.close_reason == model::CloseReason::kRefused ||
                                   row.close_reason == model::CloseReason::kTimeout;
    if (!never_established && row.close_reason != model::CloseReason::kSourceGone) {
      succeed(slot, time);
    } else if (row.close_reason == model::CloseReason::kRefused) {
      fail(slot, time);
    }
  }
  if (row.endpoint != 0) --endpoints_.edit(row.endpoint - 1).open;
  tell(slot, [&](model::BehaviourSink& watch, const model::FlowFacts& facts) { watch.closed(facts, time); });
  if (row.owner != 0) {
    ProcessRow& process = processes_.edit(row.owner - 1);
    --process.activity.connections;
    if (process.app != 0) {
      AppRow& app = apps_.edit(process.app - 1);
      if (app.activity.connections != 0) --app.activity.connections;
    }
  }
  learn_clues(slot);
  flows_.bury(slot, now_);
}

void Engine::snapshot_flow(std::uint32_t slot, const model::TcpSnapshot& snapshot) {
  using model::TcpSnapshot;
  FlowRow& row = flows_.edit(slot);
  if (snapshot.state != TcpState::kNone && row.open()) {
    row.state = snapshot.state;
    if (state_is_established(snapshot.state)) succeed(slot, now_);
  }
  if ((snapshot.measured & TcpSnapshot::kSrtt) != 0) row.srtt_us = snapshot.srtt_us;
  if ((snapshot.measured & TcpSnapshot::kJitter) != 0) row.jitter_us = snapshot.jitter_us;
  if ((snapshot.measured & TcpSnapshot::kMinRtt) != 0) row.min_rtt_us = snapshot.min_rtt_us;
  if ((snapshot.measured & TcpSnapshot::kRetransmits) != 0) row.tx_retransmits += snapshot.tx_retransmits;
  if ((snapshot.measured & TcpSnapshot::kOutOfOrder) != 0) row.rx_out_of_order += snapshot.rx_out_of_order;
  row.path_measured |= snapshot.measured & TcpSnapshot::kAll;
  if (row.owner == 0) return;
  const auto note = [&](Activity& activity) {
    if ((snapshot.measured & TcpSnapshot::kSrtt) != 0) {
      activity.srtt_us = smooth_eighth(activity.srtt_us, snapshot.srtt_us, (activity.measured & Activity::kSrtt) == 0);
      activity.measured |= Activity::kSrtt;
    }
    if ((snapshot.measured & TcpSnapshot::kJitter) != 0) {
      activity.jitter_us =
          smooth_eighth(activity.jitter_us, snapshot.jitter_us, (activity.measured & Activity::kJitter) == 0);
      activity.measured |= Activity::kJitter;
    }
    if ((snapshot.measured & TcpSnapshot::kRetransmits) != 0) {
      activity.retransmits += snapshot.tx_retransmits;
      activity.measured |= Activity::kRetransmits;
    }
  };
  ProcessRow& process = processes_.edit(row.owner - 1);
  note(process.activity);
  if (process.app != 0) {
    AppRow& app = apps_.edit(process.app - 1);
    note(app.activity);
    note_delay(app.interval, snapshot);
  }
  tell(slot, [&](model::BehaviourSink& watch, const model::FlowFacts& facts) {
    const bool repeated = (snapshot.measured & TcpSnapshot::kRetransmits) != 0 && snapshot.tx_retransmits != 0;
    if (repeated) watch.retransmitted(facts, snapshot.tx_retransmits, now_);
    if ((snapshot.measured & TcpSnapshot::kSrtt) != 0) watch.round_trip(facts, snapshot.srtt_us, now_);
  });
}

void Engine::owner_found(const Event& event, std::uint32_t slot) {
  auto found = event.as<model::SocketOwner>();
  found.rule = model::rule_from_event(found.rule);
  found.quality = model::quality_from_event(found.quality);
  if (found.holders > 1 && found.quality == Quality::kCandidate) {
    set_candidates(slot, found);
    return;
  }
  const std::uint32_t process = ensure_process(model::ProcessKey::from_ref(found.owners[0]), event.header.time_ns);
  if (process != kNoSlot && found.quality >= Quality::kInferred) {
    FlowRow& row = flows_.edit(slot);
    if (row.origin_pid == 0) row.origin_pid = processes_.at(process).key.pid();
    set_owner(slot, process, found.quality, found.rule, event.header.time_ns);
    return;
  }
  FlowRow& row = flows_.edit(slot);
  if (row.owner == 0 && row.quality == Quality::kUnknown) row.rule = found.rule;  // Why nobody is known.
}

void Engine::evict_flow(std::uint32_t slot) {
  if (listener_ != nullptr) listener_->flow_evicted(flows_.at(slot));
  close_flow(slot, now_, model::CloseReason::kUnknown);
  drop_candidates(slot);
  FlowRow& row = flows_.edit(slot);
  LedgerLine& line = ledger_.line(row.layer);
  const Traffic rest{row.tx_unattributed, row.rx_unattributed};
  line.unattributed.subtract(rest);
  if (row.shared) line.candidate.subtract(rest);
  line.evicted.add(rest);
  if (row.owner != 0) drop_owner(slot);
  --ledger_.unattributed_flows;
  if (row.endpoint != 0) --endpoints_.edit(row.endpoint - 1).flows;
  release_app(row.app);
  drop_captured(slot);
  flows_.remove(slot);
  ++counters_.flows_evicted;
}

}  // namespace ipm::core
