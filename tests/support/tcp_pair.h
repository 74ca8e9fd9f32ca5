// A TCP connection on loopback, both ends in this process.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "os/linux/fd.h"

namespace ipm::test {

inline std::uint16_t port_of(int fd, bool remote = false) {
  sockaddr_in6 address{};
  socklen_t length = sizeof address;
  auto* out = reinterpret_cast<sockaddr*>(&address);
  if ((remote ? ::getpeername(fd, out, &length) : ::getsockname(fd, out, &length)) != 0) return 0;
  return ntohs(address.sin6_port);  // At the same place in sockaddr_in.
}

inline sockaddr_storage loopback(int family, std::uint16_t port, socklen_t& length) {
  sockaddr_storage storage{};
  storage.ss_family = static_cast<sa_family_t>(family);
  if (family == AF_INET) {
    auto* address = reinterpret_cast<sockaddr_in*>(&storage);
    address->sin_port = htons(port);
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    length = sizeof *address;
  } else {
    auto* address = reinterpret_cast<sockaddr_in6*>(&storage);
    address->sin6_port = htons(port);
    address->sin6_addr = in6addr_loopback;
    length = sizeof *address;
  }
  return storage;
}

inline os::Fd listen_on_loopback(int family = AF_INET) {
  os::Fd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  socklen_t length = 0;
  const sockaddr_storage address = loopback(family, 0, length);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0 || ::listen(fd.get(), 4096) != 0) {
    throw std::runtime_error("listen on loopback failed");
  }
  return fd;
}

inline os::Fd connect_to_loopback(std::uint16_t port, int family = AF_INET) {
  os::Fd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  socklen_t length = 0;
  const sockaddr_storage address = loopback(family, port, length);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0) {
    throw std::runtime_error("connect to loopback failed");
  }
  return fd;
}

inline void send_bytes(int fd, std::size_t bytes) {
  const std::vector<char> data(std::min<std::size_t>(bytes, 65'536), 'x');
  while (bytes > 0) {
    const ssize_t sent = ::send(fd, data.data(), std::min(bytes, data.size()), MSG_NOSIGNAL);
    if (sent <= 0) throw std::runtime_error("send failed");
    bytes -= static_cast<std::size_t>(sent);
  }
}

// Reads exactly that many, or up to the end with SIZE_MAX; how many came.
inline std::size_t receive_bytes(int fd, std::size_t bytes = SIZE_MAX) {
  std::vector<char> data(65'536);
  std::size_t total = 0;
  while (total < bytes) {
    const ssize_t got = ::recv(fd, data.data(), std::min(bytes - total, data.size()), 0);
    if (got < 0) throw std::runtime_error("receive failed");
    if (got == 0) break;
    total += static_cast<std::size_t>(got);
  }
  return total;
}

struct TcpPair {
  os::Fd listener, client, server;
  std::uint16_t client_port = 0, server_port = 0;

  explicit TcpPair(int family = AF_INET) : listener(listen_on_loopback(family)) {
    server_port = port_of(listener.get());
    client = connect_to_loopback(server_port, family);
    server = os::Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    client_port = port_of(client.get());
  }
  void move(std::size_t to_server, std::size_t to_client) {
    send_bytes(client.get(), to_server);
    receive_bytes(server.get(), to_server);
    send_bytes(server.get(), to_client);
    receive_bytes(client.get(), to_client);
  }
};

}  // namespace ipm::test
