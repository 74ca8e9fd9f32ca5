#include "live/traffic/process.h"

#include <algorithm>
#include <memory>
#include <string>

#include "live/traffic/check.h"

namespace ipm::traffic {
namespace {

char* scratch() {
  static thread_local const std::unique_ptr<char[]> room(new char[kPayloadBytes]);  // Not filled: pages come when used.
  return room.get();
}

}  // namespace

const char* payload() {
  static const std::string bytes(kPayloadBytes, 'x');
  return bytes.data();
}

std::size_t Process::sent(ssize_t result, const char* what) {
  add(kTxBytes, static_cast<std::uint64_t>(check(result, what)));
  return static_cast<std::size_t>(result);
}

std::size_t Process::received(ssize_t result, const char* what) {
  add(kRxBytes, static_cast<std::uint64_t>(check(result, what)));
  return static_cast<std::size_t>(result);
}

Fd Process::connect(const Address& to, int protocol) {
  Fd fd = socket_of(to.family(), SOCK_STREAM, protocol);
  check(::connect(fd.get(), to.get(), to.length), "connect");
  add(kConnects);
  return fd;
}

Fd Process::accept(int listener) {
  Fd fd(check(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC), "accept4"));
  add(kAccepts);
  return fd;
}

void Process::send(int fd, std::size_t bytes, int flags) {
  while (bytes > 0) bytes -= sent(::send(fd, payload(), std::min(bytes, kPayloadBytes), flags | MSG_NOSIGNAL), "send");
}

void Process::send_to(int fd, const Address& to, std::size_t bytes) {
  require(sent(::sendto(fd, payload(), bytes, 0, to.get(), to.length), "sendto") == bytes, "a short sendto");
}

void Process::receive(int fd, std::size_t bytes) {
  while (bytes > 0) {
    const std::size_t got = received(::recv(fd, scratch(), std::min(bytes, kPayloadBytes), 0), "recv");
    require(got > 0, "the peer ended too early");
    bytes -= got;
  }
}

std::size_t Process::receive_to_end(int fd) {
  std::size_t total = 0;
  while (const std::size_t got = received(::recv(fd, scratch(), kPayloadBytes, 0), "recv")) total += got;
  return total;
}

std::size_t Process::receive_datagram(int fd, std::size_t room, int flags) {
  return received(::recv(fd, scratch(), room, flags), "recv a datagram");
}

void Process::connect_fails(const Address& to, int error) {
  const Fd fd = socket_of(to.family(), SOCK_STREAM);
  require(::connect(fd.get(), to.get(), to.length) != 0, "a connect that should fail succeeded");
  if (errno != error) fail_errno("a connect failed otherwise than expected");
  add(kConnectFailures);
}

void Process::receive_reset(int fd) {
  for (;;) {
    const ssize_t got = ::recv(fd, scratch(), kPayloadBytes, 0);
    if (got < 0 && errno == ECONNRESET) break;
    require(received(got, "recv") > 0, "the peer closed instead of resetting");
  }
  add(kResetsRx);
}

void Process::abort(Fd fd) {
  const linger now{.l_onoff = 1, .l_linger = 0};
  check(::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now), "SO_LINGER");
  fd.close();
  add(kResetsTx);
}

}  // namespace ipm::traffic
