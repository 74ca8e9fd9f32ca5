// How the memory budget is shared among the tables. Rows are the smaller of what a setting says and what the table's
// share of memory_max_bytes holds, so that the sum of all tables can never exceed the budget.
#pragma once

#include "model/event.h"

namespace ipm::core {

inline constexpr std::uint64_t kMemoryMinBytes = 4U << 20;
inline constexpr std::uint64_t kMemoryDefaultBytes = 256U << 20;

struct Bounds {
  model::Settings rows;  // Every bound filled in.
  std::uint32_t flow_names_max = 0;
  std::uint32_t address_names_max = 0;
  std::uint32_t captured_max = 0;  // Flows that packets are told of.
  std::uint32_t hits_max = 0;      // Of threat intelligence.
  std::uint64_t text_bytes_max = 0;
  std::uint64_t watch_max_bytes = 0;    // What is known of programs' behaviour.
  std::uint32_t alert_changes_max = 0;  // That wait to be taken.
  std::uint64_t copies_max_bytes = 0;   // For pages that snapshots hold.
};

// A zero in `wanted` means default. hash_seed and udp_idle_ns are taken over.
Bounds share_memory(const model::Settings& wanted);

}  // namespace ipm::core
