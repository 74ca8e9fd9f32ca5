// From the kernel's TCP counters to payload bytes. Pure. The one hard question is whether bytes_received counts a FIN:
// it does if the FIN came into the full socket, it does not if it came into the mini-socket that took over in
// FIN_WAIT2. Both happen to the side that closes first: a peer that closes at once acknowledges our FIN with its own,
// which still meets the full socket. A destroy record always says CLOSE, so the answer comes from what else is known,
// best evidence first.
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
enum class Remains { kNothing, kFinWait2, kTimeWait };

// Which side of the connection a socket is. The SYN of the side that connected is in its bytes_acked.
enum class Role { kUnknown, kConnected, kAccepted };

struct FinEvidence {
  model::TcpState last_state = model::TcpState::kNone;  // In the last dump; kNone: never in one.
  bool last_had_file = false;                           // It had an inode then: not yet closed by its process.
  Role role = Role::kUnknown;
  std::optional<std::uint64_t> peer_sent = {};  // By the other end, when that is on this host.
};

// By what is known here: the last state, the other end. Nothing if that does not decide.
std::optional<bool> fin_received_by(const FinEvidence& evidence, const os::TcpCounters& final);
// By what the kernel says remains. Nothing where it may be either: TIME_WAIT of a socket that was not seen half-closed,
// and the one byte beyond the payload that is the FIN of an accepted socket or the SYN of one that connected.
std::optional<bool> fin_received_given(const FinEvidence& evidence, const os::TcpCounters& final, Remains remains);

// When all evidence leaves it open, in TIME_WAIT. Looked at promptly, a mini-socket would mostly still be in FIN_WAIT2.
inline constexpr bool kFinReceivedByDefault = true;

}  // namespace ipm::source::sock_diag
