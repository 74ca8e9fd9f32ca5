#include "model/ip_address.h"

#include <arpa/inet.h>

#include <charconv>
#include <iterator>

namespace ipm::model {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

Scope scope_v4(const std::uint8_t* a) {
  if (a[0] == 127) return Scope::kLoopback;
  if ((a[0] == 169 && a[1] == 254) || a[0] >= 224 || a[0] == 0) return Scope::kLink;
  const bool private_use = a[0] == 10 || (a[0] == 172 && (a[1] & 0xf0) == 16) || (a[0] == 192 && a[1] == 168);
  const bool shared = a[0] == 100 && (a[1] & 0xc0) == 64;
  return private_use || shared ? Scope::kInternal : Scope::kExternal;
}

Scope scope_v6(const std::uint8_t* a) {
  static constexpr std::uint8_t kLoopback[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  static constexpr std::uint8_t kAny[16] = {};
  if (std::memcmp(a, kLoopback, 16) == 0) return Scope::kLoopback;
  if (std::memcmp(a, kAny, 16) == 0) return Scope::kLink;
  if ((a[0] == 0xfe && (a[1] & 0xc0) == 0x80) || a[0] == 0xff) return Scope::kLink;
  return (a[0] & 0xfe) == 0xfc ? Scope::kInternal : Scope::kExternal;
}

}  // namespace

IpAddress IpAddress::v4(std::uint32_t network_order) {
  IpAddress address;
  std::memcpy(address.bytes.data(), kMappedPrefix.data(), 12);
  std::memcpy(address.bytes.data() + 12, &network_order, 4);
  return address;
}

IpAddress IpAddress::v6(const void* network_order_16) {
  IpAddress address;
  std::memcpy(address.bytes.data(), network_order_16, 16);
  return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string copy(text);
  in_addr four{};
  if (inet_pton(AF_INET, copy.c_str(), &four) == 1) return v4(four.s_addr);
  in6_addr six{};
  if (inet_pton(AF_INET6, copy.c_str(), &six) == 1) return v6(&six);
  return std::nullopt;
}

bool IpAddress::is_v4() const noexcept {
  return std::memcmp(bytes.data(), kMappedPrefix.data(), 12) == 0;
}

bool IpAddress::is_unspecified() const noexcept {
  static constexpr std::uint8_t kZero[16] = {};
  return is_v4() ? std::memcmp(bytes.data() + 12, kZero, 4) == 0 : std::memcmp(bytes.data(), kZero, 16) == 0;
}

Scope IpAddress::scope() const noexcept {
  return is_v4() ? scope_v4(bytes.data() + 12) : scope_v6(bytes.data());
}

std::string IpAddress::text() const {
  char buffer[INET6_ADDRSTRLEN] = {};
  if (!is_v4()) return inet_ntop(AF_INET6, bytes.data(), buffer, sizeof buffer);
  char* end = buffer;
  for (std::size_t i = 12; i < bytes.size(); ++i) {
    if (i != 12) *end++ = '.';
    end = std::to_chars(end, std::end(buffer), bytes[i]).ptr;
  }
  return {buffer, end};
}

}  // namespace ipm::model
