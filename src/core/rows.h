// The rows of the engine's tables, as they lie in pages and as readers see them. All are valid when zeroed. A reference
// to another row is its slot plus one, so that zero means none.
#pragma once

#include <cstdint>

#include "base/paged_table.h"
#include "core/activity.h"
#include "model/attribution.h"
#include "model/behaviour.h"
#include "model/event.h"

namespace ipm::core {

using model::Quality;
using model::Rule;

// One flow: a connection, a UDP flow, a listener.
struct FlowRow {
  std::uint64_t cookie = 0;
  model::FlowTuple tuple = {};
  std::uint32_t owner = 0;      // Process slot + 1, while that row is there.
  std::uint64_t owner_ref = 0;  // ProcessKey of the owner, or of the likeliest candidate.
  TimeNs opened_ns = 0;         // First seen where the source does not know when it opened.
  TimeNs closed_ns = 0;         // 0: open.
  TimeNs last_seen_ns = 0;
  std::uint64_t tx_bytes = 0;
  std::uint64_t rx_bytes = 0;
  std::uint64_t tx_unattributed = 0;  // The part of the bytes above that no process has been credited with.
  std::uint64_t rx_unattributed = 0;
  std::uint64_t tx_packets = 0;  // A fast connection passes 2^32 within hours.
  std::uint64_t rx_packets = 0;
  std::uint32_t tx_retransmits = 0;
  std::uint32_t rx_out_of_order = 0;
  std::uint32_t established_after_us = 0;
  std::uint32_t srtt_us = 0;
  std::uint32_t min_rtt_us = 0;
  std::uint32_t jitter_us = 0;
  std::uint32_t origin_pid = 0;
  std::uint32_t app = 0;         // App slot + 1 at the time of the last attribution.
  std::uint32_t candidates = 0;  // CandidateRow slot + 1.
  std::uint32_t endpoint = 0;    // EndpointRow slot + 1.
  std::uint32_t names = 0;       // FlowNamesRow slot + 1.
  std::uint16_t source = 0;
  std::uint8_t measured = 0;  // Bits of SocketData::measured.
  std::uint8_t path_measured = 0;
  model::TcpState state = model::TcpState::kNone;
  model::CloseReason close_reason = model::CloseReason::kUnknown;
  Quality quality = Quality::kUnknown;
  Rule rule = Rule::kNone;
  model::ByteLayer layer = model::ByteLayer::kNone;
  std::uint8_t coverage = 0;
  std::uint8_t flags = 0;
  bool shared : 1 = false;  // Several held it once: bytes that nobody was credited with by then stay nobody's.
  bool told : 1 = false;    // Whoever watches behaviour has heard of it.
  bool taught : 1 = false;  // What it shows of its app was learned.
  bool used : 1 = false;

  // path_measured: bits of TcpSnapshot::measured, and:
  static constexpr std::uint8_t kHandshake = 64, kEstablished = 128;
  // flags:
  static constexpr std::uint8_t kOpenedKnown = 1;  // opened_ns is when it opened, not when it was first seen.
  static constexpr std::uint8_t kForgotten = 2;    // Its key belongs to a later flow.
  static constexpr std::uint8_t kConnect = 4;      // Opened by a connect here …
  static constexpr std::uint8_t kAccept = 8;       // … or by an accept.
  static constexpr std::uint8_t kSucceeded = 16;   // That open is known to have succeeded …
  static constexpr std::uint8_t kFailed = 32;      // … or failed.
  static constexpr std::uint8_t kCredited = 64;    // The owner's counters have that outcome.
  static constexpr std::uint8_t kListener = 128;

  bool open() const { return closed_ns == 0; }
  model::ProcessKey owner_key() const { return model::ProcessKey::from_ref(owner_ref); }
};
static_assert(sizeof(FlowRow) == 192);

// The names of one flow, if it has any: texts, slot + 1.
struct FlowNamesRow {
  std::uint32_t sni = 0;
  std::uint32_t alpn = 0;
  std::uint32_t ja3 = 0;
  std::uint32_t ja4 = 0;
  std::uint32_t dns = 0;       // Of the remote address when the flow opened.
  std::uint32_t captured = 0;  // CapturedRow slot + 1.
  bool greeted = false;        // A TLS hello was seen.
  bool ech = false;
  bool used = false;
};

// What packets say of one flow. Beside the counters of a kernel source it is a second opinion, and in no other number.
struct CapturedRow {
  model::FlowTuple other = {};  // With `translated`: its ends beyond the translation.
  std::uint32_t flow = 0;       // FlowRow slot + 1.
  std::uint64_t tx_ip_bytes = 0;
  std::uint64_t rx_ip_bytes = 0;
  std::uint64_t tx_payload_bytes = 0;  // Of TCP each byte once.
  std::uint64_t rx_payload_bytes = 0;
  std::uint64_t tx_packets = 0;
  std::uint64_t rx_packets = 0;
  std::uint32_t tx_retransmits = 0;
  std::uint32_t rx_retransmits = 0;
  std::uint32_t rx_out_of_order = 0;
  std::uint32_t srtt_us = 0;
  std::uint16_t source = 0;
  std::uint8_t path_measured = 0;  // Bits of TcpSnapshot::measured.
  std::uint8_t fills = 0;          // Of these, the ones that the kernel's row has from here.
  bool whole = false;              // From the first packet on.
  bool tx_short = false;           // Some payload may have counted as repeated.
  bool rx_short = false;
  bool translated = false;
  bool aliased = false;  // `other` is how it was captured, and finds it.
  bool used = false;
};

// What DNS last called an address.
struct AddressNameRow {
  model::IpAddress address = {};
  TimeNs until_ns = 0;
  std::uint32_t name = 0;   // Text slot + 1.
  std::uint32_t netns = 0;  // Of an address that each namespace may use for another host; else 0.
  bool used = false;
};

struct CandidateRow {
  std::uint64_t owners[model::kOwnersMax] = {};
  std::uint16_t holders = 0;
  std::uint8_t count = 0;
  bool used = false;
};

struct ProcessRow {
  model::ProcessKey key = {};
  Activity activity = {};
  std::uint64_t cgroup_id = 0;
  std::uint64_t exe_inode = 0;
  TimeNs exe_mtime_ns = 0;
  TimeNs start_ns = 0;
  TimeNs exited_ns = 0;  // 0: running, as far as is known.
  std::uint64_t cpu_ns = 0;
  std::uint64_t rss_bytes = 0;
  std::uint64_t read_bytes = 0;
  std::uint64_t write_bytes = 0;
  std::uint32_t exe_dev = 0;
  std::uint32_t ppid = 0;
  std::uint32_t uid = model::Process::kUidUnknown;
  std::uint32_t netns = 0;
  std::uint32_t exe = 0;  // Texts: slot + 1.
  std::uint32_t script = 0;
  std::uint32_t unit = 0;
  std::uint32_t container = 0;
  std::uint32_t cgroup = 0;
  std::uint32_t ancestors = 0;
  std::uint32_t app = 0;  // App slot + 1.
  std::uint32_t execs = 0;
  std::uint32_t sampled = 0;  // Bits of ProcessSample::measured.
  char comm[model::kCommBytes] = {};
  bool described = false;  // A start or exec event was seen, not only a pid.
  bool used = false;
};

// What the intervals of an app are made of: its counters as they stood when this one began, and what they do not have.
struct AppInterval {
  std::uint64_t tx = 0, rx = 0;  // Without what moved before a source was there to see it.
  std::uint64_t opens = 0;
  std::uint64_t failures = 0;
  std::uint64_t resets = 0;
  std::uint64_t retransmits = 0;
  // Of this interval.
  std::uint64_t srtt_us_sum = 0, jitter_us_sum = 0;
  std::uint64_t cpu_ns = 0;
  std::uint32_t srtts = 0, jitters = 0;
  std::uint32_t remotes = 0;
  bool cpu_measured = false;
  bool remotes_short = false;  // A remote found no room in the set.
  bool whole = false;          // The app was there when it began.
};

struct AppRow {
  Activity activity = {};
  AppInterval interval = {};
  std::uint32_t key = 0;  // Text slot + 1 of app_key().
  std::uint32_t exe = 0;
  std::uint32_t processes = 0;        // Running now.
  std::uint32_t processes_total = 0;  // Ever.
  std::uint32_t exe_changes = 0;
  std::uint32_t slot = 0;        // Its own, for who has only the row.
  std::uint32_t references = 0;  // Process and flow rows that name it: such an app is not evicted.
  bool used = false;
};

// A remote address, over all processes.
struct EndpointRow {
  model::IpAddress address = {};
  Traffic by_layer[model::kByteLayers] = {};
  Traffic packets = {};
  TimeNs first_seen_ns = 0;
  TimeNs last_seen_ns = 0;
  std::uint64_t connects = 0;  // From here to there, successful.
  std::uint64_t accepts = 0;
  std::uint64_t connect_failures = 0;
  Rate tx_rate = {};
  Rate rx_rate = {};
  std::uint32_t flows_total = 0;
  std::uint32_t flows = 0;  // Rows in the flow table: such an endpoint is not evicted.
  std::uint32_t open = 0;
  std::uint32_t name = 0;     // Text slot + 1: its newest server name, else its newest DNS name.
  std::uint32_t as_name = 0;  // Text slot + 1.
  std::uint32_t hit = 0;      // HitRow slot + 1: the address is on a list.
  model::Place place = {};
  std::uint16_t last_port = 0;
  bool name_is_sni = false;
  std::uint8_t measured = 0;
  model::ByteLayer layer = model::ByteLayer::kNone;
  bool used = false;
};

struct InterfaceRow {
  model::Interface first = {};
  model::Interface last = {};
  TimeNs first_seen_ns = 0;
  TimeNs last_seen_ns = 0;
  Rate tx_rate = {};
  Rate rx_rate = {};
  bool used = false;
};

// One network namespace: its kernel totals, and what flows in it were seen to move, for the ledger's second line.
struct NamespaceRow {
  std::uint32_t netns = 0;
  std::uint8_t has_counters = 0;
  bool used = false;
  model::HostCounters first = {};
  model::HostCounters last = {};
  TimeNs first_seen_ns = 0;
  TimeNs last_seen_ns = 0;
  Traffic payload = {};                // Not loopback, without first sights.
  Traffic packets = {};                // Of those, where a source counts packets.
  std::uint32_t flows_unmeasured = 0;  // Flows with traffic that no source could count (UDP by sock_diag).
};

struct TextRow {
  const char* data = nullptr;
  std::uint16_t bytes = 0;
  bool used = false;
  std::uint32_t hit = 0;  // HitRow slot + 1: as a name or a fingerprint it is on a list.
};
static_assert(sizeof(TextRow) == 16 && model::kTextBytesMax <= 0xffff);

// One clue, and the apps whose flows showed it.
struct ClueRow {
  static constexpr std::uint32_t kApps = 4;
  std::uint64_t key = 0;
  TimeNs last_ns = 0;
  std::uint32_t apps[kApps] = {};  // Texts of app keys: slot + 1. 0: none.
  std::uint32_t flows[kApps] = {};
  std::uint32_t other_flows = 0;                  // Of apps that found no room above …
  std::uint16_t other_apps = 0;                   // … and how many those were.
  model::ClueKind kind = model::ClueKind::kNone;  // kNone: empty.
  bool used = false;

  std::uint32_t all_flows() const { return flows[0] + flows[1] + flows[2] + flows[3] + other_flows; }
};
static_assert(sizeof(ClueRow) == 56);

// One indicator of one feed that matched something here.
struct HitRow {
  model::Listing listing = {};   // Of texts it holds references.
  std::uint32_t references = 0;  // Endpoint and text rows that name it: such a hit is not evicted.
  bool used = false;
};

inline constexpr std::uint32_t kFlowsPerPage = 128;
inline constexpr std::uint32_t kProcessesPerPage = 16;
inline constexpr std::uint32_t kAppsPerPage = 16;
inline constexpr std::uint32_t kEndpointsPerPage = 64;
inline constexpr std::uint32_t kInterfacesPerPage = 16;
inline constexpr std::uint32_t kNamespacesPerPage = 16;
inline constexpr std::uint32_t kCandidatesPerPage = 64;
inline constexpr std::uint32_t kTextsPerPage = 256;
inline constexpr std::uint32_t kFlowNamesPerPage = 256;
inline constexpr std::uint32_t kCapturedPerPage = 64;
inline constexpr std::uint32_t kAddressNamesPerPage = 64;
inline constexpr std::uint32_t kHitsPerPage = 16;
inline constexpr std::uint32_t kCluesPerPage = 128;

using FlowPages = PagedTable<FlowRow, kFlowsPerPage>;
using CandidatePages = PagedTable<CandidateRow, kCandidatesPerPage>;
using ProcessPages = PagedTable<ProcessRow, kProcessesPerPage>;
using AppPages = PagedTable<AppRow, kAppsPerPage>;
using EndpointPages = PagedTable<EndpointRow, kEndpointsPerPage>;
using InterfacePages = PagedTable<InterfaceRow, kInterfacesPerPage>;
using NamespacePages = PagedTable<NamespaceRow, kNamespacesPerPage>;
using FlowNamesPages = PagedTable<FlowNamesRow, kFlowNamesPerPage>;
using CapturedPages = PagedTable<CapturedRow, kCapturedPerPage>;
using HitPages = PagedTable<HitRow, kHitsPerPage>;
using CluePages = PagedTable<ClueRow, kCluesPerPage>;
using TextPages = PagedTable<TextRow, kTextsPerPage>;

}  // namespace ipm::core
