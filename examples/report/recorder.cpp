#include "recorder.h"

#include <algorithm>
#include <chrono>

#include "open_table.h"

namespace ipm_report {
namespace {

std::uint64_t bytes_of(const ipm::Row& row, std::uint32_t total, std::uint32_t before) {
  const std::int64_t value = row.integer(total).value_or(0) - row.integer(before).value_or(0);
  return static_cast<std::uint64_t>(std::max<std::int64_t>(value, 0));
}

// A row that was evicted and came again counts from 0.
std::uint64_t growth(std::uint64_t before, std::uint64_t now) {
  return now >= before ? now - before : now;
}

}  // namespace

Recorder::Recorder(ipm_monitor* monitor) : state_(std::make_unique<State>(monitor)) {}
Recorder::~Recorder() = default;
void Recorder::look() {
  state_->look(false);
}

void Recorder::State::App::keep(std::int64_t minute, const Traffic& traffic) {
  if (minutes.empty() || minutes.back().minute != minute) minutes.push_back({minute, {}});
  minutes.back().traffic += traffic;
  while (minutes.front().minute < minute - 2 * kContextMinutes - 1) minutes.pop_front();
}

void Recorder::State::look(bool last) {
  if (std::chrono::steady_clock::now() < rest_until_ && !last) return;
  ipm::Cursor apps =
      open_table(monitor_, "apps", "columns = app, tx_bytes, tx_bytes_before, rx_bytes, rx_bytes_before");
  const std::int64_t now = apps.time_ns();
  const std::int64_t minute = now / (60 * IPM_S);
  if (now <= 0 || (minute == looked_ns_ / (60 * IPM_S) && now - looked_ns_ < kLookNs && !last)) return;
  looked_ns_ = now;
  // A run whose time is now is live: its steps may be many, and its minutes are long.
  const auto behind = std::chrono::system_clock::now().time_since_epoch() - std::chrono::nanoseconds(now);
  const bool live = behind < std::chrono::seconds(2) && behind > std::chrono::seconds(-2);
  if (live) rest_until_ = std::chrono::steady_clock::now() + std::chrono::nanoseconds(kLookNs);
  take_alerts();
  // Before the new minute is added: it may push the oldest out.
  for (auto& [alert, context] : contexts_) {
    if (context.complete || minute <= context.opened_minute + kContextMinutes) continue;
    fill(context);
    context.complete = true;
  }
  take_apps(apps, minute);
  for (auto& [alert, context] : contexts_) {
    if (last && !context.complete) fill(context);
  }
}

void Recorder::State::take_apps(ipm::Cursor& cursor, std::int64_t minute) {
  timeline_.extend(minute * 60);
  Traffic sum, others;
  for (const ipm::Row row : cursor) {
    const std::string_view name = row.text(0U).value_or("");
    const Traffic now{bytes_of(row, 1, 2), bytes_of(row, 3, 4)};
    auto found = apps_.find(name);
    if (found == apps_.end() && apps_.size() < Timeline::kAppsMax) found = apps_.try_emplace(std::string(name)).first;
    if (found == apps_.end()) {
      others += now;
    } else {
      sum += grow(found->second, name, minute, now);
    }
  }
  sum += grow(others_, "", minute, others);
  if (sum.sum() != 0) all_.keep(minute, sum);
}

Traffic Recorder::State::grow(App& app, std::string_view name, std::int64_t minute, const Traffic& now) {
  const Traffic grown{growth(app.counted.tx_bytes, now.tx_bytes), growth(app.counted.rx_bytes, now.rx_bytes)};
  app.counted = now;
  if (grown.sum() == 0) return grown;
  timeline_.add(name, minute * 60, grown);
  app.keep(minute, grown);
  return grown;
}

void Recorder::State::take_alerts() {
  if (contexts_.size() >= kAlertsMax) return;
  ipm::Cursor cursor = open_table(
      monitor_, "alerts", "id >= " + std::to_string(alert_last_ + 1) + "\ncolumns = id, opened, app\norder_by = id");
  for (const ipm::Row row : cursor) {
    if (contexts_.size() >= kAlertsMax) return;
    alert_last_ = row.integer(0U).value_or(0);
    AlertContext context;
    context.opened_minute = row.integer(1U).value_or(0) / (60 * IPM_S);
    context.app = row.text(2U).value_or("");
    contexts_.emplace(alert_last_, std::move(context));
  }
}

void Recorder::State::fill(AlertContext& context) const {
  const auto found = apps_.find(context.app);
  if (!context.app.empty() && found == apps_.end()) return;
  const App& app = context.app.empty() ? all_ : found->second;
  context.minutes.assign(2 * kContextMinutes + 1, {});
  for (const Minute& each : app.minutes) {
    const std::int64_t index = each.minute - context.opened_minute + kContextMinutes;
    if (index >= 0 && index <= 2 * kContextMinutes) context.minutes[static_cast<std::size_t>(index)] = each.traffic;
  }
}

const AlertContext* Recorder::State::context(std::int64_t alert) const {
  const auto found = contexts_.find(alert);
  return found == contexts_.end() ? nullptr : &found->second;
}

}  // namespace ipm_report
