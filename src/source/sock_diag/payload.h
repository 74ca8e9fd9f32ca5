// From the kernel's TCP counters to payload bytes. Pure. The one hard question is whether bytes_received counts a FIN:
// it does if the FIN came into the full socket, it does not if it came into the mini-socket that took over in
// FIN_WAIT2. A destroy record always says CLOSE, so the answer comes from what else is known, best evidence first.
#pragma once

#include <cstdint>
#include <optional>

#include "model/event.h"
#include "os/linux/inet_diag.h"

namespace ipm::source::sock_diag {

struct Payload {
  std::uint64_t tx_bytes = 0;
  std::uint64_t rx_bytes = 0;
  std::uint32_t tx_packets = 0;
  std::uint32_t rx_packets = 0;
};

// Payload bytes sent, each counted once.
std::uint64_t unique_sent(const os::TcpCounters& counters);

// States in which the other side's FIN has come into the full socket.
bool fin_received_in(model::TcpState state);

Payload payload_of(const os::TcpCounters& counters, bool fin_received);

// What the kernel says about the tuple after its full socket is gone.
enum class Remains { kNothing, kFinWait2, kTimeWait, kNotAsked };

struct FinEvidence {
  model::TcpState last_state = model::TcpState::kNone;  // In the last dump; kNone: never in one.
  bool last_had_file = false;                           // It had an inode then: not yet closed by its process.
  bool accepted = false;                                // Opened by the other side.
  bool connected = false;                               // Opened by this side. Neither: not known.
  std::optional<std::uint64_t> peer_sent = {};          // By the other end, when that is on this host.
};

// True or false when the evidence decides without asking the kernel.
std::optional<bool> fin_received_by(const FinEvidence& evidence, const os::TcpCounters& final);
// The rest of the decision, with the answer of the kernel.
bool fin_received_given(const FinEvidence& evidence, const os::TcpCounters& final, Remains remains);

}  // namespace ipm::source::sock_diag
