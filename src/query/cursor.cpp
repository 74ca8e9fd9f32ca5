#include "query/cursor.h"

#include <algorithm>

namespace ipm::query {
namespace {

// Bytes of the valid sequence at `at`, or 0.
std::size_t sequence_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || at + length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  if (lead == 0xe0 && byte(1) < 0xa0) return 0;  // Overlong.
  if (lead == 0xed && byte(1) > 0x9f) return 0;  // Surrogate.
  if (lead == 0xf0 && byte(1) < 0x90) return 0;
  if (lead == 0xf4 && byte(1) > 0x8f) return 0;
  return length;
}

// Owns a sort key: the cells of one row in order_by columns.
struct SortRow {
  std::uint64_t slot = 0;
  std::vector<Cell> keys;
};

Value view_of(const Cell& cell) { return {.kind = cell.kind, .integer = cell.integer, .real = cell.real, .text = cell.text}; }

}  // namespace

void append_utf8(std::string_view text, std::string& out) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = sequence_at(text, at);
    if (length == 0) {
      out += "\xef\xbf\xbd";
      ++at;
    } else {
      out.append(text.substr(at, length));
      at += length;
    }
  }
}

Result<std::unique_ptr<Cursor>> Cursor::open(std::shared_ptr<Table> table, Filter filter) {
  std::unique_ptr<Cursor> cursor(new Cursor(std::move(table), std::move(filter)));
  cursor->columns_ = cursor->filter_.columns;
  if (cursor->columns_.empty()) {
    for (std::uint32_t i = 0; i < cursor->table_->columns().size(); ++i) cursor->columns_.push_back(i);
  }
  if (!cursor->filter_.order.empty()) {
    if (Status status = cursor->sort_rows(); !status.ok()) return status;
  }
  return cursor;
}

Result<std::uint32_t> Cursor::find(std::string_view name) const {
  std::vector<Column> shown;
  for (const std::uint32_t column : columns_) shown.push_back(table_->columns()[column]);
  return find_column(shown, name);
}

bool Cursor::matches(std::uint64_t slot) {
  return table_->exists(slot) && std::all_of(filter_.conditions.begin(), filter_.conditions.end(), [&](const Condition& condition) {
           return condition.holds(table_->columns()[condition.column], table_->value(slot, condition.column, scratch_));
         });
}

Status Cursor::sort_rows() {
  const auto before = [&](const SortRow& a, const SortRow& b) {
    for (std::size_t i = 0; i < filter_.order.size(); ++i) {
      const int order = compare_cells(view_of(a.keys[i]), view_of(b.keys[i]), filter_.order[i].descending);
      if (order != 0) return order < 0;
    }
    return a.slot < b.slot;
  };
  const std::uint64_t keep = filter_.limit.value_or(~std::uint64_t{0});
  std::vector<SortRow> rows;  // With a limit a heap whose front is the worst that is kept.
  for (std::uint64_t slot = 0; slot < table_->slots() && keep != 0;) {
    if (Status status = table_->begin_read(); !status.ok()) return status;
    for (std::uint32_t i = 0; i < 4 * kRowsPerRead && slot < table_->slots(); ++i, ++slot) {
      if (!matches(slot)) continue;
      SortRow row{slot, {}};
      for (const Order& order : filter_.order) {
        const Value value = table_->value(slot, order.column, scratch_);
        row.keys.push_back({value.kind, value.integer, value.real, std::string(value.text)});
      }
      if (rows.size() < keep) {
        rows.push_back(std::move(row));
        if (filter_.limit) std::push_heap(rows.begin(), rows.end(), before);
      } else if (before(row, rows.front())) {
        std::pop_heap(rows.begin(), rows.end(), before);
        rows.back() = std::move(row);
        std::push_heap(rows.begin(), rows.end(), before);
      }
    }
    table_->end_read();
  }
  std::sort(rows.begin(), rows.end(), before);
  for (const SortRow& row : rows) ordered_.push_back(row.slot);
  return Status::success();
}

void Cursor::copy_row(std::uint64_t slot, std::size_t row) {
  if (cells_.size() < (row + 1) * columns_.size()) cells_.resize((row + 1) * columns_.size());
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const Value value = table_->value(slot, columns_[i], scratch_);
    Cell& cell = cells_[row * columns_.size() + i];
    cell.kind = value.kind;
    cell.integer = value.integer;
    cell.real = value.real;
    cell.text.clear();
    if (value.kind == Value::Kind::kText) append_utf8(value.text, cell.text);
  }
}

Status Cursor::fill() {
  row_ = filled_ = 0;
  const bool sorted = !filter_.order.empty();
  const std::uint64_t end = sorted ? ordered_.size() : table_->slots();
  const std::uint64_t limit = filter_.limit.value_or(~std::uint64_t{0});
  while (filled_ == 0 && next_slot_ < end && produced_ < limit) {
    if (Status status = table_->begin_read(); !status.ok()) return status;
    // Rows that do not match count too, so that a rare match does not hold the snapshot for long.
    for (std::uint32_t i = 0; i < 4 * kRowsPerRead && filled_ < kRowsPerRead && next_slot_ < end && produced_ < limit; ++i, ++next_slot_) {
      const std::uint64_t slot = sorted ? ordered_[next_slot_] : next_slot_;
      if (!sorted && !matches(slot)) continue;
      copy_row(slot, filled_++);
      ++produced_;
    }
    table_->end_read();
  }
  return Status::success();
}

Status Cursor::next() {
  if (failed_.is_error()) return failed_;
  if (row_ + 1 < filled_) {
    ++row_;
    return Status::success();
  }
  if (Status status = fill(); !status.ok()) {
    failed_ = status;
    return status;
  }
  return filled_ == 0 ? Status::end() : Status::success();
}

}  // namespace ipm::query
