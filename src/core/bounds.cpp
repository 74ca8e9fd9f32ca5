#include "core/bounds.h"

#include <algorithm>

#include "core/clue_book.h"
#include "core/flow_table.h"
#include "core/hit_book.h"
#include "core/process_table.h"
#include "core/remote_set.h"

namespace ipm::core {
namespace {

// Bytes of a row with its links, its index entries just after a doubling (8 bytes at a load of 3/8), and its free-list
// entry.
template <typename Row>
constexpr std::uint64_t row_cost(std::uint64_t links) {
  return sizeof(Row) + links + 22 + 4 + 1;
}

constexpr std::uint64_t kDescriptionBytes = 64;  // alert/watch.h, an app.
constexpr std::uint64_t kMarkBytes = 2;          // alert/watch.h, a flow.
constexpr std::uint64_t kBaselineBytes = 8'192;  // baseline/app_baselines.h, an app.
constexpr std::uint64_t kAlertBytes = 720;       // alert/alert.h, a row with its share of lists.

std::uint32_t rows_within(std::uint64_t budget, std::uint64_t cost, std::uint32_t wanted, std::uint32_t fallback,
                          std::uint32_t page_rows) {
  const std::uint64_t fit = std::max<std::uint64_t>(budget / cost, page_rows);
  const std::uint64_t rows = std::min<std::uint64_t>(wanted == 0 ? fallback : wanted, fit);
  return static_cast<std::uint32_t>(std::max<std::uint64_t>(rows, 1));
}

}  // namespace

Bounds share_memory(const model::Settings& wanted) {
  Bounds bounds;
  bounds.rows = wanted;
  model::Settings& rows = bounds.rows;
  rows.memory_max_bytes = wanted.memory_max_bytes == 0 ? kMemoryDefaultBytes : wanted.memory_max_bytes;
  const auto share = [&](std::uint64_t per_mille) { return rows.memory_max_bytes * per_mille / 1000; };
  // The shares add up to 865 per mille; the lanes of sources take 125, the rest is slack for half-filled pages.
  rows.flows_max = rows_within(share(285), row_cost<FlowRow>(sizeof(FlowLink)) + 2 + kMarkBytes * 2, wanted.flows_max,
                               1'000'000, kFlowsPerPage);
  rows.processes_max = rows_within(share(90), row_cost<ProcessRow>(sizeof(AgeLink) + sizeof(OwnerList) + 4),
                                   wanted.processes_max, 65'536, kProcessesPerPage);
  rows.apps_max = rows_within(share(40), row_cost<AppRow>(sizeof(AgeLink) + 4 + kDescriptionBytes * 2), wanted.apps_max,
                              16'384, kAppsPerPage);
  rows.endpoints_max =
      rows_within(share(80), row_cost<EndpointRow>(sizeof(AgeLink)), wanted.endpoints_max, 262'144, kEndpointsPerPage);
  rows.remotes_max = rows_within(share(30), RemoteSet::bytes_per_pair() + 8, wanted.remotes_max, 262'144, 64);
  rows.series_blocks_max = rows_within(share(60), 560, wanted.series_blocks_max, 65'536, 16);
  rows.interfaces_max =
      rows_within(share(5), row_cost<InterfaceRow>(sizeof(AgeLink)), wanted.interfaces_max, 256, kInterfacesPerPage);
  rows.texts_max = rows_within(share(15), row_cost<TextRow>(4), wanted.texts_max, 131'072, kTextsPerPage);
  rows.udp_idle_ns = wanted.udp_idle_ns == 0 ? 180 * kSecond : wanted.udp_idle_ns;
  bounds.flow_names_max =
      rows_within(share(20), row_cost<FlowNamesRow>(0), rows.flows_max, rows.flows_max, kFlowNamesPerPage);
  bounds.address_names_max =
      rows_within(share(5), row_cost<AddressNameRow>(sizeof(AgeLink)), 0, 65'536, kAddressNamesPerPage);
  bounds.captured_max =
      rows_within(share(25), row_cost<CapturedRow>(0), rows.flows_max, rows.flows_max, kCapturedPerPage);
  bounds.hits_max = rows_within(share(5), row_cost<HitRow>(sizeof(AgeLink)), 0, 65'536, kHitsPerPage);
  rows.clues_max = rows_within(share(5), sizeof(ClueRow) + 4 + 1, wanted.clues_max, 8'192, kClueWays);
  rows.alerts_max = rows_within(share(8), kAlertBytes, wanted.alerts_max, 4'096, 16);
  rows.alerts_learn_s = wanted.alerts_learn_s == 0 ? 86'400 : wanted.alerts_learn_s;
  rows.alerts_budget = wanted.alerts_budget == 0 ? 1 : wanted.alerts_budget;
  bounds.alert_changes_max = rows_within(share(2), kAlertBytes, 0, 256, 4);
  bounds.watch_max_bytes = rows.alerts_off != 0 ? 0 : share(40);
  rows.baselines_max = rows_within(share(35), kBaselineBytes + 64, wanted.baselines_max, 4'096, 4);
  rows.baseline_interval_s = wanted.baseline_interval_s == 0 ? 60 : wanted.baseline_interval_s;
  rows.baseline_threshold_ppm = wanted.baseline_threshold_ppm == 0 ? 900'000 : wanted.baseline_threshold_ppm;
  bounds.text_bytes_max = share(30);
  bounds.copies_max_bytes = share(85);
  return bounds;
}

}  // namespace ipm::core
