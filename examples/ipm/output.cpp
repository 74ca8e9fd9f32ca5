#include "output.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <map>

namespace cli {
namespace {

// The characters of valid UTF-8, one call each.
template <typename Visit>
void each_character(std::string_view utf8, Visit visit) {
  for (std::size_t i = 0; i < utf8.size();) {
    std::size_t end = i + 1;
    while (end < utf8.size() && (static_cast<unsigned char>(utf8[end]) & 0xc0U) == 0x80U) ++end;
    visit(utf8.substr(i, end - i));
    i = end;
  }
}

bool steers(std::string_view character) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
  if (character.size() == 1) return at(0) < 0x20 || at(0) == 0x7f;
  if (character.size() == 2) return at(0) == 0xc2 && at(1) < 0xa0;  // C1
  if (character.size() != 3 || at(0) != 0xe2) return false;
  // U+200E, U+200F, U+2028 … U+202E, U+2066 … U+2069: direction marks and separators.
  return (at(1) == 0x80 && (at(2) == 0x8e || at(2) == 0x8f || (at(2) >= 0xa8 && at(2) <= 0xae))) ||
         (at(1) == 0x81 && at(2) >= 0xa6 && at(2) <= 0xa9);
}

std::size_t width(std::string_view utf8) {
  std::size_t out = 0;
  each_character(utf8, [&](std::string_view) { ++out; });
  return out;
}

std::string cut(std::string_view utf8, std::size_t columns) {
  std::string out;
  std::size_t used = 0;
  each_character(utf8, [&](std::string_view character) {
    if (used++ < columns) out += character;
  });
  return out;
}

std::string csv_text(std::string_view text) {
  if (!text.empty() && text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";  // Also around an empty text, which is not a null.
  for (char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::string shortest(double value) {
  char buffer[64];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
  return error == std::errc() ? std::string(buffer, end) : std::string();
}

struct Cells {
  std::vector<ipm_column_info> columns;
  explicit Cells(const ipm::Cursor& cursor) {
    for (std::uint32_t i = 0; i < cursor.column_count(); ++i) columns.push_back(cursor.describe(i));
  }

  // Empty: null.
  std::string machine(const ipm::Row& row, std::uint32_t i, bool json) const {
    if (row.is_null(i)) return {};
    switch (columns[i].type) {
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

  std::string person(const ipm::Row& row, std::uint32_t i) const {
    if (row.is_null(i)) return "-";
    switch (columns[i].type) {
      case IPM_TYPE_TEXT:
        return harmless(*row.text(i));
      case IPM_TYPE_TIME:
        return human_time(*row.integer(i));
      case IPM_TYPE_BOOL:
        return *row.integer(i) != 0 ? "yes" : "no";
      case IPM_TYPE_INT64:
        if (*columns[i].unit == '\0') return std::to_string(*row.integer(i));
        [[fallthrough]];
      default:
        return human(*row.number(i), columns[i].unit);
    }
  }
};

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
      {"endpoints", {"remote_addr", "remote_port", "remote_name", "tx_bytes", "rx_bytes", "connections", "last_seen"}},
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

std::string format_rows(ipm::Cursor& cursor, Format format) {
  const Cells cells(cursor);
  const auto count = static_cast<std::uint32_t>(cells.columns.size());
  std::string out;
  if (format == Format::kTable) {
    std::vector<std::vector<std::string>> lines(1);
    std::vector<bool> right;
    for (const ipm_column_info& column : cells.columns) {
      lines[0].push_back(upper(column.name));
      right.push_back(column.type == IPM_TYPE_INT64 || column.type == IPM_TYPE_DOUBLE);
    }
    for (const ipm::Row row : cursor) {
      std::vector<std::string>& line = lines.emplace_back();
      for (std::uint32_t i = 0; i < count; ++i) line.push_back(cells.person(row, i));
    }
    return align(lines, right);
  }
  if (format == Format::kCsv) {
    for (std::uint32_t i = 0; i < count; ++i) out += (i > 0 ? "," : "") + csv_text(cells.columns[i].name);
    out += "\r\n";
  }
  for (const ipm::Row row : cursor) {
    if (format == Format::kCsv) {
      for (std::uint32_t i = 0; i < count; ++i) out += (i > 0 ? "," : "") + cells.machine(row, i, false);
      out += "\r\n";
      continue;
    }
    std::string line;
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::string value = cells.machine(row, i, true);
      if (value.empty()) continue;
      line += (line.empty() ? "" : ",") + json_text(cells.columns[i].name) + ":" + value;
    }
    out += "{" + line + "}\n";
  }
  return out;
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

std::string human(double value, std::string_view unit) {
  char buffer[64];
  const auto print = [&](const char* format, double number, const char* ending) {
    std::snprintf(buffer, sizeof buffer, format, number, ending);
    return std::string(buffer);
  };
  if (unit == "bytes" || unit == "bytes/s") {
    constexpr const char* kEndings[] = {"", "K", "M", "G", "T", "P"};
    std::size_t ending = 0;
    for (; std::fabs(value) >= 1000 && ending + 1 < std::size(kEndings); ++ending) value /= 1024;
    return print(ending == 0 ? "%.0f%s" : "%.1f%s", value, kEndings[ending]);
  }
  const double scale = unit == "ns" ? 1e-9 : unit == "us" ? 1e-6 : unit == "ms" ? 1e-3 : unit == "s" ? 1 : 0;
  if (scale > 0) {
    const double seconds = value * scale;
    const double size = std::fabs(seconds);
    if (size >= 3600) return print("%.1f%s", seconds / 3600, "h");
    if (size >= 60) return print("%.1f%s", seconds / 60, "m");
    if (size >= 1) return print("%.1f%s", seconds, "s");
    if (size >= 1e-3) return print("%.1f%s", seconds * 1e3, "ms");
    return print("%.0f%s", seconds * 1e6, "us");
  }
  return print(value == std::floor(value) ? "%.0f%s" : "%.2f%s", value, "");
}

std::string human_time(std::int64_t ns) {
  const std::time_t seconds = ns / IPM_S - (ns % IPM_S < 0 ? 1 : 0);
  std::tm parts{};
  char buffer[64];
  if (gmtime_r(&seconds, &parts) == nullptr) return std::to_string(ns);
  std::strftime(buffer, sizeof buffer, "%Y-%m-%d %H:%M:%SZ", &parts);
  return buffer;
}

std::string harmless(std::string_view utf8) {
  std::string out;
  each_character(utf8, [&](std::string_view character) { out += steers(character) ? "\xef\xbf\xbd" : character; });
  return out;
}

std::string json_text(std::string_view utf8) {
  std::string out = "\"";
  for (char c : utf8) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", byte);
      out += escape;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

TerminalSize terminal_size() {
  winsize size{};
  if (isatty(STDOUT_FILENO) == 0) return {};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return {.columns = 80, .rows = 24};
  return {.columns = size.ws_col, .rows = size.ws_row};
}

}  // namespace cli
