// Tells what packets say of names: answers of DNS, and the ClientHellos of TLS, QUIC and DTLS.
//
// Bounded by the watches, which count what they give up. Threads: owned by its source.
#pragma once

#include <vector>

#include "decode/dns_watch.h"
#include "decode/flow/hello_watch.h"
#include "source/pcap/flow_teller.h"

namespace ipm::source::pcap {

class NameTeller final : private decode::DnsListener {
 public:
  NameTeller(const FlowTeller& flows, host::EventOut& out) : flows_(flows), out_(out) {}

  // A packet of a flow that was told of, while its payload is there.
  void on_packet(const decode::Packet& packet, const PacketFacts& facts, const decode::flow::Added& added);
  void on_evicted(const decode::flow::FlowRow& row);

  const decode::flow::HelloWatch& hellos() const { return hellos_; }
  const decode::DnsWatch& dns() const { return dns_; }

 private:
  struct Ticket {
    std::uint64_t id = 0;
    decode::flow::HelloTicket hello = {};
  };
  void on_dns_message(const decode::DnsAnswer& answer, const decode::DnsMessage& message) override;
  void tell_hello(const decode::flow::HelloFacts& hello, const FlowTeller::Known& flow, TimeNs now);

  const FlowTeller& flows_;
  host::EventOut& out_;
  decode::flow::HelloWatch hellos_;
  decode::DnsWatch dns_;
  std::vector<Ticket> tickets_;      // By slot of the flow table.
  FlowTeller::Known asked_by_ = {};  // The flow of the packet that DnsWatch reads just now.
};

}  // namespace ipm::source::pcap
