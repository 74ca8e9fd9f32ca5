#include "baseline/baseline.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "baseline/fast_log.h"

namespace ipm::baseline {
namespace {

constexpr double kReasonDecades = 1;  // Below, nobody asks why.
constexpr std::uint32_t kRememberedMax = 1'000'000;
constexpr std::uint64_t kSamplesMax = 1ULL << 62;

// Samples of a view whose window is full since `window` samples.
std::uint32_t since(std::uint32_t remembered, std::uint32_t window) {
  return remembered >= window ? remembered - window : 0;
}

double confidence_of(std::uint32_t remembered) {
  return remembered / (remembered + kConfidenceSamples);
}

void sort_in(Score& score, const Reason& reason) {
  if (!(reason.surprise > 0)) return;
  std::uint32_t at = Score::kReasons;
  while (at > 0 && score.reasons[at - 1].surprise < reason.surprise) --at;
  for (std::uint32_t i = Score::kReasons - 1; i > at && i < Score::kReasons; --i)
    score.reasons[i] = score.reasons[i - 1];
  if (at < Score::kReasons) score.reasons[at] = reason;
}

}  // namespace

const char* cause_name(Cause cause) noexcept {
  switch (cause) {
    case Cause::kNone:
      return "none";
    case Cause::kValue:
      return "value";
    case Cause::kLevel:
      return "level";
    case Cause::kTrend:
      return "trend";
    case Cause::kDrift:
      return "drift";
  }
  return "unknown";
}

// Where a sample stands. Numbers are in scaled units, without the season.
template <typename S>
struct BasicBaseline<S>::Seen {
  Lanes<kLanes> at{};         // What each view sees; last, the value with its season.
  Lanes<kLanes> surprises{};  // By view; last, by the drift.
  Lanes<kLanes> expected{};
  double season = 0;
  double expected_low = 0, expected_high = 0, expected_slow = 0;
  double highest = 0;  // With its season.
  bool record = false;
};

template <typename S>
double BasicBaseline<S>::scaled(const Options& options, double value) {
  if (options.log_scale) value = std::copysign(log2_of(1 + std::abs(value)) * kLn2, value);
  if (unit_ == 0 && value != 0) unit_ = std::ldexp(1.0, std::clamp(std::ilogb(value), -1'000, 1'000));
  return unit_ == 0 ? 0 : std::clamp(value / unit_, -double{kScaledMax}, double{kScaledMax});
}

template <typename S>
double BasicBaseline<S>::unscaled(const Options& options, double x) const {
  const double value = x * unit_;
  return options.log_scale ? std::copysign(exp2_of(std::abs(value) / kLn2) - 1, value) : value;
}

template <typename S>
void BasicBaseline<S>::learn_range(double x) {
  const double median = double{memory_.fast.median[kWhole]};
  const auto forget = [&](float end) { return double{end} + (median - double{end}) * kRangeForgetting; };
  range_low_ = static_cast<float>(std::min(x, forget(range_low_)));
  range_high_ = static_cast<float>(std::max(x, forget(range_high_)));
}

template <typename S>
double BasicBaseline<S>::season_part(std::int64_t local_s) {
  const std::int64_t hour = local_s / 3'600 - (local_s % 3'600 < 0 ? 1 : 0);
  const double offset = season_.offset(hour);
  return season_.use() * offset;
}

template <typename S>
void BasicBaseline<S>::start(float x) {
  for (std::size_t lane = 0; lane < kLanes; ++lane) memory_.start(lane, x);
  memory_.above.start(kWhole, kDriftThreshold, kDriftExcess);
  memory_.below.start(kWhole, kDriftThreshold, kDriftExcess);
  range_low_ = range_high_ = x;
}

// Samples that each lane has learned from: a mean counts when its window is full.
template <typename S>
typename BasicBaseline<S>::LaneSamples BasicBaseline<S>::lane_samples() const {
  return {remembered_, since(remembered_, level_mean_.kSamples), since(remembered_, trend_mean_.kSamples), remembered_};
}

template <typename S>
Lanes<BasicBaseline<S>::kLanes> BasicBaseline<S>::surprises(const Lanes<kLanes>& deviations,
                                                            const LaneSamples& samples) {
  constexpr Lanes<kLanes> kLeast = {kThresholdSpreads, kThresholdSpreads, kThresholdSpreads, kDriftThreshold};
  Lanes<kLanes> over{}, under{}, share{};
  for (std::size_t i = 0; i < kViews; ++i) {
    const bool warm = samples[i] >= kWarmSamples;
    const float deviation = warm ? deviations[i] : 0;
    over[i] = larger(deviation, 0);
    under[i] = larger(-deviation, 0);
    share[i] = warm ? Tails<kLanes>::share_of(samples[i] - kWarmSamples) : 0;
  }
  over[kWhole] = drift_.up;
  under[kWhole] = drift_.down;
  share[kWhole] = remembered_ >= kDriftWarmSamples ? Tails<kLanes>::share_of(remembered_) : 0;
  Lanes<kLanes> out = memory_.above.step(over, share, kLeast);
  const Lanes<kLanes> below = memory_.below.step(under, share, kLeast);
  for (std::size_t i = 0; i < kLanes; ++i) out[i] = larger(out[i], below[i]);
  return out;
}

template <typename S>
typename BasicBaseline<S>::Seen BasicBaseline<S>::look(const Options& options, std::int64_t local_s, double value) {
  const bool guarded = alarm_left_ > 0;
  Seen seen;
  const double x = scaled(options, value);
  if (remembered_ == 0) start(static_cast<float>(x));
  const double resolution = options.log_scale || unit_ == 0 ? 0 : options.resolution / unit_;
  const Learning learning{.fast = guarded ? kAlarmLearning : 1,
                          .slow = guarded ? 0.0F : 1.0F,
                          .resolution = static_cast<float>(std::min(resolution, double{kScaledMax}))};
  const typename Memory<kLanes>::Spread known = memory_.spread(learning.resolution);
  const bool warm = remembered_ >= kWarmSamples;
  seen.season = season_part(local_s);
  seen.record = warm && (x < double{range_low_} || x > double{range_high_});
  if (warm) season_.add(x - double{memory_.fast.median[kWhole]}, double{known.fast[kWhole]});
  seen.highest = double{range_high_};
  learn_range(x);

  const double alone = std::clamp(x - seen.season, -double{kScaledMax}, double{kScaledMax});
  seen.at = {static_cast<float>(alone), static_cast<float>(level_mean_.add(alone)),
             static_cast<float>(trend_mean_.add(alone)), static_cast<float>(x)};
  seen.expected = memory_.fast.median;
  seen.expected_low = double{memory_.fast.low[kValue]};
  seen.expected_high = double{memory_.fast.high[kValue]};
  seen.expected_slow = double{memory_.slow.median[kLevel]};

  const LaneSamples samples = lane_samples();
  const Lanes<kLanes> deviations = memory_.deviation(seen.at, known);
  memory_.learn(seen.at, samples, known, learning);
  if (remembered_ >= kDriftWarmSamples) {
    drift_.step((memory_.fast.median[kLevel] - memory_.slow.median[kLevel]) / known.slow[kLevel]);
  }
  seen.surprises = surprises(deviations, samples);
  return seen;
}

template <typename S>
Score BasicBaseline<S>::update(const Options& options, std::int64_t local_s, double value) {
  Score out;
  out.value = value;
  out.samples = samples_;
  if (!std::isfinite(value)) {
    out.missing = true;
    out.confidence = confidence_of(remembered_);
    return out;
  }
  const Seen seen = look(options, local_s, value);
  if (samples_ == 0) first_s_ = local_s;
  last_s_ = local_s;
  ++samples_;
  if (remembered_ < kRememberedMax) ++remembered_;

  out.samples = samples_;
  out.record = seen.record;
  out.highest = unscaled(options, seen.highest);
  out.confidence = confidence_of(remembered_);
  const auto in_units = [&](double x) { return unscaled(options, x + seen.season); };
  out.expected = in_units(double{seen.expected[kValue]});
  out.expected_low = in_units(seen.expected_low);
  out.expected_high = in_units(seen.expected_high);
  out.deviation_percent = out.expected == 0 ? std::numeric_limits<double>::quiet_NaN()
                                            : 100 * (value - out.expected) / std::abs(out.expected);

  const auto& [by_value, by_level, by_trend, by_drift] = seen.surprises;
  const float strongest = larger(larger(by_value, by_level), larger(by_trend, by_drift));
  const float others = by_value + by_level + by_trend + by_drift - strongest;
  out.surprise = std::min(out.confidence * (double{strongest} + kAgreement * double{others}), kSurpriseMax);
  if (out.surprise > 0) out.score = 1 - exp10_of(-out.surprise * (1 / kDecadesPerNine));
  if (hold_.step(out.surprise, options.hold_samples)) out.held = out.score;
  out.alarm = out.held >= options.threshold;
  if (alarm_left_ > 0) --alarm_left_;
  if (out.score >= options.threshold) drift_.told = 1;
  if (out.alarm) alarm_left_ = options.hold_samples;

  if (out.surprise < kReasonDecades) return out;
  sort_in(out, {Cause::kValue, double{by_value}, value, out.expected});
  const auto of_lane = [&](Cause cause, Lane lane) {
    return Reason{cause, double{seen.surprises[lane]}, in_units(double{seen.at[lane]}),
                  in_units(double{seen.expected[lane]})};
  };
  sort_in(out, of_lane(Cause::kLevel, kLevel));
  sort_in(out, of_lane(Cause::kTrend, kTrend));
  sort_in(out,
          {Cause::kDrift, double{by_drift}, in_units(double{seen.expected[kLevel]}), in_units(seen.expected_slow)});
  return out;
}

template <typename S>
Usual BasicBaseline<S>::usual(const Options& options, std::int64_t local_s) const {
  BasicBaseline at_that_hour = *this;  // The season remembers the hour that it was asked for last.
  const double season = at_that_hour.season_part(local_s);
  const auto in_units = [&](float x) { return unscaled(options, double{x} + season); };
  return {in_units(memory_.fast.median[kValue]), in_units(memory_.fast.low[kValue]),
          in_units(memory_.fast.high[kValue])};
}

template <typename S>
double BasicBaseline<S>::confidence() const {
  return confidence_of(remembered_);
}

template <typename S>
void BasicBaseline<S>::accept() {
  alarm_left_ = 0;
  hold_ = {.shown = static_cast<float>(kSurpriseMax), .left = kHoldSamples};
  drift_.up = drift_.down = 0;
  drift_.told = 1;
  remembered_ = std::min(remembered_, kWarmSamples);
}

template <typename S>
void BasicBaseline<S>::merge(const BasicBaseline& other) {
  if (other.remembered_ == 0) return;
  if (remembered_ == 0) {
    *this = other;
    return;
  }
  BasicBaseline merged = *this;
  merged.mix(other);
  // Magnitudes too far apart for one baseline: the one that knows more stays.
  if (merged.well_formed()) {
    *this = merged;
  } else if (other.remembered_ > remembered_) {
    *this = other;
  }
}

template <typename S>
void BasicBaseline<S>::mix(const BasicBaseline& other) {
  const float share = static_cast<float>(other.remembered_) / static_cast<float>(remembered_ + other.remembered_);
  if (unit_ == 0) unit_ = other.unit_;
  const auto ratio = static_cast<float>(unit_ > 0 ? std::min(other.unit_ / unit_, double{kScaledMax}) : 1);
  memory_.merge(other.memory_, share, ratio);
  season_.merge(other.season_, double{share}, double{ratio});
  range_low_ = std::min(range_low_, other.range_low_ * ratio);
  range_high_ = std::max(range_high_, other.range_high_ * ratio);
  first_s_ = std::min(first_s_, other.first_s_);
  last_s_ = std::max(last_s_, other.last_s_);
  samples_ = std::min(samples_ + other.samples_, kSamplesMax);
  remembered_ = std::min(remembered_ + other.remembered_, kRememberedMax);
}

template <typename S>
bool BasicBaseline<S>::well_formed() const {
  if (!std::isfinite(unit_) || unit_ < 0 || samples_ > kSamplesMax) return false;
  if (remembered_ > kRememberedMax || remembered_ > samples_) return false;
  if (remembered_ > 0 && !(memory_.above.started() && memory_.below.started())) return false;
  if (!std::isfinite(range_low_) || !std::isfinite(range_high_)) return false;
  return hold_.well_formed() && memory_.well_formed() && level_mean_.well_formed() && trend_mean_.well_formed() &&
         drift_.well_formed() && season_.well_formed();
}

template <typename S>
template <typename OtherSeason>
BasicBaseline<S>::BasicBaseline(const BasicBaseline<OtherSeason>& other)
    : unit_(other.unit_),
      first_s_(other.first_s_),
      last_s_(other.last_s_),
      samples_(other.samples_),
      remembered_(other.remembered_),
      alarm_left_(other.alarm_left_),
      hold_(other.hold_),
      range_low_(other.range_low_),
      range_high_(other.range_high_),
      memory_(other.memory_),
      level_mean_(other.level_mean_),
      trend_mean_(other.trend_mean_),
      drift_(other.drift_) {}

template class BasicBaseline<Season>;
template class BasicBaseline<NoSeason>;
template BasicBaseline<Season>::BasicBaseline(const PlainBaseline&);
template BasicBaseline<NoSeason>::BasicBaseline(const Baseline&);

}  // namespace ipm::baseline
