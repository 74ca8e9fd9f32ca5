// What lists say about what was seen here: one row for each indicator of a feed that matched an address or a text.
//
// Bound: hits_max rows. A row that no endpoint and no text names any more gives way first in the order of use; when
// every row is named, a new hit is not kept and counted in `rows_refused`. Threads: the engine's. Cost: O(1).
#pragma once

#include "core/keyed_table.h"
#include "core/text_table.h"

namespace ipm::core {

struct HitTraits {
  using Row = HitRow;
  using Key = std::uint64_t;  // Texts of feed and indicator.
  static constexpr std::uint32_t kRowsPerPage = kHitsPerPage;
  static Key make(const model::Listing& listing) { return (Key{listing.feed} << 32) | listing.indicator; }
  static Key key(const Row& row) { return make(row.listing); }
  static bool in_use(const Row& row) { return row.references != 0; }
};

class HitBook final : public MarkHolder {
 public:
  HitBook(PageStore& store, TextTable& texts, std::uint32_t hits_max, std::uint64_t hash_seed,
          std::uint64_t& rows_refused);

  // Slot plus one, without a reference; 0: no room. Takes over the references of the texts.
  std::uint32_t note(const model::Listing& listing, TimeNs now);
  void retain(std::uint32_t hit);
  void release(std::uint32_t hit);  // 0 is a no-op.
  void let_go_mark(std::uint32_t mark) override { release(mark); }

  bool empty() const { return rows_.rows().used() == 0; }
  const model::Listing& at(std::uint32_t hit) const { return rows_.at(hit - 1).listing; }
  const HitPages& rows() const { return rows_.rows(); }

 private:
  void let_go_texts(const model::Listing& listing);

  TextTable& texts_;
  std::uint64_t& rows_refused_;
  KeyedTable<HitTraits> rows_;
};

}  // namespace ipm::core
