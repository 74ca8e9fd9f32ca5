// One netlink socket (netlink(7)): non-blocking, close-on-exec, in the network namespace of the thread that opens it.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/status.h"
#include "os/linux/fd.h"
#include "os/linux/netlink_messages.h"

namespace ipm::os {

class NetlinkSocket {
 public:
  enum class What {
    kData,     // `bytes` arrived from the kernel.
    kNothing,  // Nothing is there now.
    kForeign,  // Sent by another process, or cut: to be ignored and counted.
    kOverrun,  // The kernel dropped messages (ENOBUFS).
    kFailed,   // `error` says.
  };
  struct Received {
    What what = What::kNothing;
    Bytes bytes = {};
    int error = 0;
  };

  NetlinkSocket() = default;
  // `protocol` is NETLINK_*; `groups` the mask to subscribe to, 0 for none.
  static Result<NetlinkSocket> open(int protocol, std::uint32_t groups);

  // Asks for a receive buffer of that size, past rmem_max where CAP_NET_ADMIN allows. The size in effect.
  std::uint64_t set_receive_buffer(std::uint64_t bytes);
  Status send(Bytes message);
  Received receive(std::span<std::byte> buffer);

  int fd() const { return fd_.get(); }
  bool valid() const { return fd_.valid(); }

 private:
  explicit NetlinkSocket(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace ipm::os
