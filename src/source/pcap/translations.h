// What a flow is called beyond an address translation of this host, by the kernel's table of connections (NAT, RFC
// 2663).
//
// Threads: owned by its source. Cost: up to two system calls and as many answers for each flow that is asked about.
// Needs CAP_NET_ADMIN whenever it asks.
#pragma once

#include <optional>
#include <string>

#include "base/status.h"
#include "model/event.h"
#include "os/linux/conntrack.h"
#include "os/linux/netlink_socket.h"

namespace ipm::source::pcap {

class Translations {
 public:
  // In the network namespace of the calling thread.
  void open();
  // Empty where nothing is translated, or nobody knows.
  std::optional<model::SocketNat> find(const model::FlowTuple& captured);
  // Why it finds none; empty: it looks.
  const std::string& why_not() const { return why_not_; }

 private:
  std::optional<os::ConntrackEntry> ask(const os::ConntrackTuple& tuple);

  std::optional<os::NetlinkSocket> socket_;
  std::uint32_t sequence_ = 0;
  std::string why_not_;
};

}  // namespace ipm::source::pcap
