// The sockets that are open as far as is known, by cookie, and the two questions asked across them: who is the other
// end of this connection, and does anyone listen at this address.
// Bounded: sockets_max records; past that insert() refuses and the caller counts.
// Threads: owned by the source's thread.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "model/event.h"
#include "os/linux/inet_diag.h"
#include "source/sock_diag/payload.h"

namespace ipm::source::sock_diag {

// What was found out about who holds a socket.
struct Ownership {
  model::ProcessKey owner = {};  // Empty unless quality is kInferred or kExact.
  model::Quality quality = model::Quality::kUnknown;
  model::Rule rule = model::Rule::kNone;
  std::uint16_t holders = 0;
  std::uint64_t holders_hash = 0;  // Tells one set of candidates from another.

  bool operator==(const Ownership&) const = default;
};

struct SocketRecord {
  model::FlowTuple tuple = {};
  std::uint8_t family = 0;
  model::TcpState state = model::TcpState::kNone;
  bool announced = false;      // kSocketOpen was written.
  bool existing = false;       // Was there at open().
  bool had_file = false;       // Had an inode in the last dump.
  bool owner_checked = false;  // A complete look for holders took place.
  std::uint8_t owner_looks = 0;
  std::uint8_t dumps_missed = 0;
  std::uint32_t interface = 0;
  std::uint32_t uid = 0;
  std::uint64_t inode = 0;  // The last one that was not 0.
  std::uint64_t seen_tick = 0;
  TimeNs opened_ns = 0;  // First sight; 0 if it was there before.
  Ownership ownership = {};
  bool has_tcp = false;
  os::TcpCounters tcp = {};       // As of the last dump.
  Payload first = {};             // At open(), for existing ones.
  Payload reported = {};          // What kSocketData events have told so far.
  os::TcpCounters snapshot = {};  // What kTcpSnapshot events have told so far.
  model::TcpState snapshot_state = model::TcpState::kNone;
};

class SocketTable {
 public:
  explicit SocketTable(std::size_t sockets_max = 262'144) : sockets_max_(sockets_max) {}

  SocketRecord* find(std::uint64_t cookie);
  // A new record under the cookie; nothing when the table is full.
  SocketRecord* insert(std::uint64_t cookie, const model::FlowTuple& tuple);
  void erase(std::uint64_t cookie);
  // The open socket at the other end, in any namespace, with its cookie. Nothing if it is not on this host.
  std::pair<std::uint64_t, SocketRecord*> find_peer(const model::FlowTuple& tuple);
  std::unordered_map<std::uint64_t, SocketRecord>& records() { return records_; }
  std::size_t size() const { return records_.size(); }

 private:
  const std::size_t sockets_max_;
  std::unordered_map<std::uint64_t, SocketRecord> records_;
  // Hash of the tuple without namespace → cookie; the record is compared, so a collision only hides a peer.
  std::unordered_map<std::uint64_t, std::uint64_t> by_path_;
};

// Listening TCP sockets, remembered for a minute after they close: connections accepted before outlive them.
// Bounded: entries_max; further listeners are not noticed, and their connections count as outgoing.
class ListenerBook {
 public:
  explicit ListenerBook(std::size_t entries_max = 65'536) : entries_max_(entries_max) {}
  void seen(const model::FlowTuple& tuple, TimeNs now);
  // A listener at that address, or at the wildcard of either family.
  bool listens(const model::FlowTuple& tuple) const;
  void forget_before(TimeNs time);

 private:
  const std::size_t entries_max_;
  std::unordered_map<std::uint64_t, TimeNs> last_seen_;
};

// 64 bits of the tuple's addresses, ports and protocol; and of the same tuple as the other end sees it.
std::uint64_t path_hash(const model::FlowTuple& tuple);
model::FlowTuple reversed(const model::FlowTuple& tuple);
bool same_path_any_netns(const model::FlowTuple& a, const model::FlowTuple& b);

}  // namespace ipm::source::sock_diag
