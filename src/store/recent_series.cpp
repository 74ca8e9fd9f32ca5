#include "store/recent_series.h"

#include <algorithm>

namespace ipm::store {

using model::Holder;
using model::Metric;

RecentSeries::RecentSeries(PageStore& store, std::uint32_t blocks_max, std::uint32_t processes_max,
                           std::uint32_t apps_max)
    : blocks_(store, blocks_max), heads_{{store, processes_max}, {store, apps_max}}, by_making_(store) {}

SeriesHeads& RecentSeries::heads_of(Holder holder, std::uint32_t slot) {
  HeadPages& heads = heads_[static_cast<std::size_t>(holder)];
  while (heads.slots() <= slot) heads.add();
  return heads.edit(slot);
}

void RecentSeries::add(Holder holder, std::uint32_t slot, Metric metric, TimeNs time_ns, std::uint64_t amount) {
  now_ = std::max(now_, time_ns);
  const std::int64_t second = time_ns / kSecond;
  if (now_ / kSecond - second >= kRecentSeconds) {
    ++too_late_;
    return;
  }
  const std::int64_t minute = second / kBlockSeconds;
  const auto within = static_cast<std::size_t>(second % kBlockSeconds);
  const auto metric_number = static_cast<std::size_t>(metric);
  std::uint32_t before = 0;  // The block after it in time.
  std::uint32_t at = heads_of(holder, slot).newest[metric_number];
  while (at != 0 && blocks_.at(at - 1).minute > minute) {
    before = at;
    at = blocks_.at(at - 1).next;
  }
  if (at != 0 && blocks_.at(at - 1).minute == minute) {
    blocks_.edit(at - 1).values[within] += amount;
    return;
  }
  if (blocks_.full()) {
    const std::uint32_t oldest = by_making_.front(0)->slot;
    remove(oldest);
    ++evicted_;
    add(holder, slot, metric, time_ns, amount);  // The chain may have lost a block: find the place again.
    return;
  }
  const std::uint32_t made = blocks_.add();
  by_making_.push(made, 0, now_);
  SeriesBlock& block = blocks_.edit(made);
  block.minute = minute;
  block.next = at;
  block.newer = before;
  block.holder = holder;
  block.holder_slot = slot;
  block.metric = metric;
  block.values[within] = amount;
  if (at != 0) blocks_.edit(at - 1).newer = made + 1;
  if (before != 0) {
    blocks_.edit(before - 1).next = made + 1;
  } else {
    heads_of(holder, slot).newest[metric_number] = made + 1;
  }
}

void RecentSeries::remove(std::uint32_t slot) {
  const SeriesBlock& block = blocks_.at(slot);
  const std::uint32_t next = block.next, newer = block.newer;
  if (newer == 0) {
    heads_of(block.holder, block.holder_slot).newest[static_cast<std::size_t>(block.metric)] = next;
  } else {
    blocks_.edit(newer - 1).next = next;
  }
  if (next != 0) blocks_.edit(next - 1).newer = newer;
  by_making_.erase(slot);
  blocks_.remove(slot);
}

void RecentSeries::forget(Holder holder, std::uint32_t slot) {
  if (heads_[static_cast<std::size_t>(holder)].slots() <= slot) return;
  for (std::uint32_t metric = 0; metric < model::kMetrics; ++metric) {
    while (const std::uint32_t newest = heads_of(holder, slot).newest[metric]) remove(newest - 1);
  }
}

void RecentSeries::advance(TimeNs now) {
  now_ = std::max(now_, now);
  while (const AgeLink* oldest = by_making_.front(0)) {
    const std::int64_t end_second = (blocks_.at(oldest->slot).minute + 1) * kBlockSeconds;
    if (end_second + kRecentSeconds > now_ / kSecond) return;
    remove(oldest->slot);
  }
}

}  // namespace ipm::store
