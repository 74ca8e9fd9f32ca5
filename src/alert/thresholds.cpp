#include "alert/thresholds.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "alert/rule.h"

namespace ipm::alert {
namespace {

constexpr double kTimesMax = 1e6;
constexpr double kToldAgain = 2;  // Times what was told.
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

std::int64_t intervals_in(TimeNs span, TimeNs interval) {
  return std::max<std::int64_t>(1, (span + interval - 1) / interval);
}

// How far beyond, at least 1; 0: beyond nothing there are no times.
double times_of(double value, double limit) {
  if (!(limit > 0)) return 0;
  return std::clamp(value / limit, 1.0, kTimesMax);
}

}  // namespace

// --- time that passed ---

PassedTime::Span PassedTime::span_of(TimeNs span_ns, TimeNs interval_ns) {
  const std::int64_t intervals = intervals_in(span_ns, interval_ns);
  const std::int64_t width = (intervals + kParts - 1) / kParts;
  return {static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(intervals / width)};
}

void PassedTime::turn_to(std::int64_t interval, const Span& span) {
  const std::int64_t part = interval / span.width;
  if (newest_ < 0 || part - newest_ >= kRing) ring_ = {};
  const std::int64_t first = newest_ < 0 || part - newest_ >= kRing ? part : newest_ + 1;
  for (std::int64_t each = first; each <= part; ++each) ring_[static_cast<std::size_t>(each % kRing)] = {};
  newest_ = std::max(newest_, part);
}

void PassedTime::add(double value) {
  Part& part = ring_[static_cast<std::size_t>(newest_ % kRing)];
  const auto x = static_cast<float>(value);
  part.sum += x;
  part.least = part.used ? std::min(part.least, x) : x;
  part.most = part.used ? std::max(part.most, x) : x;
  part.used = true;
}

double PassedTime::sum(std::uint32_t parts) const {
  double out = 0;
  for (std::int64_t i = 0; i < parts && i <= newest_; ++i)
    out += double{ring_[static_cast<std::size_t>((newest_ - i) % kRing)].sum};
  return out;
}

double PassedTime::least(std::uint32_t parts) const {
  double out = kNone;
  for (std::int64_t i = 0; i < parts && i <= newest_; ++i) {
    const Part& part = ring_[static_cast<std::size_t>((newest_ - i) % kRing)];
    if (part.used) out = std::fmin(out, double{part.least});
  }
  return out;
}

double PassedTime::most(std::uint32_t parts) const {
  double out = kNone;
  for (std::int64_t i = 0; i < parts && i <= newest_; ++i) {
    const Part& part = ring_[static_cast<std::size_t>((newest_ - i) % kRing)];
    if (part.used) out = std::fmax(out, double{part.most});
  }
  return out;
}

// --- thresholds and lines ---

Thresholds::Thresholds(PageStore& store, std::uint64_t bytes_max)
    : store_(store), lines_max_(static_cast<std::uint32_t>(std::min<std::uint64_t>(bytes_max / sizeof(Line), 4096))) {}

Thresholds::~Thresholds() {
  store_.account(-accounted_);
}

void Thresholds::account() {
  const auto bytes =
      static_cast<std::int64_t>(lines_.capacity() * sizeof(Line) + heads_.capacity() * sizeof(std::uint32_t));
  store_.account(bytes - accounted_);
  accounted_ = bytes;
}

bool Thresholds::take(const Threshold& threshold) {
  const auto same = std::find_if(standing_.begin(), standing_.end(),
                                 [&](const Standing& each) { return each.threshold.name == threshold.name; });
  if (same == standing_.end() && standing_.size() >= kMax) return false;
  if (same == standing_.end()) {
    standing_.push_back({.threshold = threshold, .id = next_id_++});
    return true;
  }
  drop_lines(same->id);
  *same = {.threshold = threshold, .id = next_id_++};
  return true;
}

bool Thresholds::lift(std::string_view name) {
  const auto found = std::find_if(standing_.begin(), standing_.end(),
                                  [&](const Standing& each) { return each.threshold.name == name; });
  if (found == standing_.end()) return false;
  drop_lines(found->id);
  standing_.erase(found);
  return true;
}

void Thresholds::drop_lines(std::uint32_t threshold) {
  for (Line& line : lines_) {
    if (line.app != 0 && line.threshold == threshold) free_line(line);
  }
}

void Thresholds::forget_app(std::uint32_t app) {
  while (app < heads_.size() && heads_[app] != 0) free_line(lines_[heads_[app] - 1]);
}

Thresholds::Line* Thresholds::find_line(std::uint32_t app, std::uint32_t threshold) {
  for (std::uint32_t at = app < heads_.size() ? heads_[app] : 0; at != 0; at = lines_[at - 1].next) {
    if (lines_[at - 1].threshold == threshold) return &lines_[at - 1];
  }
  return nullptr;
}

void Thresholds::free_line(Line& line) {
  const auto index = static_cast<std::uint32_t>(&line - lines_.data()) + 1;
  std::uint32_t* link = &heads_[line.app - 1];
  while (*link != index) link = &lines_[*link - 1].next;
  *link = line.next;
  line = {.next = free_};
  free_ = index;
  --lines_used_;
}

// Of an app that had no interval for longest. False: every line is of this one.
bool Thresholds::give_up_oldest(TimeNs now) {
  Line* oldest = nullptr;
  for (Line& line : lines_) {
    if (line.app != 0 && (oldest == nullptr || line.end_ns < oldest->end_ns)) oldest = &line;
  }
  if (oldest == nullptr || oldest->end_ns >= now) return false;
  free_line(*oldest);
  return true;
}

Thresholds::Line* Thresholds::need_line(std::uint32_t app, std::uint32_t threshold, TimeNs begin, TimeNs now) {
  if (free_ == 0 && lines_.size() >= lines_max_ && !give_up_oldest(begin)) {
    ++refused_;
    return nullptr;
  }
  if (app >= heads_.size()) heads_.resize(app + 1);
  if (free_ == 0) {
    lines_.emplace_back();
    free_ = static_cast<std::uint32_t>(lines_.size());
    account();
  }
  const std::uint32_t index = free_;
  Line& line = lines_[index - 1];
  free_ = line.next;
  line = {.app = app + 1, .next = heads_[app], .threshold = threshold, .begun_ns = begin, .end_ns = now};
  heads_[app] = index;
  ++lines_used_;
  return &line;
}

// --- judging ---

// One interval of an app, in the units of one threshold.
struct Thresholds::Seen {
  const model::AppSample& sample;
  const model::AppScore* score = nullptr;  // Null: nothing is learned.
  TimeNs interval_ns = 0;
  bool lossy = false;  // Not all was seen.

  double x = 0;                        // The interval's value,
  double scale = 1;                    // and what it is multiplied with to be per per_ns.
  double value = 0;                    // What above= is about: never more than there was,
  double ceiling = 0;                  // and below=: never less. NaN: not all of the time was there.
  double least = kNone, most = kNone;  // Before this one, within within_ns.
  bool summed = false;                 // `value` is of more than this interval.
};

namespace {

// Fills in `out` as far as the limit that is looked at passes. The smallest of the times counts.
class Verdicts {
 public:
  explicit Verdicts(Passing& out) : out_(out) {}
  void limit(bool passes, double times) {
    all_ = all_ && passes;
    if (!passes || times == 0) return;
    out_.times = out_.times == 0 ? times : std::min(out_.times, times);
  }
  bool all() const { return all_; }

 private:
  Passing& out_;
  bool all_ = true;
};

}  // namespace

bool Thresholds::passes(const Threshold& threshold, const Seen& seen, Passing& out) {
  Verdicts verdicts(out);
  if (threshold.above) verdicts.limit(seen.value > *threshold.above, times_of(seen.value, *threshold.above));
  if (threshold.below) {
    verdicts.limit(!seen.lossy && seen.ceiling<*threshold.below, seen.ceiling> 0
                       ? times_of(*threshold.below, seen.ceiling)
                       : kTimesMax);
  }
  const bool known = seen.score != nullptr && seen.score->known && !seen.score->missing;
  const double expected = known ? seen.score->expected : kNone;
  const double percent = expected > 0 ? 100 * (seen.x - expected) / expected : seen.x > 0 ? kTimesMax * 100 : 0;
  if (threshold.deviation_above)
    verdicts.limit(known && percent > *threshold.deviation_above, times_of(percent, *threshold.deviation_above));
  if (threshold.deviation_below) {
    verdicts.limit(known && !seen.lossy && -percent > *threshold.deviation_below,
                   times_of(-percent, *threshold.deviation_below));
  }
  if (threshold.score_above) verdicts.limit(known && seen.score->score >= *threshold.score_above, 0);
  const auto moved = [&](const Rise& limit, double by, double from) {
    const double least = limit.percent ? from * limit.amount / 100 : limit.amount / seen.scale;
    verdicts.limit(by > least, least > 0 ? times_of(by, least) : kTimesMax);
    out.before = from * seen.scale;
  };
  if (threshold.rise_above) moved(*threshold.rise_above, seen.x - seen.least, seen.least);
  if (threshold.fall_above) moved(*threshold.fall_above, seen.lossy ? 0 : seen.most - seen.x, seen.most);
  if (!verdicts.all()) return false;
  out.threshold = &threshold;
  out.value = threshold.below && !threshold.above ? seen.ceiling : seen.value;
  out.score = known ? seen.score->score : 0;
  out.samples = known ? seen.score->samples : 0;
  out.known = known && !seen.summed;
  if (known) out.expected = expected * seen.scale;
  if (!out.known) return true;
  out.expected_low = seen.score->expected_low * seen.scale;
  out.expected_high = seen.score->expected_high * seen.scale;
  return true;
}

// What the threshold is about: the interval, or the time that it asks for.
void Thresholds::look(const Threshold& threshold, Seen& seen, Line* line) {
  const TimeNs length = seen.interval_ns;
  const std::int64_t number = seen.sample.begin_ns / length;
  seen.scale = is_counted(threshold.metric) ? static_cast<double>(threshold.per_ns) / static_cast<double>(length) : 1;
  seen.value = seen.ceiling = seen.x * seen.scale;
  if (line == nullptr) return;
  if (threshold.needs_change()) {
    const PassedTime::Span span = PassedTime::span_of(threshold.within_ns, length);
    line->passed.turn_to(number, span);
    seen.least = line->passed.least(span.parts + 1);
    seen.most = line->passed.most(span.parts + 1);
    line->passed.add(seen.x);
  } else if (needs_sum(threshold, length)) {
    const PassedTime::Span span = PassedTime::span_of(threshold.per_ns, length);
    line->passed.turn_to(number, span);
    line->passed.add(seen.x);
    const TimeNs whole = intervals_in(threshold.per_ns, length) * length;
    const double share = static_cast<double>(threshold.per_ns) / static_cast<double>(whole);
    seen.summed = true;
    seen.value = line->passed.sum(span.parts) * share;
    // A part more where the newest is not over.
    seen.ceiling = line->passed.sum(span.parts + (span.width > 1 ? 1 : 0)) * share;
    if (seen.sample.end_ns - line->begun_ns < whole) seen.ceiling = kNone;
  }
}

bool Thresholds::needs_sum(const Threshold& threshold, TimeNs interval) {
  return is_counted(threshold.metric) && threshold.per_ns > interval && !threshold.needs_change();
}

void Thresholds::judge_one(const Standing& standing, Seen seen) {
  const Threshold& threshold = standing.threshold;
  const model::AppSample& sample = seen.sample;
  Line* line = find_line(sample.app, standing.id);
  const bool history = threshold.needs_change() || needs_sum(threshold, seen.interval_ns);
  if (line == nullptr && history) {
    line = need_line(sample.app, standing.id, sample.begin_ns, sample.end_ns);
    if (line == nullptr) return;
  }
  if (line != nullptr) {
    if (line->end_ns < sample.begin_ns) {  // A gap: what lasts begins anew.
      line->begun_ns = sample.begin_ns;
      line->since_ns = 0;
      line->told = 0;
    }
    line->end_ns = sample.end_ns;
  }
  if (std::isnan(seen.x)) return;  // Not measured: that says neither yes nor no.
  look(threshold, seen, line);
  Passing passing;
  if (!passes(threshold, seen, passing)) {
    if (line == nullptr) return;
    line->since_ns = 0;
    line->told = 0;
    if (!history) free_line(*line);
    return;
  }
  if (line == nullptr) line = need_line(sample.app, standing.id, sample.begin_ns, sample.end_ns);
  if (line == nullptr) return;
  if (line->since_ns == 0) line->since_ns = std::max<TimeNs>(1, sample.begin_ns);
  passing.since_ns = line->since_ns;
  passing.lasts_ns = sample.end_ns - line->since_ns;
  if (passing.lasts_ns < threshold.for_ns) return;
  passing.goes_on = line->told != 0 && passing.times < kToldAgain * line->told;
  if (!passing.goes_on) line->told = std::max(1.0, passing.times);
  passing_.push_back(passing);
}

std::span<const Passing> Thresholds::judge(const model::AppSample& sample, const model::AppScores* scores,
                                           std::string_view app) {
  passing_.clear();
  for (const Standing& standing : standing_) {
    const Threshold& threshold = standing.threshold;
    if (!threshold.app.empty() && !matches_pattern(threshold.app, app)) continue;
    const auto metric = static_cast<std::size_t>(threshold.metric);
    judge_one(standing, {.sample = sample,
                         .score = scores == nullptr ? nullptr : &(*scores)[metric],
                         .interval_ns = sample.end_ns - sample.begin_ns,
                         .lossy = lost_ns_ >= sample.begin_ns,
                         .x = sample.values[metric]});
  }
  return passing_;
}

}  // namespace ipm::alert
