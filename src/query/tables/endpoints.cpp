#include "query/tables/fields.h"
#include "query/tables/tables.h"

namespace ipm::query {
namespace {

using model::SocketData;
using S = Snapshot;
using R = core::EndpointRow;
using T = std::string;

core::Traffic total(const R& r) {
  core::Traffic sum;
  for (const core::Traffic& part : r.by_layer) sum.add(part);
  return sum;
}
bool has(const R& r, std::uint8_t bit) {
  return (r.measured & bit) != 0;
}

Value listed(const S& s, const R& r, std::uint32_t model::Listing::*text) {
  const std::uint32_t hit = r.hit != 0 ? r.hit : r.name != 0 ? s.engine.texts.at(r.name - 1).hit : 0;
  return hit == 0 ? Value::null() : text_or_null(s.engine.text(s.engine.hits.at(hit - 1).listing.*text));
}

constexpr Field<R> kFields[] = {
    {{"remote_addr", kText, "", "", "", "Remote address."},
     [](const S&, const R& r, T& t) { return built(t, r.address.text()); }},
    {{"remote_name", kText, "", "", "no name was seen", "Its newest name, as name_source knows it."},
     [](const S& s, const R& r, T&) { return text_or_null(s.engine.text(r.name)); }},
    {{"name_source", kText, "", "", "no name was seen",
      "sni: asked for in a TLS hello from here; dns: a DNS answer had this address.", true},
     [](const S&, const R& r, T&) {
       return r.name == 0 ? Value::null() : Value::of_text(r.name_is_sni ? "sni" : "dns");
     }},
    {{"country", kText, "", "", "no database knows it", "Its country, ISO 3166-1 alpha-2.", true},
     [](const S&, const R& r, T&) { return country_or_null(r.place); }},
    {{"asn", kInt, "", "", "no database knows it", "Number of its autonomous system."},
     [](const S&, const R& r, T&) { return if_measured(r.place.asn != 0, r.place.asn); }},
    {{"as_name", kText, "", "", "no database knows it", "Name of that system."},
     [](const S& s, const R& r, T&) { return text_or_null(s.engine.text(r.as_name)); }},
    {{"feed", kText, "", "", "on no list", "List of threat intelligence that has it, or its name.", true},
     [](const S& s, const R& r, T&) { return listed(s, r, &model::Listing::feed); }},
    {{"indicator", kText, "", "", "on no list", "What that list has: an address, a network or a name."},
     [](const S& s, const R& r, T&) { return listed(s, r, &model::Listing::indicator); }},
    {{"scope", kText, "", "", "", "loopback, link, internal or external.", true},
     [](const S&, const R& r, T&) { return text_or_null(model::scope_name(r.address.scope())); }},
    {{"last_port", kInt, "", "", "none", "Remote port of its newest flow."},
     [](const S&, const R& r, T&) { return port_or_null(r.last_port); }},
    {{"first_seen", kTime, "", "", "", "First flow."},
     [](const S& s, const R& r, T&) { return time_or_null(s, r.first_seen_ns); }},
    {{"last_seen", kTime, "", "", "", "Last traffic."},
     [](const S& s, const R& r, T&) { return time_or_null(s, r.last_seen_ns); }},
    {{"tx_bytes", kInt, "bytes", "row", "not measurable by the source", "Payload sent to it."},
     [](const S&, const R& r, T&) { return if_measured(has(r, SocketData::kTxBytes), total(r).tx); }},
    {{"rx_bytes", kInt, "bytes", "row", "not measurable by the source", "Payload received from it."},
     [](const S&, const R& r, T&) { return if_measured(has(r, SocketData::kRxBytes), total(r).rx); }},
    {{"layer", kText, "", "", "nothing was counted", "Where the bytes were counted.", true},
     [](const S&, const R& r, T&) { return text_or_null(model::byte_layer_name(r.layer)); }},
    {{"tx_packets", kInt, "packets", "", "not counted by the source", "Segments or datagrams sent."},
     [](const S&, const R& r, T&) { return if_measured(has(r, SocketData::kTxPackets), r.packets.tx); }},
    {{"rx_packets", kInt, "packets", "", "not counted by the source", "Segments or datagrams received."},
     [](const S&, const R& r, T&) { return if_measured(has(r, SocketData::kRxPackets), r.packets.rx); }},
    {{"tx_rate", kReal, "bytes/s", "row", "not measurable by the source", "Sent per second, over 10 s."},
     [](const S& s, const R& r, T&) {
       return has(r, SocketData::kTxBytes) ? Value::of_double(r.tx_rate.per_second(s.engine.now, 1)) : Value::null();
     }},
    {{"rx_rate", kReal, "bytes/s", "row", "not measurable by the source", "Received per second, over 10 s."},
     [](const S& s, const R& r, T&) {
       return has(r, SocketData::kRxBytes) ? Value::of_double(r.rx_rate.per_second(s.engine.now, 1)) : Value::null();
     }},
    {{"connects", kInt, "", "", "", "TCP connects from here that succeeded."},
     [](const S&, const R& r, T&) { return Value::of_u(r.connects); }},
    {{"accepts", kInt, "", "", "", "TCP connections accepted from it."},
     [](const S&, const R& r, T&) { return Value::of_u(r.accepts); }},
    {{"connect_failures", kInt, "", "", "no source that can see them has seen one",
      "TCP connects that a source saw fail."},
     [](const S&, const R& r, T&) { return if_measured(r.connect_failures != 0, r.connect_failures); }},
    {{"flows", kInt, "", "", "", "Open now."}, [](const S&, const R& r, T&) { return Value::of(r.open); }},
    {{"flows_total", kInt, "", "", "", "Ever seen."},
     [](const S&, const R& r, T&) { return Value::of(r.flows_total); }},
};
constexpr auto kColumns = columns_of(kFields);

}  // namespace

TableInfo endpoints_table() {
  return {"endpoints", kColumns, [](std::shared_ptr<const Snapshot> snapshot) -> std::shared_ptr<Table> {
            const auto& view = snapshot->engine.endpoints;
            return std::make_shared<ViewTable<R, core::EndpointPages::View>>(std::move(snapshot), view, kColumns,
                                                                             kFields);
          }};
}

}  // namespace ipm::query
