#include "core/clues.h"

#include "base/hash.h"

namespace ipm::core {

using model::ClueKind;
using model::Direction;

namespace {

std::uint64_t key_of(ClueKind kind, std::string_view text) {
  return hash_bytes(text.data(), text.size(), static_cast<std::uint64_t>(kind));
}
std::uint64_t key_of(ClueKind kind, std::string_view first, std::string_view second) {
  return hash_bytes(second.data(), second.size(), key_of(kind, first));
}
std::uint64_t key_of(ClueKind kind, std::uint16_t port, std::uint8_t protocol) {
  return hash_u64((std::uint64_t{port} << 8) | protocol, static_cast<std::uint64_t>(kind));
}

}  // namespace

FlowClues clues_of(const model::FlowTuple& tuple, std::string_view ja4, std::string_view name) {
  FlowClues clues;
  const auto add_port = [&](ClueKind kind, std::uint16_t port) {
    if (port != 0 && port < kEphemeralPorts) clues.add(kind, key_of(kind, port, tuple.protocol));
  };
  if (tuple.direction == Direction::kIn || tuple.direction == Direction::kListen) {
    add_port(ClueKind::kServerPort, tuple.local_port);
  } else if (tuple.direction == Direction::kOut) {
    if (!ja4.empty() && !name.empty()) clues.add(ClueKind::kJa4Name, key_of(ClueKind::kJa4Name, ja4, name));
    if (!ja4.empty()) clues.add(ClueKind::kJa4, key_of(ClueKind::kJa4, ja4));
    if (!name.empty()) clues.add(ClueKind::kName, key_of(ClueKind::kName, name));
    add_port(ClueKind::kPort, tuple.remote_port);
  }
  return clues;
}

}  // namespace ipm::core
