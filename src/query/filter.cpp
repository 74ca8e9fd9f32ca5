#include "query/filter.h"

#include <charconv>
#include <cmath>

#include "base/key_values.h"

namespace ipm::query {
namespace {

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// Splits at commas.
std::vector<std::string_view> list_of(std::string_view text) {
  std::vector<std::string_view> items;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    items.push_back(trim(text.substr(0, comma)));
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  return items;
}

Status parse_value(const Column& column, std::string_view text, Condition& condition) {
  condition.text = std::string(text);
  switch (column.type) {
    case ColumnType::kText: return Status::success();
    case ColumnType::kBool:
      if (text == "true" || text == "1") {
        condition.integer = 1;
      } else if (text != "false" && text != "0") {
        return Status::invalid_argument(std::string(column.name) + " is true or false");
      }
      return Status::success();
    case ColumnType::kDouble: {
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), condition.real);
      if (text.empty() || error != std::errc() || end != text.data() + text.size() || !std::isfinite(condition.real)) {
        return Status::invalid_argument(std::string(column.name) + " takes a number, not " + quote_text(text.substr(0, 80)));
      }
      return Status::success();
    }
    case ColumnType::kInt64:
    case ColumnType::kTime: {
      Result<std::int64_t> number = parse_integer(text);
      if (!number.ok()) return number.status().with_context(column.name);
      condition.integer = *number;
      return Status::success();
    }
  }
  return Status::internal("column type");
}

Result<std::vector<Order>> parse_order(std::string_view text, std::span<const Column> columns) {
  std::vector<Order> order;
  for (std::string_view item : list_of(text)) {
    const std::size_t space = item.find_first_of(" \t");
    const std::string_view direction = space == std::string_view::npos ? "asc" : trim(item.substr(space));
    if (direction != "asc" && direction != "desc") return Status::invalid_argument("order_by: " + quote_text(direction) + " is neither asc nor desc");
    Result<std::uint32_t> column = find_column(columns, item.substr(0, space));
    if (!column.ok()) return column.status();
    order.push_back({*column, direction == "desc"});
  }
  return order;
}

Operator take_operator(std::string_view& key) {
  Operator op = Operator::kEqual;
  switch (key.empty() ? '\0' : key.back()) {
    case '!': op = Operator::kNotEqual; break;
    case '>': op = Operator::kAtLeast; break;
    case '<': op = Operator::kAtMost; break;
    case '~': op = Operator::kContains; break;
    default: return op;
  }
  key = trim(key.substr(0, key.size() - 1));
  return op;
}

struct Bound {
  std::span<const std::string_view> values;
  std::vector<bool> used;
};

// ?1 stands for the first bound value. False: not of that form.
Result<bool> take_bound(const KeyValue& entry, Bound& bound, std::string_view& value) {
  if (entry.quoted || entry.value.size() < 2 || entry.value.front() != '?') return false;
  Result<std::int64_t> number = parse_integer(std::string_view(entry.value).substr(1));
  if (!number.ok()) return false;
  if (*number < 1 || static_cast<std::uint64_t>(*number) > bound.values.size()) {
    return Status::invalid_argument(entry.value + ": there are " + std::to_string(bound.values.size()) + " bound values");
  }
  value = bound.values[static_cast<std::size_t>(*number - 1)];
  bound.used[static_cast<std::size_t>(*number - 1)] = true;
  return true;
}

Status apply(const KeyValue& entry, std::span<const Column> columns, Bound& bound, Filter& filter) {
  if (entry.key == "order_by") {
    Result<std::vector<Order>> order = parse_order(entry.value, columns);
    if (!order.ok()) return order.status();
    filter.order = *order;
    return Status::success();
  }
  if (entry.key == "limit") {
    Result<std::int64_t> limit = parse_integer(entry.value);
    if (!limit.ok()) return limit.status();
    if (*limit < 0) return Status::invalid_argument("limit is negative");
    filter.limit = static_cast<std::uint64_t>(*limit);
    return Status::success();
  }
  if (entry.key == "columns") {
    for (std::string_view name : list_of(entry.value)) {
      Result<std::uint32_t> column = find_column(columns, name);
      if (!column.ok()) return column.status();
      filter.columns.push_back(*column);
    }
    return Status::success();
  }
  std::string_view key = entry.key;
  Condition condition;
  condition.op = take_operator(key);
  Result<std::uint32_t> column = find_column(columns, key);
  if (!column.ok()) return column.status();
  condition.column = *column;
  const Column& info = columns[*column];
  std::string_view value = entry.value;
  Result<bool> is_bound = take_bound(entry, bound, value);
  if (!is_bound.ok()) return is_bound.status();
  if (!*is_bound && !entry.quoted && value == "null") {
    if (condition.op != Operator::kEqual && condition.op != Operator::kNotEqual) return Status::invalid_argument("null is compared by = and != only");
    condition.null = true;
  } else {
    if (condition.op == Operator::kContains && info.type != ColumnType::kText) {
      return Status::invalid_argument(std::string(info.name) + " is no text: ~= does not apply");
    }
    if (Status status = parse_value(info, value, condition); !status.ok()) return status;
  }
  filter.conditions.push_back(std::move(condition));
  return Status::success();
}

template <typename T>
int order_of(const T& a, const T& b) {
  return a < b ? -1 : (b < a ? 1 : 0);
}

}  // namespace

Result<std::uint32_t> find_column(std::span<const Column> columns, std::string_view name) {
  std::vector<std::string_view> known;
  for (std::uint32_t i = 0; i < columns.size(); ++i) {
    if (name == columns[i].name) return i;
    known.emplace_back(columns[i].name);
  }
  std::string message = "there is no column " + quote_text(name.substr(0, 80));
  if (const std::string_view near = nearest_word(name, known); !near.empty()) message += "; did you mean " + std::string(near) + "?";
  return Status::not_found(message);
}

Result<Filter> parse_filter(std::string_view text, std::span<const Column> columns, std::span<const std::string_view> values) {
  Result<std::vector<KeyValue>> entries = parse_key_values(text);
  if (!entries.ok()) return entries.status().with_context("filter");
  Filter filter;
  Bound bound{values, std::vector<bool>(values.size())};
  for (const KeyValue& entry : *entries) {
    if (Status status = apply(entry, columns, bound, filter); !status.ok()) {
      return Status::invalid_argument("filter: line " + std::to_string(entry.line) + ": " + std::string(status.message()));
    }
  }
  for (std::size_t i = 0; i < bound.used.size(); ++i) {
    if (!bound.used[i]) return Status::invalid_argument("filter: bound value ?" + std::to_string(i + 1) + " is not used");
  }
  return filter;
}

bool Condition::holds(const Column& column_info, const Value& cell) const {
  const bool cell_null = cell.kind == Value::Kind::kNull;
  if (null) return cell_null == (op == Operator::kEqual);
  if (cell_null) return false;
  int order = 0;
  switch (column_info.type) {
    case ColumnType::kText:
      if (op == Operator::kContains) return cell.text.find(text) != std::string_view::npos;
      order = cell.text.compare(text);
      break;
    case ColumnType::kDouble: order = order_of(cell.real, real); break;
    case ColumnType::kInt64:
    case ColumnType::kTime:
    case ColumnType::kBool: order = order_of(cell.integer, integer); break;
  }
  switch (op) {
    case Operator::kEqual: return order == 0;
    case Operator::kNotEqual: return order != 0;
    case Operator::kAtLeast: return order >= 0;
    case Operator::kAtMost: return order <= 0;
    case Operator::kContains: return false;
  }
  return false;
}

int compare_cells(const Value& a, const Value& b, bool descending) {
  const bool a_null = a.kind == Value::Kind::kNull;
  const bool b_null = b.kind == Value::Kind::kNull;
  if (a_null || b_null) return (a_null ? 1 : 0) - (b_null ? 1 : 0);
  int order = 0;
  if (a.kind == Value::Kind::kText) {
    order = order_of(a.text, b.text);
  } else if (a.kind == Value::Kind::kDouble) {
    order = order_of(a.real, b.real);
  } else {
    order = order_of(a.integer, b.integer);
  }
  return descending ? -order : order;
}

}  // namespace ipm::query
