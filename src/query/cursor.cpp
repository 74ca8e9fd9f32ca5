#include "query/cursor.h"

#include <algorithm>
#include <cmath>

#include "query/sort_key.h"
#include "query/utf8.h"

namespace ipm::query {
namespace {

// begin_read() … end_read(), also when a read throws for want of memory.
class ReadSection {
 public:
  explicit ReadSection(Table& table) : table_(table), status_(table.begin_read()) {}
  ~ReadSection() {
    if (status_.ok()) table_.end_read();
  }
  ReadSection(const ReadSection&) = delete;
  ReadSection& operator=(const ReadSection&) = delete;
  const Status& status() const { return status_; }

 private:
  Table& table_;
  Status status_;
};

// The rows that come first, at most `limit` of them: while full, a heap whose front is the one to leave next.
class FirstRows {
 public:
  explicit FirstRows(std::uint64_t limit) : limit_(limit) {}

  void offer(std::string& key, std::uint64_t slot) {
    if (rows_.size() < limit_) {
      rows_.push_back({key, slot});
      if (rows_.size() == limit_) std::make_heap(rows_.begin(), rows_.end());
      return;
    }
    // Slots come in their order: of two rows with the same key the one that is there already is first.
    if (key >= rows_.front().key) return;
    std::pop_heap(rows_.begin(), rows_.end());
    rows_.back().key.swap(key);  // The caller goes on in the memory of the key that leaves.
    rows_.back().slot = slot;
    std::push_heap(rows_.begin(), rows_.end());
  }

  std::vector<std::uint64_t> take() {
    std::sort(rows_.begin(), rows_.end());
    std::vector<std::uint64_t> slots;
    slots.reserve(rows_.size());
    for (const Row& row : rows_) slots.push_back(row.slot);
    return slots;
  }

 private:
  struct Row {
    std::string key;
    std::uint64_t slot;  // Ties keep slot order.
    bool operator<(const Row& other) const {
      const int order = key.compare(other.key);
      return order != 0 ? order < 0 : slot < other.slot;
    }
  };
  const std::uint64_t limit_;  // At least 1.
  std::vector<Row> rows_;
};

}  // namespace

Result<std::unique_ptr<Cursor>> Cursor::open(std::shared_ptr<Table> table, Filter filter) {
  const std::size_t columns = table->columns().size();
  const auto out_of_range = [&](const auto& item) { return item.column >= columns; };
  if (std::any_of(filter.conditions.begin(), filter.conditions.end(), out_of_range) ||
      std::any_of(filter.order.begin(), filter.order.end(), out_of_range) ||
      std::any_of(filter.columns.begin(), filter.columns.end(), [&](std::uint32_t i) { return i >= columns; })) {
    return Status::invalid_argument("the filter was made for another table");
  }
  return std::unique_ptr<Cursor>(new Cursor(std::move(table), std::move(filter)));
}

Cursor::Cursor(std::shared_ptr<Table> table, Filter filter)
    : table_(std::move(table)),
      filter_(std::move(filter)),
      indices_(filter_.columns),
      time_ns_(table_->time_ns()),
      slots_(table_->slots()),
      rows_left_(filter_.limit) {
  const std::span<const Column> columns = table_->columns();
  if (indices_.empty()) {
    for (std::uint32_t i = 0; i < columns.size(); ++i) indices_.push_back(i);
  }
  columns_.reserve(indices_.size());
  for (std::uint32_t index : indices_) columns_.push_back(columns[index]);
}

Status Cursor::next() {
  on_row_ = false;
  if (row_ + 1 < rows_) {
    ++row_;
  } else {
    rows_ = 0;
    if (!final_.ok()) return final_;
    if (Status status = fetch(); !status.ok()) return finish(std::move(status));
    row_ = 0;
  }
  on_row_ = true;
  return Status::success();
}

Status Cursor::finish(Status status) {
  final_ = std::move(status);
  rows_ = 0;
  table_.reset();
  order_ = {};
  return final_;
}

// Fills the batch with at least one row, or says why there is none.
Status Cursor::fetch() {
  if (rows_left_ == 0) return Status::end();
  if (!filter_.order.empty() && !ordered_) {
    if (Status status = gather_order(); !status.ok()) return status;
  }
  const std::uint64_t end = ordered_ ? order_.size() : slots_;
  cells_.clear();
  texts_.clear();
  arena_.clear();
  while (rows_ == 0 && position_ < end) {
    const ReadSection section(*table_);
    if (!section.status().ok()) return section.status();
    const std::uint64_t stop = std::min<std::uint64_t>(end, position_ + (ordered_ ? kRowsPerRead : kSlotsPerRead));
    for (; position_ < stop && rows_ < kRowsPerRead && rows_left_ > 0; ++position_) {
      const std::uint64_t slot = ordered_ ? order_[position_] : position_;
      if (!ordered_ && !row_matches(slot)) continue;
      copy_row(slot);
      --rows_left_;
      ++rows_;
    }
  }
  if (rows_ == 0) return Status::end();
  point_texts();
  return Status::success();
}

Status Cursor::gather_order() {
  FirstRows first(filter_.limit);
  std::string key;
  for (std::uint64_t slot = 0; slot < slots_;) {
    const ReadSection section(*table_);
    if (!section.status().ok()) return section.status();
    for (const std::uint64_t stop = std::min<std::uint64_t>(slots_, slot + kSlotsPerRead); slot < stop; ++slot) {
      if (!row_matches(slot)) continue;
      key.clear();
      for (const OrderKey& order : filter_.order) append_sort_key(key, read(slot, order.column), order.descending);
      first.offer(key, slot);
    }
  }
  order_ = first.take();
  ordered_ = true;
  return Status::success();
}

bool Cursor::row_matches(std::uint64_t slot) {
  if (!table_->exists(slot)) return false;
  return std::all_of(filter_.conditions.begin(), filter_.conditions.end(),
                     [&](const Condition& condition) { return matches(condition, read(slot, condition.column)); });
}

// A cell as everything outside sees it: valid text, and a number that is none is a null.
Value Cursor::read(std::uint64_t slot, std::uint32_t column) {
  Value value = table_->value(slot, column, scratch_);
  if (value.is(Value::Kind::kText)) return Value::of_text(valid_utf8(value.text(), utf8_scratch_));
  if (value.is(Value::Kind::kDouble) && std::isnan(value.real())) return Value::null();
  return value;
}

void Cursor::copy_row(std::uint64_t slot) {
  std::size_t at = cells_.size();
  cells_.resize(at + indices_.size());
  for (const std::uint32_t index : indices_) {
    const Value value = read(slot, index);
    if (value.is(Value::Kind::kText)) {
      texts_.push_back({at, arena_.size(), value.text().size()});
      arena_.append(value.text()).push_back('\0');
    }
    cells_[at++] = value;
  }
}

// Only when the batch is complete, since arena_ moves while it grows.
void Cursor::point_texts() {
  for (const TextAt& text : texts_) cells_[text.cell] = Value::of_text({arena_.data() + text.offset, text.bytes});
}

}  // namespace ipm::query
