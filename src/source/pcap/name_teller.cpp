#include "source/pcap/name_teller.h"

namespace ipm::source::pcap {

using model::EventKind;

void NameTeller::on_packet(const decode::Packet& packet, const PacketFacts& facts, const decode::flow::Added& added) {
  if (added.slot >= tickets_.size()) tickets_.resize(std::size_t{added.slot} + 1);
  Ticket& ticket = tickets_[added.slot];
  if (ticket.id != added.id || added.first) {
    hellos_.release(ticket.hello);
    ticket = {.id = added.id};
  }
  if (packet.later_fragment) return;
  if (decode::flow::HelloWatch::wants(ticket.hello)) {
    decode::flow::HelloFacts hello;
    if (hellos_.add(ticket.hello, packet, added.outward, hello)) {
      tell_hello(hello, flows_.known(added), facts.time_ns);
    }
  }
  if (dns_.wants(packet)) {
    asked_by_ = flows_.known(added);
    dns_.add(packet, facts.time_ns, *this);
  }
}

void NameTeller::on_evicted(const decode::flow::FlowRow& row) {
  if (row.slot < tickets_.size() && tickets_[row.slot].id == row.id) hellos_.release(tickets_[row.slot].hello);
}

void NameTeller::tell_hello(const decode::flow::HelloFacts& hello, const FlowTeller::Known& flow, TimeNs now) {
  // Of who connects to this host, a fingerprint says nothing of a program here.
  if (flow.tuple.protocol == 0) return;
  model::TlsHello event;
  event.tuple = flow.tuple;
  event.sni = out_.text(hello.sni(), now);
  event.alpn = out_.text(hello.alpn_list(), now);
  if (hello.ja3) event.ja3 = out_.text(hello.ja3->view(), now);
  if (hello.ja4) event.ja4 = out_.text(hello.ja4->view(), now);
  if (hello.ech) event.flags |= model::TlsHello::kEch;
  out_.write(model::make_event(now, EventKind::kTlsHello, flow.process, 0, event));
}

void NameTeller::on_dns_message(const decode::DnsAnswer& answer, const decode::DnsMessage& message) {
  // What was asked for by whom: a response to another question than was asked is not to be believed.
  if (!message.is_response || answer.asked == decode::DnsAsked::kMismatch || asked_by_.tuple.protocol == 0) return;
  model::DnsAnswer event;
  event.tuple = asked_by_.tuple;
  event.name = out_.text(message.name.view(), answer.time_ns);
  event.question_type = message.question_type;
  event.response_code = message.response_code;
  const auto tell = [&] {
    out_.write(model::make_event(answer.time_ns, EventKind::kDnsAnswer, asked_by_.process, 0, event));
  };
  if (message.addresses == 0) return tell();
  for (std::uint8_t i = 0; i < message.addresses; ++i) {
    event.address = message.address[i].address;
    event.ttl_s = message.address[i].ttl_s;
    tell();
  }
}

}  // namespace ipm::source::pcap
