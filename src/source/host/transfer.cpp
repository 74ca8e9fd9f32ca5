#include "source/host/transfer.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>

#include "os/linux/clock.h"

namespace ipm::source::host {
namespace {

// Of the process, since any of its monitors may see the sockets of another's self-test. A cookie is there before its
// socket moves anything: who learns of the socket from the kernel finds it.
constexpr std::size_t kTransfers = 64;
std::array<std::atomic<std::uint64_t>, kTransfers> g_cookies{};
std::atomic<std::uint32_t> g_next{0};

Status said(const char* what) {
  return Status::from_errno(what, errno);
}

// Bound to a port of 127.0.0.1, without blocking; `cookie` is its own.
Result<os::Fd> local_socket(int type, sockaddr_in& address, std::uint64_t& cookie) {
  os::Fd fd(::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return said("make a socket");
  address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  socklen_t bytes = sizeof address;
  if (::bind(fd.get(), raw, bytes) != 0) return said("bind to 127.0.0.1 (is lo up?)");
  if (::getsockname(fd.get(), raw, &bytes) != 0) return said("find the port");
  bytes = sizeof cookie;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_COOKIE, &cookie, &bytes) != 0) return said("find the socket's cookie");
  g_cookies[g_next.fetch_add(1) % kTransfers].store(cookie);
  return fd;
}

}  // namespace

bool is_transfer(std::uint64_t cookie) noexcept {
  if (cookie == 0 || g_next.load() == 0) return false;
  return std::any_of(g_cookies.begin(), g_cookies.end(), [&](const auto& known) { return known.load() == cookie; });
}

Status Transfer::wait(int fd, short events) {
  pollfd wanted{fd, events, 0};
  const TimeNs left = end_ns_ - os::boottime_ns();
  // Interrupted by a signal, it is tried again for what is left.
  const int count = left <= 0 ? 0 : ::poll(&wanted, 1, static_cast<int>((left + kMillisecond - 1) / kMillisecond));
  if (count < 0 && errno != EINTR) return said("wait for loopback");
  if (count == 0) return Status::io("nothing came back over loopback within 200 ms");
  return Status::success();
}

Status Transfer::move_all(int fd, std::uint64_t bytes) {
  std::array<char, kTcpBytes> buffer{};
  for (const bool sends : {true, false}) {
    for (std::uint64_t done = 0; done < bytes;) {
      const ssize_t moved =
          sends ? ::send(fd, buffer.data(), bytes - done, MSG_NOSIGNAL) : ::recv(fd, buffer.data(), bytes - done, 0);
      if (moved > 0) {
        done += static_cast<std::uint64_t>(moved);
        continue;
      }
      if (moved == 0) return Status::io("loopback ended the connection");
      if (errno != EAGAIN && errno != EINTR) return said(sends ? "send over loopback" : "receive over loopback");
      if (Status status = wait(fd, sends ? POLLOUT : POLLIN); !status.ok()) return status;
    }
  }
  return Status::success();
}

Status Transfer::tcp() {
  if (end_ns_ == 0) end_ns_ = os::boottime_ns() + kPatience;
  sockaddr_in address;
  Result<os::Fd> fd = local_socket(SOCK_STREAM, address, tcp_cookie_);
  if (!fd.ok()) return fd.status();
  tcp_ = std::move(*fd);
  // Both sides open at once (RFC 9293 §3.5, figure 7), and both are this socket.
  if (::connect(tcp_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    if (errno != EINPROGRESS) return said("connect over loopback");
    if (Status status = wait(tcp_.get(), POLLOUT); !status.ok()) return status;
    int error = 0;
    socklen_t bytes = sizeof error;
    (void)::getsockopt(tcp_.get(), SOL_SOCKET, SO_ERROR, &error, &bytes);
    if (error != 0) return Status::from_errno("connect over loopback", error);
  }
  return move_all(tcp_.get(), kTcpBytes);
}

Status Transfer::udp() {
  if (end_ns_ == 0) end_ns_ = os::boottime_ns() + kPatience;
  sockaddr_in address;
  Result<os::Fd> fd = local_socket(SOCK_DGRAM, address, udp_cookie_);
  if (!fd.ok()) return fd.status();
  udp_ = std::move(*fd);
  if (::connect(udp_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return said("connect over loopback");
  }
  return move_all(udp_.get(), kUdpBytes);
}

void Transfer::close() {
  tcp_.close();
  udp_.close();
}

}  // namespace ipm::source::host
