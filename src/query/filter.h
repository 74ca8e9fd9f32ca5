// Which rows of a table, in which order, how many, which columns: parsed from "key = value" lines.
//   comm = curl            =  !=  >=  <=  ~= (contains); every condition must hold
//   order_by = tx_rate desc, pid
//   limit = 20
//   columns = pid, comm
// A value is a word, a number, null, "quoted text", or ?1, ?2 … for bound values.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "query/table.h"

namespace ipm::query {

enum class Operator : std::uint8_t { kEqual, kNotEqual, kAtLeast, kAtMost, kContains };

struct Condition {
  std::uint32_t column = 0;
  Operator op = Operator::kEqual;
  bool null = false;
  std::int64_t integer = 0;
  double real = 0;
  std::string text;

  bool holds(const Column& column_info, const Value& cell) const;
};

struct Order {
  std::uint32_t column = 0;
  bool descending = false;
};

struct Filter {
  std::vector<Condition> conditions;
  std::vector<Order> order;
  std::optional<std::uint64_t> limit;
  std::vector<std::uint32_t> columns;  // Empty: all.
};

// An error names the line, and for an unknown column the nearest known one.
Result<Filter> parse_filter(std::string_view text, std::span<const Column> columns, std::span<const std::string_view> values);

// <0, 0, >0; nulls come last in either direction.
int compare_cells(const Value& a, const Value& b, bool descending);

// The index of a column by name, or kNotFound with the nearest known name.
Result<std::uint32_t> find_column(std::span<const Column> columns, std::string_view name);

}  // namespace ipm::query
