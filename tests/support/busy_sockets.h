// A datagram over each of many sockets, again and again, until it goes.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>

#include <atomic>
#include <thread>
#include <vector>

#include "os/linux/fd.h"

namespace ipm::test {

class BusySockets {
 public:
  explicit BusySockets(int sockets) {
    for (int i = 0; i < sockets; ++i) {
      os::Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_port = htons(9);
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) continue;
      sockets_.push_back(std::move(fd));
    }
    sender_ = std::thread([this] {
      while (!stop_.load()) {
        for (const os::Fd& fd : sockets_) (void)::send(fd.get(), "x", 1, MSG_NOSIGNAL);
      }
    });
  }
  ~BusySockets() {
    stop_.store(true);
    sender_.join();
  }
  BusySockets(const BusySockets&) = delete;
  BusySockets& operator=(const BusySockets&) = delete;

 private:
  std::vector<os::Fd> sockets_;
  std::atomic<bool> stop_{false};
  std::thread sender_;
};

}  // namespace ipm::test
