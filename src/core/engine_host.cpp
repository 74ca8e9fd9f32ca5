// What belongs to no process: remote addresses, interfaces, namespaces, losses, names.
#include <algorithm>

#include "core/engine.h"

namespace ipm::core {

using model::Event;

std::uint32_t Engine::ensure_endpoint(const model::FlowTuple& tuple, TimeNs time) {
  if (tuple.remote.is_unspecified()) return 0;  // A listener, or a UDP socket without a peer.
  std::uint32_t slot = endpoints_.find(tuple.remote);
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
    endpoints_.remove(victim);
    ++counters_.endpoints_evicted;
  }
  slot = endpoints_.add(tuple.remote, now_, [&](EndpointRow& row) {
    row.address = tuple.remote;
    row.first_seen_ns = row.last_seen_ns = time;
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
  if (counters.tx_bytes < row.last.tx_bytes || counters.rx_bytes < row.last.rx_bytes) row.first = row.last = counters;
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

void Engine::note_dns(const Event& event) {
  const auto answer = event.as<model::DnsAnswer>();
  const std::uint32_t endpoint = endpoints_.find(answer.tuple.remote);
  if (endpoint == kNoSlot) return;
  EndpointRow& row = endpoints_.edit(endpoint);
  row.last_seen_ns = std::max(row.last_seen_ns, event.header.time_ns);
}

}  // namespace ipm::core
