// One program and one remote port that it connects to: when it called and how much it sent. What is regular is measured
// on the last kRing calls.
#pragma once

#include <cstdint>

#include "base/time.h"
#include "model/ip_address.h"

namespace ipm::alert {

struct Regularity {
  double intervals = 0;  // 0 to 1.
  double sizes = 0;      // 0 to 1.
  TimeNs median_ns = 0;
  double median_bytes = 0;
  std::uint32_t samples = 0;
};

// Of gaps alone; `n` at most Pair::kRing.
Regularity regularity_of(const std::uint32_t* gap_ms, std::uint32_t n);

struct Pair {
  static constexpr std::uint32_t kRing = 32;

  model::IpAddress remote = {};
  std::uint16_t port = 0;
  std::uint8_t protocol = 0;
  bool used = false;
  bool fresh = false;     // The program came to know it after it, or the host, had been learned …
  bool novice = false;    // … in its own first day, of which nothing is known to be usual.
  std::uint8_t next = 0;  // Of the rings.
  std::uint8_t filled = 0;
  TimeNs first_ns = 0;
  TimeNs last_ns = 0;       // Last call or record.
  TimeNs last_call_ns = 0;  // Last that counts as a call: an open, or a record of a connection that has been open long.
  std::uint64_t tx_bytes = 0;
  std::uint64_t rx_bytes = 0;
  std::uint64_t call_tx_bytes = 0;  // Since the last call.
  double told_bytes = 0;            // By the exfil detector; the next update needs twice that.
  TimeNs told_age_ns = 0;           // By long_connection.cpp, likewise.
  std::uint32_t opens = 0;
  std::uint32_t records = 0;  // Calls that were records of open connections.
  std::uint32_t gap_ms[kRing] = {};
  std::uint16_t size_log[kRing] = {};  // log2 of the bytes sent, by 256.

  bool is(const model::IpAddress& address, std::uint16_t remote_port, std::uint8_t proto) const {
    return used && port == remote_port && protocol == proto && remote == address;
  }
  void call(TimeNs time);
  Regularity regularity() const;
};

}  // namespace ipm::alert
