#include "source/pcap/entropy_teller.h"

#include <cmath>

namespace ipm::source::pcap {

using decode::ByteEntropy;

void EntropyTeller::on_packet(const decode::Packet& packet, const PacketFacts& facts,
                              const decode::flow::Added& added) {
  if (packet.payload.empty() || !flows_.is_from_here(packet, added)) return;
  Ticket& ticket = ticket_of(added);
  if (!ByteEntropy::wants(ticket.sent)) return;
  if (const auto ended = entropies_.add(ticket.sent, added.slot, packet.payload)) {
    ByteEntropy::keep(tickets_[ended->owner].sent, ended->result);
  }
  if (ByteEntropy::wants(ticket.sent)) return;
  const std::optional<decode::Entropy> whole = entropies_.value(ticket.sent);
  if (!whole) return;
  flows_.tell_if_new(added, facts.time_ns);
  const FlowTeller::Known flow = flows_.known(added);
  model::Entropy event;
  event.tuple = flow.tuple;
  event.millibits = static_cast<std::uint32_t>(std::lround(whole->bits * 1'000));
  out_.write(model::make_event(facts.time_ns, model::EventKind::kEntropy, flow.process, 0, event));
}

void EntropyTeller::on_evicted(const decode::flow::FlowRow& row) {
  if (row.slot < tickets_.size() && tickets_[row.slot].id == row.id) entropies_.end(tickets_[row.slot].sent);
}

EntropyTeller::Ticket& EntropyTeller::ticket_of(const decode::flow::Added& added) {
  if (added.slot >= tickets_.size()) tickets_.resize(std::size_t{added.slot} + 1, {.id = ~std::uint64_t{0}});
  Ticket& ticket = tickets_[added.slot];
  if (ticket.id != added.id) {
    entropies_.end(ticket.sent);
    ticket = {.id = added.id};
  }
  return ticket;
}

}  // namespace ipm::source::pcap
