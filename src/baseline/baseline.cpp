#include "baseline/baseline.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "baseline/fast_log.h"

namespace ipm::baseline {
namespace {

constexpr double kReasonDecades = 1;  // Below, nobody asks why.
constexpr std::uint32_t kRememberedMax = 1'000'000;

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
struct Baseline::Seen {
  double value = 0, level = 0, trend = 0;
  double season = 0;
  double by_value = 0, by_level = 0, by_trend = 0, by_drift = 0;  // Surprises.
  double expected = 0, expected_low = 0, expected_high = 0;
  double expected_level = 0, expected_trend = 0, expected_slow = 0;
  bool record = false;
};

double Baseline::scaled(const Options& options, double value) {
  if (options.log_scale) value = std::copysign(log2_of(1 + std::abs(value)) * kLn2, value);
  if (unit_ == 0 && value != 0) unit_ = std::ldexp(1.0, std::clamp(std::ilogb(value), -1'000, 1'000));
  return unit_ == 0 ? 0 : std::clamp(value / unit_, -double{kScaledMax}, double{kScaledMax});
}

double Baseline::unscaled(const Options& options, double x) const {
  const double value = x * unit_;
  return options.log_scale ? std::copysign(exp2_of(std::abs(value) / kLn2) - 1, value) : value;
}

void Baseline::learn_range(double x) {
  const double median = double{whole_.median};
  const auto forget = [&](float end) {
    return static_cast<double>(end) + (median - static_cast<double>(end)) * kRangeForgetting;
  };
  range_low_ = static_cast<float>(std::min(x, forget(range_low_)));
  range_high_ = static_cast<float>(std::max(x, forget(range_high_)));
}

double Baseline::season_part(std::int64_t local_s) {
  const std::int64_t hour = local_s / 3'600 - (local_s % 3'600 < 0 ? 1 : 0);
  const double offset = season_.offset(hour);
  return season_.use() * offset;
}

double Baseline::drift_surprise(const Learning& learning) {
  if (remembered_ < 200) return 0;
  return drift_.step(level_.fast, level_.slow, remembered_, learning.resolution);
}

Baseline::Seen Baseline::look(const Options& options, std::int64_t local_s, double value) {
  const bool guarded = alarm_left_ > 0;
  Seen seen;
  const double x = scaled(options, value);
  const double scale = unit_ > 0 ? unit_ : 1;
  const double resolution = options.log_scale ? 0 : std::min(options.resolution / scale, double{kScaledMax});
  const Learning learning{.fast = guarded ? kAlarmLearning : 1,
                          .slow = guarded ? 0.0F : 1.0F,
                          .resolution = static_cast<float>(resolution)};
  if (remembered_ == 0) {
    whole_.start(static_cast<float>(x));
    drift_.start();
    range_low_ = range_high_ = static_cast<float>(x);
  }
  seen.season = season_part(local_s);
  seen.record = remembered_ >= kWarmSamples && (x < double{range_low_} || x > double{range_high_});
  const float spread = whole_.spread(learning.resolution);
  if (remembered_ >= kWarmSamples) season_.add(x - double{whole_.median}, double{spread});
  if (remembered_ > 0) {
    whole_.add(static_cast<float>(x), View::share_of(remembered_, kFastSamples), spread, remembered_ >= kWarmSamples);
  }
  learn_range(x);

  seen.value = std::clamp(x - seen.season, -double{kScaledMax}, double{kScaledMax});
  seen.expected = double{value_.fast.median};
  seen.expected_low = double{value_.fast.low};
  seen.expected_high = double{value_.fast.high};
  seen.expected_level = double{level_.fast.median};
  seen.expected_trend = double{trend_.fast.median};
  seen.expected_slow = double{level_.slow.median};
  seen.level = level_mean_.add(seen.value);
  seen.trend = trend_mean_.add(seen.value);
  seen.by_value = value_.step(static_cast<float>(seen.value), remembered_, learning);
  seen.by_level = level_.step(static_cast<float>(seen.level), since(remembered_, level_mean_.kSamples), learning);
  seen.by_trend = trend_.step(static_cast<float>(seen.trend), since(remembered_, trend_mean_.kSamples), learning);
  seen.by_drift = drift_surprise(learning);
  return seen;
}

Score Baseline::update(const Options& options, std::int64_t local_s, double value) {
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
  out.confidence = confidence_of(remembered_);
  const auto in_units = [&](double x) { return unscaled(options, x + seen.season); };
  out.expected = in_units(samples_ == 1 ? seen.value : seen.expected);
  out.expected_low = in_units(samples_ == 1 ? seen.value : seen.expected_low);
  out.expected_high = in_units(samples_ == 1 ? seen.value : seen.expected_high);
  out.deviation_percent = out.expected == 0 ? std::numeric_limits<double>::quiet_NaN()
                                            : 100 * (value - out.expected) / std::abs(out.expected);

  const double strongest = std::max(std::max(seen.by_value, seen.by_level), std::max(seen.by_trend, seen.by_drift));
  const double all = seen.by_value + seen.by_level + seen.by_trend + seen.by_drift;
  out.surprise = std::min(out.confidence * (strongest + kAgreement * (all - strongest)), kSurpriseMax);
  out.score = 1 - exp10_of(-out.surprise / kDecadesPerNine);
  if (hold_.step(out.surprise, options.hold_samples)) out.held = out.score;
  out.alarm = out.held >= options.threshold;
  if (alarm_left_ > 0) --alarm_left_;
  if (out.score >= options.threshold) drift_.told = 1;
  if (out.alarm) alarm_left_ = options.hold_samples;

  if (out.surprise < kReasonDecades) return out;
  sort_in(out, {Cause::kValue, seen.by_value, value, out.expected});
  sort_in(out, {Cause::kLevel, seen.by_level, in_units(seen.level), in_units(seen.expected_level)});
  sort_in(out, {Cause::kTrend, seen.by_trend, in_units(seen.trend), in_units(seen.expected_trend)});
  sort_in(out, {Cause::kDrift, seen.by_drift, in_units(seen.expected_level), in_units(seen.expected_slow)});
  return out;
}

void Baseline::accept() {
  alarm_left_ = 0;
  hold_ = {.shown = static_cast<float>(kSurpriseMax), .left = kHoldSamples};
  drift_.up = drift_.down = 0;
  drift_.told = 1;
  remembered_ = std::min(remembered_, kWarmSamples);
}

void Baseline::merge(const Baseline& other) {
  if (other.samples_ == 0) return;
  if (samples_ == 0) {
    *this = other;
    return;
  }
  const float share = static_cast<float>(other.remembered_) / static_cast<float>(remembered_ + other.remembered_);
  if (unit_ == 0) unit_ = other.unit_;
  const auto ratio = static_cast<float>(unit_ > 0 ? std::min(other.unit_ / unit_, 1e6) : 1);
  whole_.merge(other.whole_, share, ratio);
  value_.merge(other.value_, share, ratio);
  level_.merge(other.level_, share, ratio);
  trend_.merge(other.trend_, share, ratio);
  season_.merge(other.season_, double{share}, double{ratio});
  range_low_ = std::min(range_low_, other.range_low_ * ratio);
  range_high_ = std::max(range_high_, other.range_high_ * ratio);
  first_s_ = std::min(first_s_, other.first_s_);
  last_s_ = std::max(last_s_, other.last_s_);
  samples_ += other.samples_;
  remembered_ = std::min(remembered_ + other.remembered_, kRememberedMax);
}

bool Baseline::well_formed() const {
  if (!std::isfinite(unit_) || unit_ < 0 || remembered_ > kRememberedMax || remembered_ > samples_) return false;
  if (!std::isfinite(range_low_) || !std::isfinite(range_high_)) return false;
  return hold_.well_formed() && whole_.well_formed() && value_.well_formed() && level_.well_formed() &&
         trend_.well_formed() && level_mean_.well_formed() && trend_mean_.well_formed() && drift_.well_formed() &&
         season_.well_formed();
}

}  // namespace ipm::baseline
