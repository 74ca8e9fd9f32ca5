// The table that the tests of this folder read: every type, nulls, and a slot without a row.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "query/cursor.h"
#include "support/fake_table.h"

namespace ipm::test {

inline std::vector<query::Column> people_columns() {
  using query::ColumnType;
  return {{.name = "pid", .type = ColumnType::kInt64},
          {.name = "comm", .type = ColumnType::kText, .null_when = "not known", .dictionary = true},
          {.name = "exe", .type = ColumnType::kText, .null_when = "not known"},
          {.name = "tx_rate", .type = ColumnType::kDouble, .unit = "bytes/s", .layer = "app", .null_when = "too young"},
          {.name = "seen", .type = ColumnType::kTime},
          {.name = "running", .type = ColumnType::kBool, .null_when = "not known"}};
}

inline std::vector<std::optional<FakeRow>> people_rows() {
  return {FakeRow{10, "curl", "/usr/bin/curl", 5.5, 100, true},             //
          std::nullopt, FakeRow{20, "bash", nullptr, nullptr, 200, false},  //
          FakeRow{30, "curl", "/opt/curl", -2.0, 300, nullptr}, FakeRow{40, nullptr, "", 5.5, 400, true}};
}

inline std::shared_ptr<FakeTable> people() {
  return std::make_shared<FakeTable>(people_columns(), people_rows());
}

inline std::unique_ptr<query::Cursor> open(std::shared_ptr<FakeTable> table, std::string_view filter) {
  Result<query::Filter> parsed = query::parse_filter(filter, table->columns());
  if (!parsed.ok()) throw std::runtime_error(std::string(parsed.status().message()));
  return *query::Cursor::open(std::move(table), *std::move(parsed));
}

// The first column of every row, which must be whole numbers.
inline std::vector<std::int64_t> keys(query::Cursor& cursor) {
  std::vector<std::int64_t> out;
  while (cursor.next().ok()) out.push_back(cursor.cell(0).integer());
  return out;
}

inline std::vector<std::int64_t> keys(std::string_view filter) {
  return keys(*open(people(), filter));
}

}  // namespace ipm::test
