#include "output.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <map>
#include <utility>

#include "text.h"

namespace cli {
namespace {

std::string shortest(double value) {
  char buffer[64];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
  return error == std::errc() ? std::string(buffer, end) : std::string();
}

// Empty: null.
std::string machine(const ipm_column_info& column, const ipm::Row& row, std::uint32_t i, bool json) {
  if (row.is_null(i)) return {};
  switch (column.type) {
    case IPM_TYPE_TEXT:
      return json ? json_text(*row.text(i)) : csv_text(*row.text(i));
    case IPM_TYPE_DOUBLE: {
      const double value = *row.number(i);
      return std::isfinite(value) ? shortest(value) : std::string();
    }
    case IPM_TYPE_BOOL:
      return *row.integer(i) != 0 ? "true" : "false";
    default:
      return std::to_string(*row.integer(i));
  }
}

std::string upper(std::string_view name) {
  std::string out(name);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

}  // namespace

void put(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return;
  if (errno == EPIPE) throw PipeClosed();
  throw ipm::Error(IPM_ERR_IO, "write to stdout failed");
}

std::string default_columns(const std::string& table) {
  static const std::map<std::string, std::vector<std::string>> kChosen = {
      {"processes",
       {"pid", "comm", "app", "running", "tx_bytes", "rx_bytes", "tx_rate", "rx_rate", "connections", "remotes",
        "srtt_us", "quality"}},
      {"apps", {"app", "processes", "tx_bytes", "rx_bytes", "tx_rate", "rx_rate", "connections", "remotes"}},
      {"connections",
       {"pid", "comm", "proto", "direction", "local_addr", "local_port", "remote_addr", "remote_port", "state",
        "tx_bytes", "rx_bytes", "srtt_us", "quality"}},
      {"endpoints", {"remote_addr", "scope", "tx_bytes", "rx_bytes", "connects", "accepts", "flows", "last_seen"}},
  };
  const auto chosen = kChosen.find(table);
  return chosen == kChosen.end() ? std::string() : existing_columns(table, chosen->second);
}

std::string existing_columns(const std::string& table, const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) {
    ipm_column_info info{};
    info.struct_size = sizeof info;
    for (std::uint32_t i = 0; ipm_column_describe(table.c_str(), i, &info) == IPM_OK; ++i) {
      if (name == info.name) out += (out.empty() ? "" : ", ") + name;
    }
  }
  return out;
}

RecordFormatter::RecordFormatter(const ipm::Cursor& cursor, Format format, Times times)
    : json_(format == Format::kJsonl), times_(times) {
  for (std::uint32_t i = 0; i < cursor.column_count(); ++i) columns_.push_back(cursor.describe(i));
}

std::vector<std::string> RecordFormatter::names() const {
  std::vector<std::string> out;
  for (const ipm_column_info& column : columns_) out.push_back(csv_text(column.name));
  return out;
}

std::string RecordFormatter::header() const {
  return json_ ? std::string() : csv_record(names());
}

std::vector<std::string> RecordFormatter::cells(const ipm::Row& row) const {
  std::vector<std::string> out;
  for (std::uint32_t i = 0; i < columns_.size(); ++i) {
    const bool seconds = times_ == Times::kSeconds && columns_[i].type == IPM_TYPE_TIME && !row.is_null(i);
    std::string value = seconds ? seconds_text(*row.integer(i)) : machine(columns_[i], row, i, json_);
    if (json_ && value.empty()) continue;
    if (json_) value = json_text(columns_[i].name) + ":" + value;
    out.push_back(std::move(value));
  }
  return out;
}

std::string RecordFormatter::record(const ipm::Row& row) const {
  return json_ ? json_record(cells(row)) : csv_record(cells(row));
}

std::string csv_record(const std::vector<std::string>& cells) {
  std::string out;
  for (std::size_t i = 0; i < cells.size(); ++i) out += (i > 0 ? "," : "") + cells[i];
  return out + "\r\n";
}

std::string json_record(const std::vector<std::string>& members) {
  std::string out = "{";
  for (std::size_t i = 0; i < members.size(); ++i) out += (i > 0 ? "," : "") + members[i];
  return out + "}\n";
}

std::string format_texts(const std::vector<std::string>& names, const std::vector<std::vector<std::string>>& rows,
                         Format format) {
  if (format == Format::kTable) {
    std::vector<std::vector<std::string>> lines(1);
    for (const std::string& name : names) lines[0].push_back(upper(name));
    for (const auto& row : rows) {
      std::vector<std::string>& line = lines.emplace_back();
      for (const std::string& cell : row) line.push_back(harmless(cell));
    }
    return align(lines, std::vector<bool>(names.size()));
  }
  std::string out;
  if (format == Format::kCsv) out = csv_record(names);
  for (const auto& row : rows) {
    std::vector<std::string> cells;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (format == Format::kCsv) {
        cells.push_back(row[i].empty() ? std::string() : csv_text(row[i]));
      } else if (!row[i].empty()) {
        cells.push_back(json_text(names[i]) + ":" + json_text(row[i]));
      }
    }
    out += format == Format::kCsv ? csv_record(cells) : json_record(cells);
  }
  return out;
}

// What a column of bytes or times is worth reading as; ids and counts stay as they are.
std::string person_text(const ipm_column_info& column, const ipm::Row& row, std::uint32_t i) {
  if (row.is_null(i)) return "-";
  switch (column.type) {
    case IPM_TYPE_TEXT:
      return harmless(*row.text(i));
    case IPM_TYPE_TIME:
      return human_time(*row.integer(i));
    case IPM_TYPE_BOOL:
      return *row.integer(i) != 0 ? "yes" : "no";
    case IPM_TYPE_INT64:
      if (*column.unit == '\0') return std::to_string(*row.integer(i));
      [[fallthrough]];
    default:
      return human(*row.number(i), column.unit);
  }
}

std::string format_rows(ipm::Cursor& cursor, Format format) {
  std::string out;
  if (format != Format::kTable) {
    const RecordFormatter formatter(cursor, format);
    out = formatter.header();
    for (const ipm::Row row : cursor) out += formatter.record(row);
    return out;
  }
  std::vector<ipm_column_info> columns;
  std::vector<std::vector<std::string>> lines(1);
  std::vector<bool> right;
  for (std::uint32_t i = 0; i < cursor.column_count(); ++i) {
    columns.push_back(cursor.describe(i));
    lines[0].push_back(upper(columns[i].name));
    right.push_back(columns[i].type == IPM_TYPE_INT64 || columns[i].type == IPM_TYPE_DOUBLE);
  }
  for (const ipm::Row row : cursor) {
    std::vector<std::string>& line = lines.emplace_back();
    for (std::uint32_t i = 0; i < columns.size(); ++i) line.push_back(person_text(columns[i], row, i));
  }
  return align(lines, right);
}

std::string align(const std::vector<std::vector<std::string>>& lines, const std::vector<bool>& right) {
  std::vector<std::size_t> widths(right.size());
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], width(line[i]));
  }
  const std::size_t terminal = terminal_size().columns;
  std::string out;
  for (const auto& line : lines) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
      const std::string space(widths[i] - width(line[i]), ' ');
      text += (i > 0 ? "  " : "") + (right[i] ? space + line[i] : line[i] + space);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out += (terminal > 0 ? cut(text, terminal) : text) + "\n";
  }
  return out;
}

TerminalSize terminal_size() {
  winsize size{};
  if (isatty(STDOUT_FILENO) == 0) return {};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return {.columns = 120, .rows = 24};
  return {.columns = size.ws_col, .rows = size.ws_row};
}

}  // namespace cli
