#include "core/engine.h"

#include <algorithm>
#include <array>
#include <bit>

namespace ipm::core {

using model::Event;
using model::EventKind;

Engine::Engine(const Bounds& bounds, PageStore& store, model::SampleSink& series, model::BehaviourSink* watch,
               model::AppSampleSink* baselines)
    : bounds_(bounds),
      store_(store),
      series_(series),
      watch_(watch),
      baselines_(baselines),
      texts_(store, bounds.rows.texts_max, bounds.text_bytes_max, bounds.rows.hash_seed),
      hits_(store, texts_, bounds.hits_max, bounds.rows.hash_seed, counters_.no_room),
      names_(store, texts_, bounds.flow_names_max, bounds.address_names_max, bounds.rows.hash_seed, counters_.no_room),
      clues_(store, texts_, bounds.rows.clues_max, counters_.clues_evicted),
      flows_(store, bounds.rows.flows_max, bounds.rows.hash_seed, &names_),
      captured_(store, bounds.captured_max),
      aliases_(store),
      candidates_(store, std::max(1U, bounds.rows.flows_max / 16)),
      processes_(store, bounds.rows.processes_max, bounds.rows.hash_seed),
      apps_(store, bounds.rows.apps_max, bounds.rows.hash_seed),
      endpoints_(store, bounds.rows.endpoints_max, bounds.rows.hash_seed),
      remotes_(store, bounds.rows.remotes_max, bounds.rows.hash_seed),
      interfaces_(store, bounds.rows.interfaces_max, bounds.rows.hash_seed),
      namespaces_(store, bounds.rows.interfaces_max, bounds.rows.hash_seed) {
  if (watch_ != nullptr) watch_->use_texts(this);
  if (baselines_ != nullptr) baselines_->use_texts(this);
}

Engine::~Engine() {
  if (watch_ != nullptr) watch_->use_texts(nullptr);
  if (baselines_ != nullptr) baselines_->use_texts(nullptr);
}

// Each event passes four stages, some events apart: hash its key and pull in the index line; pull in the flow's row;
// pull in the rows that it refers to; apply. The waits for memory overlap with the work on the events before.
void Engine::feed(std::span<const Event> events) {
  std::array<std::uint64_t, std::bit_ceil(kApplyLag + 1)> hashes;
  const auto hash_of = [&](std::size_t at) -> std::uint64_t& { return hashes[at % hashes.size()]; };
  const auto is_due = [&](std::size_t at, std::size_t lag) {
    return at >= lag && at - lag < events.size() && model::is_flow_event(events[at - lag].header.kind);
  };
  for (std::size_t at = 0; at < events.size() + kApplyLag; ++at) {
    if (is_due(at, 0)) {
      model::FlowTuple tuple;
      std::memcpy(&tuple, events[at].payload, sizeof tuple);
      hash_of(at) = flows_.hash({.cookie = events[at].header.flow, .tuple = tuple});
      flows_.prefetch_index(hash_of(at));
    }
    if (is_due(at, kRowLag)) flows_.prefetch_row(hash_of(at - kRowLag));
    if (is_due(at, kRelatedLag)) prefetch_related(hash_of(at - kRelatedLag));
    if (at >= kApplyLag) apply(events[at - kApplyLag], hash_of(at - kApplyLag));
  }
}

void Engine::prefetch_related(std::uint64_t flow_hash) const {
  const std::uint32_t slot = flows_.guess(flow_hash);
  if (slot == kNoSlot) return;
  const FlowRow& row = flows_.at(slot);
  if (row.endpoint != 0) endpoints_.prefetch(row.endpoint - 1);
  if (row.owner != 0) processes_.prefetch(row.owner - 1);
}

void Engine::apply(const Event& event, std::uint64_t flow_hash) {
  ++counters_.events;
  if (event.header.version != 1) {
    ++counters_.unknown;
    return;
  }
  // Differences and small sums of times in this range do not overflow; a recording may hold anything.
  if (event.header.time_ns < 0 || event.header.time_ns > kTimeMaxNs) {
    ++counters_.malformed;
    return;
  }
  if (event.header.time_ns < now_) {
    ++counters_.late;
  } else {
    if (event.header.kind == EventKind::kClockAnchor) note_suspend(event);
    advance(event.header.time_ns);
  }
  switch (event.header.kind) {
    case EventKind::kSocketOpen:
    case EventKind::kSocketEstablished:
    case EventKind::kSocketData:
    case EventKind::kTcpSnapshot:
    case EventKind::kRetransmit:
    case EventKind::kReset:
    case EventKind::kFailure:
    case EventKind::kSocketClose:
    case EventKind::kSocketOwner:
    case EventKind::kEntropy:
      apply_flow(event, flow_hash);
      break;
    case EventKind::kSocketNat:
      note_nat(event, flow_hash);
      break;
    case EventKind::kProcessStart:
    case EventKind::kProcessExec:
      describe_process(event);
      break;
    case EventKind::kProcessExit:
      end_process(event);
      break;
    case EventKind::kProcessSample:
      sample_process(event);
      break;
    case EventKind::kFrameData:
      note_frames(event);
      break;
    case EventKind::kInterface:
      note_interface(event);
      break;
    case EventKind::kHostCounters:
      note_host_counters(event);
      break;
    case EventKind::kText:
      if (!texts_.learn(event.header.source, event.as<model::Text>())) ++counters_.malformed;
      break;
    case EventKind::kSourceInfo:
      note_source(event.as<model::SourceInfo>());
      break;
    case EventKind::kDnsAnswer:
      note_dns(event, flow_hash);
      break;
    case EventKind::kTlsHello:
      note_hello(event, flow_hash);
      break;
    case EventKind::kGeo:
      note_geo(event);
      break;
    case EventKind::kIntelHit:
      note_hit(event, flow_hash);
      break;
    case EventKind::kClockAnchor:
      if (!clock_.anchor(event.as<model::ClockAnchor>())) ++counters_.malformed;
      if (watch_ != nullptr) watch_->wall_clock(clock_.unix_ns(0));
      break;
    case EventKind::kBaseline:
      note_baseline(event);
      break;
    case EventKind::kClue:
      note_clue(event);
      break;
    case EventKind::kLoss:
      note_loss(event.as<model::Loss>(), event.header.time_ns);
      break;
    case EventKind::kDrillMark:
      if (watch_ != nullptr) watch_->drill(event.as<model::Drill>().begins != 0);
      break;
    case EventKind::kOperatorRule:
      tell_rule(event);
      break;
    case EventKind::kTimeAdvance:
      time_is_told_ = true;
      break;
    case EventKind::kSettings:
      break;  // Settings were read when the engine was made.
    case EventKind::kNone:
    default:
      ++counters_.unknown;
      break;
  }
}

void Engine::advance(TimeNs time) {
  if (time >= interval_end_ && (baselines_ != nullptr || watch_ != nullptr)) end_intervals(time);
  now_ = time;
  if (time < next_sweep_) return;
  next_sweep_ = time + kSecond;
  for (std::uint32_t slot = flows_.timed_out(time, bounds_.rows.udp_idle_ns); slot != kNoSlot;
       slot = flows_.timed_out(time, bounds_.rows.udp_idle_ns)) {
    close_flow(slot, time, model::CloseReason::kIdle);
  }
  series_.advance(time);
  if (watch_ != nullptr) watch_->advance(time);
}

EngineViews Engine::views() const {
  EngineViews views;
  views.now = now_;
  views.clock = clock_;
  views.ledger = ledger_;
  views.counters = counters_;
  views.last_loss_ns = last_loss_ns_;
  views.flows = flows_.rows().view();
  views.candidates = candidates_.view();
  views.processes = processes_.rows().view();
  views.apps = apps_.rows().view();
  views.endpoints = endpoints_.rows().view();
  views.interfaces = interfaces_.rows().view();
  views.namespaces = namespaces_.rows().view();
  views.flow_names = names_.flows().view();
  views.captured = captured_.view();
  views.hits = hits_.rows().view();
  views.clues = clues_.rows().view();
  views.texts = texts_.pages();
  views.sources = sources_;
  return views;
}

bool Engine::rows_agree_with_ledger() const {
  Traffic attributed[model::kByteLayers];
  Traffic unattributed[model::kByteLayers];
  for (std::uint32_t slot = 0; slot < processes_.rows().slots(); ++slot) {
    const ProcessRow& row = processes_.at(slot);
    for (std::uint32_t i = 0; row.used && i < model::kByteLayers; ++i) attributed[i].add(row.activity.by_layer[i]);
  }
  for (std::uint32_t slot = 0; slot < flows_.rows().slots(); ++slot) {
    const FlowRow& row = flows_.at(slot);
    if (row.used) unattributed[static_cast<std::uint8_t>(row.layer)].add({row.tx_unattributed, row.rx_unattributed});
  }
  for (std::uint32_t i = 0; i < model::kByteLayers; ++i) {
    const LedgerLine& line = ledger_.by_layer[i];
    if (!line.balanced() || !(line.attributed == attributed[i]) || !(line.unattributed == unattributed[i]))
      return false;
  }
  return true;
}

}  // namespace ipm::core
