// Events through an engine with a watch, and what it raised.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "alert/watch.h"
#include "baseline/app_baselines.h"
#include "core/engine.h"

namespace ipm::test {

struct NoSeries final : model::SampleSink {
  void add(model::Holder, std::uint32_t, model::Metric, TimeNs, std::uint64_t) override {}
  void forget(model::Holder, std::uint32_t) override {}
  void advance(TimeNs) override {}
};

struct Raised {
  TimeNs time_ns = 0;
  alert::Change change = alert::Change::kOpened;
  std::uint64_t id = 0;
  std::string kind;
  std::string comm;
  std::uint32_t pid = 0;
  std::uint16_t port = 0;
  double score = 0;
  alert::Severity severity = alert::Severity::kInfo;
  bool notified = false;
  bool drill = false;
  std::string verdict;
  std::string evidence;
};

class AlertRun {
 public:
  explicit AlertRun(const model::Settings& settings = {}) : bounds_(core::share_memory(settings)) {
    watch_.use_baselines(&baselines_);
  }

  void feed(std::span<const model::Event> events) {
    for (std::size_t at = 0; at < events.size(); at += 256) {
      engine_.feed(events.subspan(at, std::min<std::size_t>(256, events.size() - at)));
      while (const alert::AlertRow* row = watch_.episodes().next_change()) {
        changes_.push_back({.time_ns = row->updated_ns,
                            .change = row->change,
                            .id = row->id,
                            .kind = std::string(alert::info(row->kind).name),
                            .comm = row->comm,
                            .pid = row->process.pid(),
                            .port = row->remote_port,
                            .score = row->score,
                            .severity = row->severity,
                            .notified = row->notified,
                            .drill = row->drill,
                            .verdict = std::string(alert::verdict_name(row->verdict)),
                            .evidence = row->evidence});
        watch_.episodes().take_change();
      }
    }
  }
  const std::vector<Raised>& changes() const { return changes_; }
  // Those of a kind that opened; of every kind without one.
  std::vector<Raised> opened(std::string_view kind = {}) const {
    std::vector<Raised> out;
    for (const Raised& each : changes_) {
      if (each.change == alert::Change::kOpened && (kind.empty() || each.kind == kind)) out.push_back(each);
    }
    return out;
  }
  baseline::AppBaselines& baselines() { return baselines_; }
  alert::Watch& watch() { return watch_; }
  core::Engine& engine() { return engine_; }
  std::uint64_t accounted() const { return store_.bytes_used(); }

 private:
  const core::Bounds bounds_;
  PageStore store_{bounds_.copies_max_bytes};
  NoSeries series_;
  baseline::AppBaselines baselines_{store_,
                                    {.apps_max = bounds_.rows.baselines_max,
                                     .interval_s = bounds_.rows.baseline_interval_s,
                                     .threshold = bounds_.rows.baseline_threshold_ppm / 1e6}};
  alert::Watch watch_{store_,
                      {.bytes_max = bounds_.watch_max_bytes,
                       .alerts_max = bounds_.rows.alerts_max,
                       .changes_max = bounds_.alert_changes_max,
                       .budget_per_day = bounds_.rows.alerts_budget}};
  core::Engine engine_{bounds_, store_, series_, &watch_, &baselines_};
  std::vector<Raised> changes_;
};

}  // namespace ipm::test
