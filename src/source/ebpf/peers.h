// Whom UDP sockets talk to. The kernel side sums up packets by (socket, remote); it does not know which process takes
// them. So what it saw is credit: bytes that a process moved over the socket are told for the remotes that have credit,
// in the order in which they came to have some. With one remote that is exact; with several it is too unless datagrams
// are thrown away unread, whose credit then stands for later ones.
//
// Each conversation has a number among those of its socket; the flow it is told as is the socket's cookie with that
// number in its upper bits. The first is number 0: the socket's own flow.
//
// Bounded: `peers_max` conversations; those that are silent for kSilent make room.
// Threads: owned by the source's thread.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "source/ebpf/kernel_side.h"
#include "source/ebpf/records.h"

namespace ipm::source::ebpf {

struct Bytes {
  std::uint64_t tx = 0, rx = 0;
  std::uint64_t sum() const { return tx + rx; }
};

struct Peer {
  ipm_peer_key key = {};
  model::FlowTuple tuple = {};
  std::uint16_t number = 0;
  bool opened = false;                            // It was told …
  bool unowned = false;                           // … and nobody's then.
  Bytes credit = {};                              // Payload that is not told yet …
  Bytes ip = {};                                  // … IP total length …
  std::uint64_t packets_out = 0, packets_in = 0;  // … and packets.
  ipm_peer read = {};                             // The sums when they were last read.
  TimeNs last_ns = 0;                             // When they last were more than before.
  std::uint32_t read_in = 0;                      // The tick of that.
  bool queued = false;                            // They may be more than they were.
  bool active = false;                            // Among those that have something to tell, or may.
  bool passed_over = false;                       // By silent(), before it was read.
  std::uint32_t place = 0;                        // Among the peers of its socket.

  bool anything() const { return credit.sum() + ip.sum() + packets_out + packets_in != 0; }
};

class Peers {
 public:
  static constexpr TimeNs kSilent = 2 * kMinute;
  static constexpr std::uint16_t kOthers = 0xffff;  // What cannot be told for any one remote.

  Peers(Traffic& traffic, std::size_t peers_max) : traffic_(traffic), peers_max_(peers_max) {}

  static std::uint64_t flow_of(std::uint64_t cookie, std::uint16_t number) {
    return cookie | std::uint64_t{number} << model::kConversationShift;
  }

  // A record of the ring, or after such records were lost.
  void note_use(const ipm_peer_key& key);
  // Sums that were read with all others.
  void take(const ipm_peer_key& key, const ipm_peer& sums, TimeNs now);
  // Reads what moved over a socket, what was read in this tick only if it is to be read `again`. Those that have
  // something to tell, until the next call; void after forget().
  std::span<Peer* const> read(std::uint64_t cookie, TimeNs now, bool again = false);
  Peer* find(const ipm_peer_key& key);  // Null: not known.
  // Of a socket, whether or not they have something to tell. Void after forget().
  std::span<Peer* const> all(std::uint64_t cookie) const;
  // The one that is told as the socket's own flow, if any.
  const Peer* first(std::uint64_t cookie) const;
  // Sockets with something to read or to tell, in order.
  std::vector<std::uint64_t> sockets();
  // Of all sockets, those that said nothing for long.
  std::vector<ipm_peer_key> silent(TimeNs now);

  void forget(const ipm_peer_key& key);
  void forget_all(std::uint64_t cookie);  // At the end of the socket.

  std::size_t size() const { return peers_.size(); }
  std::uint64_t refused() const { return refused_; }

 private:
  struct Hash {
    std::size_t operator()(const ipm_peer_key& key) const noexcept;
  };
  struct Equal {
    bool operator()(const ipm_peer_key& a, const ipm_peer_key& b) const noexcept;
  };
  struct Of {
    std::vector<Peer*> all, active;
    std::vector<std::uint16_t> free_numbers;
    std::uint16_t next_number = 0;
    const Peer* first = nullptr;
  };

  void add(Peer& peer, const ipm_peer& sums, TimeNs now);

  Traffic& traffic_;
  const std::size_t peers_max_;
  std::unordered_map<ipm_peer_key, Peer, Hash, Equal> peers_;  // Peers stay where they are.
  std::unordered_map<std::uint64_t, Of> sockets_;
  std::vector<std::uint64_t> active_;  // Sockets that were given something to do since sockets().
  std::uint64_t refused_ = 0;
};

}  // namespace ipm::source::ebpf
