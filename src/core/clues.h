// What a flow shows of the app that has it: the fingerprint and the name of a hello, and its ports. The idea is that of
// Anderson and McGrew, "Accurate TLS Fingerprinting using Destination Context and Knowledge Bases" (2020): a
// fingerprint names a TLS library, and only with where it goes and what this network's hosts were seen to do, a
// process.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "model/event.h"

namespace ipm::core {

// The key is a hash without a secret: the same clue has the same on every host.
struct Clue {
  model::ClueKind kind = model::ClueKind::kNone;
  std::uint64_t key = 0;
  auto operator<=>(const Clue&) const = default;
};

// From here on ports are handed out by the system (ip_local_port_range of Linux; RFC 6335 begins at 49152): they say
// nothing about who has them.
inline constexpr std::uint16_t kEphemeralPorts = 32'768;

class FlowClues {
 public:
  void add(model::ClueKind kind, std::uint64_t key) { clues_[count_++] = {kind, key}; }
  const Clue* begin() const { return clues_.data(); }
  const Clue* end() const { return clues_.data() + count_; }

 private:
  std::array<Clue, 4> clues_ = {};
  std::uint32_t count_ = 0;
};

// In the order of ClueKind. `name`: what the remote end is called, by the hello or else by DNS. A client that calls
// here shows itself and not who listens, so that of flows inwards only the local port is a clue.
FlowClues clues_of(const model::FlowTuple& tuple, std::string_view ja4, std::string_view name);

}  // namespace ipm::core
