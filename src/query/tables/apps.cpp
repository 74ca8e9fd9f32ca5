#include "query/tables/activity_fields.h"
#include "query/tables/tables.h"

namespace ipm::query {
namespace {

using S = Snapshot;
using R = core::AppRow;
using T = std::string;
constexpr auto kInt = ColumnType::kInt64;
constexpr auto kReal = ColumnType::kDouble;
constexpr auto kText = ColumnType::kText;
constexpr auto kTime = ColumnType::kTime;

constexpr Field<R> kFields[] = {
    {{"app", kText, "", "", "", "Key of the program: executable, script, workload, user class.", true},
     [](const S& s, const R& r, T&) { return text_or_null(s.engine.text(r.key)); }},
    {{"exe", kText, "", "", "not readable", "Path of the executable that was seen first."},
     [](const S& s, const R& r, T&) { return text_or_null(s.engine.text(r.exe)); }},
    {{"processes", kInt, "", "", "", "Running now."}, [](const S&, const R& r, T&) { return Value::of(r.processes); }},
    {{"processes_total", kInt, "", "", "", "Ever seen."},
     [](const S&, const R& r, T&) { return Value::of(r.processes_total); }},
    {{"first_seen", kTime, "", "", "", "First event of it."},
     [](const S& s, const R& r, T&) { return time_or_null(s, r.activity.first_seen_ns); }},
    {{"last_seen", kTime, "", "", "", "Last event of it."},
     [](const S& s, const R& r, T&) { return time_or_null(s, r.activity.last_seen_ns); }},
    {{"tx_bytes", kInt, "bytes", "row", "no part was measurable", "Payload sent."},
     [](const S&, const R& r, T&) { return activity::tx(r.activity); }},
    {{"rx_bytes", kInt, "bytes", "row", "no part was measurable", "Payload received."},
     [](const S&, const R& r, T&) { return activity::rx(r.activity); }},
    {{"layer", kText, "", "", "nothing was counted", "Where the bytes were counted.", true},
     [](const S&, const R& r, T&) { return activity::layer(r.activity); }},
    {{"tx_bytes_external", kInt, "bytes", "row", "no part was measurable", "Payload sent to scope external."},
     [](const S&, const R& r, T&) { return activity::tx_external(r.activity); }},
    {{"rx_bytes_external", kInt, "bytes", "row", "no part was measurable", "Payload received from scope external."},
     [](const S&, const R& r, T&) { return activity::rx_external(r.activity); }},
    {{"tx_rate", kReal, "bytes/s", "row", "no part was measurable",
      "Sent per second, exponentially weighted over 10 s."},
     [](const S& s, const R& r, T&) {
       return activity::rate(r.activity, r.activity.tx_rate, s, 1, activity::sent_measured(r.activity));
     }},
    {{"rx_rate", kReal, "bytes/s", "row", "no part was measurable", "Received per second, over 10 s."},
     [](const S& s, const R& r, T&) {
       return activity::rate(r.activity, r.activity.rx_rate, s, 1, activity::received_measured(r.activity));
     }},
    {{"connects", kInt, "", "", "", "TCP connects that succeeded."},
     [](const S&, const R& r, T&) { return Value::of_u(r.activity.connects); }},
    {{"accepts", kInt, "", "", "", "TCP connections accepted."},
     [](const S&, const R& r, T&) { return Value::of_u(r.activity.accepts); }},
    {{"connect_failures", kInt, "", "", "no source that can see them has seen one", "TCP connects that failed."},
     [](const S&, const R& r, T&) { return activity::failures(r.activity); }},
    {{"retransmits", kInt, "segments", "", "not counted by the source", "TCP segments sent again."},
     [](const S&, const R& r, T&) { return activity::retransmits(r.activity); }},
    {{"connections", kInt, "", "", "", "Sockets open now."},
     [](const S&, const R& r, T&) { return Value::of(r.activity.connections); }},
    {{"remotes", kInt, "", "", "", "Distinct remote addresses so far."},
     [](const S&, const R& r, T&) { return Value::of(r.activity.remotes); }},
    {{"srtt_us", kInt, "us", "", "not measured", "Round-trip time, smoothed over its connections."},
     [](const S&, const R& r, T&) { return activity::srtt(r.activity); }},
    {{"quality", kText, "", "", "no bytes were attributed", "The least certain attribution that gave it bytes.", true},
     [](const S&, const R& r, T&) { return activity::quality(r.activity); }},
    {{"coverage", kText, "", "", "", "What its numbers do not cover, or full.", true},
     [](const S&, const R& r, T& t) { return activity::coverage(r.activity, t); }},
};
constexpr auto kColumns = columns_of(kFields);

}  // namespace

TableInfo apps_table() {
  return {"apps", kColumns, [](std::shared_ptr<const Snapshot> snapshot) -> std::shared_ptr<Table> {
            const auto& view = snapshot->engine.apps;
            return std::make_shared<ViewTable<R, core::AppPages::View>>(std::move(snapshot), view, kColumns, kFields);
          }};
}

}  // namespace ipm::query
