// An operator wants to be told when a metric of a program passes a limit: thresholds.cpp judges, this says it.
//
// Statistic: none; the operator's limit. Told beside the budget, unless it is a note.
#include <algorithm>
#include <cmath>
#include <utility>

#include "alert/detectors.h"
#include "alert/thresholds.h"

namespace ipm::alert {
namespace {

using model::AppMetric;

struct Words {
  std::string_view before, after;  // The number.
};
Words words_of(AppMetric metric) {
  constexpr Words kWords[model::kAppMetrics] = {{"sent ", ""},
                                                {"received ", ""},
                                                {"made or took ", " connections"},
                                                {"had ", " remote addresses"},
                                                {"used ", " of CPU"},
                                                {"failed to connect ", " times"},
                                                {"had ", " connections reset"},
                                                {"sent ", " segments again"},
                                                {"waited ", " for answers"},
                                                {"waited for answers that strayed by ", ""}};
  return kWords[static_cast<std::size_t>(metric)];
}

void say_amount(Sentence& text, AppMetric metric, double value) {
  const std::string_view unit = model::info(metric).unit;
  if (unit == "bytes") {
    text.bytes(value);
  } else if (unit == "us") {
    text.number(value / 1'000, value < 10'000 ? 1 : 0) << " ms";
  } else {
    text.number(value, value < 10 && value != std::floor(value) ? 1 : 0) << (unit == "ms" ? " ms" : "");
  }
}

void say_change(Sentence& text, const Threshold& threshold, const Rise& limit, std::string_view how, double before) {
  text << how;
  if (limit.percent) {
    text.number(limit.amount) << " %";
  } else {
    say_amount(text, threshold.metric, limit.amount);
  }
  text << " within ";
  text.span(threshold.within_ns) << ", from ";
  say_amount(text, threshold.metric, before);
}

void say_limits(Sentence& text, const Passing& passing) {
  const Threshold& threshold = *passing.threshold;
  std::string_view between = " ";
  const auto next = [&](std::string_view how) { text << std::exchange(between, " and ") << how; };
  const auto amount = [&](const std::optional<double>& limit, std::string_view how) {
    if (!limit) return;
    next(how);
    say_amount(text, threshold.metric, *limit);
  };
  const auto percent = [&](const std::optional<double>& limit, std::string_view how) {
    if (!limit) return;
    next("more than ");
    text.number(*limit) << " %" << how << " the expected ";
    say_amount(text, threshold.metric, passing.expected);
  };
  amount(threshold.above, "above ");
  amount(threshold.below, "below ");
  percent(threshold.deviation_above, " above");
  percent(threshold.deviation_below, " below");
  if (threshold.rise_above)
    next(""), say_change(text, threshold, *threshold.rise_above, "up by more than ", passing.before);
  if (threshold.fall_above)
    next(""), say_change(text, threshold, *threshold.fall_above, "down by more than ", passing.before);
  if (!threshold.score_above) return;
  next("a score of ");
  text.number(*threshold.score_above, 3) << ", now ";
  text.number(passing.score, 3);
}

// FNV-1a, 64 bits.
std::uint64_t part_of(std::string_view name) {
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325ULL;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100'0000'01b3ULL;
  return hash;
}

Finding finding_of(const Passing& passing) {
  const Threshold& threshold = *passing.threshold;
  return {.kind = Kind::kThreshold,
          .part = part_of(threshold.name),
          .severity = threshold.severity,
          .score = passing.times == 0 ? std::max(0.5, passing.score)
                                      : std::clamp(0.5 + 0.08 * std::log2(passing.times), 0.5, 0.95),
          .strength = passing.times,
          .metric = model::info(threshold.metric).name.data(),
          .value = passing.value,
          .expected_low = passing.known ? passing.expected_low : threshold.below.value_or(0),
          .expected_high = passing.known ? passing.expected_high : threshold.above.value_or(0),
          .samples = passing.samples,
          .since_ns = passing.since_ns,
          .threshold = threshold.name,
          .quiet_ns = threshold.quiet_ns,
          .always_notified = true,
          .goes_on = passing.goes_on};
}

}  // namespace

void look_at_thresholds(Stage& stage, Thresholds& thresholds, const Actor& actor, const model::AppSample& sample,
                        const model::AppScores* scores) {
  if (thresholds.size() == 0) return;
  const model::TextHolder* texts = stage.texts();
  const std::string_view app = texts == nullptr ? std::string_view{} : texts->view(sample.key_text);
  for (const Passing& passing : thresholds.judge(sample, scores, app)) {
    const Threshold& threshold = *passing.threshold;
    Sentence text = stage.about(actor.comm, actor.process);
    text << words_of(threshold.metric).before;
    say_amount(text, threshold.metric, passing.value);
    text << words_of(threshold.metric).after;
    if (is_counted(threshold.metric)) text << " per ", text.span(threshold.per_ns);
    text << " since ";
    text.moment(passing.since_ns) << "; your threshold " << threshold.name << " is";
    say_limits(text, passing);
    if (passing.known) {
      text << "; usual is ";
      say_amount(text, threshold.metric, passing.expected_low);
      text << " to ";
      say_amount(text, threshold.metric, passing.expected_high);
    }
    text << ".";
    stage.raise(actor, finding_of(passing), text);
  }
}

}  // namespace ipm::alert
