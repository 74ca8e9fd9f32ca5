// What a monitor can be told, from the C struct and from settings text. One list of keys serves parsing, errors and
// docs.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "model/event.h"
#include "monitor/lookup_files.h"

namespace ipm::monitor {

// Which runs write what they learned to baselines_path. A recorded run and what is made up never do.
enum class BaselinesSave : std::uint8_t { kLive = 0, kAny = 1, kNever = 2 };

struct MonitorOptions {
  model::Settings bounds;  // Zero: default.
  bool threads = false;    // One thread for each live source.
  bool self_test = false;  // Of live sources, when they are added.
  TimeNs merge_window_ns = 50 * kMillisecond;
  TimeNs step_span_max_ns = 0;    // 0: a step of files takes in what the lanes hold.
  std::uint32_t lane_events = 0;  // 0: from memory_max_bytes.
  std::uint32_t cursors_max = 64;
  bool hash_seed_given = false;
  std::string baselines_path;  // Empty: they live as long as the monitor.
  BaselinesSave baselines_save = BaselinesSave::kLive;
  std::string clues_path;               // Empty: what apps look like is learned anew.
  std::vector<std::string> rules;       // Said at the beginning; well formed. Among them …
  std::size_t other_rules = 0;          // … so many that are no thresholds, …
  std::vector<std::string> thresholds;  // … and thresholds of these names, …
  bool scored = false;                  // … of which one asks what the baselines say.
  LookupOptions lookups;
};

struct SettingKey {
  std::string_view key;
  std::string_view type;      // "size", "duration", "number", "file", "none|auto"
  std::string_view fallback;  // Default, as text.
  std::string_view help;
};
std::span<const SettingKey> setting_keys();

// Applies "key = value" lines. An error names the line and, for an unknown key, the nearest known one.
Status apply_settings(std::string_view text, MonitorOptions& options);

}  // namespace ipm::monitor
