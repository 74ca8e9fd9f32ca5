#include "custom_source.h"

#include <limits>

namespace ipm::capi {

CustomSource::~CustomSource() {
  if (vtable_.close != nullptr) vtable_.close(user_);
}

Status CustomSource::poll(ring::Writer& out, std::chrono::nanoseconds timeout) {
  lent_.writer = &out;
  lent_.lane = &out.lane();
  const std::uint64_t before = lent_.lane->pushed();
  const ipm_status status = vtable_.poll(user_, &lent_, timeout.count());
  // Relaxed: counters for display.
  written_.fetch_add(lent_.lane->pushed() - before, std::memory_order_relaxed);
  dropped_.store(lent_.lane->drops(), std::memory_order_relaxed);
  if (status == IPM_OK) return Status::success();
  if (status == IPM_TIMEOUT) return Status::timeout();
  if (status == IPM_END) return Status::end();
  return {status < 0 && status >= IPM_ERR_INTERNAL ? static_cast<Code>(status) : Code::kInternal,
          "source " + name_ + ": its poll function failed with " + ipm_status_name(status)};
}

TimeNs CustomSource::next_due_ns() const noexcept {
  if (vtable_.next_due_ns != nullptr) return vtable_.next_due_ns(user_);
  return vtable_.fd != nullptr ? std::numeric_limits<TimeNs>::max() : 0;
}

void CustomSource::interrupt() noexcept {
  if (vtable_.interrupt != nullptr) vtable_.interrupt(user_);
}

source::SourceStats CustomSource::stats() const noexcept {
  source::SourceStats stats;
  stats.written = written_.load(std::memory_order_relaxed);
  stats.dropped = dropped_.load(std::memory_order_relaxed);
  stats.received = stats.written + stats.dropped;
  return stats;
}

source::Degradations CustomSource::degradations() const {
  source::Degradations missing;
  const char* text = vtable_.missing == nullptr ? nullptr : vtable_.missing(user_);
  std::string_view rest = text == nullptr ? "" : text;
  while (!rest.empty()) {
    const std::size_t newline = rest.find('\n');
    const std::string_view line = rest.substr(0, newline);
    rest = newline == std::string_view::npos ? std::string_view() : rest.substr(newline + 1);
    const std::size_t colon = line.find(": ");
    if (line.empty()) continue;
    missing.push_back({std::string(line.substr(0, colon)), false,
                       colon == std::string_view::npos ? "not available" : std::string(line.substr(colon + 2))});
  }
  return missing;
}

}  // namespace ipm::capi
