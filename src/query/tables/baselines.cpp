// What is usual for each app: one row for each metric that has been learned.
#include <cmath>

#include "query/tables/fields.h"
#include "query/tables/score_fields.h"
#include "query/tables/tables.h"

namespace ipm::query {
namespace {

using S = Snapshot;
using T = std::string;
using baseline::AppBaselineRow;
using baseline::AppMetric;
using baseline::kAppMetrics;

struct Learned {
  const AppBaselineRow& row;
  AppMetric metric;

  const baseline::LastSample& last() const { return row.last[static_cast<std::size_t>(metric)]; }
  // Calls with the baseline, of whichever kind.
  template <typename Use>
  auto with(const Use& use) const {
    return AppBaselineRow::with(row, metric, use);
  }
  std::uint64_t samples() const {
    return with([](const auto& each) { return each.samples(); });
  }
  bool known() const { return samples() >= baseline::kWarmSamples; }
};

const char* state_of(const Learned& l) {
  if (l.with([](const auto& each) { return each.in_alarm(); })) return l.last().alarming ? "alarm" : "frozen";
  if (l.row.unconfirmed) return "unconfirmed";
  return l.known() ? "usual" : "learning";
}

Value local_time(const S& s, std::int64_t local_s) {
  return Value::of((local_s - s.engine.clock.utc_offset_s()) * kSecond);
}

constexpr Field<Learned> kFields[] = {
    {{"app", kText, "", "", "", "Key of the program.", true},
     [](const S& s, const Learned& l, T&) { return text_or_null(s.engine.text(l.row.key_text)); }},
    {{"metric", kText, "", "", "", "What is counted in each interval; docs/baselines.md lists them.", true},
     [](const S&, const Learned& l, T&) { return Value::of_text(model::info(l.metric).name); }},
    {{"unit", kText, "", "", "a plain number", "Of the value and of what is expected.", true},
     [](const S&, const Learned& l, T&) { return text_or_null(model::info(l.metric).unit); }},
    {{"interval", kInt, "s", "", "", "Between two samples."},
     [](const S& s, const Learned&, T&) { return Value::of(s.baselines.interval_s); }},
    {{"state", kText, "", "", "",
      "learning (fewer than 30 samples), usual, alarm, frozen (an alarm is over, little is learned yet) or unconfirmed "
      "(inherited).",
      true},
     [](const S&, const Learned& l, T&) { return Value::of_text(state_of(l)); }},
    {{"samples", kInt, "", "", "", "Learned from."},
     [](const S&, const Learned& l, T&) { return Value::of_u(l.samples()); }},
    {{"since", kTime, "", "", "", "Begin of the first sample."},
     [](const S& s, const Learned& l, T&) {
       return local_time(s, l.with([](const auto& each) { return each.first_s(); }));
     }},
    {{"until", kTime, "", "", "", "Begin of the last one."},
     [](const S& s, const Learned& l, T&) {
       return local_time(s, l.with([](const auto& each) { return each.last_s(); }));
     }},
    {{"expected", kReal, "", "", "", "What was usual at the last sample, with the hour of the week where that helps."},
     [](const S&, const Learned& l, T&) { return Value::of_double(double{l.last().expected}); }},
    {{"expected_low", kReal, "", "", "", "One in ten samples lies below …"},
     [](const S&, const Learned& l, T&) { return Value::of_double(double{l.last().expected_low}); }},
    {{"expected_high", kReal, "", "", "", "… and one in ten above."},
     [](const S&, const Learned& l, T&) { return Value::of_double(double{l.last().expected_high}); }},
    {{"season", kReal, "", "", "", "0 to 1: how far the hour of the week explains it."},
     [](const S&, const Learned& l, T&) {
       return Value::of_double(l.with([](const auto& each) { return each.season_use(); }));
     }},
    {{"confidence", kReal, "", "", "", "0 to 1: n / (n + 30) after n samples."},
     [](const S&, const Learned& l, T&) {
       return Value::of_double(l.with([](const auto& each) { return each.confidence(); }));
     }},
    {{"value", kReal, "", "", "not measured since this run began", "The last sample."},
     [](const S&, const Learned& l, T&) {
       return l.last().sampled ? Value::of_double(l.last().value) : Value::null();
     }},
    {{"score", kReal, "", "", "fewer than 30 samples, or none in this run", "0 to 1: how unusual the last sample was."},
     [](const S&, const Learned& l, T&) {
       return l.last().sampled && l.known() ? Value::of_double(double{l.last().score}) : Value::null();
     }},
    {{"deviation_percent", kReal, "%", "", "as for the score, or 0 is expected",
      "How far the last sample was from what was expected."},
     [](const S&, const Learned& l, T&) { return l.known() ? deviation_percent(l.last()) : Value::null(); }},
};
constexpr auto kColumns = columns_of(kFields);

class BaselinesTable final : public SnapshotTable {
 public:
  explicit BaselinesTable(std::shared_ptr<const Snapshot> snapshot) : SnapshotTable(std::move(snapshot), kColumns) {}
  std::uint64_t slots() const override { return std::uint64_t{snapshot().baselines.rows.slots()} * kAppMetrics; }
  bool exists(std::uint64_t slot) const override {
    const Learned learned = at(slot);
    return learned.row.used && learned.samples() != 0;
  }
  Value value(std::uint64_t slot, std::uint32_t column, std::string& scratch) const override {
    return kFields[column].read(snapshot(), at(slot), scratch);
  }

 private:
  Learned at(std::uint64_t slot) const {
    return {snapshot().baselines.rows.at(static_cast<std::uint32_t>(slot / kAppMetrics)),
            static_cast<AppMetric>(slot % kAppMetrics)};
  }
};

}  // namespace

TableInfo baselines_table() {
  return {"baselines", kColumns, [](std::shared_ptr<const Snapshot> snapshot) -> std::shared_ptr<Table> {
            return std::make_shared<BaselinesTable>(std::move(snapshot));
          }};
}

}  // namespace ipm::query
