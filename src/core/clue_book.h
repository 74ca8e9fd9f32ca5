// What apps look like on the wire: for each clue, the apps whose flows showed it and how often. Learned from flows
// whose owner is known, to say of the others whose they may be.
//
// Bound: clues_max rows in sets of kWays. A clue whose set is full takes the place of the one that fewest flows showed,
// of equals the one shown longest ago. Counts stay below kFlowsMax by halving, so that what an app did lately weighs
// more. Threads: the engine's. Cost: a look at one set. Allocates with the first clue only.
#pragma once

#include "core/clues.h"
#include "core/rows.h"
#include "core/text_table.h"

namespace ipm::core {

inline constexpr std::uint32_t kClueWays = 8;
static_assert(kCluesPerPage % kClueWays == 0, "a set lies in one page");

// Rows: of the book, or of a view of it.
template <typename Rows>
std::uint32_t first_of_set(const Rows& rows, const Clue& clue) {
  return static_cast<std::uint32_t>(clue.key % (rows.slots() / kClueWays)) * kClueWays;
}

// Null: nobody was seen to show it.
template <typename Rows>
const ClueRow* find_clue(const Rows& rows, const Clue& clue) {
  if (rows.slots() == 0) return nullptr;
  const std::uint32_t first = first_of_set(rows, clue);
  for (std::uint32_t slot = first; slot < first + kClueWays; ++slot) {
    const ClueRow& row = rows.at(slot);
    if (row.key == clue.key && row.kind == clue.kind) return &row;
  }
  return nullptr;
}

class ClueBook {
 public:
  static constexpr std::uint32_t kFlowsMax = 4'096;

  // At least one set.
  ClueBook(PageStore& store, TextTable& texts, std::uint32_t clues_max, std::uint64_t& evicted);

  // So many flows of the app showed it. The app is the text of its key; 0: of `other_apps` that have no room.
  void add(const Clue& clue, std::uint32_t app, std::uint32_t flows, std::uint16_t other_apps, TimeNs now);

  std::uint32_t used() const { return used_; }
  std::uint32_t max() const { return rows_.rows_max(); }
  const CluePages& rows() const { return rows_; }

 private:
  std::uint32_t slot_of(const Clue& clue);
  void begin_row(std::uint32_t slot, const Clue& clue);
  void add_app(ClueRow& row, std::uint32_t app, std::uint32_t flows);
  void halve(ClueRow& row);

  TextTable& texts_;
  std::uint64_t& evicted_;
  CluePages rows_;  // None, or every row of every set.
  std::uint32_t used_ = 0;
};

}  // namespace ipm::core
