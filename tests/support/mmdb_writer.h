// Writes small databases in MaxMind's format (MaxMind DB file format specification 2.0, records of 24 bits), so that
// tests need none from outside.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/ip_address.h"

namespace ipm::test {

// Encoded values. A map is given as its members.
class MmdbValue {
 public:
  static std::string text(std::string_view value) { return control(2, value.size()) + std::string(value); }
  static std::string uint16(std::uint16_t value) { return number(5, value, 2); }
  static std::string uint32(std::uint32_t value) { return number(6, value, 4); }
  static std::string uint64(std::uint64_t value) { return number(9, value, 8); }
  static std::string map(const std::vector<std::pair<std::string, std::string>>& members) {
    std::string out = control(7, members.size());
    for (const auto& [key, value] : members) out += text(key) + value;
    return out;
  }
  static std::string array(const std::vector<std::string>& values) {
    std::string out = control(11, values.size());
    for (const std::string& value : values) out += value;
    return out;
  }

 private:
  static std::string control(unsigned type, std::size_t size) {
    std::string out;
    const auto shown = static_cast<unsigned>(size < 29 ? size : 29);
    out += static_cast<char>((type < 8 ? type << 5 : 0) | shown);
    if (type >= 8) out += static_cast<char>(type - 7);
    if (size >= 29) out += static_cast<char>(size - 29);  // Up to 284.
    return out;
  }
  static std::string number(unsigned type, std::uint64_t value, unsigned bytes) {
    std::string out = control(type, bytes);
    for (unsigned i = bytes; i-- > 0;) out += static_cast<char>(value >> (8 * i));
    return out;
  }
};

class MmdbWriter {
 public:
  explicit MmdbWriter(std::uint16_t ip_version = 6) : ip_version_(ip_version), nodes_(1) {}

  // "192.0.2.0/24" or "2001:db8::/32". The networks must not overlap.
  void add(std::string_view network, const std::string& value) {
    const std::size_t slash = network.find('/');
    const model::IpAddress address = *model::IpAddress::parse(network.substr(0, slash));
    const auto bits = static_cast<unsigned>(std::stoul(std::string(network.substr(slash + 1))));
    const unsigned depth = address.is_v4() && ip_version_ == 6 ? 96 + bits : bits;
    std::size_t node = 0;
    for (unsigned at = 0; at < depth; ++at) {
      const std::size_t side = bit(address, at);
      if (at + 1 == depth) {
        nodes_[node].sides[side] = {Side::kData, data_.size()};
      } else if (nodes_[node].sides[side].kind != Side::kNode) {
        nodes_[node].sides[side] = {Side::kNode, nodes_.size()};
        nodes_.emplace_back();
        node = nodes_.size() - 1;
      } else {
        node = nodes_[node].sides[side].value;
      }
    }
    data_ += value;
  }

  std::string bytes(std::string_view type = "Test") const {
    std::string out;
    for (const Node& node : nodes_) {
      for (const Side& side : node.sides) {
        const std::size_t value = side.kind == Side::kNode   ? side.value
                                  : side.kind == Side::kData ? nodes_.size() + 16 + side.value
                                                             : nodes_.size();
        for (unsigned i = 3; i-- > 0;) out += static_cast<char>(value >> (8 * i));
      }
    }
    out += std::string(16, '\0') + data_ +
           "\xab\xcd\xef"
           "MaxMind.com";
    return out + MmdbValue::map({{"node_count", MmdbValue::uint32(static_cast<std::uint32_t>(nodes_.size()))},
                                 {"record_size", MmdbValue::uint16(24)},
                                 {"ip_version", MmdbValue::uint16(ip_version_)},
                                 {"database_type", MmdbValue::text(type)},
                                 {"languages", MmdbValue::array({MmdbValue::text("en")})},
                                 {"binary_format_major_version", MmdbValue::uint16(2)},
                                 {"binary_format_minor_version", MmdbValue::uint16(0)},
                                 {"build_epoch", MmdbValue::uint64(1'700'000'000)},
                                 {"description", MmdbValue::map({{"en", MmdbValue::text("made by a test")}})}});
  }

 private:
  struct Side {
    enum Kind { kNone, kNode, kData } kind = kNone;
    std::size_t value = 0;
  };
  struct Node {
    Side sides[2];
  };
  // An IPv4 address stands below ::/96 of a tree of IPv6.
  std::size_t bit(const model::IpAddress& address, unsigned at) const {
    if (address.is_v4()) {
      if (ip_version_ == 6 && at < 96) return 0;
      at = ip_version_ == 6 ? at : at + 96;
    }
    return (address.bytes[at / 8] >> (7 - at % 8)) & 1U;
  }

  const std::uint16_t ip_version_;
  std::vector<Node> nodes_;
  std::string data_;
};

}  // namespace ipm::test
