#include "source/sock_diag/self_test.h"

#include <algorithm>

#include "source/sock_diag/payload.h"

namespace ipm::source::sock_diag {

void SelfTest::begin(TimeNs now) {
  began_ns_ = now;
  host::Transfer transfer;
  const Status made = transfer.tcp();
  cookie_ = transfer.tcp_cookie();
  if (!made.ok()) not_made_ = std::string(made.message());
}

void SelfTest::ended(const os::DiagSocket& socket) {
  if (socket.cookie != cookie_ || began_ns_ == 0) return;
  bytes_ = 0;
  if (!socket.tcp) return;
  // One more with the FIN, as far as that came in time.
  const std::uint64_t received = socket.tcp->bytes_received;
  const bool fin = received == host::Transfer::kTcpBytes + 1;
  const Payload payload = payload_of(*socket.tcp, fin);
  bytes_ = payload.tx_bytes + payload.rx_bytes;
}

bool SelfTest::failed(TimeNs now) const {
  if (began_ns_ == 0 || !not_made_.empty()) return false;
  return bytes_ ? *bytes_ != kBytes : now - began_ns_ >= kPatience;
}

std::string SelfTest::text(TimeNs now) const {
  if (began_ns_ == 0) return {};
  if (!not_made_.empty()) return "could not be tested: " + not_made_;
  if (!bytes_ && !failed(now)) return "under way";
  const std::string bytes = std::to_string(bytes_.value_or(0)) + " of " + std::to_string(kBytes) + " bytes";
  if (!failed(now)) return "passed: saw " + bytes + " of a closed connection";
  return "failed: saw " + bytes + (bytes_ ? " of a closed connection" : "; the end of its connection was not told");
}

std::optional<Capability> SelfTest::missing(TimeNs now) const {
  if (!failed(now)) return std::nullopt;
  return Capability{"connections that open and close between two dumps", false,
                    "the self-test " + text(now).substr(std::string_view("failed: ").size())};
}

}  // namespace ipm::source::sock_diag
