// What is known of one program: whom it talks to, on which ports, how it fails, how much it sends. Made when it first
// uses the network; its tables grow as it meets more.
//
// Bound: kProgramBytesMax. Threads: the engine's.
#pragma once

#include <array>
#include <cstring>
#include <memory>
#include <string_view>

#include "alert/alert.h"
#include "alert/pair.h"
#include "alert/small_table.h"
#include "model/behaviour.h"

namespace ipm::alert {

inline constexpr std::uint32_t kPairsMax = 32;
inline constexpr std::uint32_t kPortsMax = 16;
inline constexpr std::uint32_t kNetsMax = 384;
inline constexpr std::uint32_t kContactsMax = 384;
inline constexpr std::uint32_t kSystemsMax = 64;
inline constexpr std::uint32_t kDomainsMax = 8;
inline constexpr std::uint32_t kRhythmsMax = 4;
inline constexpr std::size_t kProgramBytesMax = 32 * 1024;

inline constexpr TimeNs kFreshNs = 7 * 24 * kHour;  // So long a peer counts as new to a program.
// After so many connections it is decided if a program is an old one under a new path.
inline constexpr std::uint32_t kKinContacts = 6;

// The network of an address: /24 of IPv4, /48 of IPv6.
std::uint64_t net_key(const model::IpAddress& address);
// An address with a port, for exact comparison of up to some thousands of them.
std::uint64_t contact_key(const model::IpAddress& address, std::uint16_t port);
inline std::uint32_t seconds_of(TimeNs time) {
  return static_cast<std::uint32_t>(time / kSecond);
}

// A sum that forgets: it halves every half_life.
struct Fading {
  double sum = 0;
  TimeNs at_ns = 0;
  double value(TimeNs now, TimeNs half_life) const;
  void add(TimeNs now, TimeNs half_life, double amount);
};

struct Net {
  std::uint32_t first_s = 0;
  std::uint32_t seen_s = 0;
};
struct Contact {};  // That there was one.

struct Port {
  std::uint16_t number = 0;  // 0: free.
  bool answered = false;     // A probe of a port is no use of it.
  TimeNs first_ns = 0;
  TimeNs seen_ns = 0;
};

// When a program calls its old peers on one port, whichever of them: a timer shows here also if it goes round many.
struct PortRhythm {
  static constexpr std::uint32_t kRing = 16;
  std::uint16_t port = 0;
  std::uint8_t next = 0;
  std::uint8_t filled = 0;
  std::uint32_t calls = 0;
  TimeNs first_ns = 0;
  TimeNs last_ns = 0;
  std::uint32_t gap_ms[kRing] = {};

  void call(TimeNs time);
};

// One way in which records of a port look.
struct EntropyMode {
  double mean = 0;    // Bits per byte.
  double spread = 0;  // Mean absolute deviation, smoothed.
  std::uint32_t samples = 0;

  void learn(double bits);
  bool fits(double bits) const;
  double distance(double bits) const;  // In deviations.
};

// Entropy of what goes out on one port.
struct PortEntropy {
  std::uint16_t port = 0;
  bool told = false;          // Of `other`, which is usual from then on.
  float evidence = 0;         // Log of the likelihood ratio that it changed, at least 0.
  std::uint32_t strange = 0;  // Records since that was 0 …
  std::uint32_t strays = 0;   // … and before.
  TimeNs since_ns = 0;
  EntropyMode usual;
  EntropyMode other;
};

// How often one thing was counted lately: few keys, the smallest count makes room.
struct Tally {
  struct Line {
    std::uint64_t key = 0;
    Fading count;
    TimeNs first_ns = 0;
    TimeNs told_ns = 0;
    float told = 0;
  };
  std::array<Line, 6> lines;
  Line& at(std::uint64_t key, TimeNs now, TimeNs half_life);
};

// The largest count of a day that is usual. A day that was seen once may be the attack: what has to come again is the
// second largest, but for the first day of a program.
struct UsualDay {
  double usual = 0;
  double once = 0;
  double largest = 0;  // Of the running day.
  TimeNs since_ns = 0;

  void roll(TimeNs now, TimeNs program_first);
};

struct Scan {
  double evidence = 0;  // Log of the likelihood ratio, at least 0.
  TimeNs evidence_ns = 0;
  double first_contacts = 0;  // Known outcomes, for the program's own rate of failures.
  double failures = 0;
  Tally by_port;   // Failed hosts of a port.
  Tally by_host;   // Failed ports of a host.
  UsualDay hosts;  // Most failed hosts of one port …
  UsualDay ports;  // … and ports of one host.
};

struct Lateral {
  Tally by_port;  // New internal hosts of a port.
  UsualDay day;
};

// Bytes by days. What each record touches comes first.
struct Volume {
  TimeNs look_ns = 0;        // When bandwidth.cpp looks again.
  std::uint64_t day_tx = 0;  // To peers that are not fresh.
  std::uint64_t out_tx = 0;  // Ever, over connections out.
  std::uint64_t out_rx = 0;
  TimeNs day_ns = 0;
  double day_max = 0;
  double slow_day = 0;  // Of days over connections out: follows at a few per cent a day.
  double told_day = 0;
  std::uint64_t out_before = 0;  // out_tx when the day began.
  std::uint32_t days = 0;
  TimeNs burst_told_ns = 0;
  TimeNs explained_ns = 0;  // When exfil.cpp last told where it goes.
};

struct Fault {
  double evidence = 0;  // Log of the likelihood ratio that more fail than ever, at least 0.
  double opens = 0;     // Since that was 0 …
  double bad = 0;
  double rate = 0;        // … and what share was expected to fail.
  std::uint64_t net = 0;  // With whom it began, …
  bool several = false;   // … and it is not the only one.
  double slow_opens = 0;  // Before that.
  double slow_bad = 0;
  TimeNs last_ns = 0;
  TimeNs told_ns = 0;
  TimeNs since_ns = 0;
};

struct Churn {
  TimeNs minute_ns = 0;
  std::uint32_t opens = 0;
  double usual = 0;  // Largest minute; fades by 5 % a day.
  bool told = false;
};

struct Latency {
  double fast_us = 0;
  double slow_us = 0;
  double told_us = 0;  // The fast mean when it was told; 0: it is not.
  std::uint32_t samples = 0;
  TimeNs since_ns = 0;
  TimeNs told_ns = 0;
};

// A contact that is kept back until it is known what comes after it.
struct Held {
  model::IpAddress remote = {};
  std::uint16_t port = 0;
  model::ProcessKey process = {};
  TimeNs since_ns = 0;
  TimeNs until_ns = 0;
  double surprise = 0;
  std::uint64_t nets = 0;
  std::uint32_t asn = 0;      // 0: not known.
  bool known_system = false;  // The program had been in it before.
  bool used = false;
};

struct Domain {
  static constexpr std::uint32_t kBits = 1024;
  std::uint64_t key = 0;
  char name[48] = {};
  TimeNs first_ns = 0;   // Of the running day.
  double questions = 0;  // Of the running day.
  double label_bytes = 0;
  double label_entropy = 0;
  double bulky = 0;  // TXT and NULL.
  double told = 0;
  double usual = 0;                     // Most distinct names of a finished day.
  Fading asked;                         // Keeps its place.
  std::uint64_t seen[kBits / 64] = {};  // By hash of the name: asked for.
};

// Which domains have more than a few names: of a resolver's thousands only these need a place. Counts names that were
// not asked before; both tables begin anew when half of the first is set.
struct NameSketch {
  static constexpr std::uint32_t kBits = 2048;
  static constexpr std::uint32_t kCounters = 256;
  std::uint64_t seen[kBits / 64] = {};
  std::uint32_t set = 0;
  std::uint8_t names[kCounters] = {};

  // How many names that domain has so far, about; never too few.
  std::uint32_t count(std::uint64_t domain, std::uint64_t name);
};

struct DomainTable {
  NameSketch sketch;
  std::array<Domain, kDomainsMax> domains;
};

struct Blocks {  // What only some programs need.
  std::unique_ptr<std::array<Pair, kPairsMax>> pairs;
  std::unique_ptr<DomainTable> domains;
  std::unique_ptr<std::array<PortEntropy, 8>> entropies;
};

struct Program {
  Program(PageStore& page_store, std::uint32_t slot, TimeNs learn, TimeNs now);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  std::array<Pair, kPairsMax>& need_pairs();
  DomainTable& need_domains();
  std::array<PortEntropy, 8>& need_entropies();
  std::size_t bytes() const;
  static constexpr std::size_t bytes_max();

  std::string_view name() const { return {comm, strnlen(comm, sizeof comm)}; }
  // Old enough that what is new to it means something.
  bool learned(TimeNs now) const { return now - first_ns >= learn_ns && opens >= kLearnOpens; }
  bool narrow() const { return ports_out <= kNarrowPorts; }
  // It came lately to a host that was known, and lies where the system puts programs: nothing speaks against it but
  // that nothing is known of it.
  bool suspicious() const { return untrusted_path || server_child; }
  bool novice(TimeNs now) const { return newcomer && !suspicious() && now - first_ns < learn_ns; }

  static constexpr std::uint32_t kLearnOpens = 4;
  static constexpr std::uint32_t kNarrowPorts = 8;

  const TimeNs learn_ns;  // How long it is watched before anything is new to it.
  PageStore& store;
  const std::uint32_t app;  // Slot.
  Volume volume;
  model::ProcessKey process = {};  // The one that was active last.
  char comm[model::kCommBytes] = {};
  std::uint32_t uid = model::Process::kUidUnknown;
  std::uint32_t exe_text = 0;
  std::uint32_t key_text = 0;
  std::uint64_t exe_id = 0;  // Device, inode and time of the file, mixed; 0: not known.
  bool untrusted_path = false;
  bool server_child = false;
  bool newcomer = false;  // It came after the host had been watched for a day.
  bool told_new = false;
  bool listed = false;        // It met something that a list warns of: intel.cpp follows its connections.
  std::uint32_t heir_of = 0;  // Slot + 1 of the program of that name before it, until it is decided.
  std::uint32_t known_to_predecessor = 0;
  TimeNs heir_since_ns = 0;  // It took over what was known of that one; 0: not, or it has shown that rightly.
  TimeNs first_ns = 0;
  TimeNs seen_ns = 0;
  std::uint64_t opens = 0;  // Connections out.
  std::uint64_t accepts = 0;
  Fading odd_ports;  // New ones lately.
  Fading lately_met;
  Fading new_nets;  // Since it was learned.
  Fading fresh_opens;
  TimeNs longest_ns = 0;  // Longest connection to a peer that is not fresh.

  SmallTable<Net, kNetsMax> nets;
  SmallTable<Contact, kContactsMax> contacts;
  SmallTable<Net, kSystemsMax> systems;      // By number, where it is known.
  std::array<Port, kPortsMax> ports = {};    // Remote, of connections out; who did not answer gives way first.
  std::array<Port, kPortsMax> listens = {};  // Local; the one that was seen longest ago gives way.
  std::uint32_t ports_out = 0;               // Distinct that ever answered, also those that gave way.
  std::size_t counted_bytes = 0;             // As Watch has them in its sum.
  std::array<PortRhythm, kRhythmsMax> rhythms = {};
  Held held;
  std::uint16_t moved_port = 0;  // Where it met several new networks at once …
  TimeNs moved_ns = 0;           // … and when.
  Scan scan;
  Lateral lateral;
  Fault fault;
  Churn churn;
  Latency latency;

 private:
  Blocks blocks_;

 public:
  const Blocks& blocks() const { return blocks_; }
  Blocks& blocks() { return blocks_; }
};

constexpr std::size_t Program::bytes_max() {
  return sizeof(Program) + decltype(nets)::bytes_max() + decltype(contacts)::bytes_max() +
         decltype(systems)::bytes_max() + sizeof *Blocks::pairs + sizeof *Blocks::domains + sizeof *Blocks::entropies;
}
static_assert(Program::bytes_max() <= kProgramBytesMax);

}  // namespace ipm::alert
