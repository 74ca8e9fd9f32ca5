#include <cmath>

#include "query/tables/fields.h"
#include "query/tables/tables.h"

namespace ipm::query {
namespace {

using S = Snapshot;
using R = alert::AlertRow;
using T = std::string;

Value deviation_or_null(const R& row) {
  const double end = row.value < row.expected_low ? row.expected_low : row.expected_high;
  if (row.value >= row.expected_low && row.value <= row.expected_high) return Value::of_double(0);
  return end == 0 ? Value::null() : Value::of_double(100 * (row.value - end) / std::abs(end));
}

Value baseline_or_null(const R& row, double number) {
  return row.tail_probability == 0 ? Value::null() : Value::of_double(number);
}

constexpr Field<R> kFields[] = {
    {{"id", kInt, "", "", "", "From 1, in the order of opening."},
     [](const S&, const R& r, T&) { return Value::of_u(r.id); }},
    {{"sequence", kInt, "", "", "", "Of its last change, over all alerts."},
     [](const S&, const R& r, T&) { return Value::of_u(r.sequence); }},
    {{"change", kText, "", "", "", "Its last change: opened, updated, escalated or closed.", true},
     [](const S&, const R& r, T&) { return Value::of_text(alert::change_name(r.change)); }},
    {{"opened", kTime, "", "", "", "When it opened."},
     [](const S& s, const R& r, T&) { return time_or_null(s, r.opened_ns); }},
    {{"updated", kTime, "", "", "", "When it changed last."},
     [](const S& s, const R& r, T&) { return time_or_null(s, r.updated_ns); }},
    {{"since", kTime, "", "", "", "When what it is about began."},
     [](const S& s, const R& r, T&) { return time_or_null(s, r.since_ns); }},
    {{"kind", kText, "", "", "", "What was found; docs/alerts.md explains each.", true},
     [](const S&, const R& r, T&) { return Value::of_text(alert::info(r.kind).name); }},
    {{"severity", kText, "", "", "", "info, low, medium or high.", true},
     [](const S&, const R& r, T&) { return Value::of_text(alert::severity_name(r.severity)); }},
    {{"score", kReal, "", "", "", "0 to 1: how unusual."},
     [](const S&, const R& r, T&) { return Value::of_double(r.score); }},
    {{"title", kText, "", "", "", "The kind in a few words.", true},
     [](const S&, const R& r, T&) { return Value::of_text(alert::info(r.kind).title); }},
    {{"pid", kInt, "", "", "it is about the host", "Process that did it last."},
     [](const S&, const R& r, T&) { return r.process.empty() ? Value::null() : Value::of(r.process.pid()); }},
    {{"start_ticks", kInt, "ticks", "", "not known", "Start of that process in clock ticks since boot."},
     [](const S&, const R& r, T&) { return if_measured(r.process.start_ticks() != 0, r.process.start_ticks()); }},
    {{"comm", kText, "", "", "it is about the host", "Its name.", true},
     [](const S&, const R& r, T&) { return text_or_null(r.comm); }},
    {{"exe", kText, "", "", "not known", "Its executable."},
     [](const S& s, const R& r, T&) { return text_or_null(s.engine.text(r.exe_text)); }},
    {{"app", kText, "", "", "it is about the host", "Key of the program.", true},
     [](const S& s, const R& r, T&) { return text_or_null(s.engine.text(r.key_text)); }},
    {{"remote_addr", kText, "", "", "it is not about one remote", "Remote address."},
     [](const S&, const R& r, T& t) {
       return r.remote == model::IpAddress{} ? Value::null() : built(t, r.remote.text());
     }},
    {{"remote_port", kInt, "", "", "it is not about one port",
      "Remote port; of a listener, and of one who was called, the local one."},
     [](const S&, const R& r, T&) { return port_or_null(r.remote_port); }},
    {{"remote_name", kText, "", "", "no name was seen", "What the address was called, by TLS clients, else by DNS."},
     [](const S& s, const R& r, T&) { return text_or_null(s.engine.text(r.name_text)); }},
    {{"country", kText, "", "", "no database knows it", "Country of the remote address, ISO 3166-1 alpha-2.", true},
     [](const S&, const R& r, T&) { return country_or_null(r.place); }},
    {{"asn", kInt, "", "", "no database knows it", "Number of its autonomous system."},
     [](const S&, const R& r, T&) { return if_measured(r.place.asn != 0, r.place.asn); }},
    {{"feed", kText, "", "", "of other kinds than threat_intel", "List of threat intelligence.", true},
     [](const S& s, const R& r, T&) { return text_or_null(s.engine.text(r.feed_text)); }},
    {{"indicator", kText, "", "", "of other kinds than threat_intel", "What is on that list."},
     [](const S& s, const R& r, T&) { return text_or_null(s.engine.text(r.indicator_text)); }},
    {{"threshold", kText, "", "", "of other kinds than threshold", "Name of your threshold.", true},
     [](const S&, const R& r, T&) { return text_or_null(r.threshold); }},
    {{"listed", kTime, "", "", "of other kinds than threat_intel, or not known", "Since when that list has it."},
     [](const S&, const R& r, T&) { return r.listed_unix_ns == 0 ? Value::null() : Value::of(r.listed_unix_ns); }},
    {{"metric", kText, "", "", "", "What `value` counts.", true},
     [](const S&, const R& r, T&) { return text_or_null(r.metric == nullptr ? "" : r.metric); }},
    {{"value", kReal, "", "", "", "Of the metric."},
     [](const S&, const R& r, T&) { return Value::of_double(r.value); }},
    {{"expected_low", kReal, "", "", "", "What would have been usual, from this …"},
     [](const S&, const R& r, T&) { return Value::of_double(r.expected_low); }},
    {{"expected_high", kReal, "", "", "", "… to this."},
     [](const S&, const R& r, T&) { return Value::of_double(r.expected_high); }},
    {{"deviation_percent", kReal, "%", "", "0 would be the end of what is usual",
      "How far the value is from the nearer end of what would have been usual; 0 within."},
     [](const S&, const R& r, T&) { return deviation_or_null(r); }},
    {{"tail_probability", kReal, "", "", "no baseline is behind it",
      "How often an interval of that program is as unusual as this one, by its baseline."},
     [](const S&, const R& r, T&) { return baseline_or_null(r, double{r.tail_probability}); }},
    {{"confidence", kReal, "", "", "no baseline is behind it",
      "0 to 1: of that baseline, n / (n + 30) of n intervals."},
     [](const S&, const R& r, T&) { return baseline_or_null(r, double{r.confidence}); }},
    {{"samples", kInt, "", "", "", "What that rests on."},
     [](const S&, const R& r, T&) { return Value::of_u(r.samples); }},
    {{"evidence", kText, "", "", "", "One sentence: who, what, how unusual, since when."},
     [](const S&, const R& r, T&) { return text_or_null(r.evidence); }},
    {{"techniques", kText, "", "", "none fits", "MITRE ATT&CK, separated by spaces."},
     [](const S&, const R& r, T&) { return text_or_null(alert::info(r.kind).techniques); }},
    {{"state", kText, "", "", "", "open or closed.", true},
     [](const S&, const R& r, T&) { return Value::of_text(r.open ? "open" : "closed"); }},
    {{"verdict", kText, "", "", "nobody said anything", "acknowledged, false_positive, or suppressed by a rule.", true},
     [](const S&, const R& r, T&) { return text_or_null(alert::verdict_name(r.verdict)); }},
    {{"notified", kBool, "", "", "", "Within the budget of notifications."},
     [](const S&, const R& r, T&) { return Value::of(r.notified ? 1 : 0); }},
    {{"drill", kBool, "", "", "", "Opened during a rehearsal."},
     [](const S&, const R& r, T&) { return Value::of(r.drill ? 1 : 0); }},
};
constexpr auto kColumns = columns_of(kFields);

// Without rows where alerts are off.
class AlertsTable final : public SnapshotTable {
 public:
  explicit AlertsTable(std::shared_ptr<const Snapshot> snapshot) : SnapshotTable(std::move(snapshot), kColumns) {}
  std::uint64_t slots() const override { return this->snapshot().alerts.slots(); }
  bool exists(std::uint64_t slot) const override { return row(slot).used; }
  Value value(std::uint64_t slot, std::uint32_t column, std::string& scratch) const override {
    return kFields[column].read(this->snapshot(), row(slot), scratch);
  }

 private:
  const R& row(std::uint64_t slot) const { return this->snapshot().alerts.at(static_cast<std::uint32_t>(slot)); }
};

}  // namespace

TableInfo alerts_table() {
  return {"alerts", kColumns, [](std::shared_ptr<const Snapshot> snapshot) -> std::shared_ptr<Table> {
            return std::make_shared<AlertsTable>(std::move(snapshot));
          }};
}

}  // namespace ipm::query
