#include "query/filter.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/key_values.h"
#include "query/utf8.h"

namespace ipm::query {
namespace {

constexpr std::string_view kSpace = " \t\r";

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::string shown(std::string_view text) {
  return quote_text(text.substr(0, 80));
}

std::string_view type_name(ColumnType type) {
  switch (type) {
    case ColumnType::kInt64:
      return "whole number";
    case ColumnType::kDouble:
      return "number";
    case ColumnType::kText:
      return "text";
    case ColumnType::kTime:
      return "time";
    case ColumnType::kBool:
      return "bool";
  }
  return "value";
}

std::string_view op_text(Op op) {
  constexpr std::string_view kTexts[] = {"=", "!=", ">=", "<=", "~="};
  return kTexts[static_cast<std::size_t>(op)];
}

struct Key {
  std::string_view name;
  Op op;
};

// parse_key_values() splits at the first '=', which leaves the rest of the operator at the end of the key.
Key split_key(std::string_view key) {
  switch (key.back()) {
    case '!':
      return {trim(key.substr(0, key.size() - 1)), Op::kNotEqual};
    case '>':
      return {trim(key.substr(0, key.size() - 1)), Op::kAtLeast};
    case '<':
      return {trim(key.substr(0, key.size() - 1)), Op::kAtMost};
    case '~':
      return {trim(key.substr(0, key.size() - 1)), Op::kContains};
    default:
      return {key, Op::kEqual};
  }
}

template <typename T>
Status parse_number(std::string_view text, ColumnType type, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  const bool whole = !text.empty() && end == text.data() + text.size();
  if (whole && error == std::errc::result_out_of_range) {
    return Status::invalid_argument(shown(text) + " is out of range for a " + std::string(type_name(type)));
  }
  if (!whole || error != std::errc()) {
    const std::string_view help = type == ColumnType::kTime ? "; write nanoseconds since 1970" : "";
    return Status::invalid_argument(shown(text) + " is no " + std::string(type_name(type)) + std::string(help));
  }
  return Status::success();
}

// Reads `text` as a value of the column's type.
Status parse_value(std::string_view text, ColumnType type, Condition& out) {
  switch (type) {
    case ColumnType::kInt64:
    case ColumnType::kTime:
      out.kind = Value::Kind::kInt;
      return parse_number(text, type, out.integer);
    case ColumnType::kDouble: {
      out.kind = Value::Kind::kDouble;
      if (Status status = parse_number(text, type, out.real); !status.ok()) return status;
      if (!std::isfinite(out.real)) return Status::invalid_argument(shown(text) + " is no finite number");
      return Status::success();
    }
    case ColumnType::kBool:
      out.kind = Value::Kind::kInt;
      out.integer = text == "true" || text == "1" ? 1 : 0;
      if (text == "true" || text == "1" || text == "false" || text == "0") return Status::success();
      return Status::invalid_argument(shown(text) + " is no bool: write true or false");
    case ColumnType::kText: {
      out.kind = Value::Kind::kText;
      std::string scratch;
      out.text = std::string(valid_utf8(text, scratch));
      return Status::success();
    }
  }
  return Status::internal("column of an unknown type");
}

Status check_operator(Op op, const Column& column) {
  const bool equality = op == Op::kEqual || op == Op::kNotEqual;
  const bool fits =
      equality || (op == Op::kContains ? column.type == ColumnType::kText : column.type != ColumnType::kBool);
  if (fits) return Status::success();
  return Status::invalid_argument(std::string(op_text(op)) + " does not apply to \"" + column.name + "\", which is a " +
                                  std::string(type_name(column.type)));
}

// Reads one text into one Filter. The members are what several lines have to agree on.
class Parser {
 public:
  Parser(std::span<const Column> columns, std::span<const std::string_view> values)
      : columns_(columns), values_(values), used_(values.size()) {}

  Status read(const KeyValue& line) {
    const Key key = split_key(line.key);
    if (!line.quoted && line.value.starts_with('=')) {
      return Status::invalid_argument("equality is written with a single =; quote a value that begins with one");
    }
    const bool condition = key.name != "limit" && key.name != "order_by" && key.name != "columns";
    if (condition) return read_condition(key, line);
    if (key.op != Op::kEqual) return Status::invalid_argument(std::string(key.name) + " takes = only");
    if (key.name == "limit") return read_limit(line);
    if (key.name == "order_by") return read_order(line.value);
    return read_columns(line.value);
  }

  Status finish() const {
    const auto unused = std::find(used_.begin(), used_.end(), false);
    if (unused == used_.end()) return Status::success();
    return Status::invalid_argument("bound value ?" + std::to_string(unused - used_.begin() + 1) + " is not used");
  }

  Filter take() { return std::move(filter_); }

 private:
  // The text that a line's value stands for: itself, or a bound value.
  Result<std::string_view> value_text(const KeyValue& line) {
    if (line.quoted || !line.value.starts_with('?')) return std::string_view(line.value);
    std::size_t number = 0;
    const char* const end = line.value.data() + line.value.size();
    const auto [stop, error] = std::from_chars(line.value.data() + 1, end, number);
    if (stop != end || (error != std::errc() && error != std::errc::result_out_of_range)) {
      return Status::invalid_argument("bound values are ?1, ?2 …; quote a text that begins with ?");
    }
    if (error != std::errc() || number == 0 || number > values_.size()) {
      return Status::invalid_argument("there is no bound value " + shown(line.value) + ": " +
                                      std::to_string(values_.size()) + " were given");
    }
    used_[number - 1] = true;
    return values_[number - 1];
  }

  Status read_condition(const Key& key, const KeyValue& line) {
    Result<std::uint32_t> index = find_column(columns_, key.name);
    if (!index.ok()) return Status::invalid_argument(std::string(index.status().message()));
    const Column& column = columns_[*index];
    Condition condition;
    condition.column = *index;
    condition.op = key.op;
    if (!line.quoted && line.value == "null") {
      if (key.op != Op::kEqual && key.op != Op::kNotEqual) {
        return Status::invalid_argument("null is compared with = and != only");
      }
    } else {
      if (!line.quoted && line.value.empty()) {
        return Status::invalid_argument("nothing stands behind the operator; an empty text is \"\"");
      }
      if (Status status = check_operator(key.op, column); !status.ok()) return status;
      Result<std::string_view> text = value_text(line);
      if (!text.ok()) return text.status();
      if (Status status = parse_value(*text, column.type, condition); !status.ok()) {
        return status.with_context(column.name);
      }
    }
    filter_.conditions.push_back(std::move(condition));
    return Status::success();
  }

  Status read_limit(const KeyValue& line) {
    if (limit_seen_) return Status::invalid_argument("limit is given twice");
    limit_seen_ = true;
    Result<std::string_view> text = value_text(line);
    if (!text.ok()) return text.status();
    std::int64_t limit = 0;
    if (Status status = parse_number(*text, ColumnType::kInt64, limit); !status.ok()) {
      return status.with_context("limit");
    }
    if (limit < 0) return Status::invalid_argument("limit: must not be negative");
    filter_.limit = static_cast<std::uint64_t>(limit);
    return Status::success();
  }

  Status read_order(std::string_view list) {
    if (!filter_.order.empty()) return Status::invalid_argument("order_by is given twice");
    for (bool more = true; more;) {
      std::string_view name = next_item(list, more);
      OrderKey key;
      if (const std::size_t space = name.find_first_of(kSpace); space != std::string_view::npos) {
        const std::string_view direction = trim(name.substr(space));
        if (direction != "asc" && direction != "desc") {
          return Status::invalid_argument("order_by: " + shown(direction) + " is neither asc nor desc");
        }
        key.descending = direction == "desc";
        name = name.substr(0, space);
      }
      Result<std::uint32_t> index = find_column(columns_, name);
      if (!index.ok()) return Status::invalid_argument("order_by: " + std::string(index.status().message()));
      key.column = *index;
      const bool again = std::any_of(filter_.order.begin(), filter_.order.end(),
                                     [&](const OrderKey& other) { return other.column == key.column; });
      if (again) return Status::invalid_argument("order_by: " + shown(name) + " is named twice");
      filter_.order.push_back(key);
    }
    return Status::success();
  }

  Status read_columns(std::string_view list) {
    if (!filter_.columns.empty()) return Status::invalid_argument("columns is given twice");
    for (bool more = true; more;) {
      const std::string_view name = next_item(list, more);
      Result<std::uint32_t> index = find_column(columns_, name);
      if (!index.ok()) return Status::invalid_argument("columns: " + std::string(index.status().message()));
      if (std::find(filter_.columns.begin(), filter_.columns.end(), *index) != filter_.columns.end()) {
        return Status::invalid_argument("columns: " + shown(name) + " is named twice");
      }
      filter_.columns.push_back(*index);
    }
    return Status::success();
  }

  static std::string_view next_item(std::string_view& list, bool& more) {
    const std::size_t comma = list.find(',');
    const std::string_view item = trim(list.substr(0, comma));
    more = comma != std::string_view::npos;
    list = more ? list.substr(comma + 1) : std::string_view();
    return item;
  }

  std::span<const Column> columns_;
  std::span<const std::string_view> values_;
  std::vector<bool> used_;  // One for each of values_.
  bool limit_seen_ = false;
  Filter filter_;
};

template <typename T>
bool compare(Op op, const T& cell, const T& wanted) {
  switch (op) {
    case Op::kEqual:
      return cell == wanted;
    case Op::kNotEqual:
      return cell != wanted;
    case Op::kAtLeast:
      return cell >= wanted;
    case Op::kAtMost:
      return cell <= wanted;
    case Op::kContains:
      return false;
  }
  return false;
}

}  // namespace

Result<std::uint32_t> find_column(std::span<const Column> columns, std::string_view name) {
  std::vector<std::string_view> known;
  known.reserve(columns.size());
  for (std::uint32_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name == name) return i;
    known.emplace_back(columns[i].name);
  }
  std::string message = "there is no column " + shown(name);
  if (const std::string_view nearest = nearest_word(name, known); !nearest.empty()) {
    message += "; the nearest is " + quote_text(nearest);
  }
  return Status::not_found(std::move(message));
}

Result<Filter> parse_filter(std::string_view text, std::span<const Column> columns,
                            std::span<const std::string_view> values) {
  Result<std::vector<KeyValue>> lines = parse_key_values(text);
  if (!lines.ok()) {
    return Status(lines.status().code(),
                  std::string(lines.status().message()) + " (operators are = != >= <= and ~= for contains)");
  }
  Parser parser(columns, values);
  for (const KeyValue& line : *lines) {
    if (Status status = parser.read(line); !status.ok()) {
      return status.with_context("line " + std::to_string(line.line));
    }
  }
  if (Status status = parser.finish(); !status.ok()) return status;
  return parser.take();
}

bool matches(const Condition& condition, const Value& cell) {
  const bool null = cell.is(Value::Kind::kNull);
  if (condition.kind == Value::Kind::kNull) return null == (condition.op == Op::kEqual);
  if (null) return false;
  if (condition.kind == Value::Kind::kText) {
    if (!cell.is(Value::Kind::kText)) return false;
    if (condition.op == Op::kContains) return cell.text().find(condition.text) != std::string_view::npos;
    return compare(condition.op, cell.text(), std::string_view(condition.text));
  }
  if (cell.is(Value::Kind::kText)) return false;
  if (condition.kind == Value::Kind::kInt && cell.is(Value::Kind::kInt)) {
    return compare(condition.op, cell.integer(), condition.integer);
  }
  return compare(condition.op, cell.number(),
                 condition.kind == Value::Kind::kInt ? static_cast<double>(condition.integer) : condition.real);
}

}  // namespace ipm::query
