// What an operator says about alerts, in one line of text:
//
//   acknowledge alert=12
//   false_positive alert=12
//   suppress kind=beacon app="/usr/bin/backup*" remote=192.0.2.0/24 port=443 until=2026-12-01
//   critical app="/usr/sbin/sshd*"
//   lift suppress kind=beacon app="/usr/bin/backup*" remote=192.0.2.0/24 port=443
//   threshold big-upload metric=tx_bytes app="/usr/bin/*" above=500M per=1m for=3m
//   lift threshold big-upload
//
// A value may be "…" with C escapes. docs/alerts.md says what each does.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "alert/alert.h"
#include "alert/threshold.h"
#include "base/status.h"

namespace ipm::alert {

enum class Verb : std::uint8_t { kAcknowledge, kFalsePositive, kSuppress, kCritical, kThreshold };

struct Prefix {
  model::IpAddress address = {};
  std::uint32_t bits = 0;  // Of 128: IPv4 is mapped.

  bool contains(const model::IpAddress& other) const;
  bool operator==(const Prefix&) const = default;
};

struct Rule {
  Verb verb = Verb::kAcknowledge;
  bool lifts = false;  // The rule that is the same but for its time ends.
  std::uint64_t alert = 0;
  std::optional<Kind> kind = {};
  std::string app = {};  // Of an app key; '*' stands for anything. Empty: any.
  std::optional<Prefix> remote = {};
  std::uint16_t port = 0;           // 0: any.
  TimeNs for_ns = 0;                // From when it is said …
  TimeNs until_unix_ns = 0;         // … or until then. Both 0: for good.
  std::string threshold_name = {};  // Of a threshold, or of the one whose alerts are suppressed.
  std::optional<Threshold> threshold = {};

  // At the beginning of a run, when there is no alert to speak of.
  bool stands() const { return verb != Verb::kAcknowledge && verb != Verb::kFalsePositive; }
  bool same_but_time(const Rule& other) const;
};

inline constexpr std::size_t kRuleBytesMax = 4096;

// INVALID_ARGUMENT: what is wrong with it and what it could be.
Result<Rule> parse_rule(std::string_view line);

// '*' stands for any run of bytes.
bool matches_pattern(std::string_view pattern, std::string_view text);

}  // namespace ipm::alert
