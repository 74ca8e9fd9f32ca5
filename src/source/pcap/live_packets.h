// Packets of one interface of this host, or of all of one network namespace, by libpcap: on Linux a ring that the
// kernel fills and this process maps (packet(7), TPACKET_V3). Of what the kernel drops when the ring is full, it says
// how much.
//
// Threads: owned by its source. Needs CAP_NET_RAW while it opens.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "source/pcap/captured_packet.h"

namespace ipm::source::pcap {

class LivePackets {
 public:
  struct Options {
    std::string interface;
    std::string filter;
    std::uint32_t snap_bytes = 4'096;
    std::uint32_t buffer_bytes = 16U << 20;
    bool promiscuous = false;
  };
  struct Counters {
    std::uint64_t received = 0;
    std::uint64_t dropped = 0;  // By the kernel for want of room in the ring, or by the interface.
  };

  // Why it cannot work in this build or with these privileges; empty: it can.
  static std::string why_not();

  LivePackets();
  ~LivePackets();
  LivePackets(const LivePackets&) = delete;
  LivePackets& operator=(const LivePackets&) = delete;

  // In the network namespace of the calling thread, whose packets it gives from then on.
  Status open(const Options& options);
  // Timeout: none is there now. Any other status: none will come any more. Times are Unix times.
  Status next(CapturedPacket& packet);
  int fd() const { return fd_; }  // Readable when next() may have one.

  Counters counters();
  const std::vector<model::IpAddress>& addresses() const { return addresses_; }  // Of this end.
  std::uint32_t netns() const { return netns_; }

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
  std::string name_;
  int fd_ = -1;
  std::uint16_t link_type_ = 0;
  std::vector<model::IpAddress> addresses_;
  std::uint32_t netns_ = 0;
  // libpcap counts in 32 bits.
  std::uint32_t received_before_ = 0, dropped_before_ = 0, interface_dropped_before_ = 0;
  Counters counters_;
};

}  // namespace ipm::source::pcap
