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
    {{"tx_packets", kInt, "packets", "", "not counted by the source", "Segments or datagrams sent."},
     [](const S&, const R& r, T&) { return if_measured(has(r, SocketData::kTxPackets), packets(r, true)); }},
    {{"rx_packets", kInt, "packets", "", "not counted by the source", "Segments or datagrams received."},
     [](const S&, const R& r, T&) { return if_measured(has(r, SocketData::kRxPackets), packets(r, false)); }},
    {{"tx_retransmits", kInt, "segments", "", "not counted by the source", "Segments sent again."},
     [](const S&, const R& r, T&) { return if_measured(path(r, TcpSnapshot::kRetransmits), r.tx_retransmits); }},
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
