// How a table is declared: a list of fields over its row type, each a column with the function that reads it.
#pragma once

#include <array>
#include <bit>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "query/snapshot.h"
#include "query/table.h"

namespace ipm::query {

// Short names for the lists of columns.
inline constexpr ColumnType kInt = ColumnType::kInt64;
inline constexpr ColumnType kReal = ColumnType::kDouble;
inline constexpr ColumnType kText = ColumnType::kText;
inline constexpr ColumnType kTime = ColumnType::kTime;
inline constexpr ColumnType kBool = ColumnType::kBool;

template <typename Row>
struct Field {
  Column column;
  Value (*read)(const Snapshot& snapshot, const Row& row, std::string& scratch);
};

template <typename Row, std::size_t N>
constexpr std::array<Column, N> columns_of(const Field<Row> (&fields)[N]) {
  std::array<Column, N> columns{};
  for (std::size_t i = 0; i < N; ++i) columns[i] = fields[i].column;
  return columns;
}

// Shared behaviour of all tables over a snapshot.
class SnapshotTable : public Table {
 public:
  SnapshotTable(std::shared_ptr<const Snapshot> snapshot, std::span<const Column> columns)
      : snapshot_(std::move(snapshot)), columns_(columns) {}
  std::span<const Column> columns() const final { return columns_; }
  TimeNs time_ns() const final { return snapshot_->unix_ns(snapshot_->engine.now); }
  Status begin_read() final {
    if (snapshot_->pin == nullptr || snapshot_->pin->begin_read()) return Status::success();
    return Status::expired(
        "read a snapshot: it was revoked to keep memory bounded; open the cursor again (memory_max_bytes bounds it)");
  }
  void end_read() final {
    if (snapshot_->pin != nullptr) snapshot_->pin->end_read();
  }

 protected:
  const Snapshot& snapshot() const { return *snapshot_; }

 private:
  const std::shared_ptr<const Snapshot> snapshot_;
  const std::span<const Column> columns_;
};

// A table whose rows lie in one paged view.
template <typename Row, typename View>
class ViewTable final : public SnapshotTable {
 public:
  ViewTable(std::shared_ptr<const Snapshot> snapshot, const View& view, std::span<const Column> columns,
            std::span<const Field<Row>> fields)
      : SnapshotTable(std::move(snapshot), columns), view_(view), fields_(fields) {}
  std::uint64_t slots() const override { return view_.slots(); }
  bool exists(std::uint64_t slot) const override { return view_.at(static_cast<std::uint32_t>(slot)).used; }
  Value value(std::uint64_t slot, std::uint32_t column, std::string& scratch) const override {
    return fields_[column].read(snapshot(), view_.at(static_cast<std::uint32_t>(slot)), scratch);
  }

 private:
  const View& view_;  // Of the snapshot that the base keeps alive.
  const std::span<const Field<Row>> fields_;
};

// --- cells ---

inline Value text_or_null(std::string_view text) {
  return text.empty() ? Value::null() : Value::of_text(text);
}
inline Value time_or_null(const Snapshot& snapshot, TimeNs engine_ns) {
  return engine_ns == 0 ? Value::null() : Value::of(snapshot.unix_ns(engine_ns));
}
inline Value if_measured(bool measured, std::uint64_t value) {
  return measured ? Value::of_u(value) : Value::null();
}
inline Value built(std::string& scratch, std::string text) {
  scratch = std::move(text);
  return text_or_null(scratch);
}
// The place is the row's: its text is lent out.
inline Value country_or_null(const model::Place& place) {
  return place.has_country() ? Value::of_text({place.country, sizeof place.country}) : Value::null();
}
inline Value port_or_null(std::uint16_t port) {
  return port == 0 ? Value::null() : Value::of(port);
}

}  // namespace ipm::query
