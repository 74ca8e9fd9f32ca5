// What a flow table says of one flow: plain numbers, seen from the initiator. "out" is what it sent, "in" what it got.
//
// Byte layers: `wire` is the length of the frame as the capture recorded it, `ip` the total length of the IP header
// just under the transport header, `payload` what the transport headers say, repeats counted again.
// What could not be measured is absent (measured is false, an optional is empty), never 0 instead.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"
#include "model/ip_address.h"

namespace ipm::decode::flow {

// Of a TCP connection, by the flags that were seen.
enum class FlowState : std::uint8_t {
  kNone = 0,         // Not TCP.
  kMidstream = 1,    // No SYN, no FIN, no RST.
  kAttempt = 2,      // SYN, and nothing came of it.
  kRejected = 3,     // SYN, answered by RST.
  kEstablished = 4,  //
  kHalfClosed = 5,   // FIN one way.
  kClosed = 6,       // FIN both ways.
  kReset = 7,        // RST before FIN both ways.
};
std::string_view state_name(FlowState state);  // "half_closed"; "" of kNone.

// How it was decided who opened the flow. With kFirstPacket it is a guess, of TCP.
enum class InitiatorRule : std::uint8_t { kFirstPacket = 0, kSynAck = 1, kSyn = 2 };

// Segments of one direction as Wireshark 4.0 classes them (tcp.analysis.*), by order and time of arrival alone.
struct TcpClasses {
  std::uint32_t retransmissions = 0;           // With the fast and the spurious ones.
  std::uint32_t fast_retransmissions = 0;      // Two duplicate ACKs asked for it, less than 20 ms before.
  std::uint32_t spurious_retransmissions = 0;  // The peer had acknowledged it.
  std::uint32_t out_of_order = 0;
  std::uint32_t lost = 0;  // Segments before which one or more are missing from the capture.
  std::uint32_t keep_alives = 0;
  std::uint32_t keep_alive_acks = 0;
  std::uint32_t duplicate_acks = 0;
  std::uint32_t zero_windows = 0;
  std::uint32_t zero_window_probes = 0;
  std::uint32_t zero_window_probe_acks = 0;
  std::uint32_t window_updates = 0;
  std::uint32_t acked_unseen = 0;  // ACKs of segments that are missing from the capture.
};

// A filtered round trip time. srtt and rttvar by RFC 6298 §2.
struct RttEstimate {
  std::uint32_t samples = 0;  // 0: nothing else is set.
  TimeNs min_ns = 0;
  TimeNs srtt_ns = 0;
  TimeNs rttvar_ns = 0;
};

// What is known of the bytes themselves, of one direction.
struct TcpBytes {
  std::uint64_t unique_bytes = 0;       // Payload seen for the first time.
  std::uint64_t repeated_bytes = 0;     // Payload seen before; unique + repeated = payload.
  std::uint64_t unseen_bytes = 0;       // Holes below the highest byte which nothing has filled.
  std::uint32_t data_packets = 0;       // With payload.
  std::uint32_t repeated_packets = 0;   // Of those: all or some of it seen before, and not a duplicate frame.
  std::uint32_t reordered_packets = 0;  // Of those: filled a hole.
  std::uint32_t duplicate_frames = 0;   // The same packet again (IP id and header), captured twice within 1 ms.
  bool exact = true;  // False: more holes at once than are remembered, or a fragmented segment. Bytes that came late
                      // may then count as repeated, or the other way round.

  // Of the data packets sent, which share was sent for the second time. An estimate: what was lost behind the point
  // of capture and what was lost before it look alike only when it is sent again.
  double loss_estimate() const {
    const std::uint32_t sent = data_packets - duplicate_frames;
    return sent == 0 ? 0.0 : static_cast<double>(repeated_packets) / static_cast<double>(sent);
  }
};

struct FlowHalf {
  std::uint64_t packets = 0;
  std::uint64_t wire_bytes = 0;
  std::uint64_t ip_bytes = 0;
  std::uint64_t payload_bytes = 0;  // Without what later fragments carry.
  std::uint32_t fin = 0;            // Packets with FIN.
  std::uint32_t rst = 0;

  // With FlowRow::measured.
  TcpClasses classes = {};
  TcpBytes bytes = {};
  RttEstimate rtt = {};     // From data of this half to the ACK of the other; no sample from what was sent twice.
  RttEstimate ts_rtt = {};  // From a time stamp of this half to its echo (RFC 7323).
};

// Every segment to the first ACK for exactly its end, both directions pooled: Wireshark's tcp.analysis.ack_rtt.
struct PooledRtt {
  std::uint32_t samples = 0;
  TimeNs min_ns = 0;
  TimeNs max_ns = 0;
  double sum_ns = 0;

  double mean_ns() const { return samples == 0 ? 0.0 : sum_ns / samples; }
};

struct FlowRow {
  std::uint64_t id = 0;       // Number of the flow in its table, by first packet; never used again.
  std::uint32_t slot = 0;     // Where it is in its table until it is given out.
  model::IpAddress src = {};  // The initiator.
  model::IpAddress dst = {};
  std::uint16_t src_port = 0;
  std::uint16_t dst_port = 0;
  std::uint8_t protocol = 0;
  InitiatorRule initiator_rule = InitiatorRule::kFirstPacket;
  bool initiator_known() const { return initiator_rule != InitiatorRule::kFirstPacket; }
  FlowState state = FlowState::kNone;
  TimeNs first_ns = 0;  // Smallest and largest time stamp, which need not be those of the first and the last packet.
  TimeNs last_ns = 0;
  FlowHalf out = {};
  FlowHalf in = {};
  std::uint32_t syn = 0;     // Packets with SYN and not ACK, both directions.
  std::uint32_t synack = 0;  // Packets with SYN and ACK.
  std::uint32_t fragments = 0;
  std::uint32_t icmp_errors = 0;  // That quoted a packet of this flow.

  bool measured = false;                  // TCP, and all of its packets were measured.
  std::optional<TimeNs> irtt_ns = {};     // First SYN to the ACK that completes the handshake.
  std::optional<TimeNs> outward_ns = {};  // SYN to SYN-ACK: the way from here to the responder and back.
  std::optional<TimeNs> inward_ns = {};   // SYN-ACK to ACK: to the initiator and back. Not of what was sent twice.
  PooledRtt rtt = {};
};

// Takes rows that leave a table.
class FlowRowSink {
 public:
  virtual ~FlowRowSink() = default;
  virtual void take(const FlowRow& row) = 0;
};

}  // namespace ipm::decode::flow
