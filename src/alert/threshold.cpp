#include "alert/threshold.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "alert/rule_words.h"

namespace ipm::alert {
namespace {

using model::AppMetric;

constexpr TimeNs kLongest = 7 * 24 * kHour;
constexpr std::string_view kKeys[] = {"metric",          "app",        "above",      "below",       "deviation_above",
                                      "deviation_below", "rise_above", "fall_above", "score_above", "per",
                                      "within",          "for",        "quiet",      "severity"};

struct Ending {
  std::string_view text;
  double factor;
};
// As in the sentences: powers of 1000, unless it is said that they are of 1024.
constexpr Ending kAmounts[] = {{"", 1},      {"B", 1},      {"k", 1e3},       {"K", 1e3},         {"M", 1e6},
                               {"G", 1e9},   {"T", 1e12},   {"kB", 1e3},      {"MB", 1e6},        {"GB", 1e9},
                               {"TB", 1e12}, {"KiB", 1024}, {"MiB", 1048576}, {"GiB", 1073741824}};
constexpr Ending kTimes[] = {{"", 0}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 6e10}, {"min", 6e10}};
constexpr Ending kPerCent[] = {{"%", 1}};

// Nanoseconds of the metric's unit; 0: it is no time.
double unit_ns(AppMetric metric) {
  const std::string_view unit = model::info(metric).unit;
  return unit == "us" ? 1e3 : unit == "ms" ? 1e6 : 0;
}

// "1.5G" with one of the endings; nothing: it is no such number.
std::optional<double> number_with(std::string_view text, std::span<const Ending> endings) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || !std::isfinite(value) || value < 0) return std::nullopt;
  const std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
  const auto ending =
      std::find_if(endings.begin(), endings.end(), [&](const Ending& each) { return each.text == rest; });
  if (ending == endings.end()) return std::nullopt;
  return value * ending->factor;
}

Result<double> amount_of(std::string_view text, AppMetric metric) {
  const double unit = unit_ns(metric);
  std::optional<double> value = number_with(text, unit == 0 ? std::span<const Ending>(kAmounts) : kTimes);
  if (unit != 0 && value) {
    const bool bare = text.find_first_not_of("0123456789.") == std::string_view::npos;
    value = bare ? number_with(text, std::span<const Ending>(kAmounts, 1)) : *value / unit;
  }
  if (value) return *value;
  return Status::invalid_argument(quote_text(text) + (unit == 0 ? " is no amount; write it like 1000, 500k, 20M or 1.5G"
                                                                : " is no time; write it like 250ms, or in " +
                                                                      std::string(model::info(metric).unit)));
}

Result<double> percent_of(std::string_view text) {
  if (const std::optional<double> value = number_with(text, kPerCent)) return *value;
  return Status::invalid_argument(quote_text(text) + " is no percentage; write it like 300%");
}

Result<Rise> rise_of(std::string_view text, AppMetric metric) {
  const bool percent = text.ends_with('%');
  Result<double> amount = percent ? percent_of(text) : amount_of(text, metric);
  if (!amount.ok()) return amount.status();
  return Rise{.amount = *amount, .percent = percent};
}

Result<double> score_of(std::string_view text) {
  Result<double> value = parse_number(text);
  if (value.ok() && *value >= 0.1 && *value <= 0.999999) return *value;
  return Status::invalid_argument(quote_text(text) + " is no score from 0.1 to 0.999999");
}

Result<TimeNs> time_of(std::string_view text) {
  Result<TimeNs> value = parse_duration_ns(text);
  if (value.ok() && (*value < kSecond || *value > kLongest))
    return Status::invalid_argument(quote_text(text) + " is not from 1s to 7d");
  return value;
}

Result<AppMetric> metric_of(std::string_view name) {
  std::vector<std::string_view> known;
  for (std::uint32_t i = 0; i < model::kAppMetrics; ++i) {
    known.push_back(model::info(AppMetric(i)).name);
    if (known.back() == name) return AppMetric(i);
  }
  return Status::invalid_argument(quote_text(name) + " is none of " + listed(known) + did_you_mean(name, known));
}

Result<Severity> severity_of(std::string_view name) {
  std::vector<std::string_view> known;
  for (std::size_t i = 0; i < kSeverities; ++i) {
    known.push_back(severity_name(Severity(i)));
    if (known.back() == name) return Severity(i);
  }
  return Status::invalid_argument(quote_text(name) + " is none of " + listed(known) + did_you_mean(name, known));
}

template <typename Value, typename Out>
Status keep(const Result<Value>& value, Out& out) {
  if (!value.ok()) return value.status();
  out = *value;
  return Status::success();
}

Status set(Threshold& threshold, std::string_view key, std::string_view value) {
  if (key == "above") return keep(amount_of(value, threshold.metric), threshold.above);
  if (key == "below") return keep(amount_of(value, threshold.metric), threshold.below);
  if (key == "deviation_above") return keep(percent_of(value), threshold.deviation_above);
  if (key == "deviation_below") return keep(percent_of(value), threshold.deviation_below);
  if (key == "rise_above") return keep(rise_of(value, threshold.metric), threshold.rise_above);
  if (key == "fall_above") return keep(rise_of(value, threshold.metric), threshold.fall_above);
  if (key == "score_above") return keep(score_of(value), threshold.score_above);
  if (key == "per") return keep(time_of(value), threshold.per_ns);
  if (key == "within") return keep(time_of(value), threshold.within_ns);
  if (key == "for") return keep(time_of(value), threshold.for_ns);
  if (key == "quiet") return keep(time_of(value), threshold.quiet_ns);
  if (key == "severity") return keep(severity_of(value), threshold.severity);
  if (key == "app" && value.empty()) return Status::invalid_argument("is empty; * stands for any");
  if (key == "app") threshold.app = value;
  return Status::success();  // The metric came first.
}

Status check(const Threshold& threshold, bool says_per, bool says_within) {
  const bool falls = threshold.below || threshold.deviation_below || threshold.fall_above;
  if (!threshold.above && !threshold.needs_baseline() && !threshold.needs_change() && !falls) {
    return Status::invalid_argument(
        "says no limit; say one of above=, below=, deviation_above=, deviation_below=, rise_above=, fall_above=, "
        "score_above=");
  }
  if (falls && threshold.app.empty())
    return Status::invalid_argument("every program that does little would pass it; say which with app=");
  if (threshold.below && *threshold.below == 0) return Status::invalid_argument("nothing is below 0");
  if (threshold.deviation_below && *threshold.deviation_below >= 100)
    return Status::invalid_argument("deviation_below: nothing lies 100 % or more below what is expected");
  if (threshold.fall_above && threshold.fall_above->percent && threshold.fall_above->amount >= 100)
    return Status::invalid_argument("fall_above: nothing falls by 100 % or more");
  if (says_per && !is_counted(threshold.metric)) {
    return Status::invalid_argument("per: " + std::string(model::info(threshold.metric).name) +
                                    " does not add up over time");
  }
  if (says_within && !threshold.needs_change())
    return Status::invalid_argument("within: belongs to rise_above= and fall_above=");
  return Status::success();
}

const KeyValue* find(const std::vector<KeyValue>& pairs, std::string_view key) {
  const auto found = std::find_if(pairs.begin(), pairs.end(), [&](const KeyValue& each) { return each.key == key; });
  return found == pairs.end() ? nullptr : &*found;
}

Status read_pairs(Threshold& threshold, std::string_view words) {
  Result<std::vector<KeyValue>> pairs = parse_pairs(words, kKeys);
  if (!pairs.ok()) return pairs.status();
  // Amounts are in its unit.
  const KeyValue* metric = find(*pairs, "metric");
  if (metric == nullptr) return Status::invalid_argument("of which metric? say metric=tx_bytes, or another one");
  if (Status status = keep(metric_of(metric->value), threshold.metric); !status.ok())
    return status.with_context("metric");
  for (const KeyValue& pair : *pairs) {
    if (Status status = set(threshold, pair.key, pair.value); !status.ok()) return status.with_context(pair.key);
  }
  return check(threshold, find(*pairs, "per") != nullptr, find(*pairs, "within") != nullptr);
}

}  // namespace

bool is_counted(AppMetric metric) {
  return metric != AppMetric::kRemotes && metric != AppMetric::kRtt && metric != AppMetric::kJitter;
}

Result<std::string> parse_threshold_name(std::string_view& words) {
  constexpr std::string_view kBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
  const std::string_view name = take_word(words);
  if (name.empty() || name.find('=') != std::string_view::npos)
    return Status::invalid_argument("threshold: what is it called? The name comes first, then metric= and a limit");
  if (name.size() > kThresholdNameMax || name.find_first_not_of(kBytes) != std::string_view::npos) {
    return Status::invalid_argument("threshold: " + quote_text(name.substr(0, 80)) +
                                    " is no name of at most 31 letters, digits, _, - and .");
  }
  return std::string(name);
}

Result<Threshold> parse_threshold(std::string_view words) {
  Threshold threshold;
  Result<std::string> name = parse_threshold_name(words);
  if (!name.ok()) return name.status();
  threshold.name = *name;
  if (Status status = read_pairs(threshold, words); !status.ok())
    return status.with_context("threshold " + threshold.name);
  return threshold;
}

}  // namespace ipm::alert
