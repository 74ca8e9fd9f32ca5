#include "baseline/consensus.h"

#include <algorithm>

#include "baseline/fast_log.h"

namespace ipm::baseline {
namespace {

constexpr float kResolution = 0.2F;  // Decades.

}  // namespace

void Consensus::Voices::take(std::uint32_t index, double surprise) {
  if (count_ == 0 || surprise > surprises_[0]) first_ = index;
  if (count_ < kMost) ++count_;
  std::uint32_t at = count_ - 1;
  if (at == kMost - 1 && surprise <= surprises_[at]) return;
  while (at > 0 && surprises_[at - 1] < surprise) {
    surprises_[at] = surprises_[at - 1];
    --at;
  }
  surprises_[at] = surprise;
}

Consensus::Result Consensus::step(const Options& options, std::span<const Score> scores) {
  if (scores.size() == 1) {
    return {.score = scores[0].score, .held = scores[0].held, .alarm = scores[0].alarm, .missing = scores[0].missing};
  }
  Voices voices;
  for (std::uint32_t i = 0; i < scores.size(); ++i) {
    if (!scores[i].missing) voices.take(i, scores[i].surprise);
  }
  return step(options, voices);
}

Consensus::Result Consensus::step(const Options& options, const Voices& voices) {
  Result out;
  out.strongest = voices.first_;
  out.missing = voices.count_ == 0;
  if (out.missing) return out;

  const double sum = voices.surprises_[0] + voices.surprises_[1] + voices.surprises_[2];
  const auto mean = static_cast<float>(sum / voices.count_);
  const bool guarded = alarm_left_ > 0;
  const Learning learning{
      .fast = guarded ? kAlarmLearning : 1, .slow = guarded ? 0.0F : 1.0F, .resolution = kResolution};
  const Lanes<1> at = {mean};
  if (samples_ == 0) surprises_.start(0, mean);
  const Memory<1>::Spread known = surprises_.spread(learning.resolution);
  // Quieter than usual is no news: there is no tail below.
  const bool warm = samples_ >= kWarmSamples;
  const Lanes<1> over = {warm ? std::max(surprises_.deviation(at, known)[0], 0.0F) : 0};
  const Lanes<1> share = {warm ? Tails<1>::share_of(samples_ - kWarmSamples) : 0};
  double surprise = double{surprises_.above.step(over, share, {kThresholdSpreads})[0]};
  surprises_.learn(at, {samples_}, known, learning);
  if (samples_ < 0xffff'ffff) ++samples_;
  surprise = std::min(surprise * samples_ / (samples_ + kConfidenceSamples), kSurpriseMax);
  out.score = 1 - exp10_of(-surprise / kDecadesPerNine);
  if (hold_.step(surprise, options.hold_samples)) out.held = out.score;
  out.alarm = out.held >= options.threshold;
  if (alarm_left_ > 0) --alarm_left_;
  if (out.alarm) alarm_left_ = options.hold_samples;
  return out;
}

void Consensus::accept() {
  alarm_left_ = 0;
  hold_ = {.shown = static_cast<float>(kSurpriseMax), .left = kHoldSamples};
}

}  // namespace ipm::baseline
