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

// Rows for programs, one at a time: JSON lines, which leave nulls out, or CSV.
class RecordFormatter {
 public:
  // Of times: whole nanoseconds since 1970, or seconds with their nine digits.
  enum class Times { kNanoseconds, kSeconds };
  RecordFormatter(const ipm::Cursor& cursor, Format format, Times times = Times::kNanoseconds);  // kJsonl or kCsv.
  std::string header() const;  // Of CSV; JSON has none.
  std::string record(const ipm::Row& row) const;
  // Of a record, for who has more to put into it: "name":value, or what CSV has between commas.
  std::vector<std::string> names() const;
  std::vector<std::string> cells(const ipm::Row& row) const;

 private:
  std::vector<ipm_column_info> columns_;
  bool json_;
  Times times_;
};

std::string format_rows(ipm::Cursor& cursor, Format format);
// A cell as a person reads it; "-" for a null.
std::string person_text(const ipm_column_info& column, const ipm::Row& row, std::uint32_t index);
// The same for texts that no cursor gave. An empty cell is a null.
std::string format_texts(const std::vector<std::string>& names, const std::vector<std::vector<std::string>>& rows,
                         Format format);
// One line of cells, or of "name":value, that are already quoted.
std::string csv_record(const std::vector<std::string>& cells);
std::string json_record(const std::vector<std::string>& members);

// Cells, aligned, two spaces apart; cut to the terminal if stdout is one. `right`: which columns hold numbers.
std::string align(const std::vector<std::vector<std::string>>& lines, const std::vector<bool>& right);

// Of the terminal at stdout; 0 if it is none.
struct TerminalSize {
  std::size_t columns = 0;
  std::size_t rows = 0;
};
TerminalSize terminal_size();

}  // namespace cli
