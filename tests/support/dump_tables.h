// Every table of a monitor as text, for comparing two runs byte for byte.
#pragma once

#include <cinttypes>
#include <string>

#include "monitor/monitor.h"
#include "query/cursor.h"
#include "query/tables/tables.h"

namespace ipm::test {

inline std::string cell_text(const query::Cell& cell) {
  switch (cell.kind()) {
    case query::Value::Kind::kNull:
      return "-";
    case query::Value::Kind::kInt:
      return std::to_string(cell.integer());
    case query::Value::Kind::kDouble: {
      char text[64];
      std::snprintf(text, sizeof text, "%a", cell.real());  // Every bit of it.
      return text;
    }
    case query::Value::Kind::kText:
      return std::string(cell.text());
  }
  return "?";
}

inline std::string dump_table(monitor::Monitor& monitor, const query::TableInfo& info) {
  Result<std::shared_ptr<const query::Snapshot>> snapshot = monitor.snapshot();
  if (!snapshot.ok()) return std::string(snapshot.status().message());
  Result<std::unique_ptr<query::Cursor>> cursor = query::Cursor::open(info.open(*snapshot), {});
  std::string out = "== " + std::string(info.name) + "\n";
  while ((*cursor)->next().ok()) {
    for (std::uint32_t i = 0; i < (*cursor)->column_count(); ++i) out += cell_text((*cursor)->cell(i)) + "\t";
    out += "\n";
  }
  return out;
}

// All but `sources`, which tells of this run and not of what was seen.
inline std::string dump_tables(monitor::Monitor& monitor) {
  std::string out;
  for (const query::TableInfo& info : query::tables()) {
    if (info.name != "sources") out += dump_table(monitor, info);
  }
  return out;
}

}  // namespace ipm::test
