// TCP and UDP flows of a capture, in packet view.
//
// A flow is two endpoints and a protocol, whichever way its packets go. A TCP flow ends where a SYN with another number
// opens the next one between the same endpoints; time splits nothing unless Options ask for it.
// Bounded: flows_max, and at most 768 bytes each with everything. A full table gives up the flow that has been closed
// longest, then the one that has been idle longest; its row goes to the sink first. The sums of all rows, those
// included, are what was put in.
// Threads: one caller at a time. Cost: O(1) a packet; memory grows with use, in chunks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/page_store.h"
#include "base/slot_index.h"
#include "base/time.h"
#include "decode/flow/flow_ages.h"
#include "decode/flow/flow_record.h"
#include "decode/flow/flow_row.h"
#include "decode/flow/slab.h"
#include "decode/flow/tcp_track.h"
#include "decode/ip.h"

namespace ipm::decode::flow {

struct PacketIn {
  const Packet* packet = nullptr;  // TCP or UDP; a later fragment has been given the ports of its first.
  TimeNs time_ns = 0;              // From 0 to kTimeMaxNs; what lies outside is taken as the nearer end.
  std::uint32_t wire_bytes = 0;    // Of the frame, as the capture recorded it.
};

// Which flow a packet went to.
struct Added {
  std::uint64_t id = 0;       // See FlowRow.
  std::uint32_t slot = 0;     // Holds until the sink has taken the row with this id.
  std::uint16_t classes = 0;  // TcpClass of the segment, where it was measured.
  bool first = false;         // It opened the flow.
  bool outward = false;       // Sent by whom the table holds for the initiator, as of this packet.
};

// Hears what became of the packets of a span, one after the other, each before the next one is added.
class AddedListener {
 public:
  virtual ~AddedListener() = default;
  virtual void on_added(std::size_t index, const Added& added) = 0;
  // The flow in this slot will probably get one of the next packets: what lies beside it can be fetched.
  virtual void expect(std::uint32_t) {}
};

class FlowTable {
 public:
  static constexpr std::uint32_t kBatch = 32;  // Packets whose memory is fetched at the same time.

  struct Options {
    std::uint32_t flows_max = 262'144;
    std::uint64_t hash_seed = 0;     // Random where the packets are not one's own. No result depends on it.
    bool measure = true;             // False: counts, flags and state only.
    std::uint32_t measured_max = 0;  // TCP flows measured at the same time; 0: all of them.
    TimeNs udp_idle_ns = 0;          // For live use: a silence this long ends a UDP flow. 0: none does.
    TimeNs closed_linger_ns = 0;     // For live use: how long advance() keeps a closed flow. 0: for good.
  };
  struct Counters {
    std::uint64_t packets = 0;
    std::uint64_t flows = 0;       // Opened.
    std::uint64_t evicted = 0;     // Of those: gone to the sink for want of room.
    std::uint64_t expired = 0;     // Gone to the sink by udp_idle_ns or closed_linger_ns.
    std::uint64_t unmeasured = 0;  // TCP flows whose measurements are absent for want of room.
    std::uint32_t flows_high_water = 0;
  };

  FlowTable(Options options, FlowRowSink& gone);
  // Begins as what `from` is now, under the same ids and slots, and goes its own way from there.
  FlowTable(const FlowTable& from, FlowRowSink& gone);
  FlowTable(const FlowTable&) = delete;
  FlowTable& operator=(const FlowTable&) = delete;

  Added add(const Packet& packet, TimeNs time_ns, std::uint32_t wire_bytes);
  // Any number of packets. A flow that has to make room for one of them leaves when its turn comes, not before.
  void add(std::span<const PacketIn> packets, AddedListener* listener = nullptr);

  // An ICMP error quoted this packet: an event of its flow, if there is one, and no packet of it.
  void note_icmp_error(const Packet& quoted);

  // For live use: gives out what has been idle or closed for long enough, not sooner, and a quarter later at most.
  void advance(TimeNs now_ns);

  std::uint32_t flows() const { return records_.taken(); }
  // kNoSlot: no flow, or not the newest between these endpoints.
  std::uint32_t find(const Packet& packet) const;
  std::uint64_t id(std::uint32_t slot) const { return records_.at(slot).id; }
  FlowRow row(std::uint32_t slot) const;
  // Every flow that is still there, in the order of their first packets.
  void write_all(FlowRowSink& sink) const;

  const Counters& counters() const { return counters_; }
  std::uint64_t bytes_used() const;

 private:
  std::uint64_t hash_of(const Packet& packet) const;
  std::uint32_t find(const Packet& packet, std::uint64_t hash) const;
  // A packet on its way through a batch.
  struct Pending {
    std::uint64_t hash = 0;
    std::uint32_t slot = kNoSlot;  // Perhaps of its flow.
    std::uint32_t track = kNoSlot;
  };
  // The flow of a packet, and which side sent it.
  struct Found {
    std::uint32_t slot = kNoSlot;
    unsigned side = 0;
  };
  void guess_record(Pending& pending, const Packet& packet) const;
  void guess_track(Pending& pending) const;
  void fetch_segments(const Pending& pending, const Packet& packet) const;
  Found find_near(const Packet& packet, const Pending& pending) const;
  Added update(const PacketIn& in, const Pending& pending);
  std::uint16_t measure_segment(FlowRecord& record, unsigned side, const Packet& packet, TimeNs time_ns);
  // The flow that the packet goes on with; kNoSlot: it opens one.
  Found continued(const Packet& packet, const Pending& pending);
  std::uint32_t open(const Packet& packet, TimeNs time_ns, std::uint64_t hash);

  // flow_room.cpp: how flows leave.
  void end(std::uint32_t slot);     // To the list of the closed.
  void detach(std::uint32_t slot);  // Another flow takes its endpoints.
  void give_out(std::uint32_t slot);
  bool give_out_first_ended();  // False: none is closed.
  void make_room();
  void start_measuring(FlowRecord& record);
  void stop_measuring(FlowRecord& record);
  void give_track(FlowRecord& record);
  void sweep();

  const Options options_;
  FlowRowSink& gone_;
  PageStore accounts_{0};  // Of the index alone.
  SlotIndex index_{accounts_};
  Slab<FlowRecord> records_;
  Slab<TcpTrack> tracks_;
  BlockPool blocks_;
  FlowAges ages_;
  bool ages_used_ = false;
  std::uint32_t ended_first_ = kNoSlot;  // The closed, by FlowRecord::next_ended, longest ago first.
  std::uint32_t ended_last_ = kNoSlot;
  TimeNs clock_ns_ = 0;  // The latest time that was heard of.
  std::uint32_t sweep_slot_ = 0;
  TimeNs sweep_ns_ = 0;
  Counters counters_;
};

}  // namespace ipm::decode::flow
