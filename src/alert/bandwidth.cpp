// More leaves than is usual for the program: at once, or for a while; or in a day than in the days of long ago.
//
// Statistic: the baseline of the bytes sent in an interval. Its held alarm says that such a value, or such a mean of
// the newest values, is rare; what is too little to matter, or not far beyond everything that is remembered, is not
// told. Its drift, of what creeps up too slowly for that, is a note. And by days, over connections out, a mean that
// follows so slowly that it cannot be led up step by step.
#include <algorithm>
#include <cmath>

#include "alert/detectors.h"

namespace ipm::alert {
namespace {

constexpr TimeNs kExplainedNs = 1 * kHour;
constexpr TimeNs kLookNs = 10 * kMinute;
constexpr TimeNs kDayNs = 24 * kHour;
constexpr double kFadePerDay = 0.95;
constexpr double kBytesMin = 5e7;
constexpr double kBytesPerSecondMin = kBytesMin / 600;
constexpr double kTimes = 10;
constexpr double kCreepTimes = 1.1;  // Of the level of a week: the baseline notices it before it is much.
constexpr std::uint32_t kDaysMin = 2;
constexpr double kGrowth = 0.2;
constexpr double kFall = 0.05;

// Episodes that may run side by side.
enum Part : std::uint8_t { kOfInterval = 0, kOfDay = 1, kOfLevel = 2 };

// The first days are what they are; then a day more than the mean counts for at most kGrowth of it.
void learn_day(Volume& volume) {
  const auto sent = static_cast<double>(volume.out_tx - volume.out_before);
  if (volume.days < kDaysMin) {
    volume.slow_day = std::max(volume.slow_day, sent);
  } else {
    volume.slow_day += sent > volume.slow_day ? std::min(sent - volume.slow_day, kGrowth * volume.slow_day)
                                              : (sent - volume.slow_day) * kFall;
  }
  if (sent != 0) ++volume.days;
  volume.out_before = volume.out_tx;
  volume.told_day = 0;
}

void roll_day(Volume& volume, TimeNs now) {
  if (volume.day_ns == 0) volume.day_ns = now;
  while (now - volume.day_ns >= kDayNs) {
    learn_day(volume);
    volume.day_max = std::max(volume.day_max * kFadePerDay, static_cast<double>(volume.day_tx));
    volume.day_tx = 0;
    // A long silence is one step: what was largest has faded by then anyway.
    volume.day_ns = now - volume.day_ns >= 60 * kDayNs ? now : volume.day_ns + kDayNs;
  }
}

double score_of(double times) {
  return std::clamp(0.55 + 0.08 * std::log2(times / kTimes), 0.0, 0.9);
}

void look_at_day(Stage& stage, Program& program, const model::FlowFacts& flow) {
  Volume& volume = program.volume;
  const auto sent = static_cast<double>(volume.out_tx - volume.out_before);
  if (volume.days < kDaysMin || sent < std::max({kBytesMin, kTimes * volume.slow_day, 2 * volume.told_day})) return;
  const TimeNs told_ns = std::max(volume.explained_ns, volume.burst_told_ns);
  if (told_ns != 0 && stage.now - told_ns < kDayNs) return;
  volume.told_day = sent;
  Finding finding{.kind = Kind::kBandwidth,
                  .part = kOfDay,
                  .severity = Severity::kMedium,
                  .score = std::clamp(0.5 + 0.08 * std::log2(sent / (kTimes * volume.slow_day + 1)), 0.0, 0.9),
                  .strength = sent,
                  .metric = "tx_bytes",
                  .value = sent,
                  .expected_low = 0,
                  .expected_high = volume.slow_day,
                  .samples = volume.days,
                  .since_ns = volume.day_ns};
  Sentence text = stage.about(program, flow.process);
  text << "sent ";
  text.bytes(sent) << " in the day that began at ";
  text.moment(volume.day_ns) << ", the last part of it to ";
  stage.peer(text, flow.tuple->remote, flow.tuple->remote_port) << "; it sends ";
  text.bytes(volume.slow_day) << " a day, as learned slowly from ";
  text.count(volume.days) << " days.";
  stage.raise(program, flow.process, finding, text);
}

}  // namespace

void accept_volume(Volume& volume, const AlertRow& row) {
  if (row.part == kOfDay) volume.slow_day = std::max(volume.slow_day, row.value);
}

void look_at_volume(Stage& stage, Program& program, const model::FlowFacts& flow) {
  Volume& volume = program.volume;
  roll_day(volume, stage.now);
  volume.look_ns = std::min(stage.now + kLookNs, volume.day_ns + kDayNs);
  look_at_day(stage, program, flow);
}

namespace {

void say_interval(Stage& stage, Program& program, const model::AppSample& sample, const model::AppScore& sent,
                  bool burst, double usual) {
  const double value = burst ? sent.value : sent.mean;
  Finding finding{.kind = Kind::kBandwidth,
                  .part = kOfInterval,
                  .severity = Severity::kMedium,
                  .score = score_of(value / (usual + 1)),
                  .strength = value,
                  .metric = "tx_bytes",
                  .value = value,
                  .expected_low = sent.expected_low,
                  .expected_high = sent.expected_high,
                  .samples = sent.samples,
                  .since_ns = sample.begin_ns,
                  .tail_probability = sent.tail_probability,
                  .confidence = sent.confidence};
  Sentence text = stage.about(program, program.process);
  text << "sent ";
  text.bytes(value) << (burst ? " in the " : " on average in each ");
  text.span(sample.end_ns - sample.begin_ns) << (burst ? " since " : " of late, at ");
  text.moment(sample.begin_ns) << "; usual is ";
  text.bytes(sent.expected_low) << " to ";
  text.bytes(sent.expected_high) << ", and the most so far was ";
  text.bytes(sent.highest) << ", over ";
  text.count(sent.samples) << " such intervals.";
  stage.raise(program, program.process, finding, text);
}

void say_creep(Stage& stage, Program& program, const model::AppSample& sample, const model::AppScore& sent) {
  Finding finding{.kind = Kind::kBandwidth,
                  .part = kOfLevel,
                  .severity = Severity::kInfo,
                  .score = 0.3,
                  .strength = sent.level,
                  .metric = "tx_bytes",
                  .value = sent.level,
                  .expected_low = 0,
                  .expected_high = sent.level_before,
                  .samples = sent.samples,
                  .since_ns = sample.begin_ns};
  Sentence text = stage.about(program, program.process);
  text << "sends more and more: ";
  text.bytes(sent.level) << " in each ";
  text.span(sample.end_ns - sample.begin_ns) << " of the last day or two, as of ";
  text.moment(sample.begin_ns) << ", and ";
  text.bytes(sent.level_before) << " in the week before, over ";
  text.count(sent.samples) << " such intervals.";
  stage.raise(program, program.process, finding, text);
}

}  // namespace

void look_at_bandwidth(Stage& stage, Program& program, const model::AppSample& sample, const model::AppScore& sent) {
  const TimeNs length = sample.end_ns - sample.begin_ns;
  // What an earlier run learned counts too.
  const bool learned = program.learned(stage.now) || sent.samples >= static_cast<std::uint64_t>(kDayNs / length);
  if (!sent.alarm || !learned) return;
  const double least = kBytesPerSecondMin * static_cast<double>(length) / kSecond;
  const bool above = sent.value > sent.expected_high;
  const bool burst = above && sent.value >= std::max(least, kTimes * sent.highest);
  const double mean_usual = std::max(sent.mean_expected, sent.expected_high);
  const bool lasting = above && sent.lasting && sent.mean >= std::max(least, kTimes * mean_usual);
  const bool creeps =
      sent.level >= std::max(least, kCreepTimes * sent.level_before) && kCreepTimes * sent.level_before >= least;
  if (!burst && !lasting && !creeps) return;
  Volume& volume = program.volume;
  if (volume.explained_ns != 0 && stage.now - volume.explained_ns < kExplainedNs) return;  // Told: to whom it goes.
  if (!burst && !lasting) return say_creep(stage, program, sample, sent);
  volume.burst_told_ns = stage.now;
  say_interval(stage, program, sample, sent, burst, burst ? sent.highest : mean_usual);
}

}  // namespace ipm::alert
