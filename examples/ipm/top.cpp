// A refreshing view: the sources and their health, processes by rate, and under the busiest ones their peers.
#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <ipm/ipm.hpp>

#include "commands.h"
#include "output.h"
#include "run.h"
#include "self_traffic.h"
#include "text.h"
#include "top_rows.h"

namespace cli {
namespace {

constexpr std::int64_t kQuietBeforeSelfTraffic = 2 * IPM_S;
constexpr std::int64_t kPlainDuration = 20 * IPM_S;  // Without a terminal nobody would stop it.
constexpr std::size_t kPlainProcesses = 15;
constexpr std::size_t kBusiest = 5;  // Processes whose peers are shown.
constexpr std::size_t kPeersOfEach = 3;
constexpr std::size_t kAppColumns = 40;

class View {
 public:
  explicit View(const Options& options) : options_(options), monitor_(open_monitor(options)) {
    Options wanted = options;
    if (options.order_by.empty()) wanted.limit.reset();  // The limit is for the busiest, which are found here.
    filter_ = wanted.filter(options.format == Format::kTable ? process_columns() : std::string());
    monitor_.table("processes", filter_);  // A mistake shows now.
  }

  ipm::Monitor& monitor() { return monitor_; }

  // On loopback traffic of its own if nothing has moved since the first look.
  void watch_for_quiet(std::int64_t since) {
    if (!options_.self_traffic || watched_) return;
    if (!first_bytes_) first_bytes_ = total_bytes(monitor_);
    if (now_ns() - since < kQuietBeforeSelfTraffic) return;
    watched_ = true;
    monitor_.flush();
    if (total_bytes(monitor_) > *first_bytes_) return;
    const char* said = traffic_.start() ? "nothing moved a byte in 2 s: making about 50 KB/s of loopback traffic"
                                        : "nothing moved a byte in 2 s, and there is no loopback to make traffic on";
    std::fprintf(stderr, "ipm: %s\n", said);
  }

  void print() { put(options_.format == Format::kTable ? view() : records()); }

 private:
  // For programs: every row that the filter lets through, busiest first unless --order-by says otherwise.
  std::string records() {
    ipm::Cursor cursor = monitor_.table("processes", filter_);
    const RecordFormatter formatter(cursor, options_.format);
    const NamedColumns columns(cursor);
    std::vector<std::pair<Weight, std::string>> rows;
    for (const ipm::Row row : cursor) rows.emplace_back(process_weight(columns, row), formatter.record(row));
    if (options_.order_by.empty()) heaviest_first(rows, [](const auto& entry) { return entry.first; });
    if (options_.limit && rows.size() > *options_.limit) rows.resize(static_cast<std::size_t>(*options_.limit));
    std::string out = formatter.header();
    for (const auto& entry : rows) out += entry.second;
    return out;
  }

  std::string view() {
    const TerminalSize terminal = terminal_size();
    const std::string head = header(terminal);
    std::vector<ProcessRow> processes = read_processes(monitor_, filter_);
    if (options_.order_by.empty()) heaviest_first(processes, [](const ProcessRow& row) { return row.weight; });
    peers_.look(monitor_);

    std::size_t room = kPlainProcesses + kBusiest * kPeersOfEach;  // Lines below the names of the columns.
    if (terminal.rows > 0) {
      const auto used = static_cast<std::size_t>(std::count(head.begin(), head.end(), '\n')) + 3;
      room = std::max<std::size_t>(terminal.rows, used + 3) - used;
    }
    std::size_t count = terminal.rows > 0 ? room : kPlainProcesses;
    if (options_.limit) count = std::min<std::uint64_t>(count, *options_.limit);

    std::vector<std::vector<std::string>> lines = {
        {"PID", "COMM", "APP", "TX/s", "RX/s", "TX", "RX", "CONN", "REMOTES", "QUALITY"}};
    for (std::size_t i = 0; i < std::min(count, processes.size()) && lines.size() <= room; ++i) {
      const ProcessRow& row = processes[i];
      lines.push_back({row.pid, row.comm, cut(row.app, kAppColumns), row.tx_rate, row.rx_rate, row.tx, row.rx,
                       row.connections, row.remotes, row.quality});
      if (i >= kBusiest) continue;
      for (const PeerRow& peer : peers_.of(row.identity, kPeersOfEach)) {
        if (lines.size() > room) break;
        lines.push_back({"", "", "  " + peer.address + " " + peer.proto, peer.tx_rate, peer.rx_rate, peer.tx, peer.rx,
                         "", "", peer.quality});
      }
    }
    return std::string(terminal.rows > 0 ? "\x1b[H\x1b[2J" : "") + head + "\n" +
           align(lines, {true, false, false, true, true, true, true, true, true, false}) +
           (terminal.rows > 0 ? "" : "\n");
  }

  std::string header(const TerminalSize& terminal) {
    const ipm_monitor_stats stats = monitor_.stats();
    std::string out = "ipm  " + human_time(monitor_.table("processes", "limit = 0").time_ns());
    std::uint64_t lost = 0;
    for (const ipm_source_info& source : monitor_.sources()) {
      constexpr const char* kStates[] = {"?", "complete", "reduced", "ended", "failed"};
      const bool known = source.state >= IPM_SOURCE_OPEN && source.state <= IPM_SOURCE_FAILED;
      out += std::string("  ") + harmless(source.name) + " (" + kStates[known ? source.state : 0] + ")";
      lost += source.lost + source.dropped;
    }
    out += "\nevents " + std::to_string(stats.events) + "  dropped " + std::to_string(stats.events_dropped) +
           "  lost " + std::to_string(lost) + "  memory " + human(static_cast<double>(stats.memory_bytes), "bytes") +
           " of " + human(static_cast<double>(stats.memory_max_bytes), "bytes") + "\n";
    if (traffic_.running()) out += "showing ipm's own loopback traffic, about 50 KB/s\n";
    // A terminal is redrawn whole; elsewhere once is enough.
    if (!missing_) missing_ = missing_lines(monitor_);
    if (!missing_shown_ || terminal.rows > 0) out += cut_lines(*missing_, terminal.columns);
    missing_shown_ = true;
    return out;
  }

  static std::string cut_lines(const std::string& lines, std::size_t columns) {
    if (columns == 0) return lines;
    std::string out;
    for (std::size_t at = 0; at < lines.size();) {
      const std::size_t end = std::min(lines.find('\n', at), lines.size());
      out += cut(std::string_view(lines).substr(at, end - at), columns) + "\n";
      at = end + 1;
    }
    return out;
  }

  const Options& options_;
  std::string filter_;
  ipm::Monitor monitor_;
  Peers peers_;
  SelfTraffic traffic_;
  std::optional<std::string> missing_;
  bool missing_shown_ = false;
  bool watched_ = false;
  std::optional<double> first_bytes_;
};

}  // namespace

int run_top(const Options& options) {
  if (options.format == Format::kTable && !options.columns.empty()) {
    throw ipm::Error(IPM_ERR_INVALID_ARGUMENT, "the view has its own columns: use --columns with jsonl or csv");
  }
  View view(options);
  attach(view.monitor(), options);
  const std::int64_t start = now_ns();
  const bool terminal = terminal_size().rows > 0;
  RunPlan plan{.duration_ns = options.duration_ns, .every_ns = options.every_ns};
  if (!plan.duration_ns && !terminal) plan.duration_ns = kPlainDuration;
  if (!plan.every_ns) plan.every_ns = terminal ? IPM_S : 5 * IPM_S;
  plan.print = [&] { view.print(); };
  plan.tick = [&] {
    view.watch_for_quiet(start);
    return true;
  };
  run(view.monitor(), plan);
  return 0;
}

}  // namespace cli
