// A known transfer for self-tests: a TCP and a UDP socket of this process, each connected to itself over 127.0.0.1, so
// that both ends of what is sent are one socket. Its cookie is known before anything moves, which lets every source of
// this process leave it out, whichever monitor it belongs to (is_transfer). Monitors of other processes see it: to
// them it is traffic like any other.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "base/time.h"
#include "os/linux/fd.h"

namespace ipm::source::host {

class Transfer {
 public:
  static constexpr std::uint64_t kTcpBytes = 4'096, kUdpBytes = 512;  // Sent, and as many received.
  static constexpr TimeNs kPatience = 200 * kMillisecond;             // For all of it.

  // An error: it could not be made here, which says nothing of the source.
  Status tcp();
  Status udp();
  void close();  // Orderly: the kernel keeps nothing but a TIME_WAIT.

  std::uint64_t tcp_cookie() const { return tcp_cookie_; }
  std::uint64_t udp_cookie() const { return udp_cookie_; }
  int tcp_socket() const { return tcp_.get(); }

 private:
  Status move_all(int fd, std::uint64_t bytes);
  Status wait(int fd, short events);

  os::Fd tcp_, udp_;
  std::uint64_t tcp_cookie_ = 0, udp_cookie_ = 0;
  TimeNs end_ns_ = 0;
};

// Whether a socket is, or lately was, one of a transfer of this process. Any thread. The last 64 are known.
bool is_transfer(std::uint64_t cookie) noexcept;

}  // namespace ipm::source::host
