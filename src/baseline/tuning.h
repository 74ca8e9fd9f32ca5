// The numbers behind a score. They are the same for every metric of every program; docs/baselines.md says what each
// does and how much the benchmark moves when it is halved or doubled.
#pragma once

#include <cstdint>

namespace ipm::baseline {

// What is usual: quantiles over a fast and a slow memory.
inline constexpr std::uint32_t kFastSamples = 2'000;
inline constexpr std::uint32_t kSlowSamples = 8'000;
inline constexpr float kScaledMax = 1e30F;         // Beyond, a sample in units of its baseline is cut.
inline constexpr float kDeviationMax = 1e6F;       // Spreads.
inline constexpr std::uint32_t kWarmSamples = 30;  // No score before.
inline constexpr double kConfidenceSamples = 30;   // Half of the confidence comes with these many.
inline constexpr float kClipSpreads = 20;          // No sample moves the mean deviation by more.
inline constexpr float kRelativeFloor = 0.005F;    // A spread is at least this share of the level.
inline constexpr float kAlarmLearning = 0.25F;     // Weight of a sample in the fast memory during an alarm; slow: 0.
inline constexpr std::uint32_t kLevelBlock = 2;    // 16 blocks: the level is a mean of 32 samples,
inline constexpr std::uint32_t kTrendBlock = 8;    // the trend one of 128.

// How rare it is: peaks over a threshold.
inline constexpr float kThresholdSpreads = 2.5F;  // An episode begins here; higher where a twentieth lies beyond.
inline constexpr float kBeyondShare = 0.05F;
inline constexpr float kThresholdStep = 6;
inline constexpr std::uint32_t kQuietSamples = 16;  // An episode has ended after so many below the threshold.
inline constexpr float kEpisodeDecades = 2.7F;  // Assumed: one episode in 500 samples, -log10 of it, as if seen over
inline constexpr float kEpisodeRateSamples = 1'000;  // this many samples; the rate is an average of at most
inline constexpr float kEpisodeRateSamplesMax = 8'000;
inline constexpr float kExcess = 1;       // What is assumed of the mean excess, in spreads,
inline constexpr float kExcessPeaks = 4;  // as if seen in so many peaks; the average of at most
inline constexpr float kExcessPeaksMax = 50;
inline constexpr float kPeakClip = 5;      // A peak teaches at most this multiple of the mean excess.
inline constexpr double kTailShape = 0.1;  // Of the generalised Pareto tail: slightly heavier than exponential.

// Season: one slot per hour of the week.
inline constexpr double kSeasonShrink = 5;             // Samples at which a slot is half believed.
inline constexpr std::uint32_t kSeasonVisitsMax = 60;  // A slot is an average of at most so many samples.
inline constexpr double kSeasonClip = 4;               // Spreads.
inline constexpr std::uint32_t kSeasonWarmSamples = 100;
inline constexpr double kSeasonUseless = 0.9;  // Mean deviation left with the season: none is used above,
inline constexpr double kSeasonUseful = 0.6;   // all of it below.

// Slow ramps: CUSUM of the fast level against the slow one.
inline constexpr float kDriftSlack = 1;  // Spreads.
inline constexpr float kDriftClip = 4;
inline constexpr std::uint32_t kDriftWarmSamples = 200;
inline constexpr float kDriftSamples = 500;
inline constexpr float kDriftThreshold = 0.5F;
inline constexpr float kDriftExcess = 0.25F;

// From surprises to a score.
inline constexpr double kAgreement = 0.15;          // What the weaker views add to the strongest.
inline constexpr double kSurpriseMax = 12;          // Decades.
inline constexpr double kDecadesPerNine = 3.5;      // Score 0.9 at 3.5 decades, 0.99 at 7.
inline constexpr std::uint32_t kHoldSamples = 300;  // An alarm is not repeated so long,
inline constexpr double kEscape = 1.3;              // unless the surprise grows by this factor.
inline constexpr double kRangeForgetting = 1.0 / 20'000;

}  // namespace ipm::baseline
