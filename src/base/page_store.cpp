#include "base/page_store.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <new>
#include <thread>

namespace ipm {

bool Pin::begin_read() noexcept {
  int expected = kIdle;
  // Acquire pairs with the release in revoke(): a reader that gets in sees the pin as it was taken.
  return state_.compare_exchange_strong(expected, kReading, std::memory_order_acquire);
}

void Pin::end_read() noexcept {
  int expected = kReading;
  // Release pairs with the acquire in revoke(): the reads are done before the writer reuses the pages.
  if (!state_.compare_exchange_strong(expected, kIdle, std::memory_order_release)) {
    state_.store(kRevoked, std::memory_order_release);
  }
}

void Pin::revoke() noexcept {
  int expected = kIdle;
  if (state_.compare_exchange_strong(expected, kRevoked, std::memory_order_acq_rel)) return;
  if (expected == kReading && state_.compare_exchange_strong(expected, kRevokePending, std::memory_order_acq_rel)) {
    while (state_.load(std::memory_order_acquire) != kRevoked) std::this_thread::yield();
  } else if (expected == kIdle) {
    state_.store(kRevoked, std::memory_order_release);
  }
}

PageStore::PageStore(std::uint64_t copies_max_bytes) : copies_max_bytes_(copies_max_bytes) {}

PageStore::~PageStore() {
  for (const Retired& retired : retired_) {
    if (retired.is_page) {
      ::operator delete (retired.data, std::align_val_t{64});
    } else {
      ::operator delete(retired.data);
    }
  }
  free_spares();
}

void PageStore::account(std::int64_t bytes) noexcept {
  bytes_used_ += static_cast<std::uint64_t>(bytes);
  bytes_high_water_ = std::max(bytes_high_water_, bytes_used_);
}

Page* PageStore::take_page(std::uint32_t bytes) {
  for (std::size_t i = 0; i < spares_.size(); ++i) {
    if (spares_[i]->bytes != bytes) continue;
    Page* page = spares_[i];
    spares_[i] = spares_.back();
    spares_.pop_back();
    copies_bytes_ -= sizeof(Page) + bytes;
    return page;
  }
  Page* page = new (::operator new (sizeof(Page) + bytes, std::align_val_t{64})) Page;
  page->bytes = bytes;
  account(static_cast<std::int64_t>(sizeof(Page) + bytes));
  return page;
}

Page* PageStore::allocate(std::uint32_t bytes) {
  Page* page = take_page(bytes);
  page->birth = epoch_;
  std::memset(page->data(), 0, bytes);
  return page;
}

void PageStore::retire(Page* page) {
  copies_bytes_ += sizeof(Page) + page->bytes;
  add_retired({page, page->bytes, page->birth, epoch_, true});
}

void PageStore::add_retired(const Retired& retired) {
  retired_.push_back(retired);
  copies_bytes_ += sizeof(Retired);
  account(sizeof(Retired));
}

void PageStore::revoke_oldest() {
  pins_.front()->revoke();
  ++pins_revoked_;
  pins_.erase(pins_.begin());
  pins_dropped();
}

void PageStore::release(Page* page) {
  if (pinned(*page)) {
    retire(page);
    return;
  }
  account(-static_cast<std::int64_t>(sizeof(Page) + page->bytes));
  ::operator delete (page, std::align_val_t{64});
}

Page* PageStore::writable(Page* page) {
  const std::uint64_t need = sizeof(Page) + page->bytes;
  const auto has_spare = [&] {
    return std::any_of(spares_.begin(), spares_.end(), [&](const Page* spare) { return spare->bytes == page->bytes; });
  };
  // The old page will be retired, which costs `need` of the pool unless a spare is turned into the copy.
  if (copies_bytes_ + need > copies_max_bytes_ && !has_spare()) {
    reap();
    if (!has_spare()) free_spares();
    while (pinned(*page) && copies_bytes_ + need > copies_max_bytes_ && !pins_.empty() && !has_spare()) {
      revoke_oldest();
      if (!has_spare()) free_spares();  // Those that it set free are of other sizes.
    }
    if (!pinned(*page)) return page;
  }
  Page* copy = take_page(page->bytes);
  copy->birth = epoch_;
  std::memcpy(copy->data(), page->data(), page->bytes);
  retire(page);
  return copy;
}

void* PageStore::allocate_bytes(std::size_t bytes) {
  void* data = ::operator new(bytes);
  account(static_cast<std::int64_t>(bytes));
  return data;
}

void PageStore::release_bytes(void* data, std::size_t bytes) {
  if (newest_pinned_ != 0) {
    copies_bytes_ += bytes;
    add_retired({data, bytes, 0, epoch_, false});
    if (copies_bytes_ > copies_max_bytes_) {
      reap();
      free_spares();
    }
    while (copies_bytes_ > copies_max_bytes_ && !pins_.empty()) {
      revoke_oldest();
      free_spares();
    }
    return;
  }
  account(-static_cast<std::int64_t>(bytes));
  ::operator delete(data);
}

std::shared_ptr<Pin> PageStore::pin() {
  reap();
  pins_.push_back(std::make_shared<Pin>(epoch_));
  newest_pinned_ = epoch_;
  ++epoch_;
  return pins_.back();
}

void PageStore::reap() {
  if (std::erase_if(pins_, [](const std::shared_ptr<Pin>& pin) { return pin->closed(); }) != 0) pins_dropped();
}

void PageStore::pins_dropped() {
  newest_pinned_ = pins_.empty() ? 0 : pins_.back()->epoch();
  free_unseen();
}

bool PageStore::seen_by_any_pin(const Retired& retired) const {
  return std::any_of(pins_.begin(), pins_.end(), [&](const std::shared_ptr<Pin>& pin) {
    return retired.birth <= pin->epoch() && pin->epoch() < retired.died;
  });
}

void PageStore::free_unseen() {
  std::size_t kept = 0;
  for (Retired& retired : retired_) {
    if (seen_by_any_pin(retired)) {
      retired_[kept++] = retired;
      continue;
    }
    copies_bytes_ -= sizeof(Retired);
    account(-static_cast<std::int64_t>(sizeof(Retired)));
    if (retired.is_page) {
      spares_.push_back(static_cast<Page*>(retired.data));  // Stays in copies_bytes_.
    } else {
      copies_bytes_ -= retired.bytes;
      account(-static_cast<std::int64_t>(retired.bytes));
      ::operator delete(retired.data);
    }
  }
  retired_.resize(kept);
}

void PageStore::free_spares() {
  for (Page* page : spares_) {
    const std::uint64_t bytes = sizeof(Page) + page->bytes;
    copies_bytes_ -= bytes;
    account(-static_cast<std::int64_t>(bytes));
    ::operator delete (page, std::align_val_t{64});
  }
  spares_.clear();
}

}  // namespace ipm
