#include "core/clue_book.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace ipm::core {

using model::ClueKind;

ClueBook::ClueBook(PageStore& store, TextTable& texts, std::uint32_t clues_max, std::uint64_t& evicted)
    : texts_(texts), evicted_(evicted), rows_(store, std::max(1U, clues_max / kClueWays) * kClueWays) {}

// Where the clue is; if it is new, where it has the least to lose.
std::uint32_t ClueBook::slot_of(const Clue& clue) {
  while (!rows_.full()) (void)rows_.add();
  const std::uint32_t first = first_of_set(rows_, clue);
  if (const ClueRow* row = find_clue(rows_, clue)) return first + static_cast<std::uint32_t>(row - &rows_.at(first));
  const auto worth = [&](std::uint32_t slot) {
    const ClueRow& row = rows_.at(slot);
    return std::tuple(row.kind != ClueKind::kNone, row.all_flows(), row.last_ns);
  };
  std::uint32_t least = first;
  for (std::uint32_t slot = first + 1; slot < first + kClueWays; ++slot) {
    if (worth(slot) < worth(least)) least = slot;
  }
  begin_row(least, clue);
  return least;
}

void ClueBook::begin_row(std::uint32_t slot, const Clue& clue) {
  ClueRow& row = rows_.edit(slot);
  if (row.kind == ClueKind::kNone) {
    ++used_;
  } else {
    ++evicted_;
    for (const std::uint32_t app : row.apps) texts_.release(app);
  }
  row = ClueRow{};
  row.used = true;
  row.kind = clue.kind;
  row.key = clue.key;
}

void ClueBook::add(const Clue& clue, std::uint32_t app, std::uint32_t flows, std::uint16_t other_apps, TimeNs now) {
  flows = std::min(flows, kFlowsMax);
  ClueRow& row = rows_.edit(slot_of(clue));
  row.last_ns = now;
  if (app != 0) {
    add_app(row, app, flows);
  } else {
    row.other_flows += flows;
    row.other_apps = static_cast<std::uint16_t>(
        std::min<std::uint32_t>(row.other_apps + other_apps, std::numeric_limits<std::uint16_t>::max()));
  }
  while (row.all_flows() >= kFlowsMax) halve(row);
}

// An app without room takes the place of the rarest, which becomes one of the others.
void ClueBook::add_app(ClueRow& row, std::uint32_t app, std::uint32_t flows) {
  const auto* known = std::find(std::begin(row.apps), std::end(row.apps), app);
  std::size_t place = static_cast<std::size_t>(known - std::begin(row.apps));
  if (known == std::end(row.apps)) {
    place = static_cast<std::size_t>(std::min_element(std::begin(row.flows), std::end(row.flows)) - row.flows);
    if (row.apps[place] != 0) {
      texts_.release(row.apps[place]);
      row.other_flows += row.flows[place];
      if (row.other_apps != std::numeric_limits<std::uint16_t>::max()) ++row.other_apps;
    }
    texts_.retain(app);
    row.apps[place] = app;
    row.flows[place] = 0;
  }
  row.flows[place] += flows;
}

void ClueBook::halve(ClueRow& row) {
  row.other_flows /= 2;
  if (row.other_flows == 0) row.other_apps = 0;
  for (std::uint32_t i = 0; i < ClueRow::kApps; ++i) {
    row.flows[i] /= 2;
    if (row.flows[i] != 0) continue;
    texts_.release(row.apps[i]);
    row.apps[i] = 0;
  }
}

}  // namespace ipm::core
