// A captured packet as packets of flows: at the innermost TCP or UDP header, at the outermost, or at both when there is
// one such header. Later fragments come when their first one is known, which may be after it.
//
// Bounded by its table of fragments. Threads: one caller at a time. Nothing is allocated for a packet.
#pragma once

#include <cstdint>

#include "decode/fragments.h"
#include "decode/frame.h"
#include "source/pcap/captured_packet.h"

namespace ipm::source::pcap {

enum class View : std::uint8_t { kBoth = 0, kInner = 1, kOuter = 2 };

// What is said of a packet beside its headers.
struct PacketFacts {
  View view = View::kBoth;
  TimeNs time_ns = 0;  // Unix time. Of a packet without one: that of the packet before it.
  std::uint32_t wire_bytes = 0;
  PacketDirection direction = PacketDirection::kUnknown;
  decode::Tunnel tunnel = decode::Tunnel::kNone;
  CapturedProcess process = {};  // Who owns its socket, if the capture says so and means it.
};

class PacketListener {
 public:
  virtual ~PacketListener() = default;
  // TCP or UDP; a later fragment has the ports of its first. The payload is there until the next packet is read.
  virtual void on_packet(const decode::Packet& packet, const PacketFacts& facts) = 0;
  // A packet did not arrive: `error.quoted` says which. It counts nowhere.
  virtual void on_icmp_error(const decode::IcmpError&, const PacketFacts&) {}
};

class Dissector {
 public:
  struct Counters {
    std::uint64_t flow_packets = 0;  // Of the inner view.
    std::uint64_t other = 0;         // Neither TCP nor UDP, or more of a fragment that waits.
    std::uint64_t malformed = 0;
  };

  explicit Dissector(decode::FragmentTable::Options fragments) : fragments_(fragments) {}

  void take(const CapturedPacket& captured, PacketListener& listener);

  const Counters& counters() const { return counters_; }
  // Later fragments that found no flow, those that still wait included.
  std::uint64_t fragments_unplaced() const { return fragments_.counters().orphans + fragments_.waiting(); }
  TimeNs time_ns() const { return time_ns_; }  // Of the last packet.

 private:
  void tell(const decode::Packet& inner, const decode::Packet& outer, bool tunnelled,
            decode::FragmentTable::Ready ready, PacketFacts& facts, PacketListener& listener);

  decode::FragmentTable fragments_;
  decode::Frame frame_;
  Counters counters_;
  TimeNs time_ns_ = 0;
};

}  // namespace ipm::source::pcap
