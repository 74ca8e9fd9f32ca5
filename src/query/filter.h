// What a caller wants of a table: which rows, in which order, how many, which columns. Read from lines:
//   column = value      also !=, >=, <= and ~= (contains); all lines must hold
//   order_by = column [asc|desc][, column …]
//   limit = n
//   columns = a, b
// A value is a word, a number, null, "quoted text" with C escapes, or ?1, ?2 … for bound values.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "query/table.h"

namespace ipm::query {

enum class Op : std::uint8_t { kEqual, kNotEqual, kAtLeast, kAtMost, kContains };

// One line, with its value already in the type of its column. Kind kNull: is, or is not, null.
struct Condition {
  std::uint32_t column = 0;
  Op op = Op::kEqual;
  Value::Kind kind = Value::Kind::kNull;
  std::int64_t integer = 0;
  double real = 0;
  std::string text;  // Valid UTF-8, as the cells it is compared with.
};

struct OrderKey {
  std::uint32_t column = 0;
  bool descending = false;
};

struct Filter {
  static constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

  std::vector<Condition> conditions;
  std::vector<OrderKey> order;  // Empty: the table's own order.
  std::uint64_t limit = kUnlimited;
  std::vector<std::uint32_t> columns;  // Empty: all of them.
};

// Every mistake is an error that names its line: a column that is not there (with the nearest one), a value that is
// not of the column's type or range, an operator that the type has not, a bound value that is missing or not used.
Result<Filter> parse_filter(std::string_view text, std::span<const Column> columns,
                            std::span<const std::string_view> values = {});

// The index of a column, or kNotFound with the nearest known name.
Result<std::uint32_t> find_column(std::span<const Column> columns, std::string_view name);

// A null cell matches nothing but "= null". Cells that are text must be valid UTF-8.
bool matches(const Condition& condition, const Value& cell);

}  // namespace ipm::query
