// What belongs to no process: remote addresses, interfaces, namespaces, losses, names.
#include <algorithm>

#include "core/engine.h"

namespace ipm::core {
namespace {

// The counter starts from zero again; last - first, what was counted before, stays.
template <typename Counter>
void begin_again(Counter& first, Counter& last) {
  first -= last;  // Wraps, and back again when the difference is taken.
  last = 0;
}

void begin_again(model::Interface& first, model::Interface& last) {
  begin_again(first.rx_bytes, last.rx_bytes);
  begin_again(first.tx_bytes, last.tx_bytes);
  begin_again(first.rx_packets, last.rx_packets);
  begin_again(first.tx_packets, last.tx_packets);
  begin_again(first.rx_drops, last.rx_drops);
  begin_again(first.tx_drops, last.tx_drops);
  begin_again(first.rx_errors, last.rx_errors);
  begin_again(first.tx_errors, last.tx_errors);
}

void begin_again(model::HostCounters& first, model::HostCounters& last) {
  begin_again(first.tcp_active_opens, last.tcp_active_opens);
  begin_again(first.tcp_passive_opens, last.tcp_passive_opens);
  begin_again(first.tcp_attempt_fails, last.tcp_attempt_fails);
  begin_again(first.tcp_estab_resets, last.tcp_estab_resets);
  begin_again(first.tcp_retrans_segs, last.tcp_retrans_segs);
  begin_again(first.tcp_out_rsts, last.tcp_out_rsts);
  begin_again(first.udp_in_datagrams, last.udp_in_datagrams);
  begin_again(first.udp_out_datagrams, last.udp_out_datagrams);
  begin_again(first.tcp_in_segs, last.tcp_in_segs);
  begin_again(first.tcp_out_segs, last.tcp_out_segs);
}

}  // namespace

using model::Event;

std::uint32_t Engine::ensure_endpoint(const model::IpAddress& remote, std::uint32_t netns, TimeNs time) {
  if (remote.is_unspecified()) return 0;  // A listener, or a UDP socket without a peer.
  std::uint32_t slot = endpoints_.find(remote);
  if (slot != kNoSlot) {
    endpoints_.touch(slot, now_);
    return slot + 1;
  }
  if (endpoints_.full()) {
    const std::uint32_t victim = endpoints_.victim(now_);
    if (victim == kNoSlot) {
      ++counters_.no_room;
      return 0;
    }
    texts_.release(endpoints_.at(victim).name);
    texts_.release(endpoints_.at(victim).as_name);
    hits_.release(endpoints_.at(victim).hit);
    endpoints_.remove(victim);
    ++counters_.endpoints_evicted;
  }
  slot = endpoints_.add(remote, now_, [&](EndpointRow& row) {
    row.address = remote;
    row.first_seen_ns = row.last_seen_ns = time;
    row.name = names_.name_of(remote, netns, now_);
  });
  return slot + 1;
}

std::uint32_t Engine::ensure_namespace(std::uint32_t netns, TimeNs time) {
  std::uint32_t slot = namespaces_.find(netns);
  if (slot != kNoSlot) return slot;
  if (namespaces_.full()) namespaces_.remove(namespaces_.victim(now_));
  slot = namespaces_.add(netns, now_, [&](NamespaceRow& row) {
    row.netns = netns;
    row.first_seen_ns = row.last_seen_ns = time;
  });
  return slot;
}

void Engine::note_interface(const Event& event) {
  const auto counters = event.as<model::Interface>();
  const TimeNs time = event.header.time_ns;
  std::uint32_t slot = interfaces_.find(InterfaceTraits::make(counters.netns, counters.index));
  if (slot == kNoSlot) {
    if (interfaces_.full()) {
      interfaces_.remove(interfaces_.victim(now_));
      ++counters_.interfaces_evicted;
    }
    slot = interfaces_.add(InterfaceTraits::make(counters.netns, counters.index), now_, [&](InterfaceRow& row) {
      row.first = row.last = counters;
      row.first_seen_ns = time;
    });
    ensure_namespace(counters.netns, time);
  }
  InterfaceRow& row = interfaces_.edit(slot);
  // Counters that go back belong to a new device under an old index.
  if (counters.tx_bytes < row.last.tx_bytes || counters.rx_bytes < row.last.rx_bytes) begin_again(row.first, row.last);
  row.tx_rate.add(now_, counters.tx_bytes - row.last.tx_bytes);
  row.rx_rate.add(now_, counters.rx_bytes - row.last.rx_bytes);
  row.last = counters;
  row.last_seen_ns = std::max(row.last_seen_ns, time);
  interfaces_.touch(slot, now_);
}

void Engine::note_host_counters(const Event& event) {
  const auto counters = event.as<model::HostCounters>();
  const std::uint32_t slot = ensure_namespace(counters.netns, event.header.time_ns);
  NamespaceRow& row = namespaces_.edit(slot);
  if (row.has_counters == 0) row.first = counters;
  // The kernel gives the number of a namespace that is gone to the next one.
  const bool back = counters.tcp_in_segs < row.last.tcp_in_segs || counters.tcp_out_segs < row.last.tcp_out_segs ||
                    counters.tcp_active_opens < row.last.tcp_active_opens ||
                    counters.tcp_passive_opens < row.last.tcp_passive_opens ||
                    counters.udp_in_datagrams < row.last.udp_in_datagrams ||
                    counters.udp_out_datagrams < row.last.udp_out_datagrams;
  if (row.has_counters != 0 && back) begin_again(row.first, row.last);
  row.has_counters = 1;
  row.last = counters;
  row.last_seen_ns = std::max(row.last_seen_ns, event.header.time_ns);
  namespaces_.touch(slot, now_);
}

void Engine::note_loss(const model::Loss& loss, TimeNs time) {
  using model::LossWhat;
  ++ledger_.losses;
  ledger_.lost_events += loss.events;
  // What a kernel buffer or a stale dump lost concerns some flows: the source marks their events.
  if (loss.what != LossWhat::kKernelBuffer && loss.what != LossWhat::kStaleDump) {
    last_loss_ns_ = std::max(last_loss_ns_, time);
    if (watch_ != nullptr) watch_->lost(time);
  }
  const auto layer = static_cast<std::uint8_t>(loss.layer);
  if (loss.bytes_known == 0 || layer == 0 || layer >= model::kByteLayers) return;
  // The direction of lost bytes is not known: they stand on the sent side of the ledger.
  const Traffic bytes{loss.bytes, 0};
  ledger_.by_layer[layer].known_lost.add(bytes);
  ledger_.by_layer[layer].seen.add(bytes);
}

void Engine::note_source(const model::SourceInfo& info) {
  for (model::SourceInfo& known : sources_) {
    if (known.number == info.number) {
      known = info;
      return;
    }
  }
  if (sources_.size() < kSourcesMax) sources_.push_back(info);
}

void Engine::note_dns(const Event& event, std::uint64_t flow_hash) {
  if (watch_ != nullptr) tell_question(event, flow_hash);
  const auto answer = event.as<model::DnsAnswer>();
  if (const std::uint32_t server = endpoints_.find(answer.tuple.remote); server != kNoSlot) {
    EndpointRow& row = endpoints_.edit(server);
    row.last_seen_ns = std::max(row.last_seen_ns, event.header.time_ns);
  }
  if (answer.response_code != 0 || answer.address == model::IpAddress{}) return;
  const std::uint32_t name = texts_.of_source(event.header.source, answer.name);
  if (name == 0) return;
  if (const std::uint32_t named = endpoints_.find(answer.address); named != kNoSlot) {
    EndpointRow& row = endpoints_.edit(named);
    if (!row.name_is_sni) {
      texts_.retain(name);
      texts_.release(row.name);
      row.name = name;
    }
  }
  names_.answered(answer.address, answer.tuple.netns, name, TimeNs{answer.ttl_s} * kSecond, now_);
}

void Engine::note_hello(const Event& event, std::uint64_t flow_hash) {
  const auto hello = event.as<model::TlsHello>();
  apply_flow(event, flow_hash);  // Finds or makes the flow.
  const std::uint32_t slot = flow_of(event, hello.tuple, flow_hash);
  if (slot == kNoSlot) return;
  const std::uint16_t source = event.header.source;
  FlowRow& row = flows_.edit(slot);
  row.names = names_.greeted(row.names, {.sni = texts_.of_source(source, hello.sni),
                                         .alpn = texts_.of_source(source, hello.alpn),
                                         .ja3 = texts_.of_source(source, hello.ja3),
                                         .ja4 = texts_.of_source(source, hello.ja4),
                                         .ech = (hello.flags & model::TlsHello::kEch) != 0});
  name_endpoint(row);
  learn_clues(slot);
  tell_listed(slot, event.header.time_ns);
}

// The name that a client asked for is nearer than one of the many that DNS may give an address. A client that calls
// here names this host.
void Engine::name_endpoint(const FlowRow& flow) {
  if (flow.endpoint == 0 || flow.names == 0 || flow.tuple.direction == model::Direction::kIn) return;
  const std::uint32_t sni = names_.flows().at(flow.names - 1).sni;
  if (sni == 0) return;
  EndpointRow& row = endpoints_.edit(flow.endpoint - 1);
  texts_.retain(sni);
  texts_.release(row.name);
  row.name = sni;
  row.name_is_sni = true;
}

}  // namespace ipm::core
