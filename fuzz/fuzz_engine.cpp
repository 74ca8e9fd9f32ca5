// Any 128 bytes are an event: a recording may hold anything. The engine keeps its bounds and its ledger, baselines stay
// baselines, and alerts say something that can be true.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <vector>

#include "monitor/engine_state.h"
#include "query/cursor.h"
#include "query/tables/tables.h"
#include "query/utf8.h"

namespace {

using ipm::alert::AlertRow;
using ipm::monitor::EngineState;

void require(bool holds) {
  if (!holds) std::abort();
}

// Every cell of every table is read, and every text of them is UTF-8.
void read_tables(EngineState& state) {
  auto snapshot = std::make_shared<ipm::query::Snapshot>();
  snapshot->engine = state.engine.views();
  snapshot->series = state.series.views();
  snapshot->alerts = state.watch->episodes().view();
  snapshot->baselines = state.baselines->views();
  snapshot->pin = state.store.pin();
  std::string scratch;
  for (const ipm::query::TableInfo& info : ipm::query::tables()) {
    auto cursor = ipm::query::Cursor::open(info.open(snapshot), {});
    while (cursor.ok() && (*cursor)->next().ok()) {
      for (std::uint32_t i = 0; i < (*cursor)->column_count(); ++i) {
        const ipm::query::Cell cell = (*cursor)->cell(i);
        if (!cell.is(ipm::query::Value::Kind::kText)) continue;
        require(ipm::query::valid_utf8(cell.text(), scratch).data() == cell.text().data());
      }
    }
  }
}

// What nobody has taken yet, and what was seen of it.
struct Alerts {
  std::uint64_t sequence = 0;
  std::map<std::uint64_t, ipm::TimeNs> updated_ns;  // By alert.

  static void look(const AlertRow& row) {
    require(row.used && row.id != 0 && row.sequence != 0);
    require(row.score >= 0 && row.score <= 1);
    require(std::isfinite(row.value) && std::isfinite(row.expected_low) && std::isfinite(row.expected_high));
    require(row.tail_probability >= 0 && row.tail_probability <= 1 && row.confidence >= 0 && row.confidence <= 1);
    require(row.opened_ns <= row.updated_ns && row.since_ns <= row.updated_ns);
    require(row.metric != nullptr && ::strnlen(row.comm, sizeof row.comm) < sizeof row.comm);
    const std::size_t bytes = ::strnlen(row.evidence, sizeof row.evidence);
    require(bytes != 0 && bytes < sizeof row.evidence);
  }

  void take(EngineState& state) {
    ipm::alert::Episodes& episodes = state.watch->episodes();
    const ipm::core::Bounds& bounds = state.engine.bounds();
    std::uint32_t open = 0;
    for (std::uint32_t slot = 0; slot < episodes.rows().slots(); ++slot) {
      if (!episodes.rows().at(slot).used) continue;
      look(episodes.rows().at(slot));
      open += episodes.rows().at(slot).open ? 1 : 0;
    }
    require(episodes.rows().used() <= bounds.rows.alerts_max && open <= ipm::alert::Episodes::kOpenMax);
    require(state.watch->programs() <= bounds.rows.apps_max);
    require(state.watch->largest_program_bytes() <= ipm::alert::kProgramBytesMax);
    std::uint32_t changes = 0;
    while (const AlertRow* row = episodes.next_change()) {
      look(*row);
      require(row->sequence > sequence && row->updated_ns >= updated_ns[row->id]);
      require(++changes <= bounds.alert_changes_max);
      sequence = row->sequence;
      updated_ns[row->id] = row->updated_ns;
      episodes.take_change();
    }
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ipm::model::Settings wanted;
  wanted.memory_max_bytes = ipm::core::kMemoryMinBytes;
  wanted.flows_max = 8;
  wanted.processes_max = 4;
  wanted.apps_max = 3;
  wanted.endpoints_max = 8;
  wanted.remotes_max = 8;
  wanted.series_blocks_max = 8;
  wanted.texts_max = 16;
  wanted.interfaces_max = 3;
  wanted.alerts_learn_s = 1;
  wanted.baselines_max = 2;
  wanted.baseline_interval_s = 1;
  EngineState state(ipm::core::share_memory(wanted));
  std::vector<ipm::model::Event> events(size / sizeof(ipm::model::Event));
  if (!events.empty()) std::memcpy(static_cast<void*>(events.data()), data, events.size() * sizeof(events[0]));
  Alerts alerts;
  const std::size_t half = events.size() / 2;
  for (const auto part : {std::span(events).first(half), std::span(events).subspan(half)}) {
    state.engine.feed(part);
    read_tables(state);
    alerts.take(state);
  }
  require(state.engine.rows_agree_with_ledger());
  const ipm::baseline::BaselineSet learned = state.baselines->set();
  for (const auto& [key, baseline] : learned.all()) require(baseline.well_formed());
  return 0;
}
