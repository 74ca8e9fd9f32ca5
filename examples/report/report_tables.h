// The heaviest rows of a table, as JSON by column.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <ipm/ipm.hpp>

namespace ipm_report {

// Longer texts are cut; the page says how many were.
inline constexpr std::size_t kTextBytesMax = 512;

using Cell = std::variant<std::monostate, std::int64_t, double, std::string>;  // monostate: null.

struct KeptTable {
  std::vector<ipm_column_info> columns;  // Texts are static.
  std::vector<std::vector<Cell>> rows;   // Heaviest first.
  std::uint64_t rows_total = 0;
  std::uint64_t texts_cut = 0;

  std::string_view text(const std::vector<Cell>& row, std::string_view column) const;
  std::int64_t integer(const std::vector<Cell>& row, std::string_view column) const;  // 0 for a null.
  std::string json() const;
};

struct TableQuery {
  const char* table;
  const char* columns;  // As a filter lists them; "": all.
  std::size_t rows_max;
  // The heaviest rows stay. Empty: the first.
  std::function<double(const ipm::Row&)> weight = {};
  // Of all rows, also those that are not kept.
  std::function<void(const ipm::Row&)> each = {};
};

KeptTable keep_rows(ipm_monitor* monitor, const TableQuery& query);

// By tx_bytes and rx_bytes together; rows without either come last.
double weight_by_bytes(const ipm::Row& row);

}  // namespace ipm_report
