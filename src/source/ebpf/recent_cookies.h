// The last so many cookies, to know again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_set>

namespace ipm::source::ebpf {

class RecentCookies {
 public:
  explicit RecentCookies(std::size_t most) : most_(most) {}

  void add(std::uint64_t cookie) {
    if (!known_.insert(cookie).second) return;
    order_.push_back(cookie);
    if (order_.size() <= most_) return;
    known_.erase(order_.front());
    order_.pop_front();
  }
  bool contains(std::uint64_t cookie) const { return known_.contains(cookie); }

 private:
  std::size_t most_;
  std::unordered_set<std::uint64_t> known_;
  std::deque<std::uint64_t> order_;  // Oldest first.
};

}  // namespace ipm::source::ebpf
