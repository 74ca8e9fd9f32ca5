#include "query/tables/activity_fields.h"
#include "query/tables/score_fields.h"
#include "query/tables/tables.h"

namespace ipm::query {
namespace {

using S = Snapshot;
using R = core::AppRow;
using T = std::string;

std::uint32_t slot_of(const S&, const R& r) {
  return r.slot;
}

constexpr Field<R> kFields[] = {
    {{"app", kText, "", "", "", "Key of the program: executable, script, workload, user class.", true},
     [](const S& s, const R& r, T&) { return text_or_null(s.engine.text(r.key)); }},
    {{"exe", kText, "", "", "not readable", "Path of the executable that was seen first."},
     [](const S& s, const R& r, T&) { return text_or_null(s.engine.text(r.exe)); }},
    {{"processes", kInt, "", "", "", "Running now."}, [](const S&, const R& r, T&) { return Value::of(r.processes); }},
    {{"processes_total", kInt, "", "", "", "Ever seen."},
     [](const S&, const R& r, T&) { return Value::of(r.processes_total); }},
    activity::first_seen_field<R>,
    activity::last_seen_field<R>,
    activity::tx_bytes_field<R>,
    activity::rx_bytes_field<R>,
    activity::layer_field<R>,
    activity::tx_bytes_external_field<R>,
    activity::rx_bytes_external_field<R>,
    activity::tx_bytes_before_field<R>,
    activity::rx_bytes_before_field<R>,
    activity::frame_tx_bytes_field<R>,
    activity::tx_rate_field<R>,
    activity::rx_rate_field<R>,
    activity::connects_field<R>,
    activity::accepts_field<R>,
    activity::connect_failures_field<R>,
    activity::retransmits_field<R>,
    activity::connections_field<R>,
    activity::remotes_field<R>,
    activity::srtt_us_field<R>,
    score_field<R, slot_of>,
    score_metric_field<R, slot_of>,
    deviation_percent_field<R, slot_of>,
    activity::quality_field<R>,
    activity::coverage_field<R>,
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
