// A capture file in packet view: its flows, each with the name and fingerprint that its client gave, and the records of
// its DNS answers.
//
// There are two views (see Dissector). As long as no frame came in a tunnel they are the same, and one table holds
// both; with the first one the second table begins as a copy.
//
// Bounded: flows_max in each view, and what Dissector, HelloWatch and DnsWatch bound. Rows that make room are kept
// until the next read(). Threads: one caller at a time.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "decode/byte_entropy.h"
#include "decode/dns_watch.h"
#include "decode/flow/flow_table.h"
#include "decode/flow/hello_watch.h"
#include "source/pcap/capture_file.h"
#include "source/pcap/dissector.h"

namespace ipm::source::pcap {

// What a flow's client said in the clear. Its texts lie in one piece: there may be one of these for each flow.
class HelloText {
 public:
  explicit HelloText(const decode::flow::HelloFacts& hello);

  decode::HelloTransport transport() const { return transport_; }
  bool at_start() const { return at_start_; }
  bool ech() const { return ech_; }
  // Empty: none, or not to be had here.
  std::string_view sni() const { return text(0); }
  std::string_view alpn() const { return text(1); }
  std::string_view ja3() const { return text(2); }
  std::string_view ja4() const { return text(3); }

 private:
  std::string_view text(std::size_t which) const {
    const std::size_t begin = which == 0 ? 0 : ends_[which - 1];
    return std::string_view(texts_).substr(begin, ends_[which] - begin);
  }

  std::string texts_;
  std::array<std::uint16_t, 4> ends_ = {};
  decode::HelloTransport transport_;
  bool at_start_;
  bool ech_;
};

// Of a flow, beside its numbers. One cache line.
struct alignas(64) FlowNote {
  std::uint64_t id = 0;  // Of the row.
  decode::flow::HelloTicket ticket = {};
  std::unique_ptr<HelloText> hello;
  decode::EntropyTicket entropy[2] = {};  // Of what the initiator sent, and of what it got.
  std::int32_t pid = 0;
  std::uint16_t process = 0;  // Place in CaptureView::processes(), from 1; 0: the capture does not say.
  decode::Tunnel tunnel = decode::Tunnel::kNone;
};
static_assert(sizeof(FlowNote) == 64);

struct EndedFlow {
  decode::flow::FlowRow row;
  View view = View::kBoth;
  FlowNote note;
};

struct NameRecord {
  TimeNs time_ns = 0;
  std::string qname;
  std::uint16_t type = 0;  // decode::kDnsTypeA …
  std::string value;
  std::uint32_t ttl_s = 0;
  decode::DnsVia via = decode::DnsVia::kDns;
  decode::DnsAsked asked = decode::DnsAsked::kUnseen;
};

class CaptureView final : private PacketListener, private decode::DnsListener {
 public:
  static constexpr std::size_t kProcessNamesMax = 16'384;

  struct Options {
    std::uint32_t flows_max = 262'144;
    bool measure = true;
    bool names = true;
  };
  explicit CaptureView(const Options& options);
  ~CaptureView() override;
  CaptureView(const CaptureView&) = delete;
  CaptureView& operator=(const CaptureView&) = delete;

  Status open(const std::string& path) { return begin(file_.open(path)); }
  // For tests; the bytes are copied.
  Status open_memory(std::string_view bytes) { return begin(file_.open_memory(bytes)); }
  // Ok: there may be more; timeout: a pipe brought nothing in this time; end. `records_max` bounds the time it takes.
  Status read(std::uint32_t records_max, TimeNs timeout_ns);
  // Counts the calls of read(): what was handed out before is void.
  std::uint64_t generation() const { return generation_; }

  struct Place {
    View view = View::kBoth;
    std::uint32_t slot = 0;
  };
  // All flows by their first packet, first the inner view, then what is of the outer view alone.
  std::vector<Place> places() const;
  decode::flow::FlowRow row(const Place& place) const;
  const FlowNote* note(const Place& place) const;  // Null: nothing is known beside the numbers.
  // Of the last read().
  const std::vector<EndedFlow>& ended() const { return ended_; }
  const std::vector<NameRecord>& names() const { return names_; }

  std::string_view process_name(const FlowNote& note) const;
  // Of its first bytes of payload, in bits per byte. Empty: not measured, or too few.
  std::optional<double> entropy(const FlowNote& note, bool outward) const;
  const CaptureFile& file() const { return file_; }
  const Dissector& packets() const { return packets_; }
  const decode::flow::HelloWatch& hellos() const { return hellos_; }
  std::uint64_t names_total() const { return names_total_; }
  std::uint64_t flows_total() const;
  std::uint64_t flows_evicted() const { return evicted_; }
  std::uint64_t flows_unmeasured() const;

 private:
  // One view: its table, and what it has to tell of rows that make room.
  struct Side;
  // A packet on its way into the tables, which take some at a time.
  struct Waiting {
    decode::Packet packet = {};
    TimeNs time_ns = 0;
    std::uint32_t wire_bytes = 0;
    View view = View::kBoth;
    decode::Tunnel tunnel = decode::Tunnel::kNone;
    CapturedProcess process = {};
  };

  // In pages, since a vector of all would be copied as it grows.
  static constexpr std::uint32_t kPageNotes = 1024;
  using NotePage = std::array<FlowNote, kPageNotes>;

  Status begin(Status opened);
  void on_packet(const decode::Packet& packet, const PacketFacts& facts) override;
  void on_icmp_error(const decode::IcmpError& error, const PacketFacts& facts) override;
  void on_dns_record(const decode::DnsAnswer& answer, const decode::DnsRecord& record) override;
  void add_waiting();
  void split();
  void follow(const Waiting& waiting, const decode::flow::Added& added);
  void look_for_hello(FlowNote& note, const decode::Packet& packet, bool outward);
  void count_bytes(FlowNote& note, const decode::Packet& packet, const decode::flow::Added& added);
  void release(FlowNote& note);  // The flow is gone: what is counted and gathered for it ends.
  FlowNote& note_of(const decode::flow::Added& added);
  FlowNote* note_at(std::uint32_t slot) const;  // Null: none was ever needed.
  void note_process(FlowNote& note, const CapturedProcess& process);

  const Options options_;
  CaptureFile file_;
  CapturedPacket packet_;
  Dissector packets_;
  std::unique_ptr<Side> inner_;
  std::unique_ptr<Side> outer_;  // Null: as inner_.
  std::array<Waiting, decode::flow::FlowTable::kBatch> waiting_;
  std::size_t waiting_count_ = 0;
  std::vector<std::unique_ptr<NotePage>> notes_;  // By slot of the inner table.
  decode::flow::HelloWatch hellos_;
  decode::DnsWatch dns_;
  decode::ByteEntropy entropies_{{.bytes_min = 256}};
  std::vector<EndedFlow> ended_;
  std::vector<NameRecord> names_;
  std::vector<std::string> processes_;
  std::uint64_t generation_ = 0;
  std::uint64_t names_total_ = 0;
  std::uint64_t evicted_ = 0;
};

}  // namespace ipm::source::pcap
