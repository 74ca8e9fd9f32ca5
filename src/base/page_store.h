// Pages that readers may pin. The writer keeps every table in pages; a snapshot pins all of them by remembering an
// epoch. Before the first change to a page that a live pin can see, the writer copies it and goes on in the copy; the
// old page is retired until no pin sees it. Copies come from a bounded pool: when it is empty the oldest pin is
// revoked.
//
// Bound: copies_max_bytes for what is retired and for spare pages; what tables hold themselves is bounded by their
// rows. Threads: the writer's, except for Pin, which one reader thread uses.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace ipm {

// A reader's hold on one epoch. The writer revokes it only between begin_read() and end_read() pairs, so that a reader
// never sees a page change; those pairs are short, and the writer waits for one that is under way.
class Pin {
 public:
  explicit Pin(std::uint64_t epoch) : epoch_(epoch) {}
  std::uint64_t epoch() const { return epoch_; }

  // Reader. False: revoked, for good.
  bool begin_read() noexcept;
  void end_read() noexcept;
  void close() noexcept { closed_.store(true, std::memory_order_release); }  // Pairs with closed().

  // Writer.
  bool closed() const noexcept { return closed_.load(std::memory_order_acquire); }  // Pairs with close().
  void revoke() noexcept;
  bool revoked() const noexcept { return state_.load(std::memory_order_acquire) >= kRevokePending; }

 private:
  static constexpr int kIdle = 0, kReading = 1, kRevokePending = 2, kRevoked = 3;
  const std::uint64_t epoch_;
  std::atomic<int> state_{kIdle};
  std::atomic<bool> closed_{false};
};

struct alignas(64) Page {
  std::uint64_t birth = 0;  // Epoch in which it was made: pins from that epoch on see it.
  std::uint32_t bytes = 0;  // Of data.
  std::byte* data() { return reinterpret_cast<std::byte*>(this) + sizeof(Page); }
  const std::byte* data() const { return reinterpret_cast<const std::byte*>(this) + sizeof(Page); }
};
static_assert(sizeof(Page) == 64);

class PageStore {
 public:
  explicit PageStore(std::uint64_t copies_max_bytes);
  ~PageStore();
  PageStore(const PageStore&) = delete;
  PageStore& operator=(const PageStore&) = delete;

  Page* allocate(std::uint32_t bytes);  // Zeroed.
  void release(Page* page);             // The table drops it; pins may still see it.
  bool pinned(const Page& page) const noexcept { return page.birth <= newest_pinned_; }
  // A page with the same content that no pin sees: a copy, or the page itself if revoking made it free.
  Page* writable(Page* page);

  // Bytes that are not pages (texts, indexes) but count against the same total.
  void* allocate_bytes(std::size_t bytes);
  void release_bytes(void* data, std::size_t bytes);  // Kept while a pin could read them.
  void account(std::int64_t bytes) noexcept;

  std::shared_ptr<Pin> pin();
  void reap();  // Lets go of pins that were closed, and of what only they saw.

  std::uint64_t bytes_used() const noexcept { return bytes_used_; }
  std::uint64_t bytes_high_water() const noexcept { return bytes_high_water_; }
  std::uint64_t pins_open() const noexcept { return pins_.size(); }
  std::uint64_t pins_revoked() const noexcept { return pins_revoked_; }

 private:
  struct Retired {
    void* data;
    std::size_t bytes;
    std::uint64_t birth;
    std::uint64_t died;
    bool is_page;
  };
  bool seen_by_any_pin(const Retired& retired) const;
  void revoke_oldest();
  void pins_dropped();  // pins_ has become shorter.
  void add_retired(const Retired& retired);
  void free_unseen();
  Page* take_page(std::uint32_t bytes);
  void retire(Page* page);
  void free_spares();

  const std::uint64_t copies_max_bytes_;
  std::uint64_t epoch_ = 1;
  std::uint64_t newest_pinned_ = 0;         // 0: no pin, so no page is pinned.
  std::vector<std::shared_ptr<Pin>> pins_;  // Oldest first.
  std::vector<Retired> retired_;
  std::vector<Page*> spares_;
  std::uint64_t copies_bytes_ = 0;  // What is retired, and spare pages.
  std::uint64_t bytes_used_ = 0;
  std::uint64_t bytes_high_water_ = 0;
  std::uint64_t pins_revoked_ = 0;
};

}  // namespace ipm
