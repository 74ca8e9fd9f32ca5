// The last 15 minutes of every process and app, second by second. A series is a chain of one-minute blocks, newest
// first; a minute in which nothing happened has none, so a quiet series costs only its place in the table of heads.
//
// Bound: blocks_max. When no block is free the oldest goes, and is counted. Threads: the engine's; views as in base/.
#pragma once

#include <cstdint>

#include "base/age_lists.h"
#include "base/paged_table.h"
#include "model/sample.h"

namespace ipm::store {

inline constexpr std::uint32_t kBlockSeconds = 60;
inline constexpr std::int64_t kRecentSeconds = 15 * 60;

struct SeriesBlock {
  std::int64_t minute = 0;  // Engine time / 60 s.
  std::uint32_t next = 0;   // The block before it in time: slot + 1.
  std::uint32_t newer = 0;  // The one after it.
  std::uint32_t holder_slot = 0;
  model::Holder holder = model::Holder::kProcess;
  model::Metric metric = model::Metric::kTxBytes;
  bool used = false;
  std::uint64_t values[kBlockSeconds] = {};
};

// Newest block of each metric of one holder.
struct SeriesHeads {
  std::uint32_t newest[model::kMetrics] = {};  // Slot + 1.
  bool used = false;
};

using BlockPages = PagedTable<SeriesBlock, 32>;
using HeadPages = PagedTable<SeriesHeads, 256>;

struct SeriesViews {
  BlockPages::View blocks;
  HeadPages::View heads[2];  // By Holder.
};

class RecentSeries final : public model::SampleSink {
 public:
  RecentSeries(PageStore& store, std::uint32_t blocks_max, std::uint32_t processes_max, std::uint32_t apps_max);

  void add(model::Holder holder, std::uint32_t slot, model::Metric metric, TimeNs time_ns,
           std::uint64_t amount) override;
  void forget(model::Holder holder, std::uint32_t slot) override;
  void advance(TimeNs now) override;  // Drops what is older than 15 minutes.

  SeriesViews views() const { return {blocks_.view(), {heads_[0].view(), heads_[1].view()}}; }
  std::uint32_t used() const { return blocks_.used(); }
  std::uint32_t max() const { return blocks_.rows_max(); }
  std::uint32_t high_water() const { return blocks_.high_water(); }
  std::uint64_t evicted() const { return evicted_; }
  std::uint64_t too_late() const { return too_late_; }  // Samples older than the window.

 private:
  SeriesHeads& heads_of(model::Holder holder, std::uint32_t slot);
  void remove(std::uint32_t block);

  BlockPages blocks_;
  HeadPages heads_[2];
  AgeLists<AgeLink, 1> by_making_;  // Front was made first.
  TimeNs now_ = 0;
  std::uint64_t evicted_ = 0;
  std::uint64_t too_late_ = 0;
};

}  // namespace ipm::store
