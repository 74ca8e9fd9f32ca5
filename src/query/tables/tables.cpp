#include "query/tables/tables.h"

#include <algorithm>

namespace ipm::query {

std::span<const TableInfo> tables() {
  static const std::array<TableInfo, 11> kTables = {processes_table(), apps_table(),       connections_table(),
                                                    endpoints_table(), interfaces_table(), namespaces_table(),
                                                    series_table(),    baselines_table(),  alerts_table(),
                                                    sources_table(),   ledger_table()};
  return kTables;
}

const TableInfo* find_table(std::string_view name) {
  const std::span<const TableInfo> all = tables();
  const auto found = std::find_if(all.begin(), all.end(), [&](const TableInfo& table) { return table.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace ipm::query
