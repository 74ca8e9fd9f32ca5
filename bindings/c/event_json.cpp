#include "event_json.h"

#include "query/utf8.h"

namespace ipm::capi {
namespace {

using namespace model;  // NOLINT: every payload by its name.

class Line {
 public:
  void number(std::string_view key, std::uint64_t value) {
    begin(key);
    text_ += std::to_string(value);
  }
  void signed_number(std::string_view key, std::int64_t value) {
    begin(key);
    text_ += std::to_string(value);
  }
  void text(std::string_view key, std::string_view value) {
    if (value.empty()) return;
    begin(key);
    std::string scratch;
    const std::string_view clean = query::valid_utf8(value, scratch);
    text_ += '"';
    for (char c : clean) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        text_ += '\\';
        text_ += c;
      } else if (byte < 0x20) {
        static constexpr char kHex[] = "0123456789abcdef";
        text_ += "\\u00";
        text_ += kHex[byte >> 4];
        text_ += kHex[byte & 15];
      } else {
        text_ += c;
      }
    }
    text_ += '"';
  }
  std::string done() { return text_ + "}"; }

 private:
  void begin(std::string_view key) {
    text_ += text_.empty() ? "{\"" : ",\"";
    text_ += key;
    text_ += "\":";
  }
  std::string text_;
};

std::string_view fixed(const char* text, std::size_t size) {
  return {text, strnlen(text, size)};
}

void add_tuple(Line& line, const FlowTuple& t) {
  line.text("proto", protocol_name(t.protocol));
  line.text("direction", direction_name(t.direction));
  line.text("local_addr", t.local.text());
  line.number("local_port", t.local_port);
  line.text("remote_addr", t.remote.text());
  line.number("remote_port", t.remote_port);
  if (t.netns != 0) line.number("netns", t.netns);
}

void add_answer(Line& line, const DnsAnswer& p) {
  line.number("name", p.name);
  line.number("question_type", p.question_type);
  line.number("response_code", p.response_code);
  if (p.address == IpAddress{}) return;
  line.text("address", p.address.text());
  line.number("ttl_s", p.ttl_s);
}

void add_hello(Line& line, const TlsHello& p) {
  if (p.sni != 0) line.number("sni", p.sni);
  if (p.alpn != 0) line.number("alpn", p.alpn);
  if (p.ja3 != 0) line.number("ja3", p.ja3);
  if (p.ja4 != 0) line.number("ja4", p.ja4);
  if ((p.flags & TlsHello::kEch) != 0) line.number("ech", 1);
}

void add_hit(Line& line, const IntelHit& p) {
  static constexpr std::string_view kAs[] = {"address", "name", "fingerprint"};
  if (static_cast<std::size_t>(p.listed_as) < std::size(kAs)) {
    line.text("listed_as", kAs[static_cast<std::size_t>(p.listed_as)]);
  }
  if (p.of_url != 0) line.number("of_url", 1);
  if (p.listed_unix_ns != 0) line.signed_number("listed", p.listed_unix_ns);
  if (p.subject != 0) line.number("subject", p.subject);
  if (p.indicator != 0) line.number("indicator", p.indicator);
  if (p.feed != 0) line.number("feed", p.feed);
  if (p.description != 0) line.number("description", p.description);
}

void add_flow_payload(Line& line, const Event& event) {
  switch (event.header.kind) {
    case EventKind::kSocketOpen: {
      static constexpr std::string_view kHow[] = {"existing", "connect", "accept", "listen", "bind"};
      const auto p = event.as<SocketOpen>();
      if (static_cast<std::size_t>(p.how) < std::size(kHow)) line.text("how", kHow[static_cast<std::size_t>(p.how)]);
      line.text("state", tcp_state_name(p.state));
      line.text("quality", quality_name(p.quality));
      line.text("rule", rule_name(p.rule));
      if (p.inode != 0) line.number("inode", p.inode);
      break;
    }
    case EventKind::kSocketEstablished:
      line.number("handshake_us", event.as<SocketEstablished>().handshake_us);
      break;
    case EventKind::kSocketData: {
      const auto p = event.as<SocketData>();
      line.text("layer", byte_layer_name(p.layer));
      if ((p.measured & SocketData::kTxBytes) != 0) line.number("tx_bytes", p.tx_bytes);
      if ((p.measured & SocketData::kRxBytes) != 0) line.number("rx_bytes", p.rx_bytes);
      if ((p.measured & SocketData::kTxPackets) != 0) line.number("tx_packets", p.tx_packets);
      if ((p.measured & SocketData::kRxPackets) != 0) line.number("rx_packets", p.rx_packets);
      if ((p.measured & SocketData::kByPackets) != 0) {
        line.number("tx_payload_bytes", p.tx_payload_bytes);
        line.number("rx_payload_bytes", p.rx_payload_bytes);
      }
      break;
    }
    case EventKind::kTcpSnapshot: {
      const auto p = event.as<TcpSnapshot>();
      line.text("state", tcp_state_name(p.state));
      if ((p.measured & TcpSnapshot::kSrtt) != 0) line.number("srtt_us", p.srtt_us);
      if ((p.measured & TcpSnapshot::kJitter) != 0) line.number("jitter_us", p.jitter_us);
      if ((p.measured & TcpSnapshot::kMinRtt) != 0) line.number("min_rtt_us", p.min_rtt_us);
      if ((p.measured & TcpSnapshot::kRetransmits) != 0) line.number("tx_retransmits", p.tx_retransmits);
      if ((p.measured & TcpSnapshot::kOutOfOrder) != 0) line.number("rx_out_of_order", p.rx_out_of_order);
      if ((p.measured & TcpSnapshot::kRxRetransmits) != 0) line.number("rx_retransmits", p.rx_retransmits);
      break;
    }
    case EventKind::kRetransmit:
      line.number("count", event.as<SocketCount>().count);
      break;
    case EventKind::kReset:
      line.text("by", event.as<SocketReset>().sent_here != 0 ? "here" : "peer");
      break;
    case EventKind::kFailure:
      line.signed_number("errno", event.as<SocketFailure>().error);
      break;
    case EventKind::kSocketClose: {
      const auto p = event.as<SocketClose>();
      line.text("close_reason", close_reason_name(p.reason));
      if (p.duration_ns >= 0) line.signed_number("duration", p.duration_ns);
      break;
    }
    case EventKind::kSocketOwner: {
      const auto p = event.as<SocketOwner>();
      line.text("quality", quality_name(p.quality));
      line.text("rule", rule_name(p.rule));
      line.number("holders", p.holders);
      std::string pids;
      for (const std::uint64_t owner : p.owners) {
        if (owner != 0) pids += (pids.empty() ? "" : ",") + std::to_string(ProcessKey::from_ref(owner).pid());
      }
      line.text("owners", pids);
      break;
    }
    case EventKind::kDnsAnswer:
      add_answer(line, event.as<DnsAnswer>());
      break;
    case EventKind::kEntropy:
      line.number("millibits", event.as<Entropy>().millibits);
      break;
    case EventKind::kSocketNat: {
      const auto p = event.as<SocketNat>();
      line.text("beyond_local_addr", p.local.text());
      line.number("beyond_local_port", p.local_port);
      line.text("beyond_remote_addr", p.remote.text());
      line.number("beyond_remote_port", p.remote_port);
      break;
    }
    case EventKind::kIntelHit:
      add_hit(line, event.as<IntelHit>());
      break;
    case EventKind::kTlsHello:
      add_hello(line, event.as<TlsHello>());
      break;
    default:
      break;
  }
}

void add_payload(Line& line, const Event& event) {
  switch (event.header.kind) {
    case EventKind::kProcessStart:
    case EventKind::kProcessExec: {
      const auto p = event.as<Process>();
      line.text("comm", fixed(p.comm, sizeof p.comm));
      line.number("ppid", p.ppid);
      if (p.uid != Process::kUidUnknown) line.number("uid", p.uid);
      if (p.exe != 0) line.number("exe", p.exe);
      break;
    }
    case EventKind::kProcessExit:
      line.signed_number("exit_code", event.as<ProcessExit>().exit_code);
      break;
    case EventKind::kProcessSample: {
      const auto p = event.as<ProcessSample>();
      if ((p.measured & ProcessSample::kCpu) != 0) line.number("cpu_ns", p.cpu_ns);
      if ((p.measured & ProcessSample::kRss) != 0) line.number("rss_bytes", p.rss_bytes);
      if ((p.measured & ProcessSample::kIo) != 0) line.number("read_bytes", p.read_bytes);
      if ((p.measured & ProcessSample::kIo) != 0) line.number("write_bytes", p.write_bytes);
      break;
    }
    case EventKind::kFrameData: {
      const auto p = event.as<FrameData>();
      line.number("tx_bytes", p.tx_bytes);
      line.number("netns", p.netns);
      break;
    }
    case EventKind::kInterface: {
      const auto p = event.as<Interface>();
      line.text("name", fixed(p.name, sizeof p.name));
      line.number("netns", p.netns);
      line.number("tx_bytes", p.tx_bytes);
      line.number("rx_bytes", p.rx_bytes);
      break;
    }
    case EventKind::kText: {
      const auto p = event.as<Text>();
      line.number("id", p.id);
      line.number("part", p.part);
      line.text("text", fixed(p.bytes, std::min<std::size_t>(p.bytes_here, sizeof p.bytes)));
      break;
    }
    case EventKind::kGeo: {
      const auto p = event.as<Geo>();
      line.text("address", p.address.text());
      line.text("country", fixed(p.country, sizeof p.country));
      if (p.asn != 0) line.number("asn", p.asn);
      if (p.as_name != 0) line.number("as_name", p.as_name);
      break;
    }
    case EventKind::kClockAnchor: {
      const auto p = event.as<ClockAnchor>();
      line.signed_number("realtime", p.realtime_ns);
      line.signed_number("utc_offset_s", p.utc_offset_s);
      break;
    }
    case EventKind::kLoss: {
      const auto p = event.as<Loss>();
      line.number("what", static_cast<std::uint64_t>(p.what));
      line.number("events", p.events);
      if (p.bytes_known != 0) line.number("bytes", p.bytes);
      break;
    }
    case EventKind::kBaseline: {
      const auto p = event.as<BaselinePart>();
      line.number("app", p.app);
      line.number("metric", p.metric);
      line.number("part", p.part);
      break;
    }
    case EventKind::kClue: {
      const auto p = event.as<LearnedClue>();
      line.text("clue", clue_kind_name(p.kind));
      line.number("key", p.key);
      if (p.app != 0) line.number("app", p.app);
      line.number("flows", p.flows);
      break;
    }
    case EventKind::kSourceInfo: {
      const auto p = event.as<SourceInfo>();
      line.number("number", p.number);
      line.text("name", fixed(p.name, sizeof p.name));
      break;
    }
    default:
      break;
  }
}

}  // namespace

std::string event_json(const Event& event) {
  Line line;
  line.signed_number("time", event.header.time_ns);
  line.text("kind", event_kind_name(event.header.kind));
  line.number("source", event.header.source);
  if ((event.header.flags & kEventFirstSight) != 0) line.text("flags", "first_sight");
  if ((event.header.flags & kEventInferred) != 0) line.text("quality", "inferred");
  if (!event.header.process.empty()) {
    line.number("pid", event.header.process.pid());
    if (event.header.process.start_ticks() != 0) line.number("start_ticks", event.header.process.start_ticks());
  }
  if (event.header.flow != 0) line.number("cookie", event.header.flow);
  if (is_flow_event(event.header.kind)) {
    FlowTuple tuple;
    std::memcpy(static_cast<void*>(&tuple), event.payload, sizeof tuple);
    add_tuple(line, tuple);
    add_flow_payload(line, event);
  } else {
    add_payload(line, event);
  }
  return line.done();
}

}  // namespace ipm::capi
