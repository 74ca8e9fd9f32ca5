// Rows as aligned text for people, or as JSON lines and CSV for programs.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <ipm/ipm.hpp>

#include "options.h"

namespace cli {

// Whoever read stdout has gone: nothing to complain about.
struct PipeClosed {};

// Writes and flushes. Throws PipeClosed, or ipm::Error with IPM_ERR_IO.
void put(std::string_view text);

// Columns that fit a person's eye; "" for a table that is shown whole. Only those that the library has.
std::string default_columns(const std::string& table);

// Those of `names` that the table has, as a filter lists them.
std::string existing_columns(const std::string& table, const std::vector<std::string>& names);

std::string format_rows(ipm::Cursor& cursor, Format format);

// Cells, aligned, two spaces apart; cut to the terminal if stdout is one. `right`: which columns hold numbers.
std::string align(const std::vector<std::vector<std::string>>& lines, const std::vector<bool>& right);

// For people: 12.3K, 1.5 ms, 2026-01-02 03:04:05Z; unit as in ipm_column_info.
std::string human(double value, std::string_view unit);
std::string human_time(std::int64_t ns);
// Without what could steer a terminal or turn its text around: such characters become U+FFFD.
std::string harmless(std::string_view utf8);
std::string json_text(std::string_view utf8);

// Of the terminal at stdout; 0 if it is none.
struct TerminalSize {
  std::size_t columns = 0;
  std::size_t rows = 0;
};
TerminalSize terminal_size();

}  // namespace cli
