// An IPv4 or IPv6 address in 16 bytes of network order. IPv4 is kept as IPv4-mapped IPv6 (RFC 4291 §2.5.5.2), so a
// v4-mapped peer of an IPv6 socket and the IPv4 peer are one and the same.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace ipm::model {

// How far away the other end is.
enum class Scope : std::uint8_t { kUnknown = 0, kLoopback = 1, kLink = 2, kInternal = 3, kExternal = 4 };

struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};

  static IpAddress v4(std::uint32_t network_order);
  static IpAddress v6(const void* network_order_16);
  static std::optional<IpAddress> parse(std::string_view text);

  bool is_v4() const noexcept;
  bool is_unspecified() const noexcept;  // 0.0.0.0, :: or ::ffff:0.0.0.0.
  // Loopback; link-local and multicast; RFC 1918, RFC 6598 and RFC 4193; everything else.
  Scope scope() const noexcept;
  std::string text() const;  // Dotted, or RFC 5952.

  auto operator<=>(const IpAddress&) const = default;
};
static_assert(sizeof(IpAddress) == 16);

constexpr std::string_view scope_name(Scope scope) {
  switch (scope) {
    case Scope::kUnknown:
      return "";
    case Scope::kLoopback:
      return "loopback";
    case Scope::kLink:
      return "link";
    case Scope::kInternal:
      return "internal";
    case Scope::kExternal:
      return "external";
  }
  return "";
}

}  // namespace ipm::model
