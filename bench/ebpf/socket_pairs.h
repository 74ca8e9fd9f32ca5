// Connected pairs of sockets over loopback, both ends in one process, in the network namespace of the caller.
#pragma once

#include <cstdint>
#include <vector>

namespace ipm::bench {

enum class Transport { kTcp, kUdp };

class SocketPairs {
 public:
  // Throws std::runtime_error.
  SocketPairs(Transport transport, std::uint32_t count);
  ~SocketPairs();
  SocketPairs(const SocketPairs&) = delete;
  SocketPairs& operator=(const SocketPairs&) = delete;

  std::uint32_t count() const { return static_cast<std::uint32_t>(pairs_.size()); }
  // 64 bytes sent at one end and received at the other, `times` times, each time by the next pair.
  void exchange(std::uint32_t times);

 private:
  struct Pair {
    int sends, receives;
  };
  void connect_tcp(std::uint32_t count);
  void connect_udp(std::uint32_t count);

  std::vector<Pair> pairs_;
  std::uint32_t next_ = 0;
};

}  // namespace ipm::bench
