#include "query/tables/activity_fields.h"
#include "query/tables/tables.h"

namespace ipm::query {
namespace {

using core::ProcessRow;
using S = Snapshot;
using R = ProcessRow;
using T = std::string;
constexpr auto kInt = ColumnType::kInt64;
constexpr auto kReal = ColumnType::kDouble;
constexpr auto kText = ColumnType::kText;
constexpr auto kTime = ColumnType::kTime;

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
    {{"netns", kInt, "", "", "not known", "Inode of its network namespace."},
     [](const S&, const R& r, T&) { return if_measured(r.netns != 0, r.netns); }},
    {{"running", ColumnType::kBool, "", "", "", "Not seen to exit."},
     [](const S&, const R& r, T&) { return Value::of(r.exited_ns == 0 ? 1 : 0); }},
    {{"first_seen", kTime, "", "", "", "First event of it."},
     [](const S& s, const R& r, T&) { return time_or_null(s, r.activity.first_seen_ns); }},
    {{"last_seen", kTime, "", "", "", "Last event of it."},
     [](const S& s, const R& r, T&) { return time_or_null(s, r.activity.last_seen_ns); }},
    {{"exited", kTime, "", "", "running", "When it exited."},
     [](const S& s, const R& r, T&) { return time_or_null(s, r.exited_ns); }},
    {{"tx_bytes", kInt, "bytes", "row", "no part was measurable", "Payload sent."},
     [](const S&, const R& r, T&) { return activity::tx(r.activity); }},
    {{"rx_bytes", kInt, "bytes", "row", "no part was measurable", "Payload received."},
     [](const S&, const R& r, T&) { return activity::rx(r.activity); }},
    {{"layer", kText, "", "", "nothing was counted", "Where the bytes were counted: app, tcp, ip, wire or mixed.",
      true},
     [](const S&, const R& r, T&) { return activity::layer(r.activity); }},
    {{"tx_bytes_external", kInt, "bytes", "row", "no part was measurable",
      "Payload sent to addresses of scope external."},
     [](const S&, const R& r, T&) { return activity::tx_external(r.activity); }},
    {{"rx_bytes_external", kInt, "bytes", "row", "no part was measurable", "Payload received from scope external."},
     [](const S&, const R& r, T&) { return activity::rx_external(r.activity); }},
    {{"candidate_tx_bytes", kInt, "bytes", "row", "",
      "Sent over sockets that others hold too; may be its own, in no other number."},
     [](const S&, const R& r, T&) { return Value::of_u(r.activity.candidate.tx); }},
    {{"candidate_rx_bytes", kInt, "bytes", "row", "", "Received over sockets that others hold too."},
     [](const S&, const R& r, T&) { return Value::of_u(r.activity.candidate.rx); }},
    {{"tx_packets", kInt, "packets", "", "not counted by the source", "Segments or datagrams sent."},
     [](const S&, const R& r, T&) { return activity::tx_packets(r.activity); }},
    {{"rx_packets", kInt, "packets", "", "not counted by the source", "Segments or datagrams received."},
     [](const S&, const R& r, T&) { return activity::rx_packets(r.activity); }},
    {{"tx_rate", kReal, "bytes/s", "row", "no part was measurable",
      "Sent per second, exponentially weighted over 10 s."},
     [](const S& s, const R& r, T&) {
       return activity::rate(r.activity, r.activity.tx_rate, s, 1, activity::sent_measured(r.activity));
     }},
    {{"rx_rate", kReal, "bytes/s", "row", "no part was measurable", "Received per second, over 10 s."},
     [](const S& s, const R& r, T&) {
       return activity::rate(r.activity, r.activity.rx_rate, s, 1, activity::received_measured(r.activity));
     }},
    {{"tx_rate_1s", kReal, "bytes/s", "row", "no part was measurable", "Sent per second, over 1 s."},
     [](const S& s, const R& r, T&) {
       return activity::rate(r.activity, r.activity.tx_rate, s, 0, activity::sent_measured(r.activity));
     }},
    {{"rx_rate_1s", kReal, "bytes/s", "row", "no part was measurable", "Received per second, over 1 s."},
     [](const S& s, const R& r, T&) {
       return activity::rate(r.activity, r.activity.rx_rate, s, 0, activity::received_measured(r.activity));
     }},
    {{"tx_rate_60s", kReal, "bytes/s", "row", "no part was measurable", "Sent per second, over 60 s."},
     [](const S& s, const R& r, T&) {
       return activity::rate(r.activity, r.activity.tx_rate, s, 2, activity::sent_measured(r.activity));
     }},
    {{"rx_rate_60s", kReal, "bytes/s", "row", "no part was measurable", "Received per second, over 60 s."},
     [](const S& s, const R& r, T&) {
       return activity::rate(r.activity, r.activity.rx_rate, s, 2, activity::received_measured(r.activity));
     }},
    {{"connects", kInt, "", "", "", "TCP connects that succeeded."},
     [](const S&, const R& r, T&) { return Value::of_u(r.activity.connects); }},
    {{"accepts", kInt, "", "", "", "TCP connections accepted."},
     [](const S&, const R& r, T&) { return Value::of_u(r.activity.accepts); }},
    {{"connect_failures", kInt, "", "", "no source that can see them has seen one",
      "TCP connects that were refused, timed out or found no way."},
     [](const S&, const R& r, T&) { return activity::failures(r.activity); }},
    {{"resets_rx", kInt, "", "", "no source that can see them has seen one",
      "Established connections reset by the peer."},
     [](const S&, const R& r, T&) { return activity::resets(r.activity, r.activity.resets_rx); }},
    {{"resets_tx", kInt, "", "", "no source that can see them has seen one", "Established connections aborted here."},
     [](const S&, const R& r, T&) { return activity::resets(r.activity, r.activity.resets_tx); }},
    {{"retransmits", kInt, "segments", "", "not counted by the source", "TCP segments sent again."},
     [](const S&, const R& r, T&) { return activity::retransmits(r.activity); }},
    {{"connections", kInt, "", "", "", "Sockets open now, listeners among them."},
     [](const S&, const R& r, T&) { return Value::of(r.activity.connections); }},
    {{"remotes", kInt, "", "", "", "Distinct remote addresses so far."},
     [](const S&, const R& r, T&) { return Value::of(r.activity.remotes); }},
    {{"srtt_us", kInt, "us", "", "not measured", "Round-trip time, smoothed over its connections."},
     [](const S&, const R& r, T&) { return activity::srtt(r.activity); }},
    {{"jitter_us", kInt, "us", "", "not measured", "Mean deviation of the round-trip time."},
     [](const S&, const R& r, T&) { return activity::jitter(r.activity); }},
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
    {{"quality", kText, "", "", "no bytes were attributed", "The least certain attribution that gave it bytes.", true},
     [](const S&, const R& r, T&) { return activity::quality(r.activity); }},
    {{"coverage", kText, "", "", "", "What its numbers do not cover, or full.", true},
     [](const S&, const R& r, T& t) { return activity::coverage(r.activity, t); }},
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
