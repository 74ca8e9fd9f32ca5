#include "core/likely_app.h"
#include "model/coverage.h"
#include "query/tables/fields.h"
#include "query/tables/tables.h"

namespace ipm::query {
namespace {

using model::SocketData;
using model::TcpSnapshot;
using S = Snapshot;
using R = core::FlowRow;
using T = std::string;

// Pids of all holders of a shared socket, "12,34", and "…" where there are more than the engine keeps.
Value candidates(const S& s, const R& r, T& scratch) {
  if (r.candidates == 0) return Value::null();
  const core::CandidateRow& holders = s.engine.candidates.at(r.candidates - 1);
  scratch.clear();
  for (std::uint8_t i = 0; i < holders.count; ++i) {
    if (i != 0) scratch += ',';
    scratch += std::to_string(model::ProcessKey::from_ref(holders.owners[i]).pid());
  }
  if (holders.holders > holders.count) scratch += ",…";
  return text_or_null(scratch);
}

const core::FlowNamesRow& names(const S& s, const R& r) {
  static constexpr core::FlowNamesRow kNone;
  return r.names == 0 ? kNone : s.engine.flow_names.at(r.names - 1);
}
// A client that calls here names this host, not itself.
bool sni_is_remote(const S& s, const R& r) {
  return names(s, r).sni != 0 && r.tuple.direction != model::Direction::kIn;
}

const core::CapturedRow* captured(const S& s, const R& r) {
  const std::uint32_t row = names(s, r).captured;
  return row == 0 ? nullptr : &s.engine.captured.at(row - 1);
}
// Counted by packets alone.
bool by_packets(const R& r) {
  return r.cookie == 0;
}
template <typename Number>
Value of_packets(const S& s, const R& r, Number core::CapturedRow::*field) {
  const core::CapturedRow* row = captured(s, r);
  return row == nullptr ? Value::null() : Value::of(static_cast<std::int64_t>(row->*field));
}
Value carried(const S& s, const R& r, bool sent) {
  const core::CapturedRow* row = captured(s, r);
  if (row == nullptr || (sent ? row->tx_short : row->rx_short)) return Value::null();
  return Value::of(static_cast<std::int64_t>(sent ? row->tx_payload_bytes : row->rx_payload_bytes));
}
// The end that is translated, as it is beyond the translation.
Value translated(const S& s, const R& r, T& scratch, bool port) {
  const core::CapturedRow* row = captured(s, r);
  if (row == nullptr || !row->translated) return Value::null();
  const bool local = row->other.local != r.tuple.local || row->other.local_port != r.tuple.local_port;
  if (port) return port_or_null(local ? row->other.local_port : row->other.remote_port);
  return built(scratch, (local ? row->other.local : row->other.remote).text());
}
// Of a connection that both saw from its beginning to its end.
Value disagreement(const S& s, const R& r, T& scratch) {
  const core::CapturedRow* row = captured(s, r);
  if (row == nullptr || by_packets(r) || !row->whole || r.open()) return Value::null();
  if (r.coverage != model::kCoverageFull || (r.measured & SocketData::kBytes) != SocketData::kBytes) {
    return Value::null();
  }
  scratch.clear();
  const auto compare = [&](const char* name, std::uint64_t counted, std::uint64_t seen) {
    if (counted == seen) return;
    scratch += (scratch.empty() ? "" : ", ") + T(name) + " " + std::to_string(counted) + " by " +
               T(model::byte_layer_name(r.layer)) + ", " + std::to_string(seen) + " by packets";
  };
  if (!row->tx_short) compare("tx", r.tx_bytes, row->tx_payload_bytes);
  if (!row->rx_short) compare("rx", r.rx_bytes, row->rx_payload_bytes);
  return text_or_null(scratch);
}

const model::Place& place(const S& s, const R& r) {
  static constexpr model::Place kNowhere;
  return r.endpoint == 0 ? kNowhere : s.engine.endpoints.at(r.endpoint - 1).place;
}
// As core/engine_labels.cpp has it: the address before its names.
Value listed(const S& s, const R& r, std::uint32_t model::Listing::*text) {
  std::uint32_t hit = r.endpoint == 0 ? 0 : s.engine.endpoints.at(r.endpoint - 1).hit;
  for (const std::uint32_t name : {sni_is_remote(s, r) ? names(s, r).sni : 0, names(s, r).dns, names(s, r).ja4}) {
    if (hit == 0 && name != 0) hit = s.engine.texts.at(name - 1).hit;
  }
  return hit == 0 ? Value::null() : text_or_null(s.engine.text(s.engine.hits.at(hit - 1).listing.*text));
}

std::uint64_t packets(const R& r, bool sent) {
  return sent ? r.tx_packets : r.rx_packets;
}
bool has(const R& r, std::uint8_t bit) {
  return (r.measured & bit) != 0;
}
bool path(const R& r, std::uint8_t bit) {
  return (r.path_measured & bit) != 0;
}

constexpr Field<R> kFields[] = {
    {{"cookie", kInt, "", "", "the source has none", "Socket cookie (SO_COOKIE)."},
     [](const S&, const R& r, T&) {
       return if_measured(r.cookie != 0, model::socket_of_flow(r.cookie, r.tuple.protocol));
     }},
    {{"netns", kInt, "", "", "not known", "Inode of the network namespace."},
     [](const S&, const R& r, T&) { return if_measured(r.tuple.netns != 0, r.tuple.netns); }},
    {{"pid", kInt, "", "", "owner unknown", "Owner; with quality candidate one of several (see candidates)."},
     [](const S&, const R& r, T&) { return if_measured(r.owner_ref != 0, r.owner_key().pid()); }},
    {{"start_ticks", kInt, "ticks", "", "owner or its start unknown", "Start of the owner since boot."},
     [](const S&, const R& r, T&) {
       return if_measured(r.owner_key().start_ticks() != 0, r.owner_key().start_ticks());
     }},
    {{"comm", kText, "", "", "owner unknown or evicted", "Name of the owner.", true},
     [](const S& s, const R& r, T&) {
       const core::ProcessRow* p = s.process(r.owner);
       return p == nullptr ? Value::null() : text_or_null({p->comm, strnlen(p->comm, sizeof p->comm)});
     }},
    {{"exe", kText, "", "", "owner unknown or not readable", "Executable of the owner."},
     [](const S& s, const R& r, T&) {
       const core::ProcessRow* p = s.process(r.owner);
       return p == nullptr ? Value::null() : text_or_null(s.engine.text(p->exe));
     }},
    {{"app", kText, "", "", "owner unknown", "App of the owner when it was attributed.", true},
     [](const S& s, const R& r, T&) {
       return r.app == 0 ? Value::null() : text_or_null(s.engine.text(s.engine.apps.at(r.app - 1).key));
     }},
    {{"origin_pid", kInt, "", "", "not known", "Who connected or accepted, where a later owner may differ."},
     [](const S&, const R& r, T&) { return if_measured(r.origin_pid != 0, r.origin_pid); }},
    {{"quality", kText, "", "", "", "How certain the owner is: exact, inferred, candidate, unknown.", true},
     [](const S&, const R& r, T&) { return Value::of_text(model::quality_name(r.quality)); }},
    {{"rule", kText, "", "", "no rule has applied yet", "The rule that found the owner, or why none is known.", true},
     [](const S&, const R& r, T&) { return text_or_null(model::rule_name(r.rule)); }},
    {{"candidates", kText, "", "", "not shared", "Pids of all processes that hold the socket."}, candidates},
    {{"likely_app", kText, "", "", "an owner is known, or nothing fits",
      "App that flows like this one were of; see likely_confidence.", true},
     [](const S& s, const R& r, T&) { return text_or_null(s.engine.text(core::likely_app(s.engine, r).app)); }},
    {{"likely_confidence", kReal, "", "", "likely_app is null", "How far to trust likely_app: 0 to 1."},
     [](const S& s, const R& r, T&) {
       const core::LikelyApp likely = core::likely_app(s.engine, r);
       return likely.app == 0 ? Value::null() : Value::of_double(likely.confidence);
     }},
    {{"likely_rule", kText, "", "", "likely_app is null", "What told it: ja4+name, ja4, name, server_port, port.",
      true},
     [](const S& s, const R& r, T&) {
       return text_or_null(model::clue_kind_name(core::likely_app(s.engine, r).rule));
     }},
    {{"proto", kText, "", "", "", "tcp, udp or the protocol number.", true},
     [](const S&, const R& r, T& t) { return built(t, model::protocol_name(r.tuple.protocol)); }},
    {{"direction", kText, "", "", "not known", "out: connected from here; in: accepted here; listen.", true},
     [](const S&, const R& r, T&) { return text_or_null(model::direction_name(r.tuple.direction)); }},
    {{"scope", kText, "", "", "no remote end", "How far the remote end is: loopback, link, internal, external.", true},
     [](const S&, const R& r, T&) {
       return r.tuple.remote.is_unspecified() ? Value::null() : text_or_null(model::scope_name(r.tuple.remote.scope()));
     }},
    {{"local_addr", kText, "", "", "", "Local address."},
     [](const S&, const R& r, T& t) { return built(t, r.tuple.local.text()); }},
    {{"local_port", kInt, "", "", "none", "Local port."},
     [](const S&, const R& r, T&) { return port_or_null(r.tuple.local_port); }},
    {{"remote_addr", kText, "", "", "no remote end", "Remote address."},
     [](const S&, const R& r, T& t) {
       return r.tuple.remote.is_unspecified() ? Value::null() : built(t, r.tuple.remote.text());
     }},
    {{"remote_port", kInt, "", "", "no remote end", "Remote port."},
     [](const S&, const R& r, T&) { return port_or_null(r.tuple.remote_port); }},
    {{"nat_addr", kText, "", "", "no translation is known",
      "The translated end beyond the translation: as packets show it where local_addr is the socket's."},
     [](const S& s, const R& r, T& t) { return translated(s, r, t, false); }},
    {{"nat_port", kInt, "", "", "no translation is known", "Its port."},
     [](const S& s, const R& r, T& t) { return translated(s, r, t, true); }},
    {{"remote_name", kText, "", "", "no name was seen", "Name of the remote end, as name_source knows it."},
     [](const S& s, const R& r, T&) {
       return text_or_null(s.engine.text(sni_is_remote(s, r) ? names(s, r).sni : names(s, r).dns));
     }},
    {{"name_source", kText, "", "", "no name was seen",
      "sni: asked for in the TLS hello; dns: answered for the address when it opened.", true},
     [](const S& s, const R& r, T&) {
       if (sni_is_remote(s, r)) return Value::of_text("sni");
       return names(s, r).dns != 0 ? Value::of_text("dns") : Value::null();
     }},
    {{"country", kText, "", "", "no database knows it", "Country of the remote address, ISO 3166-1 alpha-2.", true},
     [](const S& s, const R& r, T&) { return country_or_null(place(s, r)); }},
    {{"asn", kInt, "", "", "no database knows it", "Number of its autonomous system."},
     [](const S& s, const R& r, T&) { return if_measured(place(s, r).asn != 0, place(s, r).asn); }},
    {{"feed", kText, "", "", "on no list", "List of threat intelligence that has the remote end.", true},
     [](const S& s, const R& r, T&) { return listed(s, r, &model::Listing::feed); }},
    {{"indicator", kText, "", "", "on no list", "What that list has: an address, a network, a name, a JA4."},
     [](const S& s, const R& r, T&) { return listed(s, r, &model::Listing::indicator); }},
    {{"sni", kText, "", "", "no TLS hello with one was seen", "Server name that the TLS client asked for."},
     [](const S& s, const R& r, T&) { return text_or_null(s.engine.text(names(s, r).sni)); }},
    {{"ech", kBool, "", "", "no TLS hello was seen",
      "Encrypted ClientHello was offered: sni may be that of the front."},
     [](const S& s, const R& r, T&) { return if_measured(names(s, r).greeted, names(s, r).ech ? 1 : 0); }},
    {{"alpn", kText, "", "", "no TLS hello with one was seen", "Protocols that the TLS client offered, best first.",
      true},
     [](const S& s, const R& r, T&) { return text_or_null(s.engine.text(names(s, r).alpn)); }},
    {{"ja4", kText, "", "", "no TLS hello was seen, or no libcrypto", "JA4 fingerprint of the TLS client.", true},
     [](const S& s, const R& r, T&) { return text_or_null(s.engine.text(names(s, r).ja4)); }},
    {{"ja3", kText, "", "", "no TLS hello was seen, or no MD5", "JA3 fingerprint of the TLS client.", true},
     [](const S& s, const R& r, T&) { return text_or_null(s.engine.text(names(s, r).ja3)); }},
    {{"opened", kTime, "", "", "open before it was first seen", "When it was opened, as near as the source knows."},
     [](const S& s, const R& r, T&) {
       return (r.flags & R::kOpenedKnown) != 0 ? time_or_null(s, r.opened_ns) : Value::null();
     }},
    {{"first_seen", kTime, "", "", "", "First event of it."},
     [](const S& s, const R& r, T&) { return time_or_null(s, r.opened_ns); }},
    {{"last_seen", kTime, "", "", "", "Last event of it."},
     [](const S& s, const R& r, T&) { return time_or_null(s, r.last_seen_ns); }},
    {{"established", kTime, "", "", "not observed", "When the handshake was done."},
     [](const S& s, const R& r, T&) {
       return path(r, R::kEstablished) ? time_or_null(s, r.opened_ns + TimeNs{r.established_after_us} * kMicrosecond)
                                       : Value::null();
     }},
    {{"closed", kTime, "", "", "open", "When it was closed."},
     [](const S& s, const R& r, T&) { return time_or_null(s, r.closed_ns); }},
    {{"duration", kInt, "ns", "", "open before it was first seen", "From opened to closed, or to now."},
     [](const S& s, const R& r, T&) {
       if ((r.flags & R::kOpenedKnown) == 0) return Value::null();
       return Value::of((r.open() ? s.engine.now : r.closed_ns) - r.opened_ns);
     }},
    {{"state", kText, "", "", "no state machine", "TCP state, as ss(8) names it.", true},
     [](const S&, const R& r, T&) { return text_or_null(model::tcp_state_name(r.state)); }},
    {{"close_reason", kText, "", "", "open", "Why it ended.", true},
     [](const S&, const R& r, T&) {
       return r.open() ? Value::null() : Value::of_text(model::close_reason_name(r.close_reason));
     }},
    {{"tx_bytes", kInt, "bytes", "row", "not measurable by the source", "Payload sent."},
     [](const S&, const R& r, T&) { return if_measured(has(r, SocketData::kTxBytes), r.tx_bytes); }},
    {{"rx_bytes", kInt, "bytes", "row", "not measurable by the source", "Payload received."},
     [](const S&, const R& r, T&) { return if_measured(has(r, SocketData::kRxBytes), r.rx_bytes); }},
    {{"layer", kText, "", "", "nothing was counted", "Where the bytes were counted.", true},
     [](const S&, const R& r, T&) { return text_or_null(model::byte_layer_name(r.layer)); }},
    {{"tx_packets", kInt, "packets", "", "not counted by any source", "Segments or datagrams sent."},
     [](const S& s, const R& r, T&) {
       return has(r, SocketData::kTxPackets) ? Value::of(static_cast<std::int64_t>(packets(r, true)))
                                             : of_packets(s, r, &core::CapturedRow::tx_packets);
     }},
    {{"rx_packets", kInt, "packets", "", "not counted by any source", "Segments or datagrams received."},
     [](const S& s, const R& r, T&) {
       return has(r, SocketData::kRxPackets) ? Value::of(static_cast<std::int64_t>(packets(r, false)))
                                             : of_packets(s, r, &core::CapturedRow::rx_packets);
     }},
    {{"tx_ip_bytes", kInt, "bytes", "ip", "no packet source saw it", "Sent, by the IP headers of its packets."},
     [](const S& s, const R& r, T&) { return of_packets(s, r, &core::CapturedRow::tx_ip_bytes); }},
    {{"rx_ip_bytes", kInt, "bytes", "ip", "no packet source saw it", "Received, by the IP headers of its packets."},
     [](const S& s, const R& r, T&) { return of_packets(s, r, &core::CapturedRow::rx_ip_bytes); }},
    {{"tx_carried", kInt, "bytes", "payload", "no packet source saw it, or there were too many holes at once",
      "Payload that its packets carried, of TCP each byte once."},
     [](const S& s, const R& r, T&) { return carried(s, r, true); }},
    {{"rx_carried", kInt, "bytes", "payload", "no packet source saw it, or there were too many holes at once",
      "The same, received."},
     [](const S& s, const R& r, T&) { return carried(s, r, false); }},
    {{"disagreement", kText, "", "", "both agree, or only one of them saw all of it",
      "Where the bytes of the kernel and of the packets differ, once it is closed."},
     disagreement},
    {{"tx_retransmits", kInt, "segments", "", "not counted by the source", "Segments sent again."},
     [](const S&, const R& r, T&) { return if_measured(path(r, TcpSnapshot::kRetransmits), r.tx_retransmits); }},
    {{"rx_retransmits", kInt, "segments", "", "no packet source measured it",
      "Segments of the remote end that came again."},
     [](const S& s, const R& r, T&) {
       const core::CapturedRow* row = captured(s, r);
       const bool measured = row != nullptr && (row->path_measured & TcpSnapshot::kRxRetransmits) != 0;
       return measured ? Value::of(row->rx_retransmits) : Value::null();
     }},
    {{"rx_out_of_order", kInt, "segments", "", "not counted by the source", "Segments received out of order."},
     [](const S&, const R& r, T&) { return if_measured(path(r, TcpSnapshot::kOutOfOrder), r.rx_out_of_order); }},
    {{"handshake_us", kInt, "us", "", "not measured", "Time of the TCP handshake."},
     [](const S&, const R& r, T&) { return if_measured(path(r, R::kHandshake), r.established_after_us); }},
    {{"srtt_us", kInt, "us", "", "not measured", "Smoothed round-trip time (RFC 6298)."},
     [](const S&, const R& r, T&) { return if_measured(path(r, TcpSnapshot::kSrtt), r.srtt_us); }},
    {{"min_rtt_us", kInt, "us", "", "not measured", "Least round-trip time."},
     [](const S&, const R& r, T&) { return if_measured(path(r, TcpSnapshot::kMinRtt), r.min_rtt_us); }},
    {{"jitter_us", kInt, "us", "", "not measured", "Mean deviation of the round-trip time."},
     [](const S&, const R& r, T&) { return if_measured(path(r, TcpSnapshot::kJitter), r.jitter_us); }},
    {{"coverage", kText, "", "", "", "What its numbers do not cover, or full.", true},
     [](const S& s, const R& r, T& t) {
       const bool unmeasured = !has(r, SocketData::kBytes) && (r.flags & R::kListener) == 0;
       const auto bits = static_cast<std::uint8_t>(r.coverage | (unmeasured ? model::kNotMeasurable : 0) |
                                                   s.engine.loss_coverage(r.opened_ns, r.open()));
       return built(t, model::coverage_text(bits));
     }},
    {{"source", kText, "", "", "not named", "The source that saw it first.", true},
     [](const S& s, const R& r, T&) { return text_or_null(s.engine.source_name(r.source)); }},
    {{"packet_source", kText, "", "", "no packet source saw it", "The source that captured its packets.", true},
     [](const S& s, const R& r, T&) {
       const core::CapturedRow* row = captured(s, r);
       return row == nullptr ? Value::null() : text_or_null(s.engine.source_name(row->source));
     }},
};
constexpr auto kColumns = columns_of(kFields);

}  // namespace

TableInfo connections_table() {
  return {"connections", kColumns, [](std::shared_ptr<const Snapshot> snapshot) -> std::shared_ptr<Table> {
            const auto& view = snapshot->engine.flows;
            return std::make_shared<ViewTable<R, core::FlowPages::View>>(std::move(snapshot), view, kColumns, kFields);
          }};
}

}  // namespace ipm::query
