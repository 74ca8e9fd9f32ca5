// DNS in packets: each address and alias that an answer section holds, and which addresses the name that was asked for
// has by it. Over UDP and TCP port 53, mDNS (5353), LLMNR (5355), and UDP of any other port whose datagram is DNS to
// the last byte.
//
// A response is held against the query with the same ports, addresses and id, if one was captured: see DnsAsked. The
// queries that wait lie in a ring of queries_max, the oldest is forgotten first. Messages over TCP are put together
// from segments in any order, streams_max at once, the longest untouched given up first.
//
// Memory: about 80 bytes a query and 80 a stream; a stream takes 64 KiB more once a segment ends inside a message.
// Threads: one at a time. Time comes in with the packets.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/time.h"
#include "decode/dns.h"
#include "decode/ip.h"

namespace ipm::decode {

enum class DnsVia : std::uint8_t { kDns = 0, kMdns = 1, kLlmnr = 2 };
std::string_view dns_via_name(DnsVia via);  // "dns", "mdns", "llmnr"

enum class DnsAsked : std::uint8_t {
  kUnseen = 0,    // No query with these ports and this id was captured, or its place in the table was needed.
  kMatched = 1,   // It asked just this.
  kMismatch = 2,  // It asked something else: not to be believed.
};

// What every message says, beside its records.
struct DnsAnswer {
  DnsVia via = DnsVia::kDns;
  DnsAsked asked = DnsAsked::kUnseen;
  bool first_fragment = false;           // Of an IP datagram: the answers are those that lie in it.
  bool in_query = false;                 // The answers stand in a query: known answers of mDNS, or an oddity.
  TimeNs time_ns = 0;                    // Of the packet that completed the message.
  TimeNs waited_ns = -1;                 // Since the query that it matches. -1: none.
  model::IpAddress client, server = {};  // Of the query and of who answered; a multicast group may be the client.
};

// A record of the answer section. The views are good during the call.
struct DnsRecord {
  std::string_view qname;  // The first question; without one, as in mDNS, the owner.
  std::string_view owner;
  std::uint16_t type = 0;  // kDnsTypeA, kDnsTypeAaaa, kDnsTypeCname
  std::uint32_t ttl_s = 0;
  model::IpAddress address = {};  // Of an address record.
  std::string_view target;        // Of an alias.
};

// The name that was asked for, through its aliases to one of its addresses. In responses only.
struct DnsNaming {
  std::string_view name;
  std::string_view canonical;  // The last alias; empty without one.
  model::IpAddress address = {};
  std::uint32_t ttl_s = 0;  // The least along the chain.
};

class DnsListener {
 public:
  virtual ~DnsListener() = default;
  virtual void on_dns_record(const DnsAnswer&, const DnsRecord&) {}
  virtual void on_dns_naming(const DnsAnswer&, const DnsNaming&) {}
  // A response as a whole, also one without answers. After its records and namings.
  virtual void on_dns_message(const DnsAnswer&, const DnsMessage&) {}
};

class DnsWatch {
 public:
  struct Options {
    std::uint32_t queries_max = 4096;
    std::uint32_t streams_max = 64;
    std::uint64_t hash_seed = 0;  // Of the table of queries: remote peers choose what is in it.
    bool any_port = true;         // Look for DNS on all UDP ports.
  };
  struct Stats {
    std::uint64_t queries = 0;
    std::uint64_t responses = 0;
    std::uint64_t records = 0;
    std::uint64_t namings = 0;
    std::uint64_t unseen = 0;             // Responses without a query, mDNS aside.
    std::uint64_t mismatches = 0;         // Responses to another question than was asked.
    std::uint64_t malformed = 0;          // Messages that are not DNS to their end; what came before it was given.
    std::uint64_t queries_forgotten = 0;  // For want of room; their responses count as unseen.
    std::uint64_t streams_given_up = 0;   // For want of room.
    std::uint64_t streams_broken = 0;     // A hole was never filled, or a length is no DNS message's.
  };

  DnsWatch();
  explicit DnsWatch(Options options);
  ~DnsWatch();
  DnsWatch(const DnsWatch&) = delete;
  DnsWatch& operator=(const DnsWatch&) = delete;

  // Whether add() would look at it.
  bool wants(const Packet& packet) const;
  // Any TCP or UDP packet; calls back during the call. What is not DNS by its ports costs a look at the first 12 bytes.
  void add(const Packet& packet, TimeNs time_ns, DnsListener& listener);

  Stats stats() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace ipm::decode
