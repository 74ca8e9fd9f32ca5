// Netlink messages and attributes in a buffer, bounds-checked (netlink(7), include/uapi/linux/netlink.h). Pure: the
// bytes may come from a socket, a test or a fuzzer. Lengths that do not fit end the iteration and set malformed().
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <type_traits>

namespace ipm::os {

using Bytes = std::span<const std::byte>;

// A T from the front of `bytes`. Copied: netlink guarantees 4-byte alignment only.
template <typename T>
std::optional<T> read_front(Bytes bytes) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

// As much of a T as there is, the rest zero: kernel structs that grow at their end (tcp_info).
template <typename T>
T read_prefix(Bytes bytes) {
  static_assert(std::is_trivially_copyable_v<T>);
  T value{};
  std::memcpy(&value, bytes.data(), bytes.size() < sizeof(T) ? bytes.size() : sizeof(T));
  return value;
}

struct NetlinkMessage {
  std::uint16_t type = 0;
  std::uint16_t flags = 0;
  std::uint32_t sequence = 0;
  Bytes payload = {};
};

class NetlinkMessages {
 public:
  explicit NetlinkMessages(Bytes bytes) : rest_(bytes) {}
  std::optional<NetlinkMessage> next();
  bool malformed() const { return malformed_; }

 private:
  Bytes rest_;
  bool malformed_ = false;
};

struct NetlinkAttribute {
  std::uint16_t type = 0;  // Without NLA_F_NESTED and NLA_F_NET_BYTEORDER.
  Bytes value = {};
};

class NetlinkAttributes {
 public:
  explicit NetlinkAttributes(Bytes bytes) : rest_(bytes) {}
  std::optional<NetlinkAttribute> next();
  bool malformed() const { return malformed_; }

 private:
  Bytes rest_;
  bool malformed_ = false;
};

// errno of an NLMSG_ERROR payload, positive; 0 is an acknowledgement. Nothing if it is too short.
std::optional<int> netlink_error(Bytes payload);

}  // namespace ipm::os
