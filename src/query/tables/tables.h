// The tables of the engine. Each file beside this one declares one table: its columns and how each is read from a row.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "query/snapshot.h"
#include "query/table.h"

namespace ipm::query {

struct TableInfo {
  std::string_view name;
  std::span<const Column> columns;
  std::shared_ptr<Table> (*open)(std::shared_ptr<const Snapshot> snapshot);
};

// In the order of the documentation.
std::span<const TableInfo> tables();
// Null if there is none of that name.
const TableInfo* find_table(std::string_view name);

TableInfo processes_table();
TableInfo apps_table();
TableInfo connections_table();
TableInfo endpoints_table();
TableInfo interfaces_table();
TableInfo namespaces_table();
TableInfo series_table();
TableInfo baselines_table();
TableInfo alerts_table();
TableInfo sources_table();
TableInfo ledger_table();

}  // namespace ipm::query
