#include "source/ebpf/peers.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

namespace ipm::source::ebpf {
namespace {

constexpr std::uint16_t kInet6 = 10;                                         // AF_INET6
constexpr std::uint64_t kIpv4UdpHeaders = 20 + 8, kIpv6UdpHeaders = 40 + 8;  // RFC 791, RFC 8200, RFC 768.

}  // namespace

std::size_t Peers::Hash::operator()(const ipm_peer_key& key) const noexcept {
  return std::hash<std::string_view>{}({reinterpret_cast<const char*>(&key), sizeof key});
}

bool Peers::Equal::operator()(const ipm_peer_key& a, const ipm_peer_key& b) const noexcept {
  return std::memcmp(&a, &b, sizeof a) == 0;  // No padding: the kernel compares them so too.
}

void Peers::note_use(const ipm_peer_key& key) {
  auto found = peers_.find(key);
  if (found == peers_.end()) {
    if (peers_.size() >= peers_max_) {
      ++refused_;
      return;
    }
    Of& of = sockets_[key.cookie];
    if (of.free_numbers.empty() && of.next_number == kOthers) {
      ++refused_;
      return;
    }
    found = peers_.try_emplace(key).first;
    Peer& fresh = found->second;
    fresh.key = key;
    if (of.free_numbers.empty()) {
      fresh.number = of.next_number++;
    } else {
      fresh.number = of.free_numbers.back();
      of.free_numbers.pop_back();
    }
    if (fresh.number == 0) of.first = &fresh;
    fresh.place = static_cast<std::uint32_t>(of.all.size());
    of.all.push_back(&fresh);
  }
  Peer& peer = found->second;
  peer.queued = true;
  if (peer.active) return;
  peer.active = true;
  std::vector<Peer*>& active = sockets_[key.cookie].active;
  if (active.empty()) active_.push_back(key.cookie);
  active.push_back(&peer);
}

void Peers::add(Peer& peer, const ipm_peer& sums, TimeNs now) {
  peer.read_in = traffic_.epoch();
  // Told in the tick under way: it may move more without another word.
  peer.queued = sums.epoch == peer.read_in;
  if (peer.last_ns == 0) peer.tuple = tuple_of(peer.key, sums);
  const auto growth = [&](ipm_u64 ipm_peer::*sum) {
    return sums.*sum >= peer.read.*sum ? sums.*sum - peer.read.*sum : 0;
  };
  const std::uint64_t packets_out = growth(&ipm_peer::tx_packets), packets_in = growth(&ipm_peer::rx_packets);
  const Bytes payload{growth(&ipm_peer::tx_payload), growth(&ipm_peer::rx_payload)};
  const std::uint64_t headers = peer.key.family == kInet6 ? kIpv6UdpHeaders : kIpv4UdpHeaders;
  peer.packets_out += packets_out;
  peer.packets_in += packets_in;
  peer.ip.tx += payload.tx + packets_out * headers + growth(&ipm_peer::tx_options);
  peer.ip.rx += payload.rx + packets_in * headers + growth(&ipm_peer::rx_options);
  peer.credit.tx += payload.tx;
  peer.credit.rx += payload.rx;
  peer.read = sums;
  peer.last_ns = now;
}

void Peers::take(const ipm_peer_key& key, const ipm_peer& sums, TimeNs now) {
  const auto found = peers_.find(key);
  if (found != peers_.end() && found->second.queued) add(found->second, sums, now);
}

std::span<Peer* const> Peers::read(std::uint64_t cookie, TimeNs now, bool again) {
  const auto found = sockets_.find(cookie);
  if (found == sockets_.end()) return {};
  std::vector<Peer*>& active = found->second.active;
  for (Peer* const peer : active) {
    ipm_peer sums;
    const bool due = peer->queued && (again || peer->read_in != traffic_.epoch());
    if (due && traffic_.read(peer->key, sums)) add(*peer, sums, now);
  }
  std::erase_if(active, [](Peer* peer) {
    peer->active = peer->queued || peer->anything();
    return !peer->active;
  });
  return active;
}

Peer* Peers::find(const ipm_peer_key& key) {
  const auto found = peers_.find(key);
  return found == peers_.end() ? nullptr : &found->second;
}

std::span<Peer* const> Peers::all(std::uint64_t cookie) const {
  const auto found = sockets_.find(cookie);
  if (found == sockets_.end()) return {};
  return found->second.all;
}

const Peer* Peers::first(std::uint64_t cookie) const {
  const auto found = sockets_.find(cookie);
  if (found == sockets_.end() || found->second.first == nullptr) return nullptr;
  return found->second.first->last_ns != 0 ? found->second.first : nullptr;  // Else it was not read yet.
}

std::vector<std::uint64_t> Peers::sockets() {
  std::erase_if(active_, [&](std::uint64_t cookie) {
    const auto found = sockets_.find(cookie);
    return found == sockets_.end() || found->second.active.empty();
  });
  std::sort(active_.begin(), active_.end());
  active_.erase(std::unique(active_.begin(), active_.end()), active_.end());
  return active_;
}

std::vector<ipm_peer_key> Peers::silent(TimeNs now) {
  std::vector<ipm_peer_key> out;
  for (auto& [key, peer] : peers_) {
    // One whose sums were not read in all this time belongs to a socket that no process is known to use.
    const bool silent = peer.last_ns != 0 ? now - peer.last_ns >= kSilent : std::exchange(peer.passed_over, true);
    if (silent) out.push_back(key);
  }
  return out;
}

void Peers::forget(const ipm_peer_key& key) {
  const auto found = peers_.find(key);
  if (found == peers_.end()) return;
  Of& of = sockets_.at(key.cookie);
  Peer* const peer = &found->second;
  of.all[peer->place] = of.all.back();
  of.all[peer->place]->place = peer->place;
  of.all.pop_back();
  if (peer->active) std::erase(of.active, peer);
  // Number 0 is one flow for the life of the socket, and that flow has its remote.
  if (peer->number != 0) {
    of.free_numbers.push_back(peer->number);
  } else {
    of.first = nullptr;
  }
  traffic_.forget(key);
  peers_.erase(found);
}

void Peers::forget_all(std::uint64_t cookie) {
  const auto found = sockets_.find(cookie);
  if (found == sockets_.end()) return;
  for (Peer* const peer : found->second.all) {
    const ipm_peer_key key = peer->key;
    traffic_.forget(key);
    peers_.erase(key);
  }
  sockets_.erase(found);
}

}  // namespace ipm::source::ebpf
