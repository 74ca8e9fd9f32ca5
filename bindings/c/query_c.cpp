#include <optional>

#include "base/key_values.h"
#include "cursors.h"
#include "query/arrow_stream.h"
#include "query/tables/tables.h"

using ipm::Code;
using ipm::Result;
using ipm::Status;
using ipm::capi::guard;
using ipm::query::Cell;
using ipm::query::Column;
using ipm::query::ColumnType;
using ipm::query::Cursor;

namespace {

Result<const ipm::query::TableInfo*> table_named(const char* name) {
  if (name == nullptr) return Status::invalid_argument("table is NULL");
  if (const ipm::query::TableInfo* table = ipm::query::find_table(name)) return table;
  std::vector<std::string_view> known;
  std::string list;
  for (const ipm::query::TableInfo& each : ipm::query::tables()) {
    known.push_back(each.name);
    list += (list.empty() ? "" : ", ") + std::string(each.name);
  }
  const std::string_view near = ipm::nearest_word(name, known);
  return Status::not_found("there is no table " + ipm::quote_text(std::string_view(name).substr(0, 80)) +
                           (near.empty() ? "; there are " + list : "; did you mean " + std::string(near) + "?"));
}

Result<std::unique_ptr<Cursor>> open_cursor(ipm_monitor* monitor, const char* table, const char* filter,
                                            const char* const* values, uint32_t value_count) {
  if (monitor == nullptr) return Status::invalid_argument("monitor is NULL");
  if (monitor->impl->forked())
    return Status(Code::kForked, "this monitor belongs to the parent of this forked process: open another");
  Result<const ipm::query::TableInfo*> info = table_named(table);
  if (!info.ok()) return info.status();
  return ipm::capi::open_filtered((*info)->columns,
                                  [&]() -> Result<std::shared_ptr<ipm::query::Table>> {
                                    Result<std::shared_ptr<const ipm::query::Snapshot>> snapshot =
                                        monitor->impl->snapshot();
                                    if (!snapshot.ok()) return snapshot.status();
                                    return std::shared_ptr<ipm::query::Table>((*info)->open(std::move(*snapshot)));
                                  },
                                  filter, values, value_count);
}

bool has_cell(const ipm_cursor* cursor, uint32_t column) {
  return cursor != nullptr && cursor->impl->on_row() && column < cursor->impl->column_count();
}
Status why_no_cell(const ipm_cursor* cursor, uint32_t column) {
  if (cursor == nullptr) return Status::invalid_argument("cursor is NULL");
  if (!cursor->impl->on_row())
    return Status::state("the cursor stands on no row: ipm_cursor_next() has not returned IPM_OK");
  return Status::invalid_argument("column " + std::to_string(column) + ": there are " +
                                  std::to_string(cursor->impl->column_count()));
}

Status wrong_type(const ipm_cursor* cursor, uint32_t column, const char* wanted) {
  return Status::invalid_argument(std::string("column ") + cursor->impl->column(column).name + " holds no " + wanted);
}

// Empty: the column holds nothing of this kind.
using Answer = std::optional<ipm_status>;

// A cell that is there and of this kind costs no Status.
template <typename Read>
ipm_status read_cell(const ipm_cursor* cursor, uint32_t column, const void* out, const char* wanted, Read&& read) {
  if (out != nullptr && has_cell(cursor, column)) [[likely]] {
    const Cell& cell = cursor->impl->cell(column);
    if (const Answer status = read(cell, cursor->impl->column(column).type)) return *status;
  }
  return guard([&]() -> Status {
    if (out == nullptr) return Status::invalid_argument("out is NULL");
    if (!has_cell(cursor, column)) return why_no_cell(cursor, column);
    return wrong_type(cursor, column, wanted);
  });
}

}  // namespace

namespace ipm::capi {

Status describe(const Column& column, ipm_column_info* out) {
  ipm_column_info info{};
  info.type = static_cast<int32_t>(column.type);
  info.name = column.name;
  info.unit = column.unit;
  info.layer = column.layer;
  info.null_when = column.null_when;
  info.help = column.help;
  return write_struct(info, out, "out");
}

}  // namespace ipm::capi

extern "C" {

const char* ipm_table_name(uint32_t index) {
  const auto all = ipm::query::tables();
  return index < all.size() ? all[index].name.data() : nullptr;  // Names are literals.
}

ipm_status ipm_column_describe(const char* table, uint32_t column, ipm_column_info* out) {
  return guard([&]() -> Status {
    Result<const ipm::query::TableInfo*> info = table_named(table);
    if (!info.ok()) return info.status();
    if (column >= (*info)->columns.size()) return Status::end();
    return ipm::capi::describe((*info)->columns[column], out);
  });
}

ipm_status ipm_cursor_open(ipm_cursor** out, ipm_monitor* monitor, const char* table, const char* filter,
                           const char* const* values, uint32_t value_count) {
  return guard([&]() -> Status {
    if (out == nullptr) return Status::invalid_argument("out is NULL");
    *out = nullptr;
    Result<std::unique_ptr<Cursor>> cursor = open_cursor(monitor, table, filter, values, value_count);
    if (!cursor.ok()) return cursor.status();
    *out = new ipm_cursor{std::move(*cursor)};
    return Status::success();
  });
}

void ipm_cursor_close(ipm_cursor* cursor) {
  delete cursor;
}

ipm_status ipm_cursor_next(ipm_cursor* cursor) {
  return guard([&]() -> Status {
    if (cursor == nullptr) return Status::invalid_argument("cursor is NULL");
    return cursor->impl->next();
  });
}

uint32_t ipm_cursor_column_count(const ipm_cursor* cursor) {
  return cursor == nullptr ? 0 : cursor->impl->column_count();
}

ipm_status ipm_cursor_column(const ipm_cursor* cursor, const char* name, uint32_t* out) {
  return guard([&]() -> Status {
    if (cursor == nullptr || name == nullptr || out == nullptr)
      return Status::invalid_argument("cursor, name or out is NULL");
    Result<std::uint32_t> found = cursor->impl->find(name);
    if (!found.ok()) return found.status();
    *out = *found;
    return Status::success();
  });
}

ipm_status ipm_cursor_describe(const ipm_cursor* cursor, uint32_t column, ipm_column_info* out) {
  return guard([&]() -> Status {
    if (cursor == nullptr) return Status::invalid_argument("cursor is NULL");
    if (column >= cursor->impl->column_count()) return Status::end();
    return ipm::capi::describe(cursor->impl->column(column), out);
  });
}

int64_t ipm_cursor_time_ns(const ipm_cursor* cursor) {
  return cursor == nullptr ? 0 : cursor->impl->time_ns();
}

int32_t ipm_cursor_is_null(const ipm_cursor* cursor, uint32_t column) {
  int32_t null = 0;
  const ipm_status status = read_cell(cursor, column, &null, "value", [&](const Cell& cell, ColumnType) -> Answer {
    null = cell.is(Cell::Kind::kNull) ? 1 : 0;
    return IPM_OK;
  });
  return status < 0 ? status : null;
}

ipm_status ipm_cursor_int64(const ipm_cursor* cursor, uint32_t column, int64_t* out) {
  return read_cell(cursor, column, out, "whole number", [&](const Cell& cell, ColumnType type) -> Answer {
    if (type == ColumnType::kText || type == ColumnType::kDouble) return std::nullopt;
    if (cell.is(Cell::Kind::kNull)) return IPM_NULL;
    *out = cell.integer();
    return IPM_OK;
  });
}

ipm_status ipm_cursor_double(const ipm_cursor* cursor, uint32_t column, double* out) {
  return read_cell(cursor, column, out, "number", [&](const Cell& cell, ColumnType type) -> Answer {
    if (type == ColumnType::kText) return std::nullopt;
    if (cell.is(Cell::Kind::kNull)) return IPM_NULL;
    *out = cell.number();
    return IPM_OK;
  });
}

ipm_status ipm_cursor_text(const ipm_cursor* cursor, uint32_t column, const char** text, size_t* bytes) {
  return read_cell(cursor, column, text, "text", [&](const Cell& cell, ColumnType type) -> Answer {
    if (type != ColumnType::kText) return std::nullopt;
    if (!cell.is(Cell::Kind::kText)) return IPM_NULL;
    *text = cell.text().data();
    if (bytes != nullptr) *bytes = cell.text().size();
    return IPM_OK;
  });
}

size_t ipm_text_quote(const char* text, size_t bytes, char* buffer, size_t size) {
  if (text == nullptr) bytes = 0;
  try {
    return ipm::capi::copy_out(ipm::quote_text({text, bytes}), buffer, size);
  } catch (...) {
    if (buffer != nullptr && size != 0) buffer[0] = '\0';
    return 0;
  }
}

ipm_status ipm_monitor_table(ipm_monitor* monitor, const char* table, const char* filter,
                             struct ArrowArrayStream* out) {
  return guard([&]() -> Status {
    if (out == nullptr) return Status::invalid_argument("out is NULL");
    *out = {};
    Result<std::unique_ptr<Cursor>> cursor = open_cursor(monitor, table, filter, nullptr, 0);
    if (!cursor.ok()) return cursor.status();
    return ipm::query::export_stream(**cursor, out);
  });
}

ipm_status ipm_cursor_arrow(ipm_cursor* cursor, struct ArrowArrayStream* out) {
  return guard([&]() -> Status {
    if (cursor == nullptr || out == nullptr) return Status::invalid_argument("cursor or out is NULL");
    return ipm::query::export_stream(*cursor->impl, out);
  });
}

}  // extern "C"
