// How unusual an app is now: the columns of its processes and of itself.
#pragma once

#include <cmath>

#include "query/tables/fields.h"

namespace ipm::query {

// Percent that the last sample was away from what was expected.
inline Value deviation_percent(const baseline::LastSample& last) {
  if (!last.sampled || last.expected == 0) return Value::null();
  const double expected = double{last.expected};
  return Value::of_double(100 * (last.value - expected) / std::abs(expected));
}

// Null: nothing is known of it, or not enough.
inline const baseline::AppBaselineRow* scored_app(const Snapshot& s, std::uint32_t app_slot) {
  const baseline::AppBaselineRow* row = s.baselines.of_app(app_slot);
  return row != nullptr && row->scored ? row : nullptr;
}

inline constexpr const char* kUnscored = "fewer than 30 intervals are known of its app";

// kSlot gives the app's slot of a row, or kNoSlot.
template <typename Row, std::uint32_t (*kSlot)(const Snapshot&, const Row&)>
inline constexpr Field<Row> score_field = {
    {"score", kReal, "", "", kUnscored, "0 to 1: how unusual its app was in the last interval, over all metrics."},
    [](const Snapshot& s, const Row& r, std::string&) {
      const auto* app = scored_app(s, kSlot(s, r));
      return app == nullptr ? Value::null() : Value::of_double(double{app->score});
    }};
template <typename Row, std::uint32_t (*kSlot)(const Snapshot&, const Row&)>
inline constexpr Field<Row> score_metric_field = {
    {"score_metric", kText, "", "", kUnscored, "The most unusual metric.", true},
    [](const Snapshot& s, const Row& r, std::string&) {
      const auto* app = scored_app(s, kSlot(s, r));
      return app == nullptr ? Value::null() : Value::of_text(model::kAppMetricInfos[app->strongest].name);
    }};
template <typename Row, std::uint32_t (*kSlot)(const Snapshot&, const Row&)>
inline constexpr Field<Row> deviation_percent_field = {
    {"deviation_percent", kReal, "%", "", "as for score, or 0 is expected", "How far that metric was from the usual."},
    [](const Snapshot& s, const Row& r, std::string&) {
      const auto* app = scored_app(s, kSlot(s, r));
      return app == nullptr ? Value::null() : deviation_percent(app->last[app->strongest]);
    }};

}  // namespace ipm::query
