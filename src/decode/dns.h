// A DNS message (RFC 1035) as names and addresses: what was asked, and which addresses that name has by the answer.
// mDNS and LLMNR are the same format. Whoever can send a datagram writes these bytes: names are bounded, pointers go
// only backwards, what exceeds a bound is left out and said so. Pure; allocates nothing, so keep one DnsMessage and
// reuse it.
#pragma once

#include <optional>
#include <string_view>

#include "decode/dns_name.h"
#include "model/ip_address.h"

namespace ipm::decode {

inline constexpr std::uint32_t kDnsRecordsMax = 64;    // Of the answer section that are looked at.
inline constexpr std::uint32_t kDnsAddressesMax = 32;  // That are kept.
inline constexpr std::uint32_t kDnsCnamesMax = 8;      // That are followed.
inline constexpr std::uint16_t kDnsTypeA = 1, kDnsTypeCname = 5, kDnsTypeAaaa = 28;

struct DnsAddress {
  model::IpAddress address = {};
  std::uint32_t ttl_s = 0;  // The least of its own and of the aliases that led to it.
};

struct DnsMessage {
  std::uint16_t id = 0;
  bool is_response = false;
  bool cut_short = false;           // The sender says that it did not fit (TC): the rest comes over TCP.
  bool incomplete = false;          // A bound above, or the end of the bytes, left answers out.
  std::uint8_t response_code = 0;   // 4 bits; the upper 8 of EDNS are not read.
  std::uint16_t question_type = 0;  // 0: there was no question, as in mDNS responses.
  std::uint16_t questions = 0;
  // The first question. Without one, as in mDNS responses, the owner of the first address.
  DnsName name;
  DnsName canonical;        // The last alias: who has the addresses. Empty: there was no alias.
  std::uint8_t cnames = 0;  // Aliases that were followed from name to canonical.
  std::uint8_t addresses = 0;
  DnsAddress address[kDnsAddressesMax];

  // True if `response` answers this query: id and question are the same. Ports are the caller's to compare.
  bool answered_by(const DnsMessage& response) const {
    return !is_response && response.is_response && id == response.id && question_type == response.question_type &&
           name.view() == response.name.view();
  }
};

// The payload of one datagram. kOther: not a query or its response (opcode), or several questions in one, which nobody
// sends outside of mDNS: of those the first is given. Only the answer section and the class IN count, and only
// addresses of the name that was asked for or of its aliases.
Verdict parse_dns(Bytes bytes, DnsMessage& out);

// DNS over TCP (RFC 1035 §4.2.2): takes the next whole message off the stream; empty while it is not all there.
std::optional<Bytes> next_dns_of_stream(Bytes& stream);

}  // namespace ipm::decode
