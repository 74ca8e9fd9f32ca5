#include "baseline/app_baselines.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string_view>

#include "baseline/fast_log.h"

namespace ipm::baseline {
namespace {

constexpr std::uint32_t kStateParts =
    (sizeof(Baseline) + model::BaselinePart::kPartBytes - 1) / model::BaselinePart::kPartBytes;

AppMetric metric_of(std::uint32_t number) {
  return static_cast<AppMetric>(number);
}

// The strongest reason of those that look at more than this value, if it alone would reach the threshold.
const Reason* lasting_reason(const Score& score, double threshold) {
  const double decades = -kDecadesPerNine * log10_of(1 - threshold);
  for (const Reason& each : score.reasons) {
    if ((each.cause == Cause::kLevel || each.cause == Cause::kTrend) && each.surprise >= decades) return &each;
  }
  return nullptr;
}

void note_score(model::AppScore& out, const Score& score, bool goes_on, double threshold) {
  out.missing = score.missing;
  out.known = score.samples >= kWarmSamples;
  out.alarm = goes_on && score.score >= threshold;
  const Reason* lasting = out.alarm ? lasting_reason(score, threshold) : nullptr;
  out.lasting = lasting != nullptr;
  out.score = score.score;
  out.value = score.value;
  out.expected = std::max(score.expected, 0.0);
  out.expected_low = std::max(score.expected_low, 0.0);
  out.expected_high = score.expected_high;
  out.highest = score.highest;
  out.mean = lasting != nullptr ? lasting->value : 0;
  out.mean_expected = lasting != nullptr ? lasting->expected : 0;
  out.tail_probability = out.alarm ? exp10_of(-score.surprise) : 1;
  out.confidence = score.confidence;
  out.samples = score.samples;
  const Reason* drift = out.alarm && score.reasons[0].cause == Cause::kDrift ? &score.reasons[0] : nullptr;
  out.level = drift != nullptr ? drift->value : 0;
  out.level_before = drift != nullptr ? drift->expected : 0;
}

void note_usual(LastSample& last, const Usual& usual) {
  // A season may take more from a small number than there is.
  const auto counted = [](double x) { return static_cast<float>(std::max(x, 0.0)); };
  last.expected = counted(usual.expected);
  last.expected_low = counted(usual.expected_low);
  last.expected_high = counted(usual.expected_high);
}

void note_sample(LastSample& last, const Score& score, double threshold) {
  last.measured = true;
  last.sampled = true;
  last.alarming = score.score >= threshold;
  last.value = score.value;
  last.score = static_cast<float>(score.score);
  note_usual(last, {score.expected, score.expected_low, score.expected_high});
}

}  // namespace

Options app_options(AppMetric metric, double threshold) {
  constexpr double kResolutions[kAppMetrics] = {1'000, 1'000, 2, 2, 20, 2, 2, 10, 1'000, 1'000};
  return {.resolution = kResolutions[static_cast<std::size_t>(metric)], .threshold = threshold};
}

AppBaselines::AppBaselines(PageStore& store, const Settings& settings)
    : settings_(settings), store_(store), rows_(store, settings.apps_max), by_activity_(store) {}

AppBaselines::~AppBaselines() {
  store_.account(-accounted_);
}

// --- rows ---

std::uint32_t AppBaselines::find_key(std::uint32_t key_text) const {
  for (std::uint32_t row = 0; row < rows_.slots(); ++row) {
    if (rows_.at(row).used && rows_.at(row).key_text == key_text) return row;
  }
  return kNoSlot;
}

// The one that has been quiet longest; kNoSlot: every row that was looked at is in alarm or as busy as the newcomer.
std::uint32_t AppBaselines::victim(TimeNs now) {
  for (std::uint32_t looks = 0; looks < kVictimLooks; ++looks) {
    const AgeLink* quietest = by_activity_.front(0);
    if (quietest == nullptr || quietest->stamp_ns >= now) return kNoSlot;
    if (!rows_.at(quietest->slot).in_alarm()) return quietest->slot;
    by_activity_.move(quietest->slot, 0, now);
  }
  return kNoSlot;
}

void AppBaselines::remove(std::uint32_t row) {
  AppBaselineRow& leaving = rows_.edit(row);
  forget_elder(leaving);
  if (leaving.app != 0) by_app_[leaving.app - 1] = 0;
  if (texts_ != nullptr) texts_->let_go(leaving.key_text);
  by_activity_.erase(row);
  rows_.remove(row);
}

std::uint32_t AppBaselines::add_row(std::uint32_t key_text, TimeNs now) {
  if (rows_.full()) {
    const std::uint32_t leaving = victim(now);
    if (leaving == kNoSlot) return kNoSlot;
    remove(leaving);
    ++counters_.evicted;
  }
  const std::uint32_t row = rows_.add();
  rows_.edit(row).key_text = key_text;
  if (texts_ != nullptr) texts_->hold(key_text);
  by_activity_.push(row, 0, now);
  return row;
}

void AppBaselines::belong(std::uint32_t row, std::uint32_t app) {
  if (app >= by_app_.size()) {
    by_app_.resize(std::max<std::size_t>(64, std::size_t{app} * 2));
    const auto bytes = static_cast<std::int64_t>(by_app_.capacity() * sizeof(std::uint32_t));
    store_.account(bytes - accounted_);
    accounted_ = bytes;
  }
  by_app_[app] = row + 1;
  rows_.edit(row).app = app + 1;
}

std::uint32_t AppBaselines::ensure_row(const model::AppSample& sample) {
  std::uint32_t row = row_of(sample.app);
  if (row != kNoSlot) return row;
  row = find_key(sample.key_text);
  if (row == kNoSlot && sample.active) row = add_row(sample.key_text, sample.end_ns);
  if (row != kNoSlot) belong(row, sample.app);
  return row;
}

void AppBaselines::forget_app(std::uint32_t app) {
  const std::uint32_t row = row_of(app);
  if (row == kNoSlot) return;
  by_app_[app] = 0;
  rows_.edit(row).app = 0;
}

// --- samples ---

Score AppBaselines::update(AppBaselineRow& row, AppMetric metric, const model::AppSample& sample) {
  const double value = sample.values[static_cast<std::size_t>(metric)];
  const Options options = app_options(metric, settings_.threshold);
  return AppBaselineRow::with(row, metric,
                              [&](auto& baseline) { return baseline.update(options, sample.local_s, value); });
}

const model::AppScores* AppBaselines::sample(const model::AppSample& sample) {
  now_ = sample.end_ns;
  const std::uint32_t slot = ensure_row(sample);
  if (slot == kNoSlot) {
    if (sample.active) ++counters_.refused;
    return nullptr;
  }
  AppBaselineRow& row = rows_.edit(slot);
  row.sampled_ns = sample.end_ns;
  if (row.elder_text != 0 && sample.end_ns > row.elder_silent_ns) settle_inheritance(row, sample.end_ns);
  Consensus::Voices voices;
  bool known = false;
  for (std::uint32_t i = 0; i < kAppMetrics; ++i) {
    row.last[i].measured = false;
    scores_[i].missing = true;
    if (std::isnan(sample.values[i])) continue;
    const Score score = update(row, metric_of(i), sample);
    voices.take(i, score.surprise);
    note_sample(row.last[i], score, settings_.threshold);
    const bool goes_on = AppBaselineRow::with(row, metric_of(i), [](const auto& each) { return each.in_alarm(); });
    note_score(scores_[i], score, goes_on, settings_.threshold);
    known = known || scores_[i].known;
  }
  const Consensus::Result all = row.consensus.step({.threshold = settings_.threshold}, voices);
  row.score = static_cast<float>(all.score);
  row.strongest = static_cast<std::uint8_t>(all.strongest);
  row.scored = known;
  if (sample.active) {
    row.active_ns = sample.end_ns;
    by_activity_.touch(slot, sample.end_ns);
    if (row.proofs_left != 0) prove(row);
  }
  return &scores_;
}

// --- what is known from elsewhere ---

bool AppBaselines::learned(std::uint32_t key_text, const model::BaselinePart& part) {
  if (part.part == 0) {
    building_ = {.key_text = key_text,
                 .metric = part.metric,
                 .next_part = 0,
                 .unconfirmed = (part.flags & model::BaselinePart::kUnconfirmed) != 0};
  }
  const std::size_t at = std::size_t{part.part} * model::BaselinePart::kPartBytes;
  const std::size_t wanted = std::min<std::size_t>(model::BaselinePart::kPartBytes, sizeof(Baseline) - at);
  const bool fits = key_text != 0 && part.metric < kAppMetrics && part.parts == kStateParts &&
                    part.part < kStateParts && part.part == building_.next_part && key_text == building_.key_text &&
                    part.metric == building_.metric && part.interval_s == settings_.interval_s &&
                    part.bytes_here == wanted;
  if (!fits) {
    building_ = {};
    return false;
  }
  std::memcpy(building_.bytes + at, part.bytes, wanted);
  if (++building_.next_part < kStateParts) return true;
  Baseline state;
  std::memcpy(static_cast<void*>(&state), building_.bytes, sizeof state);
  const bool taken = state.well_formed() && take_over(state);
  building_ = {};
  return taken;
}

// What is known here already is not forgotten for it.
bool AppBaselines::take_over(const Baseline& state) {
  std::uint32_t slot = find_key(building_.key_text);
  const bool fresh = slot == kNoSlot;
  if (fresh) slot = add_row(building_.key_text, now_);
  if (slot == kNoSlot) {
    ++counters_.refused;
    return true;  // Well said; there is no room.
  }
  AppBaselineRow& row = rows_.edit(slot);
  if (fresh && building_.unconfirmed) {
    row.unconfirmed = true;
    row.proofs_left = kProofs;
  }
  const AppMetric metric = metric_of(building_.metric);
  AppBaselineRow::with(row, metric, [&](auto& baseline) {
    using Kind = std::remove_reference_t<decltype(baseline)>;
    if constexpr (std::is_same_v<Kind, Baseline>) {
      baseline.merge(state);
    } else {
      baseline.merge(Kind(state));
    }
    note_usual(row.last[building_.metric], baseline.usual(app_options(metric, settings_.threshold), baseline.last_s()));
  });
  ++counters_.loaded;
  return true;
}

void AppBaselines::inherited(std::uint32_t app, std::uint32_t key_text, std::uint32_t from) {
  const std::uint32_t elder = row_of(from);
  if (elder == kNoSlot || texts_ == nullptr) return;
  std::uint32_t slot = row_of(app);
  if (slot == kNoSlot) slot = add_row(key_text, now_);
  if (slot == kNoSlot || slot == elder) return;
  belong(slot, app);
  AppBaselineRow& row = rows_.edit(slot);
  forget_elder(row);
  row.elder_text = rows_.at(elder).key_text;
  row.elder_silent_ns = now_ + TimeNs{settings_.interval_s} * kSecond;  // The interval that goes on may have both.
  texts_->hold(row.elder_text);
}

// At an interval of the heir that the elder need not have shared.
void AppBaselines::settle_inheritance(AppBaselineRow& row, TimeNs now) {
  const TimeNs interval = TimeNs{settings_.interval_s} * kSecond;
  const std::uint32_t elder = find_key(row.elder_text);
  if (elder == kNoSlot) return forget_elder(row);
  const AppBaselineRow& before = rows_.at(elder);
  const bool overlapped = before.active_ns > row.elder_silent_ns;
  const bool gone = before.sampled_ns < now - interval;  // One that runs is sampled in each.
  const bool silent = before.active_ns < now - kSilentIntervals * interval;
  if (overlapped && !gone && !silent) {
    // Two programs that run side by side are two programs.
    if (now - row.elder_silent_ns > kOverlapNs) forget_elder(row);
    return;
  }
  row.seasonal = before.seasonal;
  row.plain = before.plain;
  row.consensus = before.consensus;
  row.unconfirmed = !row.confirmed;
  ++counters_.inherited;
  forget_elder(row);
}

// Nobody knows any more with whom its predecessor talked; but what was expected by it is what came.
void AppBaselines::prove(AppBaselineRow& row) {
  row.proofs_left = row.in_alarm() ? kProofs : static_cast<std::uint16_t>(row.proofs_left - 1);
  if (row.proofs_left != 0) return;
  row.confirmed = true;
  row.unconfirmed = false;
}

void AppBaselines::forget_elder(AppBaselineRow& row) {
  if (row.elder_text != 0 && texts_ != nullptr) texts_->let_go(row.elder_text);
  row.elder_text = 0;
}

void AppBaselines::confirmed(std::uint32_t app) {
  const std::uint32_t slot = row_of(app);
  if (slot == kNoSlot) return;
  AppBaselineRow& row = rows_.edit(slot);
  row.confirmed = true;
  row.unconfirmed = false;
  row.proofs_left = 0;
}

void AppBaselines::accepted(std::uint32_t app, AppMetric metric) {
  const std::uint32_t slot = row_of(app);
  if (slot == kNoSlot) return;
  AppBaselineRow& row = rows_.edit(slot);
  AppBaselineRow::with(row, metric, [](auto& baseline) { baseline.accept(); });
  row.consensus.accept();
}

// --- for others ---

BaselineSet AppBaselines::set() const {
  BaselineSet out;
  out.set_interval_s(settings_.interval_s);
  for (std::uint32_t slot = 0; slot < rows_.slots(); ++slot) {
    const AppBaselineRow& row = rows_.at(slot);
    const std::string_view key = row.used && texts_ != nullptr ? texts_->view(row.key_text) : std::string_view();
    if (key.empty()) continue;
    bool any = false;
    for (std::uint32_t i = 0; i < kAppMetrics; ++i) {
      AppBaselineRow::with(row, metric_of(i), [&](const auto& baseline) {
        // Keys and their number are within the set's bounds, which are far beyond those of apps.
        if (baseline.samples() != 0) (void)out.put(key, i, Baseline(baseline));
        any = any || baseline.samples() != 0;
      });
    }
    if (any) out.set_unconfirmed(key, row.unconfirmed);
  }
  return out;
}

AppBaselineViews AppBaselines::views() const {
  return {.rows = rows_.view(), .by_app = by_app_, .interval_s = settings_.interval_s};
}

}  // namespace ipm::baseline
