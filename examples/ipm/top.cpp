// A refreshing view: the sources and their health, processes by rate, and the connections that moved most.
#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <ipm/ipm.hpp>

#include "commands.h"
#include "output.h"
#include "run.h"
#include "self_traffic.h"

namespace cli {
namespace {

constexpr std::int64_t kQuietBeforeSelfTraffic = 2 * IPM_S;
constexpr std::int64_t kPlainDuration = 20 * IPM_S;  // Without a terminal nobody would stop it.
constexpr std::size_t kPlainProcesses = 15;
constexpr std::size_t kPeersMax = 8;

// A line of a view, with what it is sorted by.
struct Line {
  double weight = 0;
  double bytes = 0;
  std::vector<std::string> cells;
};

// A row of a cursor, by names of columns that this library may not have: then the cell is unknown.
class Columns {
 public:
  explicit Columns(const ipm::Cursor& cursor) {
    for (std::uint32_t i = 0; i < cursor.column_count(); ++i) indices_[cursor.describe(i).name] = i;
  }
  std::optional<double> number(const ipm::Row& row, const char* name) const {
    const auto found = indices_.find(name);
    return found == indices_.end() ? std::nullopt : row.number(found->second);
  }
  std::string text(const ipm::Row& row, const char* name) const {
    const auto found = indices_.find(name);
    if (found == indices_.end()) return "-";
    const std::optional<std::string_view> value = row.text(found->second);
    return value ? harmless(*value) : "-";
  }
  std::string shown(const ipm::Row& row, const char* name, const char* unit = "") const {
    const std::optional<double> value = number(row, name);
    return value ? human(*value, unit) : "-";
  }
  double sum(const ipm::Row& row, const char* a, const char* b) const {
    return number(row, a).value_or(0) + number(row, b).value_or(0);
  }

 private:
  std::map<std::string, std::uint32_t> indices_;
};

// Keeps the heaviest. Ties go by the second weight, then as the table gave them.
std::vector<Line> heaviest(std::vector<Line> lines, std::size_t count) {
  std::stable_sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) {
    return a.weight != b.weight ? a.weight > b.weight : a.bytes > b.bytes;
  });
  lines.resize(std::min(lines.size(), count));
  return lines;
}

std::string shown(std::vector<std::string> header, const std::vector<Line>& lines, const std::vector<bool>& right) {
  std::vector<std::vector<std::string>> all = {std::move(header)};
  for (const Line& line : lines) all.push_back(line.cells);
  return align(all, right);
}

class View {
 public:
  explicit View(const Options& options) : options_(options), monitor_(open_monitor(options)) {
    Options wanted = options;
    if (options.order_by.empty()) wanted.limit.reset();  // The limit is for the busiest, which are found here.
    processes_filter_ =
        wanted.filter(existing_columns("processes", {"pid", "comm", "app", "tx_rate", "rx_rate", "tx_bytes", "rx_bytes",
                                                     "connections", "remotes", "quality"}));
    peers_filter_ = "columns = " + existing_columns("connections", {"pid", "comm", "remote_addr", "remote_port",
                                                                    "proto", "tx_bytes", "rx_bytes"});
    monitor_.table("processes", processes_filter_);  // A mistake shows now.
  }

  ipm::Monitor& monitor() { return monitor_; }

  std::vector<Line> processes() {
    std::vector<Line> lines;
    ipm::Cursor cursor = monitor_.table("processes", processes_filter_);
    const Columns columns(cursor);
    for (const ipm::Row row : cursor) {
      lines.push_back(
          {columns.sum(row, "tx_rate", "rx_rate"),
           columns.sum(row, "tx_bytes", "rx_bytes"),
           {columns.shown(row, "pid"), columns.text(row, "comm"), columns.text(row, "app"),
            columns.shown(row, "tx_rate", "bytes/s"), columns.shown(row, "rx_rate", "bytes/s"),
            columns.shown(row, "tx_bytes", "bytes"), columns.shown(row, "rx_bytes", "bytes"),
            columns.shown(row, "connections"), columns.shown(row, "remotes"), columns.text(row, "quality")}});
    }
    return lines;
  }

  std::vector<Line> peers() {
    std::vector<Line> lines;
    ipm::Cursor cursor = monitor_.table("connections", peers_filter_);
    const Columns columns(cursor);
    for (const ipm::Row row : cursor) {
      const double bytes = columns.sum(row, "tx_bytes", "rx_bytes");
      if (bytes <= 0) continue;
      const std::string address = columns.text(row, "remote_addr");
      const bool v6 = address.find(':') != std::string::npos;
      lines.push_back(
          {bytes,
           0,
           {columns.shown(row, "pid"), columns.text(row, "comm"),
            (v6 ? "[" + address + "]" : address) + ":" + columns.shown(row, "remote_port"), columns.text(row, "proto"),
            columns.shown(row, "tx_bytes", "bytes"), columns.shown(row, "rx_bytes", "bytes")}});
    }
    return lines;
  }

  // On loopback traffic of its own if nothing has moved since the first look.
  void watch_for_quiet(std::int64_t since) {
    if (!options_.self_traffic || watched_) return;
    if (!first_bytes_) first_bytes_ = total_bytes();
    if (now_ns() - since < kQuietBeforeSelfTraffic) return;
    watched_ = true;
    monitor_.flush();
    if (total_bytes() > *first_bytes_) return;
    const char* said = traffic_.start() ? "nothing moved a byte in 2 s: making about 50 KB/s of loopback traffic"
                                        : "nothing moved a byte in 2 s, and there is no loopback to make traffic on";
    std::fprintf(stderr, "ipm: %s\n", said);
  }

  void print() {
    const TerminalSize terminal = terminal_size();
    const std::vector<Line> top_peers = heaviest(peers(), kPeersMax);
    const std::string head = header();
    std::size_t rows = kPlainProcesses;
    if (terminal.rows > 0) {
      const auto used = static_cast<std::size_t>(std::count(head.begin(), head.end(), '\n')) + top_peers.size() + 5;
      rows = terminal.rows > used + 3 ? terminal.rows - used : 3;
    }
    if (options_.limit) rows = std::min<std::uint64_t>(rows, *options_.limit);
    std::vector<Line> lines = processes();
    if (options_.order_by.empty()) lines = heaviest(std::move(lines), rows);
    lines.resize(std::min(lines.size(), rows));
    std::string out = terminal.rows > 0 ? "\x1b[H\x1b[2J" : "";
    out += head + "\n";
    out += shown({"PID", "COMM", "APP", "TX/s", "RX/s", "TX", "RX", "CONN", "REMOTES", "QUALITY"}, lines,
                 {true, false, false, true, true, true, true, true, true, false});
    out += "\n";
    out += shown({"PID", "COMM", "PEER", "PROTO", "TX", "RX"}, top_peers, {true, false, false, false, true, true});
    if (terminal.rows == 0) out += "\n";
    put(out);
  }

 private:
  double total_bytes() {
    double sum = 0;
    for (const Line& line : processes()) sum += line.bytes;
    return sum;
  }

  std::string header() {
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
    if (!missing_shown_ || terminal_size().rows > 0) {
      if (missing_.empty()) missing_ = missing_lines(monitor_);
      out += missing_;
      missing_shown_ = true;
    }
    return out;
  }

  const Options& options_;
  std::string processes_filter_;
  std::string peers_filter_;
  ipm::Monitor monitor_;
  SelfTraffic traffic_;
  std::string missing_;
  bool missing_shown_ = false;
  bool watched_ = false;
  std::optional<double> first_bytes_;
};

}  // namespace

int run_top(const Options& options) {
  if (options.format != Format::kTable || !options.columns.empty()) {
    throw ipm::Error(IPM_ERR_INVALID_ARGUMENT,
                     "top is a view for people: use the command table for jsonl, csv, columns");
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
