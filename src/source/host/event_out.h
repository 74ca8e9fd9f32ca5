// The way from the source into its lane, with the counts that stats() reports. Everything that arrives from the kernel
// ends as exactly one of written, filtered, dropped, malformed; a record that gives several events counts once for
// each.
// Threads: written by the source's thread; stats() on any. The counters are independent, so relaxed is enough.
#pragma once

#include <atomic>

#include "ring/writer.h"
#include "source/source.h"
#include "source/text_emitter.h"

namespace ipm::source::host {

class EventOut {
 public:
  // For the length of one poll().
  void bind(ring::Writer* writer) { writer_ = writer; }

  bool write(const model::Event& event) {
    add(received_, 1);
    const bool fits = writer_->write(event);
    add(fits ? written_ : dropped_, 1);
    return fits;
  }
  // Writes the parts of a text before its first use.
  std::uint32_t text(std::string_view text, TimeNs now) {
    const std::uint64_t before = texts_.events_written();
    const std::uint32_t id = texts_.id(text, now, *writer_);
    add(received_, texts_.events_written() - before);
    add(written_, texts_.events_written() - before);
    return id;
  }
  void filtered(std::uint64_t count = 1) {
    add(received_, count);
    add(filtered_, count);
  }
  void dropped(std::uint64_t count = 1) {
    add(received_, count);
    add(dropped_, count);
  }
  void malformed(std::uint64_t count = 1) {
    add(received_, count);
    add(malformed_, count);
  }
  void lost(std::uint64_t count = 1) { add(lost_, count); }

  std::uint64_t room() { return writer_->free(); }
  std::uint64_t received() const { return received_.load(std::memory_order_relaxed); }
  std::uint64_t written() const { return written_.load(std::memory_order_relaxed); }

  SourceStats stats() const {
    SourceStats stats;
    stats.written = written();
    stats.filtered = filtered_.load(std::memory_order_relaxed);
    stats.dropped = dropped_.load(std::memory_order_relaxed);
    stats.malformed = malformed_.load(std::memory_order_relaxed);
    // Derived, so that a reader on another thread never sees the sum disagree.
    stats.received = stats.written + stats.filtered + stats.dropped + stats.malformed;
    stats.lost = lost_.load(std::memory_order_relaxed);
    return stats;
  }

 private:
  using Counter = std::atomic<std::uint64_t>;
  static void add(Counter& counter, std::uint64_t count) {
    counter.store(counter.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);  // One writer.
  }

  ring::Writer* writer_ = nullptr;
  TextEmitter texts_;
  Counter received_{0}, written_{0}, filtered_{0}, dropped_{0}, malformed_{0}, lost_{0};
};

}  // namespace ipm::source::host
