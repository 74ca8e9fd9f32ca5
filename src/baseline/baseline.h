// What is usual for one metric of one program, learned sample by sample, and how unusual the next sample is.
//
// A baseline is plain bytes of one size: copied, saved, merged. An update costs the same whatever came before,
// allocates nothing and reads no clock. The same samples give the same scores on every machine.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "baseline/drift.h"
#include "baseline/hold.h"
#include "baseline/memory.h"
#include "baseline/moving_mean.h"
#include "baseline/season.h"

namespace ipm::baseline {

// Of a metric, the same at every update.
struct Options {
  bool log_scale = false;  // Score log(1 + |x|): for bytes and counts that span decades.
  double resolution = 0;   // Differences below it do not matter, in units of the metric.
  double threshold = 0.9;  // A held score from here on is an alarm.
  std::uint32_t hold_samples = kHoldSamples;
};

enum class Cause : std::uint8_t {
  kNone = 0,
  kValue = 1,  // This sample alone.
  kLevel = 2,  // The mean of the last 32 samples.
  kTrend = 3,  // The mean of the last 128 samples.
  kDrift = 4,  // The level of the last thousands against the long past.
};
const char* cause_name(Cause cause) noexcept;

struct Reason {
  Cause cause = Cause::kNone;
  double surprise = 0;  // Decades, of this view alone.
  double value = 0;     // What this view saw, and what it expected, in units of the metric.
  double expected = 0;
};

struct Score {
  static constexpr std::uint32_t kReasons = 3;

  double score = 0;      // 0 … 1: how unusual the metric is now. 0.9 is equally rare for every metric.
  double held = 0;       // The same where an incident begins or clearly grows, else 0.
  double surprise = 0;   // Decades; score = 1 - 10^(-surprise / 3.5).
  bool alarm = false;    // held >= threshold.
  bool missing = false;  // The value was no finite number: nothing was learned and everything else is as before or 0.
  bool record = false;   // Beyond everything that is remembered.
  double highest = 0;    // Of everything that is remembered, before this sample.
  double value = 0;
  double expected = 0;                         // With the hour of the week, where it helps.
  double expected_low = 0, expected_high = 0;  // 10 % and 90 % of the samples lie below.
  double deviation_percent = 0;                // Of the value from the expected one; NaN when 0 is expected.
  double confidence = 0;                       // n / (n + 30); it multiplies the surprise.
  std::uint64_t samples = 0;                   // Learned from, this one included.
  Reason reasons[kReasons];                    // From one decade on. Strongest first; kNone behind the last.
};

// What is usual at one moment, in units of the metric.
struct Usual {
  double expected = 0;
  double expected_low = 0, expected_high = 0;  // 10 % and 90 % of the samples lie below.
};

template <typename SeasonOf>
class BasicBaseline {
 public:
  BasicBaseline() = default;
  // Without what only the other kind has: a season is left behind, and one that is not there has learned nothing.
  template <typename OtherSeason>
  explicit BasicBaseline(const BasicBaseline<OtherSeason>& other);

  // `local_s`: Unix time plus the offset of local time from UTC, in seconds.
  // As one function: what its parts hand on stays in registers, a tenth of the time.
  [[gnu::flatten]] Score update(const Options& options, std::int64_t local_s, double value);

  // As if it had seen the samples of `other` too, which stays what it was. Both must have the same options.
  void merge(const BasicBaseline& other);

  // An operator says that what alarmed is normal: the alarm ends, none follows for 300 samples, and the present is
  // learned quickly, as if the past had been 30 samples long.
  void accept();

  // What the next sample would be held against.
  Usual usual(const Options& options, std::int64_t local_s) const;
  // How far the hour of the week explains the metric, 0 to 1.
  double season_use() const { return season_.use(); }
  double confidence() const;

  bool in_alarm() const { return alarm_left_ > 0; }
  std::uint64_t samples() const { return samples_; }
  // Local time of the first and of the last sample.
  std::int64_t first_s() const { return first_s_; }
  std::int64_t last_s() const { return last_s_; }

  // Whether these bytes can be a baseline: for what comes from outside.
  bool well_formed() const;

 private:
  template <typename OtherSeason>
  friend class BasicBaseline;

  // Ways to look at a metric, side by side in the memory. In the last lane stands the value with its season; the tails
  // of that lane are the drift's.
  enum Lane : std::size_t { kValue, kLevel, kTrend, kWhole, kLanes };
  static constexpr std::size_t kViews = 3;
  using LaneSamples = std::array<std::uint32_t, kLanes>;
  struct Seen;  // One sample on its way through update().

  double scaled(const Options& options, double value);
  double unscaled(const Options& options, double x) const;
  void start(float x);
  void mix(const BasicBaseline& other);
  void learn_range(double x);
  double season_part(std::int64_t local_s);
  LaneSamples lane_samples() const;
  Lanes<kLanes> surprises(const Lanes<kLanes>& deviations, const LaneSamples& samples);
  Seen look(const Options& options, std::int64_t local_s, double value);

  double unit_ = 0;  // A power of two near the first sample, so that floats hold what doubles bring. 0: only zeros yet.
  std::int64_t first_s_ = 0;
  std::int64_t last_s_ = 0;
  std::uint64_t samples_ = 0;
  std::uint32_t remembered_ = 0;  // Samples that the memories hold; less than samples_ after accept().
  std::uint32_t alarm_left_ = 0;  // Samples of guarded learning.
  Hold hold_;
  float range_low_ = 0, range_high_ = 0;
  Memory<kLanes> memory_;
  MovingMean<kLevelBlock> level_mean_;
  MovingMean<kTrendBlock> trend_mean_;
  Drift drift_;
  [[no_unique_address]] SeasonOf season_;
};

using Baseline = BasicBaseline<Season>;
using PlainBaseline = BasicBaseline<NoSeason>;
extern template class BasicBaseline<Season>;
extern template class BasicBaseline<NoSeason>;
extern template BasicBaseline<Season>::BasicBaseline(const PlainBaseline&);
extern template BasicBaseline<NoSeason>::BasicBaseline(const Baseline&);

static_assert(std::is_trivially_copyable_v<Baseline> && std::is_trivially_copyable_v<PlainBaseline>);
// Saved as they are: nothing between the members.
static_assert(sizeof(Baseline) == 56 + sizeof(Memory<4>) + sizeof(MovingMean<kLevelBlock>) +
                                      sizeof(MovingMean<kTrendBlock>) + sizeof(Drift) + sizeof(Season));
static_assert(sizeof(Baseline) <= 1'100, "seven of them per app within 8 KiB");

}  // namespace ipm::baseline
