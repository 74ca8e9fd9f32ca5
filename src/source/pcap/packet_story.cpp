#include "source/pcap/packet_story.h"

#include "os/linux/host_clock.h"

namespace ipm::source::pcap {

PacketStory::PacketStory(const decode::flow::FlowTable::Options& flows, const FlowTeller::Options& teller,
                         host::EventOut& out)
    : packets_({.hash_seed = os::random_u64()}),
      flows_(flows, *this),
      teller_(flows_, out, teller),
      names_(teller_, out),
      entropies_(teller_, out) {}

void PacketStory::expire(TimeNs now) {
  flows_.advance(now);
  teller_.give_up_connects(now);
}

void PacketStory::on_packet(const decode::Packet& packet, const PacketFacts& facts) {
  if (facts.view == View::kOuter) return;
  const decode::flow::Added added = flows_.add(packet, facts.time_ns, facts.wire_bytes);
  teller_.on_packet(packet, facts, added);
  names_.on_packet(packet, facts, added);
  entropies_.on_packet(packet, facts, added);
}

void PacketStory::on_icmp_error(const decode::IcmpError& error, const PacketFacts& facts) {
  teller_.on_icmp_error(error, facts.time_ns);
}

void PacketStory::take(const decode::flow::FlowRow& row) {
  names_.on_evicted(row);
  entropies_.on_evicted(row);
  teller_.on_evicted(row);
}

void PacketStory::add_missing(Degradations& missing) const {
  const auto add = [&](const char* what, std::string_view why) {
    if (!why.empty()) missing.push_back({what, false, std::string(why)});
  };
  add("fingerprints of TLS", names_.hellos().why_no_fingerprints());
  add("names in QUIC", names_.hellos().why_no_quic());
  if (const std::uint64_t malformed = packets_.counters().malformed; malformed != 0) {
    missing.push_back(
        {std::to_string(malformed) + " packets", false, "their headers are cut or contradict themselves"});
  }
  if (packets_.fragments_unplaced() != 0) {
    missing.push_back({std::to_string(packets_.fragments_unplaced()) + " fragments", false,
                       "the first fragment of their datagram is not in the capture"});
  }
}

Capabilities packet_capabilities() {
  const decode::flow::HelloWatch trial;
  Capabilities all = {{"flows of capture files", true, ""}};
  const auto add = [&](const char* what, std::string_view why_not) {
    all.push_back({what, why_not.empty(), std::string(why_not)});
  };
  add("fingerprints of TLS", trial.why_no_fingerprints());
  add("names in QUIC", trial.why_no_quic());
  return all;
}

}  // namespace ipm::source::pcap
