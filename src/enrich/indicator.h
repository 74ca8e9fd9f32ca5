// What a list can name: an address, a network, a domain, the JA4 fingerprint of a TLS client. Readers of feeds make
// them here, so that every format judges a text alike.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/ip_address.h"

namespace ipm::enrich {

enum class IndicatorType : std::uint8_t { kAddress = 0, kNetwork = 1, kDomain = 2, kJa4 = 3 };
inline constexpr std::size_t kIndicatorTypes = 4;
std::string_view indicator_type_name(IndicatorType type);  // "address"

inline constexpr std::size_t kNameBytesMax = 253;        // Of a domain (RFC 1035 §2.3.4, without the last dot).
inline constexpr std::size_t kDescriptionBytesMax = 96;  // What is longer is cut.

struct Indicator {
  IndicatorType type = IndicatorType::kAddress;
  std::uint8_t prefix = 128;  // Bits of `address`; of IPv4 96 more than people write.
  bool of_url = false;        // The host of a page that is listed, not listed itself.
  model::IpAddress address = {};
  std::string name;            // Domain or JA4, in lower case.
  std::string description;     // What the feed says about it: a malware family, a title.
  std::int64_t listed_s = 0;   // Unix time that the feed gives; 0: it gives none.
  std::int64_t expires_s = 0;  // Unix time from which on it is none any more; 0: never.
};

// One made from a text, or the reason why there is none (a literal).
struct Reading {
  std::optional<Indicator> indicator;
  std::string_view reason;
  static Reading none(std::string_view why) { return {std::nullopt, why}; }
};

// "192.0.2.7", "2001:db8::/32", "evil.example", "*.evil.example", a JA4, "http://evil.example/page".
Reading read_indicator(std::string_view text);
Reading read_address_or_network(std::string_view text);
Reading read_domain(std::string_view text);
Reading read_ja4(std::string_view text);
Reading read_url(std::string_view text);  // Its host.

// Lower case, without a trailing dot; empty if that is no host name of two labels or more.
std::string normal_domain(std::string_view text);

// "2021-01-17 07:44:46", "2021-01-17T07:44:46.000Z", "2021-01-17": Unix time in UTC; 0: not understood.
std::int64_t read_date_s(std::string_view text);

// "Dridex, port 443": an indicator is matched on any port; what the feed says of one is told.
std::string with_port(std::string_view description, std::string_view port);

// Valid UTF-8 or not, a description is shown to people: control characters become spaces, what is too long is cut.
std::string tidy_description(std::string_view text, std::size_t bytes_max = kDescriptionBytesMax);

}  // namespace ipm::enrich
