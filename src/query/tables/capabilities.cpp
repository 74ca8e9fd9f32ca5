#include "query/tables/capabilities.h"

namespace ipm::query {
namespace {

constexpr Column kColumns[] = {
    {"source", ColumnType::kText, "", "", "", "Scheme of the source.", true},
    {"what", ColumnType::kText, "", "", "", "What there is to see."},
    {"available", ColumnType::kBool, "", "", "", "It can be seen here."},
    {"reason", ColumnType::kText, "", "", "available", "Why not, and what would bring it."},
};

class CapabilitiesTable final : public Table {
 public:
  explicit CapabilitiesTable(std::vector<CapabilityRow> rows) : rows_(std::move(rows)) {}
  std::span<const Column> columns() const override { return kColumns; }
  std::uint64_t slots() const override { return rows_.size(); }
  TimeNs time_ns() const override { return 0; }
  Status begin_read() override { return Status::success(); }
  void end_read() override {}
  bool exists(std::uint64_t) const override { return true; }
  Value value(std::uint64_t slot, std::uint32_t column, std::string&) const override {
    const CapabilityRow& row = rows_[slot];
    if (column == 0) return Value::of_text(row.source);
    if (column == 1) return Value::of_text(row.what);
    if (column == 2) return Value::of(row.available ? 1 : 0);
    return row.reason.empty() ? Value::null() : Value::of_text(row.reason);
  }

 private:
  const std::vector<CapabilityRow> rows_;
};

}  // namespace

std::shared_ptr<Table> capabilities_table(std::vector<CapabilityRow> rows) {
  return std::make_shared<CapabilitiesTable>(std::move(rows));
}

}  // namespace ipm::query
