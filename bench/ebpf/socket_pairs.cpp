#include "ebpf/socket_pairs.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "checked.h"

namespace ipm::bench {
namespace {

int open_socket(int type) {
  return checked(::socket(AF_INET, type | SOCK_CLOEXEC, 0), "socket");
}

// Bound to a port of the kernel's choice.
sockaddr_in bind_to_loopback(int socket) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t bytes = sizeof address;
  checked(::bind(socket, reinterpret_cast<const sockaddr*>(&address), bytes), "bind");
  checked(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &bytes), "getsockname");
  return address;
}

void connect_to(int socket, const sockaddr_in& address) {
  checked(::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), "connect");
}

}  // namespace

SocketPairs::SocketPairs(Transport transport, std::uint32_t count) {
  transport == Transport::kTcp ? connect_tcp(count) : connect_udp(count);
}

SocketPairs::~SocketPairs() {
  for (const Pair& pair : pairs_) {
    ::close(pair.sends);
    ::close(pair.receives);
  }
}

void SocketPairs::connect_tcp(std::uint32_t count) {
  const int listener = open_socket(SOCK_STREAM);
  const sockaddr_in address = bind_to_loopback(listener);
  checked(::listen(listener, 64), "listen");
  for (std::uint32_t i = 0; i < count; ++i) {
    const int client = open_socket(SOCK_STREAM);
    connect_to(client, address);
    const int now = 1;
    checked(::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &now, sizeof now), "TCP_NODELAY");
    pairs_.push_back({client, checked(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC), "accept")});
  }
  ::close(listener);
}

void SocketPairs::connect_udp(std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) {
    const int server = open_socket(SOCK_DGRAM);
    const sockaddr_in address = bind_to_loopback(server);
    pairs_.push_back({open_socket(SOCK_DGRAM), server});
    connect_to(pairs_.back().sends, address);
  }
}

void SocketPairs::exchange(std::uint32_t times) {
  char message[64] = {};
  for (std::uint32_t i = 0; i < times; ++i) {
    const Pair& pair = pairs_[next_];
    next_ = next_ + 1 == count() ? 0 : next_ + 1;
    checked(static_cast<int>(::send(pair.sends, message, sizeof message, MSG_NOSIGNAL)), "send");
    checked(static_cast<int>(::recv(pair.receives, message, sizeof message, 0)), "receive");
  }
}

}  // namespace ipm::bench
