#include "decode/dns_watch.h"

#include "decode/dns_queries.h"
#include "decode/dns_reader.h"
#include "decode/dns_stream.h"

namespace ipm::decode {
namespace {

constexpr std::uint8_t kTcp = 6, kUdp = 17;
constexpr std::uint16_t kDnsPort = 53, kMdnsPort = 5353, kLlmnrPort = 5355, kNetbiosPort = 137;

bool has_port(const Packet& packet, std::uint16_t port) {
  return packet.src_port == port || packet.dst_port == port;
}

// By the ports alone. False: they do not say that it is DNS.
bool via_of(const Packet& packet, DnsVia& via) {
  via = DnsVia::kDns;
  if (has_port(packet, kDnsPort)) return true;
  if (has_port(packet, kMdnsPort)) {
    via = packet.protocol == kUdp ? DnsVia::kMdns : DnsVia::kDns;  // mDNS knows only UDP (RFC 6762 §3).
    return true;
  }
  via = DnsVia::kLlmnr;
  return has_port(packet, kLlmnrPort);
}

}  // namespace

std::string_view dns_via_name(DnsVia via) {
  static constexpr std::string_view kNames[] = {"dns", "mdns", "llmnr"};
  return kNames[static_cast<std::size_t>(via)];
}

struct DnsWatch::Parts {
  explicit Parts(const Options& options)
      : any_port(options.any_port), queries(options.queries_max, options.hash_seed), streams(options.streams_max) {}

  const bool any_port;
  DnsQueries queries;
  DnsStreams streams;
  DnsReader reader;
  DnsMessage message;
  Stats stats;

  bool wanted(const Packet& packet, DnsVia& via) const {
    if (via_of(packet, via)) return true;
    via = DnsVia::kDns;
    if (!any_port || packet.protocol != kUdp || has_port(packet, kNetbiosPort)) return false;
    return !packet.cut() && is_dns_message(packet.payload);
  }

  void add(const Packet& packet, TimeNs time_ns, DnsListener& listener) {
    DnsAnswer answer;
    if (!wanted(packet, answer.via)) return;
    answer.time_ns = time_ns;
    if (packet.protocol == kTcp) {
      streams.begin(packet);
      while (const std::optional<Bytes> bytes = streams.next()) take(*bytes, packet, answer, listener);
    } else if (packet.protocol == kUdp && !packet.payload.empty()) {
      answer.first_fragment = packet.first_fragment;
      take(packet.payload, packet, answer, listener);
    }
  }

  void take(Bytes bytes, const Packet& packet, DnsAnswer answer, DnsListener& listener) {
    const Verdict verdict = reader.begin(bytes);
    if (verdict == Verdict::kOther) return;
    if (verdict != Verdict::kOk) {
      ++stats.malformed;
      return;
    }
    answer.in_query = !reader.is_response();
    answer.client = answer.in_query ? packet.src : packet.dst;
    answer.server = answer.in_query ? packet.dst : packet.src;
    if (answer.in_query) {
      ++stats.queries;
      remember(packet, answer);
    } else {
      ++stats.responses;
      match(packet, answer);
    }
    give_records(answer, listener);
    if (!answer.in_query) give_namings(bytes, answer, listener);
  }

  DnsQueries::Key key_of(const Packet& packet, const DnsAnswer& answer) const {
    DnsQueries::Key key;
    key.client = answer.client;
    if (answer.via == DnsVia::kDns) key.server = answer.server;  // LLMNR asks a group, and one of it answers.
    key.client_port = answer.in_query ? packet.src_port : packet.dst_port;
    key.server_port = answer.in_query ? packet.dst_port : packet.src_port;
    key.id = reader.id();
    key.protocol = packet.protocol;
    return key;
  }
  std::uint64_t question_hash() const {
    return queries.question_hash(reader.question().view(), reader.question_type());
  }

  // mDNS has neither ids nor one who asked.
  void remember(const Packet& packet, const DnsAnswer& answer) {
    if (answer.via == DnsVia::kMdns || reader.questions() == 0) return;
    stats.queries_forgotten += queries.add(key_of(packet, answer), {question_hash(), answer.time_ns}) ? 1 : 0;
  }
  void match(const Packet& packet, DnsAnswer& answer) {
    if (answer.via == DnsVia::kMdns) return;
    const std::optional<DnsQueries::Query> query = queries.answer(key_of(packet, answer));
    if (!query) {
      ++stats.unseen;
      return;
    }
    // Some servers leave the question out of what they refuse, and zone transfers out of all messages but the first.
    const bool same = reader.questions() == 0 || query->question == question_hash();
    answer.asked = same ? DnsAsked::kMatched : DnsAsked::kMismatch;
    stats.mismatches += same ? 0 : 1;
    if (same) answer.waited_ns = answer.time_ns - query->time_ns;
  }

  void give_records(const DnsAnswer& answer, DnsListener& listener) {
    DnsAnswerRecord found;
    while (reader.next(found)) {
      ++stats.records;
      DnsRecord record;
      record.owner = reader.owner().view();
      record.qname = reader.question().bytes != 0 ? reader.question().view() : record.owner;
      record.type = found.type;
      record.ttl_s = found.ttl_s;
      record.address = found.address;
      if (found.type == kDnsTypeCname) record.target = reader.target().view();
      listener.on_dns_record(answer, record);
    }
    stats.malformed += reader.complete() ? 0 : 1;
  }

  void give_namings(Bytes bytes, const DnsAnswer& answer, DnsListener& listener) {
    (void)parse_dns(bytes, message);  // Of several questions the first counts, and of what is cut what is there.
    DnsNaming naming;
    naming.name = message.name.view();
    naming.canonical = message.canonical.view();
    for (std::uint8_t i = 0; i < message.addresses; ++i) {
      ++stats.namings;
      naming.address = message.address[i].address;
      naming.ttl_s = message.address[i].ttl_s;
      listener.on_dns_naming(answer, naming);
    }
    listener.on_dns_message(answer, message);
  }
};

DnsWatch::DnsWatch() : DnsWatch(Options{}) {}
DnsWatch::DnsWatch(Options options) : parts_(std::make_unique<Parts>(options)) {}
DnsWatch::~DnsWatch() = default;

bool DnsWatch::wants(const Packet& packet) const {
  DnsVia via = DnsVia::kDns;
  return parts_->wanted(packet, via);
}

void DnsWatch::add(const Packet& packet, TimeNs time_ns, DnsListener& listener) {
  parts_->add(packet, time_ns, listener);
}

DnsWatch::Stats DnsWatch::stats() const {
  Stats stats = parts_->stats;
  stats.streams_given_up = parts_->streams.stats().given_up;
  stats.streams_broken = parts_->streams.stats().broken;
  return stats;
}

}  // namespace ipm::decode
