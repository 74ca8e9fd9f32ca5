// Where a byte was counted. A number without its layer cannot be compared with anything.
#pragma once

#include <cstdint>
#include <string_view>

namespace ipm::model {

enum class ByteLayer : std::uint8_t {
  kNone = 0,   // Nothing was measured.
  kApp = 1,    // Payload handed to or taken from the socket by a call.
  kTcp = 2,    // Payload from the kernel's TCP counters, without SYN, FIN and repeats.
  kIp = 3,     // IP total length.
  kWire = 4,   // Octets on the link.
  kMixed = 5,  // A total over parts of different layers.
};
inline constexpr std::uint32_t kByteLayers = 5;  // kNone to kWire; kMixed is only ever a label.

constexpr std::string_view byte_layer_name(ByteLayer layer) {
  switch (layer) {
    case ByteLayer::kNone:
      return "";
    case ByteLayer::kApp:
      return "app";
    case ByteLayer::kTcp:
      return "tcp";
    case ByteLayer::kIp:
      return "ip";
    case ByteLayer::kWire:
      return "wire";
    case ByteLayer::kMixed:
      return "mixed";
  }
  return "";
}

// The layer of a total after a part of `part` is added to it.
constexpr ByteLayer merge_layer(ByteLayer total, ByteLayer part) {
  if (part == ByteLayer::kNone || total == part) return total;
  return total == ByteLayer::kNone ? part : ByteLayer::kMixed;
}

}  // namespace ipm::model
