// What an alert is: one episode of one behaviour of one program, with its evidence.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/paged_table.h"
#include "base/time.h"
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
};
inline constexpr std::size_t kKinds = 17;

struct KindInfo {
  std::string_view name;        // "new_dest": what tables and commands print.
  std::string_view title;       // "new destination"
  std::string_view techniques;  // MITRE ATT&CK, separated by spaces; may be empty.
};
const KindInfo& info(Kind kind);

enum class Severity : std::uint8_t { kInfo, kLow, kMedium, kHigh };
inline constexpr std::size_t kSeverities = 4;
std::string_view severity_name(Severity severity);

enum class Change : std::uint8_t { kOpened, kUpdated, kEscalated, kClosed };
std::string_view change_name(Change change);

inline constexpr std::size_t kEvidenceBytes = 400;

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
  std::uint64_t samples = 0;
  const char* metric = nullptr;  // A literal.
  model::IpAddress remote = {};  // Unspecified: not about one remote.
  std::uint32_t app = 0;         // Slot + 1; 0: the host.
  std::uint32_t exe_text = 0;
  std::uint32_t key_text = 0;
  std::uint32_t name_text = 0;  // Of the remote, when it opened.
  std::uint16_t remote_port = 0;
  Kind kind = Kind::kExfil;
  Severity severity = Severity::kInfo;
  Change change = Change::kOpened;
  std::uint8_t part = 0;  // Tells episodes of one kind and program apart that may run side by side.
  bool open = false;
  bool notified = false;
  bool drill = false;
  bool used = false;
  char comm[model::kCommBytes] = {};
  char evidence[kEvidenceBytes] = {};
};

inline constexpr std::uint32_t kAlertsPerPage = 16;
using AlertPages = PagedTable<AlertRow, kAlertsPerPage>;

// What a detector found. The episodes decide if it opens an alert, updates one, or is part of one.
struct Finding {
  Kind kind = Kind::kExfil;
  std::uint8_t part = 0;
  Severity severity = Severity::kMedium;
  double score = 0;
  const char* metric = "";
  double value = 0;
  double expected_low = 0;
  double expected_high = 0;
  std::uint64_t samples = 0;
  TimeNs since_ns = 0;
  model::IpAddress remote = {};
  std::uint16_t remote_port = 0;
};

}  // namespace ipm::alert
