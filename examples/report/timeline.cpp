#include "timeline.h"

#include <algorithm>
#include <array>

namespace ipm_report {
namespace {

std::int64_t floor_div(std::int64_t value, std::int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}

// The next width that people count in, a multiple of this one.
std::int64_t wider(std::int64_t width_s) {
  constexpr std::array<std::int64_t, 12> kWidths = {1, 2, 10, 60, 300, 900, 1800, 3600, 7200, 21'600, 43'200, 86'400};
  for (const std::int64_t width : kWidths) {
    if (width > width_s && width % width_s == 0) return width;
  }
  return width_s * 2;
}

}  // namespace

void Timeline::extend(std::int64_t time_s) {
  std::int64_t bucket = floor_div(time_s, width_s_);
  if (empty_) first_ = last_ = bucket;
  empty_ = false;
  if (bucket < first_) return;  // A late one counts in the first interval.
  while (bucket - first_ >= static_cast<std::int64_t>(kBucketsMax)) {
    widen();
    bucket = floor_div(time_s, width_s_);
  }
  last_ = std::max(last_, bucket);
}

void Timeline::add(std::string_view app, std::int64_t time_s, const Traffic& traffic) {
  extend(time_s);
  auto found = apps_.find(app);
  if (found == apps_.end()) found = apps_.try_emplace(std::string(apps_.size() < kAppsMax ? app : "")).first;
  put(found->second, floor_div(time_s, width_s_), traffic);
}

void Timeline::put(std::vector<Traffic>& series, std::int64_t bucket, const Traffic& traffic) const {
  const auto index = static_cast<std::size_t>(std::max(bucket, first_) - first_);
  if (series.size() <= index) series.resize(index + 1);
  series[index] += traffic;
}

void Timeline::widen() {
  const std::int64_t width_s = wider(width_s_);
  const std::int64_t factor = width_s / width_s_;
  const std::int64_t first = first_;
  first_ = floor_div(first_, factor);
  last_ = floor_div(last_, factor);
  width_s_ = width_s;
  for (auto& [app, series] : apps_) {
    std::vector<Traffic> wide;
    for (std::size_t i = 0; i < series.size(); ++i) {
      put(wide, floor_div(first + static_cast<std::int64_t>(i), factor), series[i]);
    }
    series = std::move(wide);
  }
}

std::vector<std::string> Timeline::heaviest(std::size_t count) const {
  std::vector<std::pair<std::uint64_t, std::string>> all;
  for (const auto& [app, series] : apps_) {
    if (!app.empty()) all.emplace_back(total(app).sum(), app);
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<std::string> out;
  for (std::size_t i = 0; i < std::min(count, all.size()); ++i) out.push_back(all[i].second);
  return out;
}

Traffic Timeline::total(const std::string& app) const {
  Traffic out;
  for (const Traffic& each : of(app)) out += each;
  return out;
}

std::vector<Traffic> Timeline::of(const std::string& app) const {
  const auto found = apps_.find(app);
  std::vector<Traffic> out = found == apps_.end() ? std::vector<Traffic>() : found->second;
  out.resize(buckets());
  return out;
}

std::vector<Traffic> Timeline::of_others(const std::vector<std::string>& apps) const {
  std::vector<Traffic> out(buckets());
  for (const auto& [app, series] : apps_) {
    if (std::find(apps.begin(), apps.end(), app) != apps.end()) continue;
    for (std::size_t i = 0; i < series.size(); ++i) out[i] += series[i];
  }
  return out;
}

}  // namespace ipm_report
