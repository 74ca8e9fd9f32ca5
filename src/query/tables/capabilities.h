// What a source could see on this host, as a table without a monitor.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "query/table.h"

namespace ipm::query {

struct CapabilityRow {
  std::string source;
  std::string what;
  bool available = false;
  std::string reason;
};

std::shared_ptr<Table> capabilities_table(std::vector<CapabilityRow> rows);

}  // namespace ipm::query
