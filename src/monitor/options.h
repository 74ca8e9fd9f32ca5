// What a monitor can be told, from the C struct and from settings text. One list of keys serves parsing, errors and
// docs.
#pragma once

#include <span>
#include <string_view>

#include "base/status.h"
#include "base/time.h"
#include "model/event.h"

namespace ipm::monitor {

struct MonitorOptions {
  model::Settings bounds;  // Zero: default.
  bool threads = false;    // One thread for each live source.
  bool self_test = false;  // Of live sources, when they are added.
  TimeNs merge_window_ns = 50 * kMillisecond;
  std::uint32_t lane_events = 0;  // 0: from memory_max_bytes.
  std::uint32_t cursors_max = 64;
  bool hash_seed_given = false;
};

struct SettingKey {
  std::string_view key;
  std::string_view type;      // "size", "duration", "number", "none|auto"
  std::string_view fallback;  // Default, as text.
  std::string_view help;
};
std::span<const SettingKey> setting_keys();

// Applies "key = value" lines. An error names the line and, for an unknown key, the nearest known one.
Status apply_settings(std::string_view text, MonitorOptions& options);

}  // namespace ipm::monitor
