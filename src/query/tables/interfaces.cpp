// Interfaces and network namespaces: what the kernel counts for everybody together.
#include "query/tables/fields.h"
#include "query/tables/tables.h"

namespace ipm::query {
namespace {

using S = Snapshot;
using T = std::string;
constexpr std::uint32_t kIffUp = 1, kIffLoopback = 8;  // IFF_UP, IFF_LOOPBACK of if.h.

using I = core::InterfaceRow;
constexpr Field<I> kInterfaceFields[] = {
    {{"netns", kInt, "", "", "not known", "Inode of its network namespace."},
     [](const S&, const I& r, T&) { return if_measured(r.last.netns != 0, r.last.netns); }},
    {{"index", kInt, "", "", "", "Interface index."}, [](const S&, const I& r, T&) { return Value::of(r.last.index); }},
    {{"name", kText, "", "", "", "Interface name.", true},
     [](const S&, const I& r, T&) {
       return text_or_null({r.last.name, strnlen(r.last.name, sizeof r.last.name)});
     }},
    {{"up", kBool, "", "", "", "Administratively up."},
     [](const S&, const I& r, T&) { return Value::of((r.last.flags & kIffUp) != 0 ? 1 : 0); }},
    {{"loopback", kBool, "", "", "", "A loopback device."},
     [](const S&, const I& r, T&) { return Value::of((r.last.flags & kIffLoopback) != 0 ? 1 : 0); }},
    {{"first_seen", kTime, "", "", "", "First counters of it."},
     [](const S& s, const I& r, T&) { return time_or_null(s, r.first_seen_ns); }},
    {{"last_seen", kTime, "", "", "", "Newest counters of it."},
     [](const S& s, const I& r, T&) { return time_or_null(s, r.last_seen_ns); }},
    {{"tx_bytes", kInt, "bytes", "wire", "", "Octets sent since first_seen."},
     [](const S&, const I& r, T&) { return Value::of_u(r.last.tx_bytes - r.first.tx_bytes); }},
    {{"rx_bytes", kInt, "bytes", "wire", "", "Octets received since first_seen."},
     [](const S&, const I& r, T&) { return Value::of_u(r.last.rx_bytes - r.first.rx_bytes); }},
    {{"tx_bytes_total", kInt, "bytes", "wire", "", "Octets sent since it came up."},
     [](const S&, const I& r, T&) { return Value::of_u(r.last.tx_bytes); }},
    {{"rx_bytes_total", kInt, "bytes", "wire", "", "Octets received since it came up."},
     [](const S&, const I& r, T&) { return Value::of_u(r.last.rx_bytes); }},
    {{"tx_packets", kInt, "packets", "", "", "Packets sent since first_seen."},
     [](const S&, const I& r, T&) { return Value::of_u(r.last.tx_packets - r.first.tx_packets); }},
    {{"rx_packets", kInt, "packets", "", "", "Packets received since first_seen."},
     [](const S&, const I& r, T&) { return Value::of_u(r.last.rx_packets - r.first.rx_packets); }},
    {{"tx_rate", kReal, "bytes/s", "wire", "", "Sent per second, over 10 s."},
     [](const S& s, const I& r, T&) { return Value::of_double(r.tx_rate.per_second(s.engine.now, 1)); }},
    {{"rx_rate", kReal, "bytes/s", "wire", "", "Received per second, over 10 s."},
     [](const S& s, const I& r, T&) { return Value::of_double(r.rx_rate.per_second(s.engine.now, 1)); }},
    {{"tx_drops", kInt, "packets", "", "", "Dropped on sending since it came up."},
     [](const S&, const I& r, T&) { return Value::of_u(r.last.tx_drops); }},
    {{"rx_drops", kInt, "packets", "", "", "Dropped on receiving since it came up."},
     [](const S&, const I& r, T&) { return Value::of_u(r.last.rx_drops); }},
    {{"tx_errors", kInt, "packets", "", "", "Errors on sending since it came up."},
     [](const S&, const I& r, T&) { return Value::of(r.last.tx_errors); }},
    {{"rx_errors", kInt, "packets", "", "", "Errors on receiving since it came up."},
     [](const S&, const I& r, T&) { return Value::of(r.last.rx_errors); }},
};
constexpr auto kInterfaceColumns = columns_of(kInterfaceFields);

using N = core::NamespaceRow;
Value since(const N& r, std::uint64_t model::HostCounters::*counter) {
  return if_measured(r.has_counters != 0, r.last.*counter - r.first.*counter);
}
constexpr Field<N> kNamespaceFields[] = {
    {{"netns", kInt, "", "", "not known", "Inode of the network namespace."},
     [](const S&, const N& r, T&) { return if_measured(r.netns != 0, r.netns); }},
    {{"first_seen", kTime, "", "", "", "Counting from here."},
     [](const S& s, const N& r, T&) { return time_or_null(s, r.first_seen_ns); }},
    {{"last_seen", kTime, "", "", "", "Newest counters."},
     [](const S& s, const N& r, T&) { return time_or_null(s, r.last_seen_ns); }},
    {{"connects", kInt, "", "", "not readable", "TCP active opens since first_seen (RFC 4022 tcpActiveOpens)."},
     [](const S&, const N& r, T&) { return since(r, &model::HostCounters::tcp_active_opens); }},
    {{"accepts", kInt, "", "", "not readable", "TCP passive opens since first_seen."},
     [](const S&, const N& r, T&) { return since(r, &model::HostCounters::tcp_passive_opens); }},
    {{"connect_failures", kInt, "", "", "not readable",
      "TCP opens that failed since first_seen (tcpAttemptFails): of all processes together."},
     [](const S&, const N& r, T&) { return since(r, &model::HostCounters::tcp_attempt_fails); }},
    {{"resets", kInt, "", "", "not readable", "Established connections reset since first_seen (tcpEstabResets)."},
     [](const S&, const N& r, T&) { return since(r, &model::HostCounters::tcp_estab_resets); }},
    {{"resets_tx", kInt, "segments", "", "not readable", "RST segments sent since first_seen."},
     [](const S&, const N& r, T&) { return since(r, &model::HostCounters::tcp_out_rsts); }},
    {{"retransmits", kInt, "segments", "", "not readable", "TCP segments sent again since first_seen."},
     [](const S&, const N& r, T&) { return since(r, &model::HostCounters::tcp_retrans_segs); }},
    {{"tcp_tx_packets", kInt, "segments", "", "not readable", "TCP segments sent since first_seen."},
     [](const S&, const N& r, T&) { return since(r, &model::HostCounters::tcp_out_segs); }},
    {{"tcp_rx_packets", kInt, "segments", "", "not readable", "TCP segments received since first_seen."},
     [](const S&, const N& r, T&) { return since(r, &model::HostCounters::tcp_in_segs); }},
    {{"udp_tx_packets", kInt, "datagrams", "", "not readable", "UDP datagrams sent since first_seen."},
     [](const S&, const N& r, T&) { return since(r, &model::HostCounters::udp_out_datagrams); }},
    {{"udp_rx_packets", kInt, "datagrams", "", "not readable", "UDP datagrams received since first_seen."},
     [](const S&, const N& r, T&) { return since(r, &model::HostCounters::udp_in_datagrams); }},
};
constexpr auto kNamespaceColumns = columns_of(kNamespaceFields);

}  // namespace

TableInfo interfaces_table() {
  return {"interfaces", kInterfaceColumns, [](std::shared_ptr<const Snapshot> snapshot) -> std::shared_ptr<Table> {
            const auto& view = snapshot->engine.interfaces;
            return std::make_shared<ViewTable<I, core::InterfacePages::View>>(std::move(snapshot), view,
                                                                              kInterfaceColumns, kInterfaceFields);
          }};
}

TableInfo namespaces_table() {
  return {"namespaces", kNamespaceColumns, [](std::shared_ptr<const Snapshot> snapshot) -> std::shared_ptr<Table> {
            const auto& view = snapshot->engine.namespaces;
            return std::make_shared<ViewTable<N, core::NamespacePages::View>>(std::move(snapshot), view,
                                                                              kNamespaceColumns, kNamespaceFields);
          }};
}

}  // namespace ipm::query
