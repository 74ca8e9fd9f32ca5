// How a cursor comes to be, whatever its table is of.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "guard.h"
#include "query/filter.h"

namespace ipm::capi {

// `open` gives the table: called once the filter is known to be well.
template <typename Open>
Result<std::unique_ptr<query::Cursor>> open_filtered(std::span<const query::Column> columns, const Open& open,
                                                     const char* filter, const char* const* values,
                                                     std::uint32_t value_count) {
  std::vector<std::string_view> bound;
  for (std::uint32_t i = 0; i < value_count; ++i) {
    if (values == nullptr || values[i] == nullptr) {
      return Status::invalid_argument("bound value ?" + std::to_string(i + 1) + " is NULL");
    }
    bound.emplace_back(values[i]);
  }
  Result<query::Filter> parsed = query::parse_filter(filter == nullptr ? "" : filter, columns, bound);
  if (!parsed.ok()) return parsed.status();
  Result<std::shared_ptr<query::Table>> table = open();
  if (!table.ok()) return table.status();
  return query::Cursor::open(std::move(*table), std::move(*parsed));
}

Status describe(const query::Column& column, ipm_column_info* out);

}  // namespace ipm::capi
