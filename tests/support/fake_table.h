// A table of literal rows that can take itself away, as the engine does when memory runs short.
#pragma once

#include <algorithm>
#include <cassert>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "query/table.h"

namespace ipm::test {

// A cell that owns its text.
struct FakeCell {
  FakeCell() = default;
  FakeCell(std::nullptr_t) {}                                                        // NOLINT: implicit
  FakeCell(int v) : value(query::Value::of(v)) {}                                    // NOLINT: implicit
  FakeCell(std::int64_t v) : value(query::Value::of(v)) {}                           // NOLINT: implicit
  FakeCell(bool v) : value(query::Value::of(v ? 1 : 0)) {}                           // NOLINT: implicit
  FakeCell(double v) : value(query::Value::of_double(v)) {}                          // NOLINT: implicit
  FakeCell(const char* v) : value(query::Value::of_text("")), text(v) {}             // NOLINT: implicit
  FakeCell(std::string v) : value(query::Value::of_text("")), text(std::move(v)) {}  // NOLINT: implicit

  query::Value value;
  std::string text;
};

using FakeRow = std::vector<FakeCell>;

class FakeTable : public query::Table {
 public:
  FakeTable(std::vector<query::Column> columns, std::vector<std::optional<FakeRow>> rows)
      : columns_(std::move(columns)), rows_(std::move(rows)) {}

  // After so many more read sections it is gone.
  void revoke_after(std::uint64_t reads) { reads_left_ = reads; }
  std::uint64_t values_per_section_max() const { return values_max_; }
  bool reading() const { return reading_; }

  std::span<const query::Column> columns() const override { return columns_; }
  std::uint64_t slots() const override { return rows_.size(); }
  TimeNs time_ns() const override { return 1'700'000'000 * kSecond; }

  Status begin_read() override {
    assert(!reading_);
    if (reads_left_ == 0) return Status::expired("the snapshot was revoked; open the cursor again");
    --reads_left_;
    reading_ = true;
    values_ = 0;
    return Status::success();
  }
  void end_read() override {
    assert(reading_);
    reading_ = false;
  }
  bool exists(std::uint64_t slot) const override {
    assert(reading_);
    return rows_[slot].has_value();
  }
  query::Value value(std::uint64_t slot, std::uint32_t column, std::string& scratch) const override {
    assert(reading_);
    values_max_ = std::max(values_max_, ++values_);
    const FakeCell& cell = (*rows_[slot])[column];
    if (!cell.value.is(query::Value::Kind::kText)) return cell.value;
    scratch = cell.text;  // As a table that builds its texts: the next one overwrites it.
    return query::Value::of_text(scratch);
  }

 private:
  std::vector<query::Column> columns_;
  std::vector<std::optional<FakeRow>> rows_;
  std::uint64_t reads_left_ = std::numeric_limits<std::uint64_t>::max();
  bool reading_ = false;
  mutable std::uint64_t values_ = 0;
  mutable std::uint64_t values_max_ = 0;
};

}  // namespace ipm::test
