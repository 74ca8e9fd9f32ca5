// A flow in its table: counters that every flow has. Sides are by the first packet: 0 sent it. Who opened the flow may
// turn out later.
//
// Three cache lines; a packet without SYN, FIN or RST needs the first two.
#pragma once

#include <cstdint>

#include "base/paged_table.h"
#include "base/time.h"
#include "decode/flow/flow_row.h"
#include "decode/ip.h"
#include "model/flow_key.h"
#include "model/ip_address.h"

namespace ipm::decode::flow {

enum RecordBit : std::uint16_t {
  kInitiatorIsSide1 = 1U << 0,
  kSynSeen = 1U << 1,     // The initiator is known by its SYN.
  kSynAckSeen = 1U << 2,  // Or by the answer to it.
  kFirstSeq0 = 1U << 3,   // first_seq[0] is set.
  kFirstSeq1 = 1U << 4,
  kResetSeen = 1U << 5,  // RST before FIN both ways.
  kRefused = 1U << 6,    // That RST was the answer to a SYN.
  kEnded = 1U << 7,      // In the list of the closed.
  kDetached = 1U << 8,   // Another flow has its endpoints now.
  kLateTouch = 1U << 9,  // late_ns is set.
  kLive = 1U << 10,      // The slot is in use.
};

struct alignas(64) FlowRecord {
  model::IpAddress address[2] = {};
  std::uint16_t port[2] = {};
  std::uint8_t protocol = 0;
  std::uint16_t bits = 0;
  std::uint64_t id = 0;
  TimeNs last_ns = 0;
  std::uint32_t track = kNoSlot;
  std::uint32_t hash = 0;  // The low half: what the index goes by.

  std::uint64_t packets[2] = {};
  std::uint64_t wire_bytes[2] = {};
  std::uint64_t ip_bytes[2] = {};
  std::uint64_t payload_bytes[2] = {};

  TimeNs first_ns = 0;
  TimeNs late_ns = 0;  // When the last packet came whose own time lies before that; see touched_ns().
  std::uint32_t syn = 0;
  std::uint32_t synack = 0;
  std::uint32_t fin[2] = {};
  std::uint32_t rst[2] = {};
  std::uint32_t first_seq[2] = {};  // Of the SYN of each side, or one before the first number known of it.
  std::uint32_t fragments = 0;
  std::uint32_t icmp_errors = 0;
  std::uint32_t next_ended = kNoSlot;

  bool has(std::uint16_t any) const { return (bits & any) != 0; }
  void set(std::uint16_t which) { bits = static_cast<std::uint16_t>(bits | which); }
  void unset(std::uint16_t which) { bits = static_cast<std::uint16_t>(bits & ~which); }
  unsigned initiator() const { return has(kInitiatorIsSide1) ? 1 : 0; }
  bool has_first_seq(unsigned side) const { return has(side == 0 ? kFirstSeq0 : kFirstSeq1); }
  bool closed() const { return fin[0] != 0 && fin[1] != 0; }
  // Of the capture's clock, which never goes back.
  TimeNs touched_ns() const { return has(kLateTouch) && late_ns > last_ns ? late_ns : last_ns; }
};
static_assert(sizeof(FlowRecord) == 192);

// Which side of the flow sent the packet; -1: it is of another flow. Between one endpoint and itself: side 0.
int side_of(const FlowRecord& record, const Packet& packet);

// Starts the record with its first packet, which is not counted yet.
void begin(FlowRecord& record, const Packet& packet, TimeNs time_ns);

inline void count(FlowRecord& record, unsigned side, const Packet& packet, TimeNs time_ns, std::uint32_t wire_bytes) {
  ++record.packets[side];
  record.wire_bytes[side] += wire_bytes;
  record.ip_bytes[side] += packet.ip_bytes;
  record.payload_bytes[side] += packet.later_fragment ? 0 : packet.payload_bytes;
  if (time_ns > record.last_ns) record.last_ns = time_ns;
}
// Besides, when the clock stands at clock_ns and the packet's own time lies before that.
inline void count_late(FlowRecord& record, TimeNs time_ns, TimeNs clock_ns) {
  if (time_ns < record.first_ns) record.first_ns = time_ns;
  record.late_ns = clock_ns;
  record.set(kLateTouch);
}

// SYN, FIN, RST and first numbers. Only for segments of TCP with their header, when they have been counted.
void follow_flags(FlowRecord& record, unsigned side, const Packet& packet);
inline bool needs_flags(const FlowRecord& record, const Packet& packet) {
  return (packet.tcp_flags & (kSyn | kFin | kRst)) != 0 ||
         (record.bits & (kFirstSeq0 | kFirstSeq1)) != (kFirstSeq0 | kFirstSeq1);
}

FlowState state_of(const FlowRecord& record);

// All but slot and what is measured.
void write_row(const FlowRecord& record, FlowRow& row);

}  // namespace ipm::decode::flow
