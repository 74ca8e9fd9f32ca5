// What is known of one program: whom it talks to, on which ports, how it fails, how much it sends. Made when it first
// uses the network; its tables grow as it meets more.
//
// Bound: kProgramBytesMax. Threads: the engine's.
#pragma once

#include <array>
#include <memory>

#include "alert/alert.h"
#include "alert/pair.h"
#include "alert/small_table.h"
#include "model/behaviour.h"

namespace ipm::alert {

inline constexpr std::uint32_t kPairsMax = 32;
inline constexpr std::uint32_t kPortsMax = 16;
inline constexpr std::uint32_t kNetsMax = 384;
inline constexpr std::uint32_t kContactsMax = 384;
inline constexpr std::uint32_t kDomainsMax = 10;
inline constexpr std::size_t kProgramBytesMax = 32 * 1024;

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
struct Contact {
  std::uint32_t seen_s = 0;
};

struct Port {
  std::uint16_t number = 0;
  bool accepts = false;  // Local, of connections that came in or of a listener.
  std::uint32_t flows = 0;
  TimeNs first_ns = 0;
  TimeNs seen_ns = 0;
};

// Entropy of what goes out on one port.
struct PortEntropy {
  std::uint16_t port = 0;
  std::uint32_t samples = 0;
  double mean = 0;    // Bits per byte.
  double spread = 0;  // Mean absolute deviation, smoothed.
  Fading strange;
};

// How often one thing was counted lately: few keys, the smallest count makes room.
struct Tally {
  struct Line {
    std::uint64_t key = 0;
    Fading count;
    TimeNs first_ns = 0;
    model::IpAddress remote = {};
    std::uint16_t port = 0;
  };
  std::array<Line, 6> lines;
  Line& at(std::uint64_t key, TimeNs now, TimeNs half_life);
};

struct Scan {
  double evidence = 0;  // Log of the likelihood ratio, at least 0.
  TimeNs evidence_ns = 0;
  double first_contacts = 0;  // Known outcomes, for the program's own rate of failures.
  double failures = 0;
  Tally by_port;       // Failed hosts of a port.
  Tally by_host;       // Failed ports of a host.
  double usual = 0;    // The largest count of a finished day.
  double largest = 0;  // Of the running day.
  TimeNs day_ns = 0;
  double told = 0;
};

struct Lateral {
  Tally by_port;  // New internal hosts of a port.
  double usual = 0;
  double largest = 0;
  TimeNs day_ns = 0;
  double told = 0;
};

// Bytes by windows of ten minutes and by days. What each record touches comes first.
struct Volume {
  std::uint64_t window_tx = 0;
  std::uint64_t window_limit = 0;  // From here on bandwidth.cpp has to look …
  TimeNs look_ns = 0;              // … and at this time.
  std::uint64_t day_tx = 0;        // To peers that are not fresh.
  std::uint64_t out_tx = 0;        // Ever, over connections out.
  std::uint64_t out_rx = 0;
  TimeNs window_ns = 0;
  double window_max = 0;  // Fades by 5 % a day.
  std::uint32_t windows = 0;
  TimeNs day_ns = 0;
  double day_max = 0;
};

struct Fault {
  Fading opens;  // Recent.
  Fading bad;
  double slow_opens = 0;  // Before that.
  double slow_bad = 0;
  TimeNs told_ns = 0;
  TimeNs since_ns = 0;
  model::IpAddress remote = {};  // Of the last.
  std::uint16_t port = 0;
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
  std::uint32_t samples = 0;
  TimeNs last_ns = 0;
  TimeNs since_ns = 0;
  bool told = false;
};

// A contact that is kept back until it is known what comes after it.
struct Held {
  model::IpAddress remote = {};
  std::uint16_t port = 0;
  model::ProcessKey process = {};
  TimeNs since_ns = 0;
  double surprise = 0;
  std::uint64_t nets = 0;
  bool used = false;
};

struct Domain {
  static constexpr std::uint32_t kBits = 1024;
  std::uint64_t key = 0;
  char name[48] = {};
  TimeNs first_ns = 0;
  TimeNs seen_ns = 0;
  double questions = 0;
  double label_bytes = 0;
  double label_entropy = 0;
  double bulky = 0;  // TXT and NULL.
  double told = 0;
  std::uint64_t once[kBits / 64] = {};   // By hash of the name: asked …
  std::uint64_t again[kBits / 64] = {};  // … and asked again.
};

struct Blocks {  // What only some programs need.
  std::unique_ptr<std::array<Pair, kPairsMax>> pairs;
  std::unique_ptr<std::array<Domain, kDomainsMax>> domains;
  std::unique_ptr<std::array<PortEntropy, 8>> entropies;
};

struct Program {
  Program(PageStore& page_store, std::uint32_t slot, TimeNs now);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  std::array<Pair, kPairsMax>& need_pairs();
  std::array<Domain, kDomainsMax>& need_domains();
  std::array<PortEntropy, 8>& need_entropies();
  std::size_t bytes() const;

  // Old enough that what is new to it means something.
  bool learned(TimeNs now) const { return now - first_ns >= kLearnNs && opens >= kLearnOpens; }
  bool narrow() const { return ports_out <= kNarrowPorts; }

  static constexpr TimeNs kLearnNs = 24 * kHour;
  static constexpr std::uint32_t kLearnOpens = 4;
  static constexpr std::uint32_t kNarrowPorts = 8;

  PageStore& store;
  const std::uint32_t app;  // Slot.
  Volume volume;
  model::ProcessKey process = {};  // The one that was active last.
  char comm[model::kCommBytes] = {};
  std::uint32_t uid = model::Process::kUidUnknown;
  std::uint32_t exe_text = 0;
  std::uint32_t key_text = 0;
  std::uint64_t exe_hash = 0;  // Path.
  std::uint64_t exe_id = 0;    // Device, inode and time of the file, mixed; 0: not known.
  bool untrusted_path = false;
  bool server_child = false;
  bool newcomer = false;  // It came after the host had been watched for a day.
  bool told_new = false;
  std::uint32_t heir_of = 0;  // Slot + 1 of the program of that name before it, until it is decided.
  std::uint32_t known_to_predecessor = 0;
  TimeNs first_ns = 0;
  TimeNs seen_ns = 0;
  std::uint64_t opens = 0;  // Connections out.
  std::uint64_t accepts = 0;
  Fading new_nets;  // Since it was learned.
  Fading fresh_opens;
  TimeNs longest_ns = 0;  // Longest connection to a peer that is not fresh.

  SmallTable<Net, kNetsMax> nets;
  SmallTable<Contact, kContactsMax> contacts;
  std::array<Port, kPortsMax> ports = {};
  std::uint32_t ports_out = 0;  // Distinct so far, also those that found no room.
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

}  // namespace ipm::alert
