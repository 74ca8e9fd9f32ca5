#include "source/sock_diag/payload.h"

namespace ipm::source::sock_diag {

using model::TcpState;

std::uint64_t unique_sent(const os::TcpCounters& counters) {
  return counters.bytes_sent > counters.bytes_retrans ? counters.bytes_sent - counters.bytes_retrans : 0;
}

bool fin_received_in(TcpState state) {
  return state == TcpState::kCloseWait || state == TcpState::kLastAck || state == TcpState::kClosing;
}

Payload payload_of(const os::TcpCounters& counters, bool fin_received) {
  Payload out;
  out.tx_bytes = unique_sent(counters);
  out.rx_bytes = counters.bytes_received - (fin_received && counters.bytes_received > 0 ? 1 : 0);
  out.tx_packets = counters.segs_out;
  out.rx_packets = counters.segs_in;
  return out;
}

std::optional<bool> fin_received_by(const FinEvidence& evidence, const os::TcpCounters& final) {
  if (final.bytes_received == 0) return false;
  if (fin_received_in(evidence.last_state)) return true;
  if (evidence.peer_sent) {
    if (final.bytes_received == *evidence.peer_sent + 1) return true;
    if (final.bytes_received == *evidence.peer_sent) return false;
  }
  return std::nullopt;
}

std::optional<bool> fin_received_given(const FinEvidence& evidence, const os::TcpCounters& final, Remains remains) {
  switch (remains) {
    case Remains::kFinWait2:
      return false;  // Still to come.
    case Remains::kTimeWait:
      // A process held it half-closed, so the FIN found the full socket.
      if (evidence.last_state == TcpState::kFinWait2 && evidence.last_had_file) return true;
      return std::nullopt;
    case Remains::kNothing:
      break;
  }
  // No mini-socket: the other side closed first (LAST_ACK), or a reset or a timeout ended it. In the first case our own
  // FIN was acknowledged, which bytes_acked counts; beside it only the SYN of the side that connected.
  if (!final.has_bytes_sent || final.bytes_acked < unique_sent(final)) return !final.has_bytes_sent;
  const std::uint64_t beyond_payload = final.bytes_acked - unique_sent(final);
  if (beyond_payload == 1 && evidence.role == Role::kUnknown) return std::nullopt;
  return beyond_payload >= (evidence.role == Role::kConnected ? 2U : 1U);
}

}  // namespace ipm::source::sock_diag
