// The baselines of apps, one for each of their metrics, beside an engine: they take its intervals and give scores.
//
// A row belongs to an app key and outlives the app's own row. Metrics that follow the hours of the week have baselines
// with a season; delays and failures do without, so that all ten of an app stay within kAppBytesMax.
//
// Bound: apps_max rows. A full table gives up the row that has been quiet longest and is in no alarm; an app that finds
// every other one busy is refused. Both are counted. Threads: the engine's; views as in base/. Cost of an interval: an
// update for each measured metric; a row is searched for only when an app is met first.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "base/age_lists.h"
#include "base/paged_table.h"
#include "baseline/baseline.h"
#include "baseline/baseline_set.h"
#include "baseline/consensus.h"
#include "model/app_sample_sink.h"

namespace ipm::baseline {

using model::AppMetric;
using model::kAppMetrics;

inline constexpr std::size_t kAppBytesMax = 8'192;

// How a metric is scored: differences below a trifle do not matter.
Options app_options(AppMetric metric, double threshold);

// The newest sample of a metric, as the table shows it.
struct LastSample {
  double value = 0;
  float score = 0;
  float expected = 0, expected_low = 0, expected_high = 0;
  bool sampled = false;   // In this run.
  bool measured = false;  // In the newest interval.
  bool alarming = false;  // The score has reached the threshold.
  std::uint8_t reserved[5] = {};
};

struct AppBaselineRow {
  static constexpr std::uint32_t kSeasonal = 5;  // The metrics below this number have a season.

  std::uint32_t key_text = 0;
  std::uint32_t app = 0;  // Slot + 1; 0: the app has no row now.
  TimeNs active_ns = 0;   // End of the last interval in which it did something, …
  TimeNs sampled_ns = 0;  // … and of the last at all: after it nobody ran.
  float score = 0;        // Of all metrics together, at the last interval.
  std::uint8_t strongest = 0;
  bool scored = false;       // There is such a score.
  bool confirmed = false;    // It is the app that it inherits from.
  bool unconfirmed = false;  // Inherited, and it is not sure that rightly.
  bool used = false;
  std::uint16_t proofs_left = 0;  // Active intervals until one that was inherited in an earlier run counts as its own.
  std::uint32_t elder_text = 0;   // Key of the app that it will inherit from,
  TimeNs elder_silent_ns = 0;     // when that one does nothing any more, which is at best from here on.
  Consensus consensus;
  std::array<LastSample, kAppMetrics> last;
  std::array<Baseline, kSeasonal> seasonal;
  std::array<PlainBaseline, kAppMetrics - kSeasonal> plain;

  // Calls with the baseline of the metric, of whichever kind.
  template <typename Row, typename Use>
  static auto with(Row& row, AppMetric metric, const Use& use) {
    const auto at = static_cast<std::uint32_t>(metric);
    return at < kSeasonal ? use(row.seasonal[at]) : use(row.plain[at - kSeasonal]);
  }
  bool in_alarm() const {
    const auto any = [](const auto& each) { return each.in_alarm(); };
    return std::any_of(seasonal.begin(), seasonal.end(), any) || std::any_of(plain.begin(), plain.end(), any);
  }
};
static_assert(sizeof(AppBaselineRow) <= kAppBytesMax);

inline constexpr std::uint32_t kAppBaselinesPerPage = 4;
using AppBaselinePages = PagedTable<AppBaselineRow, kAppBaselinesPerPage>;

struct AppBaselineViews {
  AppBaselinePages::View rows;
  std::vector<std::uint32_t> by_app;  // Row + 1 by app slot; 0: none.
  std::uint32_t interval_s = 0;

  const AppBaselineRow* of_app(std::uint32_t app) const {
    if (app >= by_app.size() || by_app[app] == 0) return nullptr;
    return &rows.at(by_app[app] - 1);
  }
};

struct AppBaselineCounters {
  std::uint64_t evicted = 0;  // Rows that made room for others.
  std::uint64_t refused = 0;  // Intervals of apps that found none.
  std::uint64_t loaded = 0;   // Baselines of an earlier run.
  std::uint64_t inherited = 0;
};

class AppBaselines final : public model::AppSampleSink {
 public:
  struct Settings {
    std::uint32_t apps_max = 1'024;
    std::uint32_t interval_s = 60;
    double threshold = 0.9;
  };
  AppBaselines(PageStore& store, const Settings& settings);
  ~AppBaselines() override;

  void use_texts(model::TextHolder* texts) override { texts_ = texts; }
  const model::AppScores* sample(const model::AppSample& sample) override;
  void forget_app(std::uint32_t app) override;
  bool learned(std::uint32_t key_text, const model::BaselinePart& part) override;
  void inherited(std::uint32_t app, std::uint32_t key_text, std::uint32_t from) override;
  void confirmed(std::uint32_t app) override;
  void accepted(std::uint32_t app, AppMetric metric) override;

  // All that has been learned, by the keys of the apps. Allocates.
  BaselineSet set() const;
  AppBaselineViews views() const;
  const AppBaselinePages& rows() const { return rows_; }
  const AppBaselineCounters& counters() const { return counters_; }
  const Settings& settings() const { return settings_; }

 private:
  static constexpr std::uint32_t kVictimLooks = 64;
  // A redeploy rolls: old and new run beside each other for a while. After longer than this they are two programs.
  static constexpr TimeNs kOverlapNs = 6 * kHour;
  static constexpr std::int64_t kSilentIntervals = 10;  // Of one that runs: then it has fallen silent.
  static constexpr std::uint16_t kProofs = 300;

  std::uint32_t row_of(std::uint32_t app) const { return app < by_app_.size() ? by_app_[app] - 1 : kNoSlot; }
  std::uint32_t find_key(std::uint32_t key_text) const;
  std::uint32_t ensure_row(const model::AppSample& sample);
  std::uint32_t add_row(std::uint32_t key_text, TimeNs now);
  std::uint32_t victim(TimeNs now);
  void remove(std::uint32_t row);
  void belong(std::uint32_t row, std::uint32_t app);
  Score update(AppBaselineRow& row, AppMetric metric, const model::AppSample& sample);
  bool take_over(const Baseline& state);
  void settle_inheritance(AppBaselineRow& row, TimeNs now);
  static void prove(AppBaselineRow& row);
  void forget_elder(AppBaselineRow& row);

  const Settings settings_;
  PageStore& store_;
  model::TextHolder* texts_ = nullptr;
  AppBaselinePages rows_;
  AgeLists<AgeLink, 1> by_activity_;  // Front has been quiet longest.
  std::vector<std::uint32_t> by_app_;
  std::int64_t accounted_ = 0;
  TimeNs now_ = 0;  // End of the newest interval.
  model::AppScores scores_;
  AppBaselineCounters counters_;
  // The state that is coming in.
  struct Building {
    std::uint32_t key_text = 0;
    std::uint32_t metric = 0;
    std::uint32_t next_part = 0;
    bool unconfirmed = false;
    unsigned char bytes[sizeof(Baseline)] = {};
  } building_;
};

}  // namespace ipm::baseline
