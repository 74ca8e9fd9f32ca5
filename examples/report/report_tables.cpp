#include "report_tables.h"

#include <algorithm>
#include <map>
#include <utility>

#include "json.h"
#include "open_table.h"

namespace ipm_report {
namespace {

// At the end of a character.
std::string cut_text(std::string_view text, std::uint64_t& cut) {
  if (text.size() <= kTextBytesMax) return std::string(text);
  ++cut;
  std::size_t end = kTextBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

std::vector<Cell> read_row(const KeptTable& table, const ipm::Row& row) {
  std::vector<Cell> out(table.columns.size());
  for (std::uint32_t i = 0; i < out.size(); ++i) {
    if (row.is_null(i)) continue;
    switch (table.columns[i].type) {
      case IPM_TYPE_TEXT:
        out[i] = std::string(*row.text(i));
        break;
      case IPM_TYPE_DOUBLE:
        out[i] = *row.number(i);
        break;
      case IPM_TYPE_TIME:  // Milliseconds: what a number of JavaScript holds exactly.
        out[i] = *row.integer(i) / IPM_MS;
        break;
      default:
        out[i] = *row.integer(i);
    }
  }
  return out;
}

std::string type_name(std::int32_t type) {
  constexpr const char* kNames[] = {"?", "int", "double", "text", "time", "bool"};  // By IPM_TYPE_*.
  return type >= IPM_TYPE_INT64 && type <= IPM_TYPE_BOOL ? kNames[type] : kNames[0];
}

std::string number_json(const Cell& cell) {
  if (const auto* whole = std::get_if<std::int64_t>(&cell)) return std::to_string(*whole);
  if (const auto* number = std::get_if<double>(&cell)) return json_number(*number);
  return "null";
}

// Texts once each, and for each row the number of its text.
void add_texts(JsonObject& out, const KeptTable& table, std::size_t column) {
  std::map<std::string_view, std::size_t> numbers;
  JsonArray texts, values;
  for (const std::vector<Cell>& row : table.rows) {
    const auto* text = std::get_if<std::string>(&row[column]);
    if (text == nullptr) {
      values.add("null");
      continue;
    }
    const auto [at, fresh] = numbers.try_emplace(*text, numbers.size());
    if (fresh) texts.add(json_text(*text));
    values.add(std::to_string(at->second));
  }
  out.add("texts", texts.text());
  out.add("values", values.text());
}

}  // namespace

KeptTable keep_rows(ipm_monitor* monitor, const TableQuery& query) {
  const std::string filter = *query.columns == '\0' ? "" : "columns = " + std::string(query.columns);
  ipm::Cursor cursor = open_table(monitor, query.table, filter);
  KeptTable out;
  for (std::uint32_t i = 0; i < cursor.column_count(); ++i) out.columns.push_back(cursor.describe(i));
  struct Kept {
    double weight;
    std::uint64_t number;  // Of the row: ties stay as the table gave them.
    std::vector<Cell> cells;
  };
  const auto heavier = [](const Kept& a, const Kept& b) {
    return a.weight != b.weight ? a.weight > b.weight : a.number < b.number;
  };
  std::vector<Kept> kept;  // A heap with the lightest in front.
  for (const ipm::Row row : cursor) {
    if (query.each) query.each(row);
    Kept next{query.weight ? query.weight(row) : 0, out.rows_total++, {}};
    const bool full = kept.size() >= query.rows_max;
    if (full && (kept.empty() || !heavier(next, kept.front()))) continue;
    next.cells = read_row(out, row);
    if (full) {
      std::pop_heap(kept.begin(), kept.end(), heavier);
      kept.pop_back();
    }
    kept.push_back(std::move(next));
    std::push_heap(kept.begin(), kept.end(), heavier);
  }
  std::sort_heap(kept.begin(), kept.end(), heavier);
  for (Kept& each : kept) {
    for (Cell& cell : each.cells) {
      if (auto* text = std::get_if<std::string>(&cell)) *text = cut_text(*text, out.texts_cut);
    }
    out.rows.push_back(std::move(each.cells));
  }
  return out;
}

double weight_by_bytes(const ipm::Row& row) {
  const auto tx = row.number("tx_bytes"), rx = row.number("rx_bytes");
  return tx || rx ? tx.value_or(0) + rx.value_or(0) : -1;
}

std::string_view KeptTable::text(const std::vector<Cell>& row, std::string_view column) const {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto* text = columns[i].name == column ? std::get_if<std::string>(&row[i]) : nullptr;
    if (text != nullptr) return *text;
  }
  return {};
}

std::int64_t KeptTable::integer(const std::vector<Cell>& row, std::string_view column) const {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto* value = columns[i].name == column ? std::get_if<std::int64_t>(&row[i]) : nullptr;
    if (value != nullptr) return *value;
  }
  return 0;
}

std::string KeptTable::json() const {
  JsonArray described;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    JsonObject column;
    column.add("name", json_text(columns[i].name));
    column.add("type", json_text(type_name(columns[i].type)));
    column.add("unit", json_text(columns[i].unit));
    column.add("layer", json_text(columns[i].layer));
    column.add("null_when", json_text(columns[i].null_when));
    column.add("help", json_text(columns[i].help));
    if (columns[i].type == IPM_TYPE_TEXT) {
      add_texts(column, *this, i);
    } else {
      JsonArray values;
      for (const std::vector<Cell>& row : rows) values.add(number_json(row[i]));
      column.add("values", values.text());
    }
    described.add(column.text());
  }
  JsonObject out;
  out.add("rows", rows.size());
  out.add("rows_total", rows_total);
  out.add("columns", described.text());
  return out.text();
}

}  // namespace ipm_report
