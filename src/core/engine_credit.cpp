// Who gets the bytes. Each is counted once: for the process that moved it, or as unattributed until an owner is found.
#include <algorithm>

#include "core/engine_watch.h"

namespace ipm::core {

using model::ByteLayer;
using model::Event;
using model::SocketData;

void Engine::add_data(const Event& event, std::uint32_t slot) {
  auto data = event.as<SocketData>();
  data.measured &= SocketData::kAll;  // The bits above have other meanings in the rows.
  const auto layer_number = static_cast<std::uint8_t>(data.layer);
  if ((data.measured & SocketData::kBytes) == 0) return;
  if (layer_number == 0 || layer_number >= model::kByteLayers) {
    ++counters_.malformed;
    return;
  }
  FlowRow& row = flows_.edit(slot);
  if (row.layer != ByteLayer::kNone && row.layer != data.layer) {
    ++counters_.other_layer;
    return;
  }
  const bool first_sight = (event.header.flags & model::kEventFirstSight) != 0;
  const bool measured_before = (row.measured & SocketData::kBytes) != 0;
  const Traffic bytes{(data.measured & SocketData::kTxBytes) != 0 ? data.tx_bytes : 0,
                      (data.measured & SocketData::kRxBytes) != 0 ? data.rx_bytes : 0};
  const Traffic packets{(data.measured & SocketData::kTxPackets) != 0 ? data.tx_packets : 0,
                        (data.measured & SocketData::kRxPackets) != 0 ? data.rx_packets : 0};
  row.layer = data.layer;
  row.measured |= data.measured;
  row.tx_bytes += bytes.tx;
  row.rx_bytes += bytes.rx;
  row.tx_packets += packets.tx;
  row.rx_packets += packets.rx;
  ledger_.line(data.layer).seen.add(bytes);
  const TimeNs time = event.header.time_ns;
  if ((bytes.tx | bytes.rx) != 0) succeed(slot, time);

  if (row.endpoint != 0) {
    EndpointRow& remote = endpoints_.edit(row.endpoint - 1);
    remote.by_layer[layer_number].add(bytes);
    remote.packets.add(packets);
    remote.layer = model::merge_layer(remote.layer, data.layer);
    remote.measured |= data.measured;
    remote.last_seen_ns = std::max(remote.last_seen_ns, time);
    if (!first_sight) {
      remote.tx_rate.add(now_, bytes.tx);
      remote.rx_rate.add(now_, bytes.rx);
    }
    endpoints_.touch(row.endpoint - 1, now_);
  }
  const bool on_the_wire = row.tuple.remote.scope() != model::Scope::kLoopback;
  if (on_the_wire && !first_sight) {
    if (const std::uint32_t space = ensure_namespace(row.tuple.netns, time); space != kNoSlot) {
      NamespaceRow& counted = namespaces_.edit(space);
      counted.payload.add(bytes);
      counted.packets.add(packets);
    }
  }

  // Who did it: the event says, else the owner. An owner whose row made room for another comes back by its key.
  const std::uint32_t owner_before = row.owner;
  std::uint32_t process = kNoSlot;
  if (!event.header.process.empty()) {
    process = ensure_process(event.header.process, time, row.owner - 1);
    if (process != kNoSlot && row.owner != process + 1) {
      const Quality quality = row.quality >= Quality::kInferred ? row.quality : Quality::kExact;
      set_owner(slot, process, quality, row.owner == 0 && row.rule != Rule::kEvicted ? Rule::kIo : row.rule, time);
    }
  } else if (row.owner != 0) {
    process = row.owner - 1;
    processes_.touch(process, now_);
  } else if (row.rule == Rule::kEvicted && !row.owner_key().empty()) {
    process = ensure_process(row.owner_key(), time);
    processes_.edit(process).activity.coverage |= model::kEvictedPart;
    set_owner(slot, process, row.quality, row.rule, time);
  }
  FlowRow& flow = flows_.edit(slot);
  if (!measured_before && flow.owner != 0 && flow.owner == owner_before) {
    // It counts as unmeasured no longer. A new owner has not counted it so.
    ProcessRow& owner = processes_.edit(flow.owner - 1);
    const bool counted = flow.tuple.protocol != model::kProtocolTcp && (flow.flags & FlowRow::kListener) == 0;
    if (counted && owner.activity.unmeasured != 0) --owner.activity.unmeasured;
    if (counted && owner.app != 0) {
      AppRow& app = apps_.edit(owner.app - 1);
      if (app.activity.unmeasured != 0) --app.activity.unmeasured;
    }
  }
  if ((event.header.flags & model::kEventInferred) != 0) flow.quality = std::min(flow.quality, Quality::kInferred);
  if (process != kNoSlot) {
    credit(process, flow, data.layer, bytes, packets, data.measured, !first_sight, time);
    const std::uint32_t app = processes_.at(process).app;
    if (watch_ != nullptr && app != 0 && !first_sight) watch_->moved(facts_of(slot, process), bytes.tx, bytes.rx, time);
    return;
  }
  flow.tx_unattributed += bytes.tx;
  flow.rx_unattributed += bytes.rx;
  LedgerLine& line = ledger_.line(data.layer);
  line.unattributed.add(bytes);
  if (flow.shared) line.candidate.add(bytes);
  if (flow.candidates == 0) return;
  const CandidateRow& holders = candidates_.at(flow.candidates - 1);
  for (std::uint8_t i = 0; i < holders.count; ++i) {
    const std::uint32_t holder = processes_.find(model::ProcessKey::from_ref(holders.owners[i]));
    if (holder != kNoSlot) processes_.edit(holder).activity.candidate.add(bytes);
  }
}

void Engine::credit(std::uint32_t process, const FlowRow& flow, ByteLayer layer, const Traffic& bytes,
                    const Traffic& packets, std::uint8_t measured, bool in_rates, TimeNs time) {
  const auto layer_number = static_cast<std::uint8_t>(layer);
  const bool external = flow.tuple.remote.scope() == model::Scope::kExternal;
  const auto quality = static_cast<std::uint8_t>(flow.quality);
  const auto add = [&](Activity& activity, model::Holder holder, std::uint32_t slot) {
    activity.by_layer[layer_number].add(bytes);
    if (external) activity.external.add(bytes);
    activity.packets.add(packets);
    activity.measured |= measured;
    activity.coverage |= flow.coverage;
    activity.layer = model::merge_layer(activity.layer, layer);
    activity.quality_worst = std::min(activity.quality_worst, quality);
    activity.last_seen_ns = std::max(activity.last_seen_ns, time);
    if (!in_rates) {
      activity.before.add(bytes);
      return;
    }
    activity.tx_rate.add(now_, bytes.tx);
    activity.rx_rate.add(now_, bytes.rx);
    if (bytes.tx != 0) series_.add(holder, slot, model::Metric::kTxBytes, time, bytes.tx);
    if (bytes.rx != 0) series_.add(holder, slot, model::Metric::kRxBytes, time, bytes.rx);
  };
  ledger_.line(layer).attributed.add(bytes);
  ProcessRow& row = processes_.edit(process);
  add(row.activity, model::Holder::kProcess, process);
  if (row.app == 0) return;
  add(apps_.edit(row.app - 1).activity, model::Holder::kApp, row.app - 1);
  apps_.touch(row.app - 1, now_);
}

void Engine::set_owner(std::uint32_t slot, std::uint32_t process, Quality quality, Rule rule, TimeNs time) {
  drop_candidates(slot);
  FlowRow& row = flows_.edit(slot);
  if (row.owner == process + 1) {
    if (quality > row.quality) {
      row.quality = quality;
      row.rule = rule;
    }
    return;
  }
  if (row.owner != 0) drop_owner(slot);
  ProcessRow& owner = processes_.edit(process);
  row.owner = process + 1;
  row.owner_ref = owner.key.ref();
  row.quality = quality;
  row.rule = rule;
  --ledger_.unattributed_flows;
  flows_.join(processes_.flows(process), slot);
  if (row.app != owner.app) {
    release_app(row.app);
    row.app = owner.app;
    if (row.app != 0) ++apps_.edit(row.app - 1).references;
  }
  const bool unmeasured = (row.measured & SocketData::kBytes) == 0 && row.tuple.protocol != model::kProtocolTcp &&
                          (row.flags & FlowRow::kListener) == 0;
  const auto count = [&](Activity& activity) {
    if (row.open()) ++activity.connections;
    if (unmeasured) ++activity.unmeasured;
    activity.coverage |= row.coverage;
  };
  count(owner.activity);
  if (owner.app != 0) count(apps_.edit(owner.app - 1).activity);
  note_remote(process, row);
  tell_open(slot, time);
  credit_outcome(slot, time);

  // Who is left of several holders did not therefore move what they moved together.
  const Traffic late{row.tx_unattributed, row.rx_unattributed};
  if (row.shared || (late.tx | late.rx) == 0) return;
  row.tx_unattributed = row.rx_unattributed = 0;
  ledger_.line(row.layer).unattributed.subtract(late);
  const Traffic packets{row.tx_packets, row.rx_packets};
  credit(process, row, row.layer, late, packets, row.measured, (row.coverage & model::kFirstSight) == 0, time);
}

void Engine::drop_owner(std::uint32_t slot) {
  FlowRow& row = flows_.edit(slot);
  const std::uint32_t process = row.owner - 1;
  flows_.leave(processes_.flows(process), slot);
  row.owner = 0;
  ++ledger_.unattributed_flows;
  if (!row.open()) return;
  ProcessRow& owner = processes_.edit(process);
  --owner.activity.connections;
  if (owner.app != 0) {
    AppRow& app = apps_.edit(owner.app - 1);
    if (app.activity.connections != 0) --app.activity.connections;
  }
}

void Engine::set_candidates(std::uint32_t slot, const model::SocketOwner& found) {
  FlowRow& row = flows_.edit(slot);
  if (row.owner != 0) drop_owner(slot);  // It is shared now: what comes next is not its alone.
  drop_candidates(slot);
  row.quality = Quality::kCandidate;
  row.rule = found.rule;
  row.owner_ref = found.owners[0];
  // What came before anybody was known is one of theirs; what came under earlier holders is not a new one's.
  const Traffic before = row.shared ? Traffic{} : Traffic{row.tx_unattributed, row.rx_unattributed};
  row.shared = true;
  ledger_.line(row.layer).candidate.add(before);
  if (candidates_.full()) {
    ++counters_.no_room;
    return;
  }
  row.candidates = candidates_.add() + 1;
  CandidateRow& holders = candidates_.edit(row.candidates - 1);
  holders.holders = found.holders;
  for (const std::uint64_t owner : found.owners) {
    const auto* const listed = std::begin(holders.owners);
    if (owner == 0 || std::find(listed, listed + holders.count, owner) != listed + holders.count) continue;
    holders.owners[holders.count++] = owner;
    const std::uint32_t process = ensure_process(model::ProcessKey::from_ref(owner), now_);
    if (process != kNoSlot) processes_.edit(process).activity.candidate.add(before);
  }
}

void Engine::drop_candidates(std::uint32_t slot) {
  FlowRow& row = flows_.edit(slot);
  if (row.candidates == 0) return;
  candidates_.remove(row.candidates - 1);
  row.candidates = 0;
}

void Engine::credit_outcome(std::uint32_t slot, TimeNs time) {
  FlowRow& row = flows_.edit(slot);
  if (row.owner == 0 || (row.flags & FlowRow::kCredited) != 0 ||
      (row.flags & (FlowRow::kSucceeded | FlowRow::kFailed)) == 0)
    return;
  row.flags |= FlowRow::kCredited;
  const bool failed = (row.flags & FlowRow::kFailed) != 0;
  const auto count = [&](Activity& activity, model::Holder holder, std::uint32_t of) {
    if (failed) {
      ++activity.connect_failures;
      activity.measured |= Activity::kFailures;
    } else {
      ++((row.flags & FlowRow::kConnect) != 0 ? activity.connects : activity.accepts);
    }
    series_.add(holder, of, failed ? model::Metric::kFailures : model::Metric::kOpens, time, 1);
  };
  ProcessRow& owner = processes_.edit(row.owner - 1);
  count(owner.activity, model::Holder::kProcess, row.owner - 1);
  if (owner.app != 0) count(apps_.edit(owner.app - 1).activity, model::Holder::kApp, owner.app - 1);
}

void Engine::note_remote(std::uint32_t process, const FlowRow& flow) {
  if (flow.endpoint == 0) return;
  const auto note = [&](Activity& activity, model::Holder holder, std::uint32_t slot) {
    std::vector<std::uint32_t>& heads = remote_heads_[static_cast<std::size_t>(holder)];
    if (heads.size() <= slot) heads.resize(slot + 1);
    const std::uint32_t id = slot * 2 + static_cast<std::uint32_t>(holder);
    const RemoteSet::Met met = remotes_.add(id, flow.tuple.remote, heads[slot], interval_number());
    if (met.added == RemoteSet::Added::kNew) ++activity.remotes;
    if (met.added == RemoteSet::Added::kNoRoom) activity.coverage |= model::kEvictedPart;
    return met;
  };
  ProcessRow& row = processes_.edit(process);
  note(row.activity, model::Holder::kProcess, process);
  if (row.app == 0) return;
  AppRow& app = apps_.edit(row.app - 1);
  const RemoteSet::Met met = note(app.activity, model::Holder::kApp, row.app - 1);
  if (met.first_now) ++app.interval.remotes;
  if (met.added == RemoteSet::Added::kNoRoom) app.interval.remotes_short = true;
}

}  // namespace ipm::core
