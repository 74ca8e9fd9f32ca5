#include "capture_tables.h"

#include <array>
#include <deque>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "base/key_values.h"
#include "model/flow_key.h"

namespace ipm::capi {
namespace {

using decode::flow::FlowHalf;
using decode::flow::FlowRow;
using query::Column;
using query::ColumnType;
using query::Value;
using source::pcap::CaptureView;
using source::pcap::FlowNote;
using source::pcap::NameRecord;
using source::pcap::View;

// A flow with all that is known of it.
struct Flow {
  const FlowRow& row;
  View view;
  const FlowNote* note;  // May be null.
  const CaptureView& capture;

  const source::pcap::HelloText* hello() const { return note == nullptr ? nullptr : note->hello.get(); }
};

// One column, or, with read_half, two: NAME_out, what the initiator sent, and NAME_in.
struct FlowField {
  Column column;
  Value (*read)(const Flow& flow, std::string& scratch) = nullptr;
  Value (*read_half)(const Flow& flow, const FlowHalf& half) = nullptr;
};

Value text_or_null(std::string_view text) {
  return text.empty() ? Value::null() : Value::of_text(text);
}
Value built(std::string& scratch, std::string text) {
  scratch = std::move(text);
  return text_or_null(scratch);
}
Value milliseconds(std::optional<TimeNs> ns) {
  return ns ? Value::of_double(static_cast<double>(*ns) / 1e6) : Value::null();
}
Value microseconds(const decode::flow::RttEstimate& rtt, TimeNs ns, bool measured) {
  return measured && rtt.samples != 0 ? Value::of(ns / kMicrosecond) : Value::null();
}

constexpr ColumnType kInt = ColumnType::kInt64, kReal = ColumnType::kDouble, kText = ColumnType::kText,
                     kTime = ColumnType::kTime, kBool = ColumnType::kBool;
constexpr const char* kUnmeasured = "not TCP, or not measured";
constexpr const char* kNoHello = "no ClientHello was seen";

std::string_view view_name(View view) {
  switch (view) {
    case View::kInner:
      return "inner";
    case View::kOuter:
      return "outer";
    case View::kBoth:
      break;
  }
  return "both";
}

std::string_view rule_name(decode::flow::InitiatorRule rule) {
  switch (rule) {
    case decode::flow::InitiatorRule::kSyn:
      return "syn";
    case decode::flow::InitiatorRule::kSynAck:
      return "synack";
    case decode::flow::InitiatorRule::kFirstPacket:
      break;
  }
  return "first_packet";
}

std::string_view transport_name(decode::HelloTransport transport) {
  switch (transport) {
    case decode::HelloTransport::kQuic:
      return "quic";
    case decode::HelloTransport::kDtls:
      return "dtls";
    case decode::HelloTransport::kTls:
      break;
  }
  return "tls";
}

Value if_measured(const Flow& flow, std::uint64_t value) {
  return flow.row.measured ? Value::of_u(value) : Value::null();
}
Value if_tcp(const Flow& flow, std::uint32_t value) {
  return flow.row.protocol == model::kProtocolTcp ? Value::of(value) : Value::null();
}

const FlowField kFlowFields[] = {
    {{"view", kText, "", "", "", "Counted at the inner header of tunnels, at the outer, or both are one.", true},
     [](const Flow& f, std::string&) { return Value::of_text(view_name(f.view)); }},
    {{"proto", kText, "", "", "", "tcp or udp.", true},
     [](const Flow& f, std::string& scratch) { return built(scratch, model::protocol_name(f.row.protocol)); }},
    {{"src", kText, "", "", "", "The initiator's address."},
     [](const Flow& f, std::string& scratch) { return built(scratch, f.row.src.text()); }},
    {{"sport", kInt, "", "", "", "Its port."}, [](const Flow& f, std::string&) { return Value::of(f.row.src_port); }},
    {{"dst", kText, "", "", "", "The other end's address."},
     [](const Flow& f, std::string& scratch) { return built(scratch, f.row.dst.text()); }},
    {{"dport", kInt, "", "", "", "Its port."}, [](const Flow& f, std::string&) { return Value::of(f.row.dst_port); }},
    {{"initiator_rule", kText, "", "", "", "How the initiator was found: syn, synack, first_packet.", true},
     [](const Flow& f, std::string&) { return Value::of_text(rule_name(f.row.initiator_rule)); }},
    {{"first", kTime, "", "", "", "The earliest time stamp of its packets."},
     [](const Flow& f, std::string&) { return Value::of(f.row.first_ns); }},
    {{"last", kTime, "", "", "", "The latest."}, [](const Flow& f, std::string&) { return Value::of(f.row.last_ns); }},
    {{"state", kText, "", "", "not TCP",
      "attempt, rejected, established, half_closed, closed, reset, or midstream: no SYN, FIN or RST was seen.", true},
     [](const Flow& f, std::string&) { return text_or_null(decode::flow::state_name(f.row.state)); }},
    {{"pkts", kInt, "", "", "", "Packets, later fragments included"},
     nullptr,
     [](const Flow&, const FlowHalf& half) { return Value::of_u(half.packets); }},
    {{"wire", kInt, "bytes", "wire", "", "Frame lengths as recorded"},
     nullptr,
     [](const Flow&, const FlowHalf& half) { return Value::of_u(half.wire_bytes); }},
    {{"ip", kInt, "bytes", "ip", "", "IP total lengths"},
     nullptr,
     [](const Flow&, const FlowHalf& half) { return Value::of_u(half.ip_bytes); }},
    {{"payload", kInt, "bytes", "payload", "", "Transport payload by the headers, repeats included"},
     nullptr,
     [](const Flow&, const FlowHalf& half) { return Value::of_u(half.payload_bytes); }},
    {{"frag", kInt, "", "", "", "Later fragments among its packets."},
     [](const Flow& f, std::string&) { return Value::of(f.row.fragments); }},
    {{"icmp_errors", kInt, "", "", "", "ICMP errors that quoted one of its packets; no packets of it."},
     [](const Flow& f, std::string&) { return Value::of(f.row.icmp_errors); }},
    {{"syn", kInt, "", "", "not TCP", "Packets with SYN and not ACK, both directions."},
     [](const Flow& f, std::string&) { return if_tcp(f, f.row.syn); }},
    {{"synack", kInt, "", "", "not TCP", "Packets with SYN and ACK."},
     [](const Flow& f, std::string&) { return if_tcp(f, f.row.synack); }},
    {{"fin", kInt, "", "", "not TCP", "Packets with FIN"},
     nullptr,
     [](const Flow& f, const FlowHalf& half) { return if_tcp(f, half.fin); }},
    {{"rst", kInt, "", "", "not TCP", "Packets with RST"},
     nullptr,
     [](const Flow& f, const FlowHalf& half) { return if_tcp(f, half.rst); }},
    {{"irtt_ms", kReal, "ms", "", "SYN, SYN-ACK and ACK were not all seen",
      "First SYN to the ACK that completes the handshake."},
     [](const Flow& f, std::string&) { return milliseconds(f.row.irtt_ns); }},
    {{"handshake_outward_ms", kReal, "ms", "", "not seen, or one of the two was repeated",
      "SYN to SYN-ACK: from here to the responder and back."},
     [](const Flow& f, std::string&) { return milliseconds(f.row.outward_ns); }},
    {{"handshake_inward_ms", kReal, "ms", "", "not seen, or one of the two was repeated",
      "SYN-ACK to ACK: from here to the initiator and back."},
     [](const Flow& f, std::string&) { return milliseconds(f.row.inward_ns); }},
    {{"retrans", kInt, "", "", kUnmeasured, "Retransmissions as Wireshark counts them, fast and spurious ones too"},
     nullptr,
     [](const Flow& f, const FlowHalf& half) { return if_measured(f, half.classes.retransmissions); }},
    {{"fast_retrans", kInt, "", "", kUnmeasured, "Fast retransmissions as Wireshark counts them"},
     nullptr,
     [](const Flow& f, const FlowHalf& half) { return if_measured(f, half.classes.fast_retransmissions); }},
    {{"spurious", kInt, "", "", kUnmeasured, "Repeats of what was acknowledged"},
     nullptr,
     [](const Flow& f, const FlowHalf& half) { return if_measured(f, half.classes.spurious_retransmissions); }},
    {{"out_of_order", kInt, "", "", kUnmeasured, "Segments out of order as Wireshark counts them"},
     nullptr,
     [](const Flow& f, const FlowHalf& half) { return if_measured(f, half.classes.out_of_order); }},
    {{"lost", kInt, "", "", kUnmeasured, "Segments with a hole before them"},
     nullptr,
     [](const Flow& f, const FlowHalf& half) { return if_measured(f, half.classes.lost); }},
    {{"keep_alive", kInt, "", "", kUnmeasured, "Keep-alives"},
     nullptr,
     [](const Flow& f, const FlowHalf& half) { return if_measured(f, half.classes.keep_alives); }},
    {{"dup_ack", kInt, "", "", kUnmeasured, "Duplicate ACKs"},
     nullptr,
     [](const Flow& f, const FlowHalf& half) { return if_measured(f, half.classes.duplicate_acks); }},
    {{"zero_window", kInt, "", "", kUnmeasured, "Segments that close the window"},
     nullptr,
     [](const Flow& f, const FlowHalf& half) { return if_measured(f, half.classes.zero_windows); }},
    {{"zero_window_probe", kInt, "", "", kUnmeasured, "Probes of a closed window"},
     nullptr,
     [](const Flow& f, const FlowHalf& half) { return if_measured(f, half.classes.zero_window_probes); }},
    {{"window_update", kInt, "", "", kUnmeasured, "Segments that only change the window"},
     nullptr,
     [](const Flow& f, const FlowHalf& half) { return if_measured(f, half.classes.window_updates); }},
    {{"acked_unseen", kInt, "", "", kUnmeasured, "ACKs of what is not in the capture"},
     nullptr,
     [](const Flow& f, const FlowHalf& half) { return if_measured(f, half.classes.acked_unseen); }},
    {{"rtt_n", kInt, "", "", kUnmeasured, "Samples behind rtt_ms: segment to its ACK, both directions."},
     [](const Flow& f, std::string&) { return f.row.measured ? Value::of(f.row.rtt.samples) : Value::null(); }},
    {{"rtt_ms_avg", kReal, "ms", "", "no sample", "Mean of those, as Wireshark takes them, repeats included."},
     [](const Flow& f, std::string&) {
       const bool any = f.row.measured && f.row.rtt.samples != 0;
       return any ? milliseconds(f.row.rtt.sum_ns / f.row.rtt.samples) : Value::null();
     }},
    {{"rtt_ms_min", kReal, "ms", "", "no sample", "The shortest."},
     [](const Flow& f, std::string&) {
       return f.row.measured && f.row.rtt.samples != 0 ? milliseconds(f.row.rtt.min_ns) : Value::null();
     }},
    {{"rtt_ms_max", kReal, "ms", "", "no sample", "The longest."},
     [](const Flow& f, std::string&) {
       return f.row.measured && f.row.rtt.samples != 0 ? milliseconds(f.row.rtt.max_ns) : Value::null();
     }},
    {{"unique", kInt, "bytes", "", kUnmeasured, "Payload seen for the first time"},
     nullptr,
     [](const Flow& f, const FlowHalf& half) { return if_measured(f, half.bytes.unique_bytes); }},
    {{"repeated", kInt, "bytes", "", kUnmeasured, "Payload that had been seen"},
     nullptr,
     [](const Flow& f, const FlowHalf& half) { return if_measured(f, half.bytes.repeated_bytes); }},
    {{"unseen", kInt, "bytes", "", kUnmeasured, "Holes that nothing filled"},
     nullptr,
     [](const Flow& f, const FlowHalf& half) { return if_measured(f, half.bytes.unseen_bytes); }},
    {{"repeated_pkts", kInt, "", "", kUnmeasured, "Packets that repeat bytes, whatever the delay"},
     nullptr,
     [](const Flow& f, const FlowHalf& half) { return if_measured(f, half.bytes.repeated_packets); }},
    {{"reordered_pkts", kInt, "", "", kUnmeasured, "Packets that fill a hole, whatever the delay"},
     nullptr,
     [](const Flow& f, const FlowHalf& half) { return if_measured(f, half.bytes.reordered_packets); }},
    {{"duplicate_frames", kInt, "", "", kUnmeasured, "The same packet captured twice within 1 ms"},
     nullptr,
     [](const Flow& f, const FlowHalf& half) { return if_measured(f, half.bytes.duplicate_frames); }},
    {{"loss_estimate_ppm", kInt, "", "", kUnmeasured, "Millionths of the data packets that repeat"},
     nullptr,
     [](const Flow& f, const FlowHalf& half) {
       return if_measured(f, static_cast<std::uint64_t>(half.bytes.loss_estimate() * 1e6));
     }},
    {{"srtt_us", kInt, "us", "", "no sample", "RTT of what was sent once, smoothed by RFC 6298"},
     nullptr,
     [](const Flow& f, const FlowHalf& half) { return microseconds(half.rtt, half.rtt.srtt_ns, f.row.measured); }},
    {{"rttvar_us", kInt, "us", "", "no sample", "Its variation"},
     nullptr,
     [](const Flow& f, const FlowHalf& half) { return microseconds(half.rtt, half.rtt.rttvar_ns, f.row.measured); }},
    {{"min_rtt_us", kInt, "us", "", "no sample", "The shortest of it"},
     nullptr,
     [](const Flow& f, const FlowHalf& half) { return microseconds(half.rtt, half.rtt.min_ns, f.row.measured); }},
    {{"ts_srtt_us", kInt, "us", "", "no time stamps", "RTT by time stamps (RFC 7323)"},
     nullptr,
     [](const Flow& f, const FlowHalf& half) {
       return microseconds(half.ts_rtt, half.ts_rtt.srtt_ns, f.row.measured);
     }},
    {{"entropy", kReal, "bits", "payload", "not measured, or of fewer than 256 bytes",
      "Bits per byte of the first 1,024 bytes of payload"},
     nullptr,
     [](const Flow& f, const FlowHalf& half) {
       const auto bits = f.note == nullptr ? std::nullopt : f.capture.entropy(*f.note, &half == &f.row.out);
       return bits ? Value::of_double(*bits) : Value::null();
     }},
    {{"hello", kText, "", "", kNoHello, "How its ClientHello came: tls, quic, dtls.", true},
     [](const Flow& f, std::string&) {
       return f.hello() == nullptr ? Value::null() : Value::of_text(transport_name(f.hello()->transport()));
     }},
    {{"hello_at_start", kBool, "", "", kNoHello, "False: something else came before it, as with STARTTLS."},
     [](const Flow& f, std::string&) {
       return f.hello() == nullptr ? Value::null() : Value::of(f.hello()->at_start() ? 1 : 0);
     }},
    {{"sni", kText, "", "", "no ClientHello, or it names no server", "Server name."},
     [](const Flow& f, std::string&) { return f.hello() == nullptr ? Value::null() : text_or_null(f.hello()->sni()); }},
    {{"ech", kBool, "", "", kNoHello, "Encrypted ClientHello: sni is the front's name."},
     [](const Flow& f, std::string&) {
       return f.hello() == nullptr ? Value::null() : Value::of(f.hello()->ech() ? 1 : 0);
     }},
    {{"alpn", kText, "", "", "no ClientHello, or it offers none", "The protocol that is offered first."},
     [](const Flow& f, std::string&) {
       if (f.hello() == nullptr) return Value::null();
       const std::string_view all = f.hello()->alpn();
       return text_or_null(all.substr(0, all.find(',')));
     }},
    {{"alpn_offered", kText, "", "", "no ClientHello, or it offers none", "All of them, joined by commas."},
     [](const Flow& f, std::string&) {
       return f.hello() == nullptr ? Value::null() : text_or_null(f.hello()->alpn());
     }},
    {{"ja3", kText, "", "", "no ClientHello, or built without OpenSSL", "JA3 of the client."},
     [](const Flow& f, std::string&) { return f.hello() == nullptr ? Value::null() : text_or_null(f.hello()->ja3()); }},
    {{"ja4", kText, "", "", "no ClientHello, or built without OpenSSL", "JA4 of the client."},
     [](const Flow& f, std::string&) { return f.hello() == nullptr ? Value::null() : text_or_null(f.hello()->ja4()); }},
    {{"tunnel", kText, "", "", "none", "What the last of its frames was packed in: gre, vxlan …", true},
     [](const Flow& f, std::string&) {
       return f.note == nullptr ? Value::null() : text_or_null(decode::tunnel_name(f.note->tunnel));
     }},
    {{"pid", kInt, "", "", "the capture does not say", "Of the process, by the capturing program."},
     [](const Flow& f, std::string&) {
       return f.note != nullptr && f.note->pid > 0 ? Value::of(f.note->pid) : Value::null();
     }},
    {{"process", kText, "", "", "the capture does not say", "Its name or path, by the capturing program."},
     [](const Flow& f, std::string&) {
       return f.note == nullptr ? Value::null() : text_or_null(f.capture.process_name(*f.note));
     }},
};

struct NameField {
  Column column;
  Value (*read)(const NameRecord& record);
};

std::string_view type_name(std::uint16_t type) {
  return type == decode::kDnsTypeA ? "A" : type == decode::kDnsTypeAaaa ? "AAAA" : "CNAME";
}
std::string_view asked_name(decode::DnsAsked asked) {
  switch (asked) {
    case decode::DnsAsked::kMatched:
      return "yes";
    case decode::DnsAsked::kMismatch:
      return "otherwise";
    case decode::DnsAsked::kUnseen:
      break;
  }
  return "unseen";
}

const NameField kNameFields[] = {
    {{"time", kTime, "", "", "", "Of the packet that completed the answer."},
     [](const NameRecord& r) { return Value::of(r.time_ns); }},
    {{"qname", kText, "", "", "", "The name that was asked for, in lower case, without the last dot."},
     [](const NameRecord& r) { return Value::of_text(r.qname); }},
    {{"rtype", kText, "", "", "", "A, AAAA or CNAME.", true},
     [](const NameRecord& r) { return Value::of_text(type_name(r.type)); }},
    {{"value", kText, "", "", "", "The address, or the name that it is an alias of."},
     [](const NameRecord& r) { return Value::of_text(r.value); }},
    {{"ttl", kInt, "s", "", "", "For how long it may be kept."},
     [](const NameRecord& r) { return Value::of(r.ttl_s); }},
    {{"via", kText, "", "", "", "dns, mdns or llmnr.", true},
     [](const NameRecord& r) { return Value::of_text(decode::dns_via_name(r.via)); }},
    {{"asked", kText, "", "", "",
      "yes: a query of the capture asked this; otherwise: it asked something else; unseen: there is none.", true},
     [](const NameRecord& r) { return Value::of_text(asked_name(r.asked)); }},
};

// The columns as cursors see them: halves apart, each with texts of its own, which stay as long as the program.
struct FlowColumns {
  struct Reader {
    const FlowField* field;
    bool outward;
  };
  std::vector<Column> columns;
  std::vector<Reader> readers;
  std::deque<std::string> texts;

  FlowColumns() {
    for (const FlowField& field : kFlowFields) {
      if (field.read_half == nullptr) {
        add(field.column, field, true);
        continue;
      }
      for (const bool outward : {true, false}) {
        Column column = field.column;
        column.name = texts.emplace_back(std::string(column.name) + (outward ? "_out" : "_in")).c_str();
        column.help =
            texts.emplace_back(std::string(column.help) + (outward ? ", sent by" : ", sent to") + " the initiator.")
                .c_str();
        add(column, field, outward);
      }
    }
  }
  Value read(const Flow& flow, std::uint32_t column, std::string& scratch) const {
    const Reader& reader = readers[column];
    if (reader.field->read != nullptr) return reader.field->read(flow, scratch);
    return reader.field->read_half(flow, reader.outward ? flow.row.out : flow.row.in);
  }

 private:
  void add(const Column& column, const FlowField& field, bool outward) {
    columns.push_back(column);
    readers.push_back({&field, outward});
  }
};

const FlowColumns& flow_columns() {
  static const FlowColumns kColumns;
  return kColumns;
}

std::span<const Column> name_columns() {
  static const auto kColumns = [] {
    std::array<Column, std::size(kNameFields)> columns{};
    for (std::size_t i = 0; i < columns.size(); ++i) columns[i] = kNameFields[i].column;
    return columns;
  }();
  return kColumns;
}

// Lends out the capture as it was when it was opened.
class CaptureTableBase : public query::Table {
 public:
  explicit CaptureTableBase(std::shared_ptr<const CaptureView> capture)
      : capture_(std::move(capture)), generation_(capture_->generation()) {}
  TimeNs time_ns() const final { return capture_->packets().time_ns(); }
  Status begin_read() final {
    if (capture_->generation() == generation_) return Status::success();
    return Status::expired("read a capture's table: the capture was read on; open the cursor again");
  }
  void end_read() final {}
  bool exists(std::uint64_t) const final { return true; }

 protected:
  const CaptureView& capture() const { return *capture_; }

 private:
  const std::shared_ptr<const CaptureView> capture_;
  const std::uint64_t generation_;
};

class FlowsTable final : public CaptureTableBase {
 public:
  explicit FlowsTable(std::shared_ptr<const CaptureView> capture)
      : CaptureTableBase(std::move(capture)), places_(this->capture().places()) {}
  std::span<const Column> columns() const override { return columns_of(CaptureTable::kFlows); }
  std::uint64_t slots() const override { return places_.size(); }
  Value value(std::uint64_t slot, std::uint32_t column, std::string& scratch) const override {
    const CaptureView::Place& place = places_[slot];
    if (slot != at_) {
      row_ = capture().row(place);
      note_ = capture().note(place);
      at_ = slot;
    }
    return columns_.read({row_, place.view, note_, capture()}, column, scratch);
  }

 private:
  const FlowColumns& columns_ = flow_columns();
  const std::vector<CaptureView::Place> places_;
  mutable std::uint64_t at_ = ~std::uint64_t{0};  // Of row_: a row is read column by column.
  mutable FlowRow row_ = {};
  mutable const FlowNote* note_ = nullptr;
};

class EndedFlowsTable final : public CaptureTableBase {
 public:
  using CaptureTableBase::CaptureTableBase;
  std::span<const Column> columns() const override { return columns_of(CaptureTable::kEndedFlows); }
  std::uint64_t slots() const override { return capture().ended().size(); }
  Value value(std::uint64_t slot, std::uint32_t column, std::string& scratch) const override {
    const source::pcap::EndedFlow& flow = capture().ended()[slot];
    return flow_columns().read({flow.row, flow.view, &flow.note, capture()}, column, scratch);
  }
};

class NamesTable final : public CaptureTableBase {
 public:
  using CaptureTableBase::CaptureTableBase;
  std::span<const Column> columns() const override { return columns_of(CaptureTable::kNames); }
  std::uint64_t slots() const override { return capture().names().size(); }
  Value value(std::uint64_t slot, std::uint32_t column, std::string&) const override {
    return kNameFields[column].read(capture().names()[slot]);
  }
};

}  // namespace

Result<CaptureTable> capture_table(const char* name) {
  if (name == nullptr) return Status::invalid_argument("table is NULL");
  const std::string_view text(name);
  if (text == "flows") return CaptureTable::kFlows;
  if (text == "ended_flows") return CaptureTable::kEndedFlows;
  if (text == "names") return CaptureTable::kNames;
  return Status::not_found("a capture has no table " + quote_text(text.substr(0, 80)) +
                           "; it has flows, ended_flows and names");
}

std::span<const Column> columns_of(CaptureTable table) {
  return table == CaptureTable::kNames ? name_columns() : std::span<const Column>(flow_columns().columns);
}

std::shared_ptr<query::Table> open_table(CaptureTable table, std::shared_ptr<const CaptureView> capture) {
  switch (table) {
    case CaptureTable::kFlows:
      return std::make_shared<FlowsTable>(std::move(capture));
    case CaptureTable::kEndedFlows:
      return std::make_shared<EndedFlowsTable>(std::move(capture));
    case CaptureTable::kNames:
      break;
  }
  return std::make_shared<NamesTable>(std::move(capture));
}

}  // namespace ipm::capi
