#include "query/tables/activity_fields.h"
#include "query/tables/score_fields.h"
#include "query/tables/tables.h"

namespace ipm::query {
namespace {

using core::ProcessRow;
using S = Snapshot;
using R = ProcessRow;
using T = std::string;

std::uint32_t app_of(const S&, const R& r) {
  return r.app == 0 ? kNoSlot : r.app - 1;
}

constexpr Field<R> kFields[] = {
    {{"pid", kInt, "", "", "", "Process id (thread group)."},
     [](const S&, const R& r, T&) { return Value::of(r.key.pid()); }},
    {{"start_ticks", kInt, "ticks", "", "the source does not know the start",
      "Start since boot, field 22 of /proc/PID/stat."},
     [](const S&, const R& r, T&) { return if_measured(r.key.start_ticks() != 0, r.key.start_ticks()); }},
    {{"start_time", kTime, "", "", "the source does not know the start", "When it started."},
     [](const S& s, const R& r, T&) { return time_or_null(s, r.start_ns); }},
    {{"ppid", kInt, "", "", "not described by a source", "Parent process id."},
     [](const S&, const R& r, T&) { return if_measured(r.described && r.ppid != 0, r.ppid); }},
    {{"uid", kInt, "", "", "not known", "Real user id."},
     [](const S&, const R& r, T&) { return if_measured(r.uid != model::Process::kUidUnknown, r.uid); }},
    {{"comm", kText, "", "", "not described by a source", "Name in the kernel, at most 15 bytes.", true},
     [](const S&, const R& r, T&) {
       return text_or_null({r.comm, strnlen(r.comm, sizeof r.comm)});
     }},
    {{"exe", kText, "", "", "not readable", "Path of the executable."},
     [](const S& s, const R& r, T&) { return text_or_null(s.engine.text(r.exe)); }},
    {{"script", kText, "", "", "no interpreter", "What an interpreter runs."},
     [](const S& s, const R& r, T&) { return text_or_null(s.engine.text(r.script)); }},
    {{"app", kText, "", "", "the app table was full", "Key of the program across restarts and versions.", true},
     [](const S& s, const R& r, T&) {
       return r.app == 0 ? Value::null() : text_or_null(s.engine.text(s.engine.apps.at(r.app - 1).key));
     }},
    {{"container", kText, "", "", "in none", "Container id, 64 hex digits."},
     [](const S& s, const R& r, T&) { return text_or_null(s.engine.text(r.container)); }},
    {{"unit", kText, "", "", "in none", "systemd unit."},
     [](const S& s, const R& r, T&) { return text_or_null(s.engine.text(r.unit)); }},
    {{"cgroup", kText, "", "", "not readable", "Path in the cgroup hierarchy."},
     [](const S& s, const R& r, T&) { return text_or_null(s.engine.text(r.cgroup)); }},
    {{"ancestors", kText, "", "", "not told by the source", "Names of its ancestors, parent first: bash < sshd."},
     [](const S& s, const R& r, T&) { return text_or_null(s.engine.text(r.ancestors)); }},
    {{"netns", kInt, "", "", "not known", "Inode of its network namespace."},
     [](const S&, const R& r, T&) { return if_measured(r.netns != 0, r.netns); }},
    {{"running", kBool, "", "", "", "Not seen to exit."},
     [](const S&, const R& r, T&) { return Value::of(r.exited_ns == 0 ? 1 : 0); }},
    activity::first_seen_field<R>,
    activity::last_seen_field<R>,
    {{"exited", kTime, "", "", "running", "When it exited."},
     [](const S& s, const R& r, T&) { return time_or_null(s, r.exited_ns); }},
    activity::tx_bytes_field<R>,
    activity::rx_bytes_field<R>,
    activity::layer_field<R>,
    activity::tx_bytes_external_field<R>,
    activity::rx_bytes_external_field<R>,
    activity::tx_bytes_before_field<R>,
    activity::rx_bytes_before_field<R>,
    activity::frame_tx_bytes_field<R>,
    {{"candidate_tx_bytes", kInt, "bytes", "row", "",
      "Sent over sockets that others hold too; may be its own, in no other number."},
     [](const S&, const R& r, T&) { return Value::of_u(r.activity.candidate.tx); }},
    {{"candidate_rx_bytes", kInt, "bytes", "row", "", "Received over sockets that others hold too."},
     [](const S&, const R& r, T&) { return Value::of_u(r.activity.candidate.rx); }},
    activity::tx_packets_field<R>,
    activity::rx_packets_field<R>,
    activity::tx_rate_field<R>,
    activity::rx_rate_field<R>,
    activity::tx_rate_1s_field<R>,
    activity::rx_rate_1s_field<R>,
    activity::tx_rate_60s_field<R>,
    activity::rx_rate_60s_field<R>,
    activity::connects_field<R>,
    activity::accepts_field<R>,
    activity::connect_failures_field<R>,
    activity::resets_rx_field<R>,
    activity::resets_tx_field<R>,
    activity::retransmits_field<R>,
    activity::connections_field<R>,
    activity::remotes_field<R>,
    activity::srtt_us_field<R>,
    activity::jitter_us_field<R>,
    {{"cpu_ms", kInt, "ms", "", "not readable", "CPU time since its start."},
     [](const S&, const R& r, T&) {
       return if_measured((r.sampled & model::ProcessSample::kCpu) != 0, r.cpu_ns / 1'000'000);
     }},
    {{"rss_bytes", kInt, "bytes", "", "not readable", "Resident memory."},
     [](const S&, const R& r, T&) { return if_measured((r.sampled & model::ProcessSample::kRss) != 0, r.rss_bytes); }},
    {{"read_bytes", kInt, "bytes", "", "not readable", "Read from storage since its start."},
     [](const S&, const R& r, T&) { return if_measured((r.sampled & model::ProcessSample::kIo) != 0, r.read_bytes); }},
    {{"write_bytes", kInt, "bytes", "", "not readable", "Written to storage since its start."},
     [](const S&, const R& r, T&) { return if_measured((r.sampled & model::ProcessSample::kIo) != 0, r.write_bytes); }},
    score_field<R, app_of>,
    score_metric_field<R, app_of>,
    deviation_percent_field<R, app_of>,
    activity::quality_field<R>,
    activity::coverage_field<R>,
};
constexpr auto kColumns = columns_of(kFields);

}  // namespace

TableInfo processes_table() {
  return {"processes", kColumns, [](std::shared_ptr<const Snapshot> snapshot) -> std::shared_ptr<Table> {
            const auto& view = snapshot->engine.processes;
            return std::make_shared<ViewTable<R, core::ProcessPages::View>>(std::move(snapshot), view, kColumns,
                                                                            kFields);
          }};
}

}  // namespace ipm::query
