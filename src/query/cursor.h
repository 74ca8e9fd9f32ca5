// Reads a table row by row: filtered, ordered, limited. Cells are copied out in batches of at most kRowsPerRead rows, so the
// writer is never kept from revoking the snapshot for longer than that takes.
//
// Threads: one caller at a time. Allocates nothing per row once its buffers have their size.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "query/filter.h"
#include "query/table.h"

namespace ipm::query {

// One copied cell. Text is valid UTF-8 and terminated.
struct Cell {
  Value::Kind kind = Value::Kind::kNull;
  std::int64_t integer = 0;
  double real = 0;
  std::string text;
};

class Cursor {
 public:
  static constexpr std::uint32_t kRowsPerRead = 64;

  static Result<std::unique_ptr<Cursor>> open(std::shared_ptr<Table> table, Filter filter);

  // Ok: on a row; end; kExpired, which stays.
  Status next();
  bool on_row() const { return row_ < filled_; }
  std::uint32_t column_count() const { return static_cast<std::uint32_t>(columns_.size()); }
  const Column& column(std::uint32_t index) const { return table_->columns()[columns_[index]]; }
  Result<std::uint32_t> find(std::string_view name) const;
  const Cell& cell(std::uint32_t index) const { return cells_[row_ * columns_.size() + index]; }
  TimeNs time_ns() const { return table_->time_ns(); }

 private:
  Cursor(std::shared_ptr<Table> table, Filter filter) : table_(std::move(table)), filter_(std::move(filter)) {}
  Status sort_rows();
  Status fill();
  bool matches(std::uint64_t slot);
  void copy_row(std::uint64_t slot, std::size_t row);

  const std::shared_ptr<Table> table_;
  const Filter filter_;
  std::vector<std::uint32_t> columns_;
  std::vector<std::uint64_t> ordered_;  // With order_by: the slots to read.
  std::uint64_t next_slot_ = 0;         // Or the place in ordered_.
  std::uint64_t produced_ = 0;
  std::vector<Cell> cells_;
  std::size_t row_ = 0;
  std::size_t filled_ = 0;
  std::string scratch_;
  Status failed_;
};

// Appends `text` to `out` as valid UTF-8: bytes that are none become U+FFFD (RFC 3629).
void append_utf8(std::string_view text, std::string& out);

}  // namespace ipm::query
