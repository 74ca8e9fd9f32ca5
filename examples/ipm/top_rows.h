// What `top` shows of the tables: processes by weight, and the peers of each.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <ipm/ipm.hpp>

namespace cli {

// What moves most now comes first, then what has moved most.
using Weight = std::pair<double, double>;  // Bytes a second, bytes.

// Ties stay as the table gave them.
template <typename Row, typename WeightOf>
void heaviest_first(std::vector<Row>& rows, WeightOf weight_of) {
  std::stable_sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) { return weight_of(a) > weight_of(b); });
}

// Cells of a cursor by names of columns that this library may not have: then the cell is unknown.
class NamedColumns {
 public:
  explicit NamedColumns(const ipm::Cursor& cursor);
  std::optional<std::int64_t> integer(const ipm::Row& row, const char* name) const;
  std::optional<double> number(const ipm::Row& row, const char* name) const;
  std::string text(const ipm::Row& row, const char* name) const;  // Made harmless; "-" for a null.
  std::string shown(const ipm::Row& row, const char* name, const char* unit = "") const;

 private:
  std::map<std::string, std::uint32_t> indices_;
};

using ProcessIdentity = std::pair<std::int64_t, std::int64_t>;  // pid and start_ticks: a pid may come again.

struct ProcessRow {
  ProcessIdentity identity;
  Weight weight;
  std::string pid, comm, app, tx_rate, rx_rate, tx, rx, connections, remotes, quality;
};

struct PeerRow {
  Weight weight;
  std::string address, proto, tx_rate, rx_rate, tx, rx, quality;
};

std::string process_columns();  // As a filter lists them.
Weight process_weight(const NamedColumns& columns, const ipm::Row& row);
std::vector<ProcessRow> read_processes(ipm::Monitor& monitor, const std::string& filter);
double total_bytes(ipm::Monitor& monitor);

// Connections by owner. Their table has no rates: they are what was counted between two looks.
// Bounded by the table: forgets the connections that are no longer in it.
class Peers {
 public:
  void look(ipm::Monitor& monitor);
  // The heaviest that have moved a byte.
  std::vector<PeerRow> of(const ProcessIdentity& owner, std::size_t count) const;

 private:
  struct Counters {
    std::optional<double> tx;
    std::optional<double> rx;
  };
  using Key = std::tuple<std::int64_t, std::int64_t, std::string>;  // Namespace, first sight, tuple.

  std::map<Key, Counters> before_;
  std::int64_t before_ns_ = 0;
  std::map<ProcessIdentity, std::vector<PeerRow>> rows_;
};

}  // namespace cli
