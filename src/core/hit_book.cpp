#include "core/hit_book.h"

namespace ipm::core {

HitBook::HitBook(PageStore& store, TextTable& texts, std::uint32_t hits_max, std::uint64_t hash_seed,
                 std::uint64_t& rows_refused)
    : texts_(texts), rows_refused_(rows_refused), rows_(store, hits_max, hash_seed) {
  texts_.set_mark_holder(this);
}

void HitBook::let_go_texts(const model::Listing& listing) {
  for (const std::uint32_t text : {listing.feed, listing.indicator, listing.description}) texts_.release(text);
}

std::uint32_t HitBook::note(const model::Listing& listing, TimeNs now) {
  std::uint32_t slot = rows_.find(HitTraits::make(listing));
  if (slot != kNoSlot) {
    HitRow& row = rows_.edit(slot);
    let_go_texts(row.listing);
    row.listing = listing;
    rows_.touch(slot, now);
    return slot + 1;
  }
  if (rows_.full()) {
    const std::uint32_t victim = rows_.victim(now);
    if (victim == kNoSlot) {
      let_go_texts(listing);
      ++rows_refused_;
      return 0;
    }
    let_go_texts(rows_.at(victim).listing);
    rows_.remove(victim);
  }
  slot = rows_.add(HitTraits::make(listing), now, [&](HitRow& row) { row.listing = listing; });
  return slot + 1;
}

void HitBook::retain(std::uint32_t hit) {
  if (hit != 0) ++rows_.edit(hit - 1).references;
}

void HitBook::release(std::uint32_t hit) {
  if (hit != 0) --rows_.edit(hit - 1).references;
}

}  // namespace ipm::core
