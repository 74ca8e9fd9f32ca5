// Rows of one kind in pages, by slot number. A slot keeps its number while its row lives; a freed slot is the next to
// be handed out, so that numbering depends on the order of calls alone. Readers hold a PagedView.
//
// Bound: rows_max. Threads: the writer's; a PagedView is read under its Pin on any thread.
#pragma once

#include <cassert>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "base/page_store.h"

namespace ipm {

inline constexpr std::uint32_t kNoSlot = 0xffff'ffff;

template <typename Row, std::uint32_t kRows>
class PagedView {
 public:
  std::uint32_t slots() const { return slots_; }
  const Row& at(std::uint32_t slot) const {
    return reinterpret_cast<const Row*>(pages_[slot / kRows]->data())[slot % kRows];
  }

 private:
  template <typename, std::uint32_t>
  friend class PagedTable;
  std::vector<const Page*> pages_;
  std::uint32_t slots_ = 0;
};

// Row is trivially copyable, valid when all its bytes are zero, and has a member `used` that tells an empty slot.
template <typename Row, std::uint32_t kRows>
class PagedTable {
  static_assert(std::is_trivially_copyable_v<Row> && (kRows & (kRows - 1)) == 0 && alignof(Row) <= 64);

 public:
  using View = PagedView<Row, kRows>;

  PagedTable(PageStore& store, std::uint32_t rows_max) : store_(store), rows_max_(rows_max) {}
  ~PagedTable() {
    for (Page* page : pages_) store_.release(page);
    store_.account(-accounted_);
  }
  PagedTable(const PagedTable&) = delete;
  PagedTable& operator=(const PagedTable&) = delete;

  std::uint32_t rows_max() const { return rows_max_; }
  std::uint32_t used() const { return used_; }
  std::uint32_t high_water() const { return high_water_; }
  std::uint32_t slots() const { return slots_; }
  bool full() const { return used_ >= rows_max_; }

  const Row& at(std::uint32_t slot) const {
    return reinterpret_cast<const Row*>(pages_[slot / kRows]->data())[slot % kRows];
  }
  // For writing. The reference is good until the next snapshot is taken.
  Row& edit(std::uint32_t slot) {
    Page*& page = pages_[slot / kRows];
    if (store_.pinned(*page)) [[unlikely]]
      page = store_.writable(page);
    return reinterpret_cast<Row*>(page->data())[slot % kRows];
  }
  void prefetch(std::uint32_t slot) const {
    const auto* row = reinterpret_cast<const char*>(&at(slot));
    for (std::size_t line = 0; line < sizeof(Row); line += 64) __builtin_prefetch(row + line, 1);
  }

  // A zeroed row with `used` set. The table must not be full.
  std::uint32_t add() {
    assert(!full());
    std::uint32_t slot;
    if (!free_.empty()) {
      slot = free_.back();
      free_.pop_back();
    } else {
      if (slots_ == pages_.size() * kRows) grow();
      slot = slots_++;
    }
    Row& row = edit(slot);
    row = Row{};
    row.used = true;
    if (++used_ > high_water_) high_water_ = used_;
    return slot;
  }
  void remove(std::uint32_t slot) {
    edit(slot).used = false;
    free_.push_back(slot);
    --used_;
  }

  View view() const {
    View view;
    view.pages_.assign(pages_.begin(), pages_.end());
    view.slots_ = slots_;
    return view;
  }

 private:
  void grow() {
    pages_.push_back(store_.allocate(static_cast<std::uint32_t>(sizeof(Row) * kRows)));
    free_.reserve(pages_.size() * kRows);  // remove() never allocates.
    const auto now =
        static_cast<std::int64_t>(pages_.capacity() * sizeof(Page*) + free_.capacity() * sizeof(std::uint32_t));
    store_.account(now - accounted_);
    accounted_ = now;
  }

  PageStore& store_;
  const std::uint32_t rows_max_;
  std::vector<Page*> pages_;
  std::vector<std::uint32_t> free_;
  std::int64_t accounted_ = 0;
  std::uint32_t slots_ = 0;
  std::uint32_t used_ = 0;
  std::uint32_t high_water_ = 0;
};

}  // namespace ipm
