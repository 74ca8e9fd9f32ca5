// Gives a later fragment the ports of the first fragment of its datagram, in whichever order they come.
//
// Joined by source, destination, id and protocol (RFC 791 §3.2). When an id is used again, a later fragment belongs to
// the newest first fragment before it. A later fragment without one waits for it; what still waits at the end, or has
// to make room, is an orphan and counts to no flow.
// Bounded: datagrams_max and waiting_max; the longest unused leave first and are counted. Memory grows with use, at
// most 200 bytes for each; nothing is allocated once both bounds have been reached.
// Threads: one caller at a time. Cost: O(1) each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/time.h"
#include "decode/frame.h"

namespace ipm::decode {

// A later fragment that has found its flow after it had to wait.
struct JoinedFragment {
  Packet inner = {};  // With has_inner: later_fragment, with addresses, ports and protocol of the flow; no payload.
  Packet outer = {};  // With has_outer.
  bool has_inner = false;
  bool has_outer = false;  // The two may be the same packet: then tunnelled is false.
  bool tunnelled = false;
  LinkDirection direction = LinkDirection::kUnknown;
  TimeNs time_ns = 0;
  std::uint32_t wire_bytes = 0;
};

class FragmentTable {
 public:
  struct Options {
    std::uint32_t datagrams_max = 65'536;
    std::uint32_t waiting_max = 16'384;
    TimeNs timeout_ns = 0;  // 0: none, for files. Live: 30 s; RFC 8200 §4.5 gives a datagram 60.
    std::uint64_t hash_seed = 0;
  };
  struct Counters {
    std::uint64_t joined = 0;             // Later fragments that found their flow.
    std::uint64_t orphans = 0;            // Later fragments that will not any more; without those that still wait.
    std::uint64_t datagrams_evicted = 0;  // First fragments forgotten for want of room.
  };
  // Which packets of a frame have their flow now.
  struct Ready {
    bool inner = true;
    bool outer = true;
  };

  explicit FragmentTable(Options options);
  FragmentTable(const FragmentTable&) = delete;
  FragmentTable& operator=(const FragmentTable&) = delete;

  // For each frame with kOk of which needed() is true, in the order of the capture. A later fragment gets the ports,
  // and the addresses too when it is a piece of what a tunnel carries; or it is kept, and is not ready.
  static bool needed(const Frame& frame) { return frame.first_fragments != 0 || frame.inner.later_fragment; }
  Ready join(Frame& frame, TimeNs time_ns, std::uint32_t wire_bytes);

  // After join() and before the next: the fragments that waited for what it brought, in their order. False: no more.
  bool next_joined(JoinedFragment& out);

  const Counters& counters() const { return counters_; }
  std::uint32_t waiting() const { return waiting_; }  // Orphans, if nothing more comes.

 private:
  static constexpr std::uint32_t kNone = 0xffff'ffff;

  struct Ends {  // What a flow is known by.
    model::IpAddress src = {};
    model::IpAddress dst = {};
    std::uint16_t src_port = 0;
    std::uint16_t dst_port = 0;
    std::uint8_t protocol = 0;

    bool operator==(const Ends&) const = default;
  };
  // A datagram: its first fragment has been seen, or later ones wait for it.
  struct Datagram {
    FragmentKey key = {};
    Ends inner = {};  // Known: the transport headers that the datagram holds, which are one or two.
    Ends outer = {};
    bool known = false;
    std::uint32_t first_waiting = kNone;
    std::uint32_t last_waiting = kNone;
    std::uint32_t older = kNone;  // In the list of the known, or of the others.
    std::uint32_t newer = kNone;
    std::uint32_t next = kNone;  // With the same place in index_; or the next free one.
    TimeNs used_ns = 0;
  };
  struct Fragment {
    Ends inner = {};  // Once its flow is known.
    Ends outer = {};
    bool inner_only = false;  // The outer packet of its frame has been counted.
    LinkDirection direction = LinkDirection::kUnknown;
    std::uint32_t ip_bytes = 0;
    std::uint32_t payload_bytes = 0;
    std::uint32_t wire_bytes = 0;
    std::uint32_t next = kNone;
    TimeNs time_ns = 0;
  };
  struct List {
    std::uint32_t oldest = kNone;
    std::uint32_t newest = kNone;
    std::uint32_t count = 0;
  };

  static Ends ends_of(const Packet& packet);
  static void set_ends(const Ends& ends, Packet& packet);
  List& list_of(const Datagram& datagram) { return datagram.known ? known_ : unknown_; }
  std::size_t place_of(const FragmentKey& key) const;
  std::uint32_t find(const FragmentKey& key) const;
  std::uint32_t add(const FragmentKey& key, bool known);
  void remove(std::uint32_t slot);
  void link(std::uint32_t slot);
  void unlink(std::uint32_t slot);
  void grow_index();
  void expire();
  void learn(const FirstFragment& first, const Frame& frame);
  void release(Datagram& datagram);
  void keep(const Frame& frame, const FragmentKey& key, TimeNs time_ns, std::uint32_t wire_bytes);

  const Options options_;
  Counters counters_;
  TimeNs now_ns_ = 0;  // The latest time seen: captures go back in time.
  std::vector<Datagram> datagrams_;
  std::uint32_t free_datagram_ = kNone;
  std::vector<std::uint32_t> index_;  // By hash: the first of the datagrams there.
  List known_;
  List unknown_;
  std::vector<Fragment> fragments_;
  std::uint32_t free_fragment_ = kNone;
  std::uint32_t waiting_ = 0;
  std::uint32_t first_ready_ = kNone;
  std::uint32_t last_ready_ = kNone;
};

}  // namespace ipm::decode
