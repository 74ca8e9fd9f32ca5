// Reads a table row by row as a filter asks for it. Rows are copied out in small batches, so that the engine may take
// the snapshot away between them: then the rows already copied are still given, and after them kExpired.
// Bounded: one batch of rows; with order_by also the sort keys of the rows that match, at most `limit` of them.
// Threads: one caller at a time, any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "query/filter.h"
#include "query/table.h"

namespace ipm::query {

// Text is valid UTF-8, NUL-terminated behind its end, and valid until the cursor's next step.
using Cell = Value;

class Cursor {
 public:
  static constexpr std::size_t kRowsPerRead = 64;    // Rows copied between begin_read() and end_read().
  static constexpr std::size_t kSlotsPerRead = 256;  // Slots looked at between them, when few of them match.

  // Reads nothing yet. kInvalidArgument if the filter names columns that the table has not.
  static Result<std::unique_ptr<Cursor>> open(std::shared_ptr<Table> table, Filter filter);

  // OK: the cursor stands on the next row. kEnd and errors are final; the snapshot is given back with them.
  Status next();

  bool on_row() const noexcept { return on_row_; }
  // Only while on_row(); `index` below column_count().
  const Cell& cell(std::uint32_t index) const { return cells_[row_ * columns_.size() + index]; }

  std::uint32_t column_count() const noexcept { return static_cast<std::uint32_t>(columns_.size()); }
  const Column& column(std::uint32_t index) const { return columns_[index]; }
  Result<std::uint32_t> find(std::string_view name) const { return find_column(columns_, name); }
  TimeNs time_ns() const noexcept { return time_ns_; }

 private:
  Cursor(std::shared_ptr<Table> table, Filter filter);

  Status fetch();
  Status gather_order();
  bool row_matches(std::uint64_t slot);
  Value read(std::uint64_t slot, std::uint32_t column);
  void copy_row(std::uint64_t slot);
  void point_texts();
  Status finish(Status status);

  std::shared_ptr<Table> table_;  // Null once the rows ended: a finished cursor holds no snapshot.
  const Filter filter_;
  std::vector<std::uint32_t> indices_;  // Of columns_ in the table.
  std::vector<Column> columns_;
  const TimeNs time_ns_;
  const std::uint64_t slots_;

  bool ordered_ = false;              // order_ was gathered.
  std::vector<std::uint64_t> order_;  // With order_by: the slots to read, in their order.
  std::uint64_t position_ = 0;        // The next slot, or the next index into order_.
  std::uint64_t rows_left_;

  // The batch: rows_ rows of cells_, whose texts lie in arena_.
  struct TextAt {
    std::size_t cell;
    std::size_t offset;
    std::size_t bytes;
  };
  std::vector<Cell> cells_;
  std::vector<TextAt> texts_;
  std::string arena_;
  std::size_t rows_ = 0;
  std::size_t row_ = 0;
  bool on_row_ = false;
  Status final_;  // Not ok: what every further next() answers.

  std::string scratch_;
  std::string utf8_scratch_;
};

}  // namespace ipm::query
