// What an alert is: one episode of one behaviour of one program, with its evidence.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/paged_table.h"
#include "base/time.h"
#include "model/behaviour.h"
#include "model/event.h"

namespace ipm::alert {

// Numbers are part of nothing that is stored; names are: they do not change.
enum class Kind : std::uint8_t {
  kExfil,
  kBandwidth,
  kBeacon,
  kScan,
  kLateral,
  kNewDestination,
  kOddPort,
  kDnsTunnel,
  kLongConnection,
  kMiner,
  kEntropy,
  kChurn,
  kFault,
  kLatency,
  kNewProgram,
  kExeChanged,
  kListener,
  kThreatIntel,
  kThreshold,
};
inline constexpr std::size_t kKinds = 19;

// Literals, so that C may have them. From `means` on they are sentences for a person, who is asked to look at columns
// of the table `alerts` by `name`.
struct KindInfo {
  std::string_view name;        // "new_dest": what tables and commands print.
  std::string_view title;       // "new destination"
  std::string_view techniques;  // MITRE ATT&CK, separated by spaces; may be empty.
  std::string_view means;       // What happened.
  std::string_view computed;    // How it is recognised.
  std::string_view check;       // What to look at next.
  std::string_view tune;        // What makes it rarer.
};
const KindInfo& info(Kind kind);

// "T1041" -> "Exfiltration Over C2 Channel", a literal; empty if no kind has it.
std::string_view technique_name(std::string_view id);

enum class Severity : std::uint8_t { kInfo, kLow, kMedium, kHigh };
inline constexpr std::size_t kSeverities = 4;
std::string_view severity_name(Severity severity);

// What an operator said of an alert, or a rule of theirs.
enum class Verdict : std::uint8_t { kNone, kAcknowledged, kFalsePositive, kSuppressed };
std::string_view verdict_name(Verdict verdict);  // Empty: none.

enum class Change : std::uint8_t { kOpened, kUpdated, kEscalated, kClosed };
std::string_view change_name(Change change);

inline constexpr std::size_t kEvidenceBytes = 400;
inline constexpr std::size_t kThresholdNameMax = 31;

struct AlertRow {
  std::uint64_t id = 0;        // From 1 in the order of opening.
  std::uint64_t sequence = 0;  // Of the last change, over all alerts.
  TimeNs opened_ns = 0;
  TimeNs updated_ns = 0;
  TimeNs since_ns = 0;  // When what it is about began.
  model::ProcessKey process = {};
  double score = 0;  // 0 to 1.
  double value = 0;
  double expected_low = 0;
  double expected_high = 0;
  double strength = 0;     // As in Finding.
  std::uint64_t part = 0;  // As in Finding.
  std::uint64_t samples = 0;
  float tail_probability = 0;    // Of an interval like that, where a baseline says so; 0: none does.
  float confidence = 0;          // Of that baseline.
  TimeNs listed_unix_ns = 0;     // Since when a list has it; 0: not known, or on none.
  const char* metric = nullptr;  // A literal.
  model::IpAddress remote = {};  // Unspecified: not about one remote.
  std::uint32_t app = 0;         // Slot + 1; 0: the host.
  std::uint32_t exe_text = 0;
  std::uint32_t key_text = 0;
  std::uint32_t name_text = 0;       // Of the remote, when it opened.
  std::uint32_t indicator_text = 0;  // What is on a list, and …
  std::uint32_t feed_text = 0;       // … on which.
  model::Place place = {};           // Of the remote, when it opened.
  std::uint16_t remote_port = 0;
  Kind kind = Kind::kExfil;
  Severity severity = Severity::kInfo;
  Change change = Change::kOpened;
  Verdict verdict = Verdict::kNone;
  bool open = false;
  bool told = false;  // A change of it was there to be taken.
  bool acknowledged = false;
  bool notified = false;
  bool drill = false;
  bool used = false;
  char comm[model::kCommBytes] = {};
  char threshold[kThresholdNameMax + 1] = {};  // Its name, if it is about one.
  char evidence[kEvidenceBytes] = {};
};

inline constexpr std::uint32_t kAlertsPerPage = 16;
using AlertPages = PagedTable<AlertRow, kAlertsPerPage>;

// What a detector found. The episodes decide if it opens an alert, updates one, or is part of one.
struct Finding {
  Kind kind = Kind::kExfil;
  std::uint64_t part = 0;  // Tells episodes of one kind and program apart that may run side by side.
  Severity severity = Severity::kMedium;
  double score = 0;
  // How much of it there is, where four times as much is news: bytes, hosts, odds. 0: there is no more or less of it,
  // as of a likelihood or a port.
  double strength = 0;
  const char* metric = "";
  double value = 0;
  double expected_low = 0;
  double expected_high = 0;
  std::uint64_t samples = 0;
  TimeNs since_ns = 0;
  model::IpAddress remote = {};
  std::uint16_t remote_port = 0;
  std::uint32_t indicator_text = 0;  // Not 0: the episode is about it, and the remote is one of several.
  std::uint32_t feed_text = 0;
  TimeNs listed_unix_ns = 0;
  double tail_probability = 0;  // See AlertRow.
  double confidence = 0;
  std::string_view threshold = {};  // Its name.
  TimeNs quiet_ns = 0;              // The episode ends after so long without a finding; 0: Episodes::kQuietNs.
  bool always_notified = false;     // Beside the budget.
  bool goes_on = false;             // Nothing that was not told: it only keeps the episode open.
};

// What an episode is about, beside the program.
struct Subject {
  Kind kind = Kind::kExfil;
  std::uint64_t part = 0;
  std::uint32_t indicator_text = 0;  // Not 0: the remote is one of several.
  model::IpAddress remote = {};
  std::uint16_t remote_port = 0;

  bool operator==(const Subject&) const = default;
};
Subject subject_of(const Finding& finding);
Subject subject_of(const AlertRow& row);

}  // namespace ipm::alert
