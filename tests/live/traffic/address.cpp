#include "live/traffic/address.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/time.h>

#include <cstdio>

#include "live/traffic/check.h"

namespace ipm::traffic {

std::uint16_t Address::port() const {
  return family() == AF_INET6 ? ntohs(reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port)
                              : ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
}

Address v4(const char* text, std::uint16_t port) {
  Address out;
  auto* const in = reinterpret_cast<sockaddr_in*>(&out.storage);
  in->sin_family = AF_INET;
  in->sin_port = htons(port);
  require(::inet_pton(AF_INET, text, &in->sin_addr) == 1, "no IPv4 address");
  out.length = sizeof *in;
  return out;
}

Address v6(const char* text, std::uint16_t port) {
  Address out;
  auto* const in = reinterpret_cast<sockaddr_in6*>(&out.storage);
  in->sin6_family = AF_INET6;
  in->sin6_port = htons(port);
  require(::inet_pton(AF_INET6, text, &in->sin6_addr) == 1, "no IPv6 address");
  out.length = sizeof *in;
  return out;
}

Address loopback(int family, std::uint16_t port) {
  return family == AF_INET6 ? v6("::1", port) : v4("127.0.0.1", port);
}

Address loopback_number(std::uint32_t number, std::uint16_t port) {
  Address out = v4("127.0.0.1", port);
  auto* const in = reinterpret_cast<sockaddr_in*>(&out.storage);
  in->sin_addr.s_addr = htonl(ntohl(in->sin_addr.s_addr) + number);
  return out;
}

Address local_of(int fd) {
  Address out;
  check(::getsockname(fd, out.get(), &out.length), "getsockname");
  return out;
}

void set_option(int fd, int level, int option, int value, const char* name) {
  check(::setsockopt(fd, level, option, &value, sizeof value), name);
}

Fd socket_of(int family, int type, int protocol) {
  return Fd(check(::socket(family, type | SOCK_CLOEXEC, protocol), "socket"));
}

Fd listen_at(const Address& at, int protocol, bool reuse_port) {
  Fd fd = socket_of(at.family(), SOCK_STREAM, protocol);
  set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
  if (reuse_port) set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT");
  check(::bind(fd.get(), at.get(), at.length), "bind a listener");
  check(::listen(fd.get(), 4'096), "listen");
  return fd;
}

Fd datagram_at(const Address& at) {
  Fd fd = socket_of(at.family(), SOCK_DGRAM);
  set_option(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, kReceiveBytes, "SO_RCVBUFFORCE");
  const timeval patience{.tv_sec = 5, .tv_usec = 0};
  check(::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), "SO_RCVTIMEO");
  check(::bind(fd.get(), at.get(), at.length), "bind a datagram socket");
  return fd;
}

void raise_loopback() {
  const Fd fd = socket_of(AF_UNIX, SOCK_DGRAM);
  ifreq request{};
  std::snprintf(request.ifr_name, sizeof request.ifr_name, "lo");
  check(::ioctl(fd.get(), SIOCGIFFLAGS, &request), "flags of lo");
  if ((request.ifr_flags & IFF_UP) != 0) return;
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  check(::ioctl(fd.get(), SIOCSIFFLAGS, &request), "set lo up");
}

void set_sysctl(const char* path, const char* value) {
  const Fd fd(::open((std::string("/proc/sys/") + path).c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.valid()) throw Skip(std::string("no sysctl ") + path);
  check(::write(fd.get(), value, std::strlen(value)), path);
}

void run_nft(const char* script) {
  FILE* const pipe = ::popen("nft -f -", "we");
  require(pipe != nullptr, "run nft");
  std::fputs(script, pipe);
  if (::pclose(pipe) != 0) throw Skip("nft(8) does not take the rules");
}

}  // namespace ipm::traffic
