#include "os/linux/netlink_socket.h"

#include <linux/netlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace ipm::os {

Result<NetlinkSocket> NetlinkSocket::open(int protocol, std::uint32_t groups) {
  Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
  if (!fd.valid()) return Status::from_errno("open netlink socket", errno);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return Status::from_errno("bind netlink socket", errno);
  }
  return NetlinkSocket(std::move(fd));
}

std::uint64_t NetlinkSocket::set_receive_buffer(std::uint64_t bytes) {
  // The kernel doubles the value for its bookkeeping and reports the doubled one (socket(7)).
  const int value = static_cast<int>(std::min<std::uint64_t>(bytes, std::numeric_limits<int>::max() / 2));
  if (::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &value, sizeof value) != 0) {
    (void)::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &value, sizeof value);
  }
  int actual = 0;
  socklen_t length = sizeof actual;
  if (::getsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &actual, &length) != 0 || actual < 0) return 0;
  return static_cast<std::uint64_t>(actual) / 2;
}

Status NetlinkSocket::send(Bytes message) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  const ssize_t sent = ::sendto(fd_.get(), message.data(), message.size(), MSG_NOSIGNAL,
                                reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel);
  if (sent < 0) return Status::from_errno("send netlink message", errno);
  return Status::success();
}

NetlinkSocket::Received NetlinkSocket::receive(std::span<std::byte> buffer) {
  sockaddr_nl sender{};
  iovec io{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_name = &sender;
  message.msg_namelen = sizeof sender;
  message.msg_iov = &io;
  message.msg_iovlen = 1;
  ssize_t size = 0;
  do {
    size = ::recvmsg(fd_.get(), &message, MSG_DONTWAIT);
  } while (size < 0 && errno == EINTR);
  if (size < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {What::kNothing, {}, 0};
    if (errno == ENOBUFS) return {What::kOverrun, {}, ENOBUFS};
    return {What::kFailed, {}, errno};
  }
  // Port 0 is the kernel; anyone may send to a netlink socket's port otherwise.
  if (sender.nl_pid != 0 || (message.msg_flags & MSG_TRUNC) != 0) return {What::kForeign, {}, 0};
  return {What::kData, Bytes(buffer.data(), static_cast<std::size_t>(size)), 0};
}

}  // namespace ipm::os
