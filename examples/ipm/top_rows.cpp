#include "top_rows.h"

#include "output.h"
#include "text.h"

namespace cli {
namespace {

double sum(const std::optional<double>& a, const std::optional<double>& b) {
  return a.value_or(0) + b.value_or(0);
}

ProcessIdentity identity_of(const NamedColumns& columns, const ipm::Row& row) {
  return {columns.integer(row, "pid").value_or(-1), columns.integer(row, "start_ticks").value_or(-1)};
}

std::string shown_rate(const std::optional<double>& rate) {
  return rate ? human(*rate, "bytes/s") : "-";
}

}  // namespace

NamedColumns::NamedColumns(const ipm::Cursor& cursor) {
  for (std::uint32_t i = 0; i < cursor.column_count(); ++i) indices_[cursor.describe(i).name] = i;
}

std::optional<std::int64_t> NamedColumns::integer(const ipm::Row& row, const char* name) const {
  const auto found = indices_.find(name);
  return found == indices_.end() ? std::nullopt : row.integer(found->second);
}

std::optional<double> NamedColumns::number(const ipm::Row& row, const char* name) const {
  const auto found = indices_.find(name);
  return found == indices_.end() ? std::nullopt : row.number(found->second);
}

std::string NamedColumns::text(const ipm::Row& row, const char* name) const {
  const auto found = indices_.find(name);
  if (found == indices_.end()) return "-";
  const std::optional<std::string_view> value = row.text(found->second);
  return value ? harmless(*value) : "-";
}

std::string NamedColumns::shown(const ipm::Row& row, const char* name, const char* unit) const {
  const std::optional<double> value = number(row, name);
  return value ? human(*value, unit) : "-";
}

std::string process_columns() {
  return existing_columns("processes", {"pid", "start_ticks", "comm", "app", "tx_rate", "rx_rate", "tx_bytes",
                                        "rx_bytes", "connections", "remotes", "quality"});
}

Weight process_weight(const NamedColumns& columns, const ipm::Row& row) {
  return {sum(columns.number(row, "tx_rate"), columns.number(row, "rx_rate")),
          sum(columns.number(row, "tx_bytes"), columns.number(row, "rx_bytes"))};
}

std::vector<ProcessRow> read_processes(ipm::Monitor& monitor, const std::string& filter) {
  std::vector<ProcessRow> rows;
  ipm::Cursor cursor = monitor.table("processes", filter);
  const NamedColumns columns(cursor);
  for (const ipm::Row row : cursor) {
    rows.push_back({.identity = identity_of(columns, row),
                    .weight = process_weight(columns, row),
                    .pid = columns.shown(row, "pid"),
                    .comm = columns.text(row, "comm"),
                    .app = columns.text(row, "app"),
                    .tx_rate = columns.shown(row, "tx_rate", "bytes/s"),
                    .rx_rate = columns.shown(row, "rx_rate", "bytes/s"),
                    .tx = columns.shown(row, "tx_bytes", "bytes"),
                    .rx = columns.shown(row, "rx_bytes", "bytes"),
                    .connections = columns.shown(row, "connections"),
                    .remotes = columns.shown(row, "remotes"),
                    .quality = columns.text(row, "quality")});
  }
  return rows;
}

double total_bytes(ipm::Monitor& monitor) {
  double total = 0;
  ipm::Cursor cursor =
      monitor.table("processes", "columns = " + existing_columns("processes", {"tx_bytes", "rx_bytes"}));
  const NamedColumns columns(cursor);
  for (const ipm::Row row : cursor) total += sum(columns.number(row, "tx_bytes"), columns.number(row, "rx_bytes"));
  return total;
}

void Peers::look(ipm::Monitor& monitor) {
  const std::string wanted =
      existing_columns("connections", {"netns", "pid", "start_ticks", "proto", "local_addr", "local_port",
                                       "remote_addr", "remote_port", "first_seen", "tx_bytes", "rx_bytes", "quality"});
  ipm::Cursor cursor = monitor.table("connections", "columns = " + wanted);
  const NamedColumns columns(cursor);
  const double seconds = static_cast<double>(cursor.time_ns() - before_ns_) / static_cast<double>(IPM_S);
  std::map<Key, Counters> now;
  rows_.clear();
  for (const ipm::Row row : cursor) {
    const Counters counters{columns.number(row, "tx_bytes"), columns.number(row, "rx_bytes")};
    if (sum(counters.tx, counters.rx) <= 0) continue;
    const std::string address = columns.text(row, "remote_addr");
    const std::string remote = (address.find(':') != std::string::npos ? "[" + address + "]" : address) + ":" +
                               columns.shown(row, "remote_port");
    const std::string proto = columns.text(row, "proto");
    const Key key{
        columns.integer(row, "netns").value_or(-1), columns.integer(row, "first_seen").value_or(-1),
        proto + " " + columns.text(row, "local_addr") + " " + columns.shown(row, "local_port") + " " + remote};
    std::optional<double> tx_rate, rx_rate;
    if (const auto before = before_.find(key); before != before_.end() && seconds > 0) {
      const auto rate = [seconds](const std::optional<double>& then, const std::optional<double>& bytes) {
        return then && bytes ? std::optional((*bytes - *then) / seconds) : std::nullopt;
      };
      tx_rate = rate(before->second.tx, counters.tx);
      rx_rate = rate(before->second.rx, counters.rx);
    }
    rows_[identity_of(columns, row)].push_back({.weight = {sum(tx_rate, rx_rate), sum(counters.tx, counters.rx)},
                                                .address = remote,
                                                .proto = proto,
                                                .tx_rate = shown_rate(tx_rate),
                                                .rx_rate = shown_rate(rx_rate),
                                                .tx = columns.shown(row, "tx_bytes", "bytes"),
                                                .rx = columns.shown(row, "rx_bytes", "bytes"),
                                                .quality = columns.text(row, "quality")});
    now.emplace(key, counters);
  }
  before_ = std::move(now);
  before_ns_ = cursor.time_ns();
}

std::vector<PeerRow> Peers::of(const ProcessIdentity& owner, std::size_t count) const {
  const auto found = rows_.find(owner);
  if (found == rows_.end()) return {};
  std::vector<PeerRow> rows = found->second;
  heaviest_first(rows, [](const PeerRow& row) { return row.weight; });
  rows.resize(std::min(rows.size(), count));
  return rows;
}

}  // namespace cli
