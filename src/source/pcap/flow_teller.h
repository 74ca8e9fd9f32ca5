// Tells a host's story from flows in packet view: an open, at most one record of bytes a flow and 100 ms, what TCP was
// measured, the end. Bytes are IP total lengths, as a capture shows them.
//
// Bounded by the flow table. Threads: owned by its source.
#pragma once

#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "decode/flow/flow_table.h"
#include "source/host/event_out.h"
#include "source/pcap/dissector.h"
#include "source/pcap/local_ends.h"
#include "source/pcap/translations.h"

namespace ipm::source::pcap {

class FlowTeller {
 public:
  static constexpr TimeNs kTellEvery = 100 * kMillisecond;
  static constexpr std::uint32_t kLookAtOnce = 4'096;
  static constexpr std::size_t kProcessesMax = 16'384;
  // Of one packet, with the texts of a process: 2 × 4 KiB in parts, and the flow's own events.
  static constexpr std::uint64_t kEventsPerPacketMax = 128;

  struct Options {
    std::uint32_t netns = 0;  // Where the packets were captured; 0: not known.
    // How long a SYN may stay without an answer until the connect has failed. A host repeats it after 1, 2, 4, … s
    // (RFC 6298): while it does, the connect goes on.
    TimeNs connect_patience_ns = 3 * kSecond;
    Translations* translations = nullptr;  // Asked of each flow; null: nobody knows any.
  };

  FlowTeller(const decode::flow::FlowTable& flows, host::EventOut& out, const Options& options)
      : flows_(flows), out_(out), options_(options) {}

  // After the packet was added to the table.
  void on_packet(const decode::Packet& packet, const PacketFacts& facts, const decode::flow::Added& added);
  void on_icmp_error(const decode::IcmpError& error, TimeNs time);
  // Tells flows whose bytes have waited for kTellEvery; all of them with `everything`. False: no room, call again.
  bool advance(TimeNs now, bool everything, std::uint64_t room_min);
  // The capture is over: what got no answer until now has failed. False: no room, call again.
  bool finish(TimeNs now, std::uint64_t room_min);
  // For live use, called as time passes: connects without an answer fail. Looks at kLookAtOnce flows.
  void give_up_connects(TimeNs now);
  // The table gives up this flow.
  void on_evicted(const decode::flow::FlowRow& row);

  // The flow as this host sees it, for what names say of it; and who has it. Empty protocol: not known.
  struct Known {
    model::FlowTuple tuple = {};
    model::ProcessKey process = {};
  };
  Known known(const decode::flow::Added& added) const;
  // Of a packet that on_packet() has had: whether this host sent it.
  bool is_from_here(const decode::Packet& packet, const decode::flow::Added& added) const;
  // Tells its flow at once, if it still waits to be told of for the first time.
  void tell_if_new(const decode::flow::Added& added, TimeNs now);
  LocalEnds& ends() { return ends_; }
  std::uint64_t processes_refused() const { return processes_refused_; }

 private:
  struct Told {
    std::uint64_t id = 0;
    bool used = false;
    bool local_is_src = true;  // Of the row: the initiator, as the table has it now, is this host.
    bool waiting = false;      // In waiting_.
    bool opened = false;
    bool established = false;
    bool ended = false;
    model::IpAddress local = {};
    std::uint16_t local_port = 0;
    TimeNs waiting_since_ns = 0;
    TimeNs last_ns = 0;
    model::ProcessKey process = {};
    std::uint64_t tx_bytes = 0, rx_bytes = 0, tx_packets = 0, rx_packets = 0;
    std::uint64_t tx_payload = 0, rx_payload = 0;
    std::uint32_t retransmits = 0, rx_retransmits = 0, out_of_order = 0, rtt_samples = 0;
    bool measured_told = false;
  };

  Told& told_of(const decode::Packet& packet, const PacketFacts& facts, const decode::flow::Added& added);
  void tell(Told& told, const decode::flow::FlowRow& row, TimeNs now);
  void tell_open(Told& told, const decode::flow::FlowRow& row);
  void tell_data(Told& told, const decode::flow::FlowRow& row, TimeNs now);
  void tell_measured(Told& told, const decode::flow::FlowRow& row, TimeNs now);
  void tell_end(Told& told, const decode::flow::FlowRow& row, TimeNs now);
  void close(Told& told, const decode::flow::FlowRow& row, model::CloseReason reason, TimeNs now);
  void fail(Told& told, const decode::flow::FlowRow& row, int error, model::CloseReason reason, TimeNs now);
  model::ProcessKey ensure_process(const CapturedProcess& process, TimeNs now);
  model::FlowTuple tuple_of(const Told& told, const decode::flow::FlowRow& row) const;
  void give_up_connect(Told& told, std::uint32_t slot, TimeNs now);

  const decode::flow::FlowTable& flows_;
  host::EventOut& out_;
  const Options options_;
  LocalEnds ends_;
  std::vector<Told> told_;                                       // By slot of the table.
  std::deque<std::pair<std::uint32_t, std::uint64_t>> waiting_;  // Slot and id, by waiting_since_ns.
  // Endpoints to the slot and id of their newest TCP flow: one that a new SYN replaces is over.
  std::unordered_map<std::uint64_t, std::pair<std::uint32_t, std::uint64_t>> newest_;
  std::unordered_map<std::uint32_t, std::string> processes_;  // Names by pid.
  std::uint32_t finish_at_ = 0, look_at_ = 0;
  std::uint64_t processes_refused_ = 0;
};

}  // namespace ipm::source::pcap
