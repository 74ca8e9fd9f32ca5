// A name of a DNS message (RFC 1035 §3.1, §4.1.4). Whoever can send a datagram writes it: bounded, pointers go only
// backwards. Pure; allocates nothing.
#pragma once

#include <cstring>
#include <string_view>

#include "decode/cursor.h"

namespace ipm::decode {

inline constexpr std::uint32_t kDnsNameBytesMax = 255;  // On the wire, RFC 1035 §3.1.
inline constexpr std::uint32_t kDnsPointersMax = 32;    // That one name follows.
inline constexpr std::uint32_t kDnsNameTextMax = 4 * kDnsNameBytesMax;
inline constexpr std::size_t kDnsHeaderBytes = 12;

// A name as text: labels in lower case joined by dots, no dot at the end; "." is the root. A byte that is not printable
// ASCII, a space, and a backslash or dot inside a label are written \DDD (RFC 1035 §5.1), so that text is always
// printable and two different names never read alike.
struct DnsName {
  std::uint16_t bytes = 0;
  char text[kDnsNameTextMax];  // NOLINT(modernize-avoid-c-arrays): not initialised, `bytes` of it are set.

  std::string_view view() const { return {text, bytes}; }
  // Copies no more than there is.
  void assign(const DnsName& other) {
    bytes = other.bytes;
    std::memcpy(text, other.text, other.bytes);
  }
};

// Reads the name at `at`, which then is behind it. A pointer has to point before the part that it ends.
Verdict read_dns_name(Bytes message, std::size_t& at, DnsName& out);

// Steps over a name without reading where its pointer points to.
void skip_dns_name(Cursor& cursor);

}  // namespace ipm::decode
