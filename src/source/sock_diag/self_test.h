// The self-test: a TCP connection that closes at once, and whether its last counters come. The kernel tells of a closed
// socket from a work queue of its own, so they come a while after open().
// Threads: owned by the source's thread.
#pragma once

#include <optional>
#include <string>

#include "os/linux/inet_diag.h"
#include "source/host/transfer.h"
#include "source/source.h"

namespace ipm::source::sock_diag {

class SelfTest {
 public:
  static constexpr TimeNs kPatience = 500 * kMillisecond;
  static constexpr std::uint64_t kBytes = 2 * host::Transfer::kTcpBytes;

  void begin(TimeNs now);
  // The record of a socket that is one of a self-test's.
  void ended(const os::DiagSocket& socket);

  std::uint64_t cookie() const { return cookie_; }

  std::string text(TimeNs now) const;  // Empty: not asked for.
  std::optional<Capability> missing(TimeNs now) const;

 private:
  bool failed(TimeNs now) const;

  TimeNs began_ns_ = 0;
  std::string not_made_;
  std::uint64_t cookie_ = 0;
  std::optional<std::uint64_t> bytes_ = {};  // By its last counters, which came.
};

}  // namespace ipm::source::sock_diag
