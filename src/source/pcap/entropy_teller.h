// Tells once of each flow how evenly the bytes are spread that this host sent first: when a whole sample of them was
// seen, so that what is compared is of one size.
//
// Bounded by ByteEntropy: a sample that has to make room is not told. Threads: owned by its source.
#pragma once

#include <vector>

#include "decode/byte_entropy.h"
#include "source/pcap/flow_teller.h"

namespace ipm::source::pcap {

class EntropyTeller {
 public:
  EntropyTeller(FlowTeller& flows, host::EventOut& out) : flows_(flows), out_(out) {}

  // A packet of a flow that FlowTeller has heard of, while its payload is there.
  void on_packet(const decode::Packet& packet, const PacketFacts& facts, const decode::flow::Added& added);
  void on_evicted(const decode::flow::FlowRow& row);

 private:
  struct Ticket {
    std::uint64_t id = 0;
    decode::EntropyTicket sent = {};
  };
  Ticket& ticket_of(const decode::flow::Added& added);

  FlowTeller& flows_;
  host::EventOut& out_;
  decode::ByteEntropy entropies_;
  std::vector<Ticket> tickets_;  // By slot of the flow table.
};

}  // namespace ipm::source::pcap
