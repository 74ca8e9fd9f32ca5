// Any 128 bytes are an event: a recording may hold anything. The engine keeps its bounds and its ledger.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "core/engine.h"
#include "query/cursor.h"
#include "query/tables/tables.h"
#include "store/recent_series.h"

namespace {

// Every cell of every table is read.
void read_tables(ipm::core::Engine& engine, ipm::store::RecentSeries& series, ipm::PageStore& store) {
  auto snapshot = std::make_shared<ipm::query::Snapshot>();
  snapshot->engine = engine.views();
  snapshot->series = series.views();
  snapshot->pin = store.pin();
  for (const ipm::query::TableInfo& info : ipm::query::tables()) {
    auto cursor = ipm::query::Cursor::open(info.open(snapshot), {});
    while (cursor.ok() && (*cursor)->next().ok()) {
    }
  }
}

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
  const ipm::core::Bounds bounds = ipm::core::share_memory(wanted);
  ipm::PageStore store(bounds.copies_max_bytes);
  ipm::store::RecentSeries series(store, bounds.rows.series_blocks_max, bounds.rows.processes_max,
                                  bounds.rows.apps_max);
  ipm::core::Engine engine(bounds, store, series);
  std::vector<ipm::model::Event> events(size / sizeof(ipm::model::Event));
  if (!events.empty()) std::memcpy(static_cast<void*>(events.data()), data, events.size() * sizeof(events[0]));
  engine.feed({events.data(), events.size() / 2});
  read_tables(engine, series, store);
  engine.feed({events.data() + events.size() / 2, events.size() - events.size() / 2});
  read_tables(engine, series, store);
  if (!engine.rows_agree_with_ledger()) std::abort();
  return 0;
}
