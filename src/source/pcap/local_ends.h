// Which end of a flow is this host, as far as a capture tells. Used in this order: the capture says which way a packet
// of the flow went; it said so of another packet with that address; one end is private or link-local and the other is
// not; else the end that opened the flow.
//
// Bounded: kAddressesMax addresses are remembered. Threads: owned by its source.
#pragma once

#include <map>

#include "decode/ip.h"
#include "source/pcap/captured_packet.h"

namespace ipm::source::pcap {

enum class LocalRule : std::uint8_t { kOpener = 0, kScope = 1, kAddress = 2, kPacket = 3 };

class LocalEnds {
 public:
  static constexpr std::size_t kAddressesMax = 4'096;

  // An address of this host.
  void add_local(const model::IpAddress& address) { add(address, Side::kLocal); }
  // What a packet shows by its direction.
  void note(const decode::Packet& packet, PacketDirection direction);

  struct Finding {
    bool sender = true;  // Of the packet: it is the local end.
    LocalRule rule = LocalRule::kOpener;
  };
  // By the first packet of a flow; `opener_is_sender`: it was sent by the end that opened it.
  Finding find(const decode::Packet& packet, PacketDirection direction, bool opener_is_sender) const;

 private:
  enum class Side : std::uint8_t { kLocal = 1, kRemote = 2, kBoth = 3 };
  void add(const model::IpAddress& address, Side side);
  Side side_of(const model::IpAddress& address) const;

  std::map<model::IpAddress, Side> addresses_;
};

}  // namespace ipm::source::pcap
