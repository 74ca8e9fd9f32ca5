// A TCP connection over loopback, both ends in this process, that moves exact byte counts.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace ipm::test {

class LoopbackPair {
 public:
  explicit LoopbackPair(int family) {
    const int listener = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_storage address{};
    socklen_t size = 0;
    if (family == AF_INET6) {
      auto* six = reinterpret_cast<sockaddr_in6*>(&address);
      six->sin6_family = AF_INET6;
      six->sin6_addr = in6addr_loopback;
      size = sizeof *six;
    } else {
      auto* four = reinterpret_cast<sockaddr_in*>(&address);
      four->sin_family = AF_INET;
      four->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      size = sizeof *four;
    }
    ok_ = ::bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0 && ::listen(listener, 8) == 0;
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&address)->sin6_port
                                     : reinterpret_cast<sockaddr_in*>(&address)->sin_port);
    client_ = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ok_ = ok_ && ::connect(client_, reinterpret_cast<sockaddr*>(&address), size) == 0;
    server_ = ::accept(listener, nullptr, nullptr);
    ok_ = ok_ && server_ >= 0;
    ::close(listener);
  }
  ~LoopbackPair() {
    close_client();
    close_server();
  }
  LoopbackPair(const LoopbackPair&) = delete;
  LoopbackPair& operator=(const LoopbackPair&) = delete;

  bool ok() const { return ok_; }
  int port() const { return port_; }
  // Moves the bytes and waits until the other end has read them all.
  void client_sends(std::size_t bytes) { move(client_, server_, bytes); }
  void server_sends(std::size_t bytes) { move(server_, client_, bytes); }
  void close_client() {
    if (client_ >= 0) ::close(client_);
    client_ = -1;
  }
  void close_server() {
    if (server_ >= 0) ::close(server_);
    server_ = -1;
  }

 private:
  void move(int from, int to, std::size_t bytes) {
    std::vector<char> chunk(16'384);
    while (bytes != 0 && ok_) {
      const std::size_t part = bytes < chunk.size() ? bytes : chunk.size();
      ok_ = ::send(from, chunk.data(), part, MSG_NOSIGNAL) == static_cast<ssize_t>(part);
      for (std::size_t read = 0; ok_ && read < part;) {
        const ssize_t got = ::recv(to, chunk.data(), chunk.size(), 0);
        ok_ = got > 0;
        read += got > 0 ? static_cast<std::size_t>(got) : 0;
      }
      bytes -= part;
    }
  }
  int client_ = -1;
  int server_ = -1;
  int port_ = 0;
  bool ok_ = false;
};

}  // namespace ipm::test
