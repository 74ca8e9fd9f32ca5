// What somebody did on the network: the counters that a process and an app have alike.
#pragma once

#include <cstdint>

#include "core/rates.h"
#include "model/byte_layer.h"
#include "model/coverage.h"

namespace ipm::core {

// Bytes by direction and layer; index 0 of a pair is sent, 1 received.
struct Traffic {
  std::uint64_t tx = 0;
  std::uint64_t rx = 0;
  void add(const Traffic& other) {
    tx += other.tx;
    rx += other.rx;
  }
  void subtract(const Traffic& other) {
    tx -= other.tx;
    rx -= other.rx;
  }
  bool operator==(const Traffic&) const = default;
};

struct Activity {
  Traffic by_layer[model::kByteLayers] = {};
  Traffic external = {};   // The part to and from scope external.
  Traffic candidate = {};  // Of sockets shared with others: may be its own; in no other number here.
  Traffic before = {};     // The part of the bytes that moved before a source was there to see it.
  Traffic packets = {};
  std::uint64_t frame_tx_bytes = 0;  // Handed to packet sockets; in no other number here.
  std::uint64_t connects = 0;
  std::uint64_t accepts = 0;
  std::uint64_t connect_failures = 0;
  std::uint64_t resets_rx = 0;
  std::uint64_t resets_tx = 0;
  std::uint64_t retransmits = 0;
  Rate tx_rate = {};
  Rate rx_rate = {};
  TimeNs first_seen_ns = 0;
  TimeNs last_seen_ns = 0;
  std::uint32_t connections = 0;  // Open now.
  std::uint32_t unmeasured = 0;   // Flows whose bytes no source could count.
  std::uint32_t remotes = 0;      // Distinct remote addresses so far.
  std::uint32_t srtt_us = 0;      // Mean of its flows, each new value by 1/8 (RFC 6298 alpha).
  std::uint32_t jitter_us = 0;
  std::uint8_t measured = 0;  // Bits of SocketData::measured, and those below.
  std::uint8_t coverage = model::kCoverageFull;
  model::ByteLayer layer = model::ByteLayer::kNone;
  std::uint8_t quality_worst = 0xff;  // Of attributions that gave it bytes; 0xff: none did.

  static constexpr std::uint8_t kSrtt = 16, kJitter = 32, kFailures = 64, kRetransmits = 128;

  Traffic total() const {
    Traffic sum;
    for (const Traffic& part : by_layer) sum.add(part);
    return sum;
  }
};

inline std::uint32_t smooth_eighth(std::uint32_t mean, std::uint32_t sample, bool first) {
  if (first) return sample;
  const auto step = (static_cast<std::int64_t>(sample) - mean) / 8;
  return static_cast<std::uint32_t>(mean + step);
}

}  // namespace ipm::core
