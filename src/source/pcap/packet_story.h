// Packets become the story of a host: flows, which end of them is here, and names. What capture files and interfaces
// have in common.
//
// Bounded by its flow table. Threads: owned by its source.
#pragma once

#include "decode/flow/flow_table.h"
#include "source/host/event_out.h"
#include "source/pcap/dissector.h"
#include "source/pcap/entropy_teller.h"
#include "source/pcap/flow_teller.h"
#include "source/pcap/name_teller.h"

namespace ipm::source::pcap {

class PacketStory final : private PacketListener, private decode::flow::FlowRowSink {
 public:
  // A packet with its names: 32 addresses of one answer, and texts of 4 KiB in parts.
  static constexpr std::uint64_t kRoomMin = 512;

  PacketStory(const decode::flow::FlowTable::Options& flows, const FlowTeller::Options& teller, host::EventOut& out);

  // There must be room for kRoomMin events.
  void take(const CapturedPacket& packet) { packets_.take(packet, *this); }
  // Tells what has waited long enough; all of it with `everything`. False: no room, call again.
  bool advance(TimeNs now, bool everything) { return teller_.advance(now, everything, kRoomMin); }
  // For interfaces: also gives up flows that have been over, or silent, for long enough.
  void expire(TimeNs now);
  // Nothing more will come. False: no room, call again.
  bool finish(TimeNs now) { return teller_.finish(now, kRoomMin); }

  LocalEnds& ends() { return teller_.ends(); }
  TimeNs time_ns() const { return packets_.time_ns(); }  // Of the last packet.
  void add_missing(Degradations& missing) const;

 private:
  void on_packet(const decode::Packet& packet, const PacketFacts& facts) override;
  void on_icmp_error(const decode::IcmpError& error, const PacketFacts& facts) override;
  void take(const decode::flow::FlowRow& row) override;

  Dissector packets_;
  decode::flow::FlowTable flows_;
  FlowTeller teller_;
  NameTeller names_;
  EntropyTeller entropies_;
};

// What packets show in this build: of files and of interfaces.
Capabilities packet_capabilities();

}  // namespace ipm::source::pcap
