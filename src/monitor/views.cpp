// What a monitor shows of itself: snapshots, statistics, the state of its sources.
#include "monitor/monitor.h"
#include "query/utf8.h"

namespace ipm::monitor {
namespace {

MonitorStats::Bound bound(std::uint64_t used, std::uint64_t max, std::uint64_t high_water, std::uint64_t evicted) {
  return {used, max, high_water, evicted};
}

template <typename Pages>
MonitorStats::Bound bound_of(const Pages& rows, std::uint64_t evicted) {
  return bound(rows.used(), rows.rows_max(), rows.high_water(), evicted);
}

}  // namespace

query::SourceRow Monitor::row_of(const Input& input) const {
  query::SourceRow row;
  row.number = input.number();
  row.name = input.name();
  row.uri = input.uri();
  row.state = "open";
  const source::Source* source = input.source();
  if (source == nullptr) {
    row.received = input.lane().pushed() + input.lane().drops();
    row.written = input.lane().pushed();
    row.dropped = input.lane().drops();
  } else {
    const source::SourceStats stats = source->stats();
    row.received = stats.received;
    row.written = stats.written;
    row.filtered = stats.filtered;
    row.dropped = stats.dropped;
    row.malformed = stats.malformed;
    row.lost = stats.lost;
    row.missing = input.missing();
    row.self_test = input.self_test();
    if (!row.missing.empty()) row.state = "reduced";
  }
  if (input.ended()) {
    row.state = "ended";
    if (input.failure.is_error()) {
      row.state = "failed";
      row.missing += (row.missing.empty() ? "" : "\n") + std::string(input.failure.message());
    }
  }
  return row;
}

query::SourceRow Monitor::row_of(const Enrichment& enrichment) const {
  const EnrichmentCounters& counters = enrichment.counters();
  query::SourceRow row;
  row.number = enrichment.number();
  row.name = "enrich";
  row.uri = "enrich:" + enrichment.files().names();
  row.received = counters.asked;
  row.written = counters.found;
  row.filtered = counters.nothing;
  row.malformed = counters.failed;
  row.missing = enrichment.files().problems();
  if (!enrichment.failure().empty()) row.missing += (row.missing.empty() ? "" : "\n") + enrichment.failure();
  row.state = row.missing.empty() ? "open" : "reduced";
  return row;
}

Status Monitor::source_row(std::uint32_t index, query::SourceRow& out) {
  const std::size_t first = enrichment_ ? 1 : 0;
  if (index < first) {
    const std::lock_guard<std::mutex> lock(engine_mutex_);
    out = row_of(*enrichment_);
    return Status::success();
  }
  if (index - first + 1 >= inputs_.size()) {
    return Status::not_found("source " + std::to_string(index) + ": there are " +
                             std::to_string(inputs_.size() - 1 + first));
  }
  out = row_of(*inputs_[index - first + 1]);
  return Status::success();
}

Result<std::shared_ptr<const query::Snapshot>> Monitor::snapshot() {
  const std::lock_guard<std::mutex> lock(engine_mutex_);
  ensure_engine(nullptr);
  state_->store.reap();
  if (state_->store.pins_open() >= options_.cursors_max) {
    return Status::limit("open cursor: " + std::to_string(options_.cursors_max) +
                         " are open; close some, or raise cursors_max");
  }
  auto snapshot = std::make_shared<query::Snapshot>();
  snapshot->keep = state_;
  snapshot->engine = state_->engine.views();
  snapshot->series = state_->series.views();
  if (state_->watch) snapshot->alerts = state_->watch->episodes().view();
  if (state_->baselines) snapshot->baselines = state_->baselines->views();
  snapshot->pin = state_->store.pin();
  if (enrichment_) snapshot->sources.push_back(row_of(*enrichment_));
  for (const std::unique_ptr<Input>& input : inputs_) {
    if (input->number() != 0) snapshot->sources.push_back(row_of(*input));
  }
  return std::shared_ptr<const query::Snapshot>(std::move(snapshot));
}

bool Monitor::next_alert(AlertChange& out) {
  const std::lock_guard<std::mutex> lock(engine_mutex_);
  if (!state_ || !state_->watch) return false;
  alert::Episodes& episodes = state_->watch->episodes();
  const alert::AlertRow* row = episodes.next_change();
  if (row == nullptr) return false;
  const core::Engine& engine = state_->engine;
  out.row = *row;
  out.time_unix_ns = engine.clock().unix_ns(row->updated_ns);
  out.opened_unix_ns = engine.clock().unix_ns(row->opened_ns);
  out.since_unix_ns = engine.clock().unix_ns(row->since_ns);
  std::string scratch;
  const auto valid = [&](std::string_view text) { return query::valid_utf8(text, scratch); };
  out.evidence = valid(row->evidence);
  out.comm = valid(row->comm);
  out.exe = valid(engine.texts().view(row->exe_text));
  out.app = valid(engine.texts().view(row->key_text));
  out.remote = row->remote == model::IpAddress{} ? std::string() : row->remote.text();
  out.remote_name = valid(engine.texts().view(row->name_text));
  out.country.assign(row->place.country, row->place.has_country() ? sizeof row->place.country : 0);
  out.feed = valid(engine.texts().view(row->feed_text));
  out.indicator = valid(engine.texts().view(row->indicator_text));
  out.changes_lost = episodes.counters().changes_lost;
  episodes.take_change();
  return true;
}

MonitorStats Monitor::stats() {
  const std::lock_guard<std::mutex> lock(engine_mutex_);
  ensure_engine(nullptr);
  const core::Engine& engine = state_->engine;
  const core::EngineCounters& counters = engine.counters();
  MonitorStats stats;
  stats.engine = counters;
  stats.sources = inputs_.size() - 1 + (enrichment_ ? 1 : 0);
  if (enrichment_) {
    const LookupFiles& files = enrichment_->files();
    stats.enrich_reloads = files.reloads();
    stats.enrich_reloads_failed = files.reloads_failed();
    if (const auto& intel = files.lookups().intel) {
      stats.intel_indicators = intel->index.indicators();
      stats.intel_bytes = intel->index.memory_bytes();
    }
  }
  for (const std::unique_ptr<Input>& input : inputs_) stats.dropped += input->lane().drops();
  stats.memory_bytes = state_->store.bytes_used() + lane_bytes_;
  stats.memory_high_water = state_->store.bytes_high_water() + lane_bytes_;
  stats.memory_max_bytes = engine.bounds().rows.memory_max_bytes;
  state_->store.reap();
  stats.snapshots_open = state_->store.pins_open();
  stats.snapshots_revoked = state_->store.pins_revoked();
  stats.recorded_events = recorded_events_;
  stats.recorded_bytes = recorded_bytes_;
  stats.flows = bound_of(engine.flows().rows(), counters.flows_evicted);
  stats.processes = bound_of(engine.processes().rows(), counters.processes_evicted);
  stats.apps = bound_of(engine.apps().rows(), counters.apps_evicted);
  stats.endpoints = bound_of(engine.endpoints().rows(), counters.endpoints_evicted);
  stats.interfaces = bound_of(engine.interfaces().rows(), counters.interfaces_evicted);
  const core::RemoteSet& remotes = engine.remotes();
  stats.remotes = bound(remotes.used(), remotes.max(), remotes.high_water(), remotes.refused());
  const store::RecentSeries& series = state_->series;
  stats.series_blocks = bound(series.used(), series.max(), series.high_water(), series.evicted());
  stats.texts = bound_of(engine.texts().rows(), engine.texts().rejected());
  stats.clues = bound(engine.clues().used(), engine.clues().max(), engine.clues().used(), counters.clues_evicted);
  if (state_->baselines) {
    const baseline::AppBaselines& baselines = *state_->baselines;
    stats.baselines = bound_of(baselines.rows(), baselines.counters().evicted);
    stats.baselines_refused = baselines.counters().refused;
  }
  if (state_->watch) {
    const alert::Episodes& episodes = state_->watch->episodes();
    stats.alerts = bound_of(episodes.rows(), episodes.counters().evicted);
    stats.alert_changes_lost = episodes.counters().changes_lost;
    stats.watch = state_->watch->counters();
  }
  return stats;
}

}  // namespace ipm::monitor
