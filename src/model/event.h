// The one record that travels from sources through the lanes into the engine, and onto the disk: 128 bytes, a 32-byte
// header and a 96-byte payload whose meaning is the kind's. Little-endian on disk. A kind number is never reused, a
// payload only grows into bytes that were zero; a reader skips and counts kinds that it does not know.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "base/time.h"
#include "model/attribution.h"
#include "model/byte_layer.h"
#include "model/flow_key.h"
#include "model/process_key.h"

namespace ipm::model {

enum class EventKind : std::uint16_t {
  kNone = 0,
  // Processes: header.process says which.
  kProcessStart = 1,   // Process: fork, or first sight of a process that was there.
  kProcessExec = 2,    // Process: a new image; the earlier one keeps what it did.
  kProcessExit = 3,    // ProcessExit
  kProcessSample = 4,  // ProcessSample: CPU, RSS, I/O so far.
  // Sockets: header.flow is the cookie or 0, header.process who did it or empty.
  kSocketOpen = 10,         // SocketOpen
  kSocketEstablished = 11,  // SocketEstablished
  kSocketData = 12,         // SocketData: bytes since the last one, at a named layer.
  kTcpSnapshot = 13,        // TcpSnapshot: state and path measurements.
  kRetransmit = 14,         // SocketCount
  kReset = 15,              // SocketReset
  kFailure = 16,            // SocketFailure: a connect that did not succeed.
  kSocketClose = 17,        // SocketClose
  kSocketOwner = 18,        // SocketOwner: what was found out about who holds it.
  kFrameData = 19,          // FrameData: sent over packet sockets, beside every socket above.
  kEntropy = 20,            // Entropy of what was sent.
  kSocketNat = 21,          // SocketNat: what the flow is called beyond an address translation.
  // The host.
  kInterface = 30,     // Interface: octets so far.
  kHostCounters = 31,  // HostCounters: TCP and UDP totals of a namespace so far (/proc/net/snmp).
  // Names.
  kText = 40,       // Text: one part of a text that later events refer to by id.
  kDnsAnswer = 41,  // DnsAnswer
  kTlsHello = 42,   // TlsHello
  // What was looked up in files that a replay need not have.
  kGeo = 43,       // Geo of a remote address.
  kIntelHit = 44,  // IntelHit: something about a flow is on a list, or is not any more.
  // The stream itself.
  kClockAnchor = 50,   // ClockAnchor
  kLoss = 51,          // Loss
  kTimeAdvance = 52,   // No payload: time passed.
  kDrillMark = 53,     // Drill: begin or end of a rehearsal.
  kSourceInfo = 55,    // SourceInfo: the name behind a number in header.source.
  kSettings = 54,      // Settings that the engine runs under, so that a replay runs under the same.
  kBaseline = 56,      // BaselinePart: what an earlier run has learned of an app.
  kOperatorRule = 57,  // OperatorRule: what an operator says.
  kClue = 58,          // LearnedClue: what an earlier run has seen an app look like on the wire.
};

// header.flags
enum EventFlag : std::uint16_t {
  kEventFirstSight = 1,  // Counts what happened before the source looked: part of totals, not of rates or series.
  kEventLost = 2,        // Comes after a loss: what it counts may be short.
  kEventInferred = 4,    // Its process follows from other facts: nobody saw it move these bytes.
};

struct EventHeader {
  TimeNs time_ns = 0;
  EventKind kind = EventKind::kNone;
  std::uint16_t version = 1;
  std::uint16_t source = 0;  // Set by the monitor: the number of the lane's source.
  std::uint16_t flags = 0;
  ProcessKey process = {};
  std::uint64_t flow = 0;  // Socket cookie; 0: the tuple in the payload is the identity.
};
static_assert(sizeof(EventHeader) == 32);

inline constexpr std::uint32_t kPayloadBytes = 96;
inline constexpr std::uint32_t kCommBytes = 16;  // TASK_COMM_LEN, include/linux/sched.h: 15 bytes and a NUL.

// kProcessStart, kProcessExec. Text fields are ids of kText events before it; 0 is "none or not known".
struct Process {
  std::uint64_t cgroup_id = 0;
  std::uint64_t exe_inode = 0;
  TimeNs exe_mtime_ns = 0;  // Unix time.
  TimeNs start_ns = 0;      // Boot time of its start; 0 if not known.
  std::uint32_t ppid = 0;
  std::uint32_t uid = kUidUnknown;
  std::uint32_t netns = 0;
  std::uint32_t exe = 0;
  std::uint32_t script = 0;
  std::uint32_t unit = 0;
  std::uint32_t container = 0;
  std::uint32_t cgroup = 0;
  std::uint32_t exe_dev = 0;
  std::uint32_t ancestors = 0;  // comms, parent first: "bash < sshd < systemd".
  char comm[kCommBytes] = {};

  static constexpr std::uint32_t kUidUnknown = 0xffff'ffff;
};

struct ProcessExit {
  std::int32_t exit_code = 0;
};

// Totals since the process started. A bit of `measured` says that the field was read.
struct ProcessSample {
  std::uint64_t cpu_ns = 0;
  std::uint64_t rss_bytes = 0;
  std::uint64_t read_bytes = 0;
  std::uint64_t write_bytes = 0;
  std::uint32_t measured = 0;
  std::uint32_t reserved = 0;
  static constexpr std::uint32_t kCpu = 1, kRss = 2, kIo = 4;
};

enum class OpenHow : std::uint8_t { kExisting = 0, kConnect = 1, kAccept = 2, kListen = 3, kBind = 4 };

// TCP states as the kernel numbers them (include/net/tcp_states.h).
enum class TcpState : std::uint8_t {
  kNone = 0,
  kEstablished = 1,
  kSynSent = 2,
  kSynRecv = 3,
  kFinWait1 = 4,
  kFinWait2 = 5,
  kTimeWait = 6,
  kClose = 7,
  kCloseWait = 8,
  kLastAck = 9,
  kListen = 10,
  kClosing = 11,
  kNewSynRecv = 12,
};

struct SocketOpen {
  FlowTuple tuple = {};
  OpenHow how = OpenHow::kExisting;
  TcpState state = TcpState::kNone;
  Quality quality = Quality::kUnknown;  // Of header.process as the owner.
  Rule rule = Rule::kNone;
  std::uint64_t inode = 0;
  std::uint32_t uid = Process::kUidUnknown;
  std::uint32_t reserved = 0;
};

struct SocketEstablished {
  FlowTuple tuple = {};
  std::uint32_t handshake_us = 0;  // 0: not measured.
};

struct SocketData {
  FlowTuple tuple = {};
  ByteLayer layer = ByteLayer::kNone;
  std::uint8_t measured = 0;
  std::uint8_t reserved[2] = {};
  std::uint64_t tx_bytes = 0;
  std::uint64_t rx_bytes = 0;
  std::uint32_t tx_packets = 0;
  std::uint32_t rx_packets = 0;
  std::uint64_t tx_payload_bytes = 0;  // By packets: what TCP and UDP carried, of TCP each byte once.
  std::uint64_t rx_payload_bytes = 0;
  static constexpr std::uint8_t kTxBytes = 1, kRxBytes = 2, kTxPackets = 4, kRxPackets = 8;
  static constexpr std::uint8_t kBytes = kTxBytes | kRxBytes;
  static constexpr std::uint8_t kAll = 15;
  static constexpr std::uint8_t kByPackets = 16;  // Counted by packets, and the two fields above are set …
  static constexpr std::uint8_t kTxPayloadShort = 32, kRxPayloadShort = 64;  // … but may be too small since now.
};

struct TcpSnapshot {
  FlowTuple tuple = {};
  TcpState state = TcpState::kNone;
  std::uint8_t measured = 0;
  std::uint8_t reserved[2] = {};
  std::uint32_t srtt_us = 0;
  std::uint32_t jitter_us = 0;  // Mean deviation of the RTT (RFC 6298 RTTVAR before the minimum RTO).
  std::uint32_t min_rtt_us = 0;
  std::uint32_t tx_retransmits = 0;  // Since the last one.
  std::uint32_t rx_out_of_order = 0;
  std::uint32_t rx_retransmits = 0;  // Since the last one: segments of the peer that came again.
  static constexpr std::uint8_t kSrtt = 1, kJitter = 2, kMinRtt = 4, kRetransmits = 8, kOutOfOrder = 16;
  static constexpr std::uint8_t kAll = 31;
  static constexpr std::uint8_t kRxRetransmits = 32;
};

struct SocketCount {
  FlowTuple tuple = {};
  std::uint32_t count = 0;
};

struct SocketReset {
  FlowTuple tuple = {};
  std::uint8_t sent_here = 0;  // 1: aborted by this host; 0: reset by the peer.
  std::uint8_t reserved[3] = {};
};

struct SocketFailure {
  FlowTuple tuple = {};
  std::int32_t error = 0;  // errno: ECONNREFUSED, ETIMEDOUT, …; 0 if not known.
};

enum class CloseReason : std::uint8_t {
  kUnknown = 0,
  kOrderly = 1,
  kResetByPeer = 2,
  kResetHere = 3,
  kTimeout = 4,
  kRefused = 5,
  kIdle = 6,
  kSourceGone = 7,
  kUnreachable = 8,
};

struct SocketClose {
  FlowTuple tuple = {};
  CloseReason reason = CloseReason::kUnknown;
  std::uint8_t reserved[3] = {};
  TimeNs duration_ns = -1;  // -1: not known to the source.
};

inline constexpr std::uint32_t kOwnersMax = 5;

// What was found out about the holders of a socket. `owners` are ProcessKey references. One owner with kExact is a
// finding; several are candidates; none says by its rule why nobody is known.
struct SocketOwner {
  FlowTuple tuple = {};
  Quality quality = Quality::kUnknown;
  Rule rule = Rule::kNone;
  std::uint16_t holders = 0;  // How many there were; may exceed kOwnersMax.
  std::uint64_t owners[kOwnersMax] = {};
};

// Shannon entropy of the bytes that were sent since the last one, as the source computed it.
struct Entropy {
  FlowTuple tuple = {};
  std::uint32_t millibits = 0;  // Per byte: 0 to 8000.
};

// The flow of `tuple` has other ends where addresses are translated (RFC 2663): `tuple` as it was captured, the others
// as the host's sockets have them. Local and remote are the same ends in both.
struct SocketNat {
  FlowTuple tuple = {};
  IpAddress local = {};
  IpAddress remote = {};
  std::uint16_t local_port = 0;
  std::uint16_t remote_port = 0;
};

// Whole frames that header.process handed to AF_PACKET sockets since the last one: no byte of any other layer.
struct FrameData {
  std::uint64_t tx_bytes = 0;
  std::uint32_t netns = 0;
  std::uint32_t reserved = 0;
};

struct Interface {
  std::uint64_t rx_bytes = 0;
  std::uint64_t tx_bytes = 0;
  std::uint64_t rx_packets = 0;
  std::uint64_t tx_packets = 0;
  std::uint64_t rx_drops = 0;
  std::uint64_t tx_drops = 0;
  std::uint32_t rx_errors = 0;
  std::uint32_t tx_errors = 0;
  std::uint32_t netns = 0;
  std::uint32_t index = 0;
  std::uint32_t flags = 0;  // IFF_* of if.h.
  char name[16] = {};       // IFNAMSIZ.
  std::uint32_t reserved = 0;
};

// Totals of one namespace since boot, RFC 4022 and RFC 4113 names.
struct HostCounters {
  std::uint64_t tcp_active_opens = 0;
  std::uint64_t tcp_passive_opens = 0;
  std::uint64_t tcp_attempt_fails = 0;
  std::uint64_t tcp_estab_resets = 0;
  std::uint64_t tcp_retrans_segs = 0;
  std::uint64_t tcp_out_rsts = 0;
  std::uint64_t udp_in_datagrams = 0;
  std::uint64_t udp_out_datagrams = 0;
  std::uint64_t tcp_in_segs = 0;
  std::uint64_t tcp_out_segs = 0;
  std::uint32_t netns = 0;
  std::uint32_t reserved = 0;
};

// Texts up to kTextBytesMax travel in parts. The last part completes the text under its id; a new text under an id that
// is in use replaces it for the events after it. Ids are the source's own, below kTextIdsMax.
inline constexpr std::uint32_t kTextIdsMax = 16'384;
inline constexpr std::uint32_t kTextBytesMax = 4'096;

struct Text {
  std::uint32_t id = 0;
  std::uint16_t part = 0;
  std::uint16_t parts = 0;
  std::uint16_t bytes_here = 0;
  std::uint16_t reserved = 0;
  static constexpr std::uint32_t kPartBytes = 84;
  char bytes[kPartBytes] = {};
};

// One event for each address that was answered, or one without an address.
struct DnsAnswer {
  FlowTuple tuple = {};
  std::uint32_t name = 0;  // Text id of the question.
  std::uint16_t question_type = 0;
  std::uint16_t response_code = 0;
  IpAddress address = {};   // All zero: none.
  std::uint32_t ttl_s = 0;  // Of the address.
};

// What a TLS client said in the clear. Texts are ids, 0 is "none or not known".
struct TlsHello {
  FlowTuple tuple = {};
  std::uint32_t sni = 0;
  std::uint32_t alpn = 0;  // Names in the order of preference, joined by commas.
  std::uint32_t ja3 = 0;
  std::uint32_t ja4 = 0;
  std::uint8_t flags = 0;
  std::uint8_t reserved[3] = {};
  static constexpr std::uint8_t kEch = 1;  // Encrypted ClientHello: sni may be that of the front.
};

// Where a remote address is, as a database says. The newest of an address counts.
struct Geo {
  IpAddress address = {};
  std::uint32_t asn = 0;      // 0: not known.
  std::uint32_t as_name = 0;  // Text.
  char country[2] = {};       // ISO 3166-1 alpha-2; zero: not known.
  std::uint8_t reserved[2] = {};
};

enum class ListedAs : std::uint8_t { kAddress = 0, kName = 1, kFingerprint = 2 };  // Of the remote end; JA4.

// What a list of threat intelligence says about the remote address of the tuple, or about the text `subject`: its DNS
// name, server name or JA4. It holds for every flow with that address or text until the next of it. The tuple and
// header.flow name the flow that was looked up, if it is there already.
struct IntelHit {
  FlowTuple tuple = {};
  ListedAs listed_as = ListedAs::kAddress;
  std::uint8_t of_url = 0;  // 1: a page on that host is listed, not the host itself.
  std::uint8_t reserved[2] = {};
  TimeNs listed_unix_ns = 0;    // Since when, by the feed or by its file; 0: not known.
  std::uint32_t subject = 0;    // Texts. 0: the address.
  std::uint32_t indicator = 0;  // What matched: "192.0.2.0/24". 0: it is on no list any more.
  std::uint32_t feed = 0;
  std::uint32_t description = 0;
};

enum class AnchorReason : std::uint32_t { kOpen = 1, kTick = 2, kStep = 3, kSuspend = 4, kZone = 5 };

struct ClockAnchor {
  TimeNs boottime_ns = 0;  // Engine time of this instant.
  TimeNs realtime_ns = 0;  // Unix time of this instant.
  std::int32_t utc_offset_s = 0;
  AnchorReason reason = AnchorReason::kOpen;
  std::uint8_t boot_id[16] = {};  // /proc/sys/kernel/random/boot_id; zero in files without one.
  std::uint32_t ticks_per_second = 100;
  std::uint32_t reserved = 0;
};

enum class LossWhat : std::uint32_t {
  kLaneFull = 1,
  kKernelBuffer = 2,
  kMalformed = 3,
  kUnreadable = 4,
  kStaleDump = 5
};

struct Loss {
  LossWhat what = LossWhat::kLaneFull;
  std::uint32_t bytes_known = 0;  // 1: `bytes` says how many payload bytes went with them.
  std::uint64_t events = 0;       // 0: some, their number is not known.
  std::uint64_t bytes = 0;
  ByteLayer layer = ByteLayer::kNone;
  std::uint8_t reserved[7] = {};
};

struct Drill {
  std::uint32_t begins = 0;
  std::uint32_t id = 0;
};

struct OperatorRule {
  std::uint32_t text = 0;  // Text id of the line: alert/rule.h has its form.
  std::uint32_t reserved = 0;
};

struct SourceInfo {
  std::uint32_t number = 0;
  char name[32] = {};
};

// The bounds and constants of the engine, in this order of importance: what differs changes results.
struct Settings {
  std::uint64_t hash_seed = 0;
  std::uint64_t memory_max_bytes = 0;
  std::uint32_t flows_max = 0;
  std::uint32_t processes_max = 0;
  std::uint32_t apps_max = 0;
  std::uint32_t endpoints_max = 0;
  std::uint32_t remotes_max = 0;
  std::uint32_t series_blocks_max = 0;
  std::uint32_t texts_max = 0;
  std::uint32_t interfaces_max = 0;
  TimeNs udp_idle_ns = 0;
  std::uint32_t alerts_max = 0;
  std::uint32_t alerts_off = 0;      // 1: no detector runs.
  std::uint32_t alerts_budget = 0;   // Notifications per day and severity; 0: default.
  std::uint32_t alerts_learn_s = 0;  // 0: default.
  std::uint32_t baselines_off = 0;   // 1: nothing is learned of apps.
  std::uint32_t baselines_max = 0;   // Apps; 0 in this and the next: default.
  std::uint32_t baseline_interval_s = 0;
  std::uint32_t baseline_threshold_ppm = 0;  // Of a held score, in millionths: from here on it is an alarm.
  std::uint32_t clues_max = 0;               // 0: default.
  std::uint32_t reserved = 0;
};

// A learned state is longer than an event: it travels in parts, in order. `app` is the id of a text before it.
struct BaselinePart {
  static constexpr std::uint32_t kPartBytes = 80;
  static constexpr std::uint8_t kUnconfirmed = 1;  // Inherited from another app, and it is not sure that rightly.
  std::uint32_t app = 0;
  std::uint16_t metric = 0;  // AppMetric.
  std::uint16_t part = 0;
  std::uint16_t parts = 0;
  std::uint8_t bytes_here = 0;
  std::uint8_t flags = 0;
  std::uint32_t interval_s = 0;  // Between two samples.
  unsigned char bytes[kPartBytes] = {};
};

// What a flow shows of the app that has it, from the one that tells most to the one that tells least. Also in files.
enum class ClueKind : std::uint8_t {
  kNone = 0,
  kJa4Name = 1,     // A fingerprint together with a name.
  kJa4 = 2,         // The fingerprint of the hello.
  kName = 3,        // What the remote end is called.
  kServerPort = 4,  // The local port of a listener or of what it accepted.
  kPort = 5,        // The remote port of a connect.
};
constexpr std::uint32_t kClueKinds = 6;

// So many flows with this clue were of this app; `app` 0: of so many other apps together.
struct LearnedClue {
  std::uint64_t key = 0;  // core/clues.h makes it.
  std::uint32_t app = 0;  // Text id of its key.
  std::uint32_t flows = 0;
  ClueKind kind = ClueKind::kNone;
  std::uint8_t reserved = 0;
  std::uint16_t other_apps = 0;
  std::uint32_t reserved2 = 0;
};

struct Event {
  EventHeader header;
  alignas(8) unsigned char payload[kPayloadBytes] = {};

  // The payload as T. memcpy, not a cast: events also come from files.
  template <typename T>
  T as() const {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= kPayloadBytes);
    T value;
    std::memcpy(&value, payload, sizeof(T));
    return value;
  }
  template <typename T>
  void set(const T& value) {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= kPayloadBytes);
    // Padding is indeterminate: it would make equal events differ, and write bits of memory into logs. Name it.
    static_assert(std::has_unique_object_representations_v<T>, "a payload has no implicit padding");
    std::memset(payload, 0, sizeof payload);
    std::memcpy(payload, &value, sizeof(T));
  }
};
static_assert(sizeof(Event) == 128 && std::is_trivially_copyable_v<Event>);

template <typename T>
Event make_event(TimeNs time_ns, EventKind kind, ProcessKey process, std::uint64_t flow, const T& payload,
                 std::uint16_t flags = 0) {
  Event event;
  event.header = {
      .time_ns = time_ns, .kind = kind, .version = 1, .source = 0, .flags = flags, .process = process, .flow = flow};
  event.set(payload);
  return event;
}

// True for kinds whose payload begins with a FlowTuple.
constexpr bool is_flow_event(EventKind kind) {
  const auto number = static_cast<std::uint16_t>(kind);
  return (number >= 10 && number <= 18) || kind == EventKind::kEntropy || kind == EventKind::kSocketNat ||
         kind == EventKind::kDnsAnswer || kind == EventKind::kTlsHello || kind == EventKind::kIntelHit;
}

std::string_view event_kind_name(EventKind kind);  // "socket_data"; "unknown" for a number this version has not.
std::string_view tcp_state_name(TcpState state);   // As ss(8) writes them, in lower case: "established".
std::string_view close_reason_name(CloseReason reason);
std::string_view clue_kind_name(ClueKind kind);  // "ja4+name"; empty for none.

}  // namespace ipm::model
