// Addresses of the loopback device, and plain sockets bound to them.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>

#include "os/linux/fd.h"

namespace ipm::traffic {

using os::Fd;

struct Address {
  sockaddr_storage storage{};
  socklen_t length = sizeof(sockaddr_storage);

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
  std::uint16_t port() const;
};

Address v4(const char* text, std::uint16_t port);
Address v6(const char* text, std::uint16_t port);
// 127.0.0.1 or ::1.
Address loopback(int family, std::uint16_t port);
// The n-th address of 127.0.0.0/8: 0 is 127.0.0.1.
Address loopback_number(std::uint32_t number, std::uint16_t port);
Address local_of(int fd);

// Sets an integer option; fails with its name.
void set_option(int fd, int level, int option, int value, const char* name);

Fd socket_of(int family, int type, int protocol = 0);
Fd listen_at(const Address& at, int protocol = 0, bool reuse_port = false);
// A bound datagram socket with room for `kReceiveBytes`, whose reads give up after some seconds.
inline constexpr int kReceiveBytes = 4 << 20;
Fd datagram_at(const Address& at);

// Sets the loopback device of the current network namespace up.
void raise_loopback();
// Writes a file under /proc/sys.
void set_sysctl(const char* path, const char* value);
// Runs a script in nft(8), in the current network namespace.
void run_nft(const char* script);

}  // namespace ipm::traffic
