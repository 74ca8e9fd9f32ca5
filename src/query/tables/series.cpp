// Recent series: one row for each second of a minute in which something happened. A minute without a row was quiet.
#include "query/tables/fields.h"
#include "query/tables/tables.h"

namespace ipm::query {
namespace {

using S = Snapshot;
using T = std::string;

struct Point {
  const store::SeriesBlock& block;
  std::uint32_t second;
  const core::ProcessRow* process(const S& s) const {
    return block.holder == model::Holder::kProcess ? s.process(block.holder_slot + 1) : nullptr;
  }
  std::uint32_t app(const S& s) const {
    if (block.holder == model::Holder::kApp) return block.holder_slot + 1;
    return process(s)->app;
  }
};

constexpr Field<Point> kFields[] = {
    {{"time", kTime, "", "", "", "Begin of the second."},
     [](const S& s, const Point& p, T&) {
       return Value::of(s.unix_ns((p.block.minute * store::kBlockSeconds + p.second) * kSecond));
     }},
    {{"holder", kText, "", "", "", "process or app.", true},
     [](const S&, const Point& p, T&) {
       return Value::of_text(p.block.holder == model::Holder::kApp ? "app" : "process");
     }},
    {{"metric", kText, "", "", "", "tx_bytes, rx_bytes, opens or connect_failures.", true},
     [](const S&, const Point& p, T&) { return Value::of_text(model::metric_name(p.block.metric)); }},
    {{"value", kInt, "", "row", "", "Sum over the second, in the metric's unit."},
     [](const S&, const Point& p, T&) { return Value::of_u(p.block.values[p.second]); }},
    {{"pid", kInt, "", "", "holder is an app", "Process id."},
     [](const S& s, const Point& p, T&) {
       return p.process(s) == nullptr ? Value::null() : Value::of(p.process(s)->key.pid());
     }},
    {{"start_ticks", kInt, "ticks", "", "holder is an app, or start unknown", "Start of the process."},
     [](const S& s, const Point& p, T&) {
       const core::ProcessRow* row = p.process(s);
       return row == nullptr ? Value::null() : if_measured(row->key.start_ticks() != 0, row->key.start_ticks());
     }},
    {{"comm", kText, "", "", "holder is an app", "Name of the process.", true},
     [](const S& s, const Point& p, T&) {
       const core::ProcessRow* row = p.process(s);
       return row == nullptr ? Value::null() : text_or_null({row->comm, strnlen(row->comm, sizeof row->comm)});
     }},
    {{"app", kText, "", "", "the app table was full", "App, of a process the one it has now.", true},
     [](const S& s, const Point& p, T&) {
       return p.app(s) == 0 ? Value::null() : text_or_null(s.engine.text(s.engine.apps.at(p.app(s) - 1).key));
     }},
};
constexpr auto kColumns = columns_of(kFields);

class SeriesTable final : public SnapshotTable {
 public:
  explicit SeriesTable(std::shared_ptr<const Snapshot> snapshot) : SnapshotTable(std::move(snapshot), kColumns) {}
  std::uint64_t slots() const override {
    return std::uint64_t{snapshot().series.blocks.slots()} * store::kBlockSeconds;
  }
  bool exists(std::uint64_t slot) const override {
    const store::SeriesBlock& row = block(slot);
    // Seconds that have not begun are not zero yet.
    const std::int64_t second =
        row.minute * store::kBlockSeconds + static_cast<std::int64_t>(slot % store::kBlockSeconds);
    return row.used && second <= snapshot().engine.now / kSecond;
  }
  Value value(std::uint64_t slot, std::uint32_t column, std::string& scratch) const override {
    return kFields[column].read(snapshot(), Point{block(slot), static_cast<std::uint32_t>(slot % store::kBlockSeconds)},
                                scratch);
  }

 private:
  const store::SeriesBlock& block(std::uint64_t slot) const {
    return snapshot().series.blocks.at(static_cast<std::uint32_t>(slot / store::kBlockSeconds));
  }
};

}  // namespace

TableInfo series_table() {
  return {"series", kColumns, [](std::shared_ptr<const Snapshot> snapshot) -> std::shared_ptr<Table> {
            return std::make_shared<SeriesTable>(std::move(snapshot));
          }};
}

}  // namespace ipm::query
