#include "query/tables/fields.h"
#include "query/tables/tables.h"

namespace ipm::query {
namespace {

using S = Snapshot;
using R = SourceRow;
using T = std::string;

constexpr Field<R> kFields[] = {
    {{"number", kInt, "", "", "", "Number of the source in this monitor."},
     [](const S&, const R& r, T&) { return Value::of(r.number); }},
    {{"source", kText, "", "", "", "Its name.", true}, [](const S&, const R& r, T&) { return text_or_null(r.name); }},
    {{"uri", kText, "", "", "", "As it was added."}, [](const S&, const R& r, T&) { return text_or_null(r.uri); }},
    {{"state", kText, "", "", "", "open, reduced, ended or failed.", true},
     [](const S&, const R& r, T&) { return text_or_null(r.state); }},
    {{"missing", kText, "", "", "complete", "What it cannot see here, one line each, with the reason."},
     [](const S&, const R& r, T&) { return text_or_null(r.missing); }},
    {{"self_test", kText, "", "", "not asked for, or nothing to test",
      "What became of it: passed, failed or could not be tested, and why."},
     [](const S&, const R& r, T&) { return text_or_null(r.self_test); }},
    {{"received", kInt, "events", "", "", "= written + filtered + dropped + malformed."},
     [](const S&, const R& r, T&) { return Value::of_u(r.received); }},
    {{"written", kInt, "events", "", "", "Handed on."},
     [](const S&, const R& r, T&) { return Value::of_u(r.written); }},
    {{"filtered", kInt, "events", "", "", "Not meant for the engine."},
     [](const S&, const R& r, T&) { return Value::of_u(r.filtered); }},
    {{"dropped", kInt, "events", "", "", "The lane was full."},
     [](const S&, const R& r, T&) { return Value::of_u(r.dropped); }},
    {{"malformed", kInt, "events", "", "", "Not understood."},
     [](const S&, const R& r, T&) { return Value::of_u(r.malformed); }},
    {{"lost", kInt, "events", "", "", "Lost before the source could receive them, as far as known."},
     [](const S&, const R& r, T&) { return Value::of_u(r.lost); }},
};
constexpr auto kColumns = columns_of(kFields);

class SourcesTable final : public SnapshotTable {
 public:
  explicit SourcesTable(std::shared_ptr<const Snapshot> snapshot) : SnapshotTable(std::move(snapshot), kColumns) {}
  std::uint64_t slots() const override { return snapshot().sources.size(); }
  bool exists(std::uint64_t) const override { return true; }
  Value value(std::uint64_t slot, std::uint32_t column, std::string& scratch) const override {
    return kFields[column].read(snapshot(), snapshot().sources[slot], scratch);
  }
};

}  // namespace

TableInfo sources_table() {
  return {"sources", kColumns, [](std::shared_ptr<const Snapshot> snapshot) -> std::shared_ptr<Table> {
            return std::make_shared<SourcesTable>(std::move(snapshot));
          }};
}

}  // namespace ipm::query
