// What a monitor has learned of apps, from and to files. In the stream it is events, so that a recording has it.
#include "monitor/monitor.h"
#include "os/linux/host_clock.h"

namespace ipm::monitor {

std::uint32_t Monitor::baselines_interval_s() const {
  const model::Settings& asked = options_.bounds;
  return state_ ? state_->engine.bounds().rows.baseline_interval_s : core::share_memory(asked).rows.baseline_interval_s;
}

void Monitor::feed_baselines(const baseline::BaselineSet& set, TimeNs time) {
  if (set.all().empty() || !state_->baselines) return;
  const std::vector<model::Event> events = baseline_events(set, baselines_interval_s(), time);
  admit(events);
}

Status Monitor::import_baselines(const std::string& path) {
  Result<baseline::BaselineSet> set = read_baselines(path);
  if (!set.ok()) return set.status();
  const std::lock_guard<std::mutex> lock(engine_mutex_);
  if (options_.bounds.baselines_off != 0) return Status::state("import baselines: they are off; set baselines = on");
  if (Status status = check_interval(*set, baselines_interval_s()); !status.ok()) return status.with_context(path);
  if (fed_ == 0) return imported_.merge(*set);
  const baseline::AppBaselineCounters& counters = state_->baselines->counters();
  const std::uint64_t loaded_before = counters.loaded;
  feed_baselines(*set, state_->engine.now());
  const std::uint64_t taken = counters.loaded - loaded_before;
  if (taken == set->all().size()) return Status::success();
  return Status::limit("import " + path + ": room for " + std::to_string(taken) + " of " +
                       std::to_string(set->all().size()) + " baselines; raise baselines_max or memory_max_bytes");
}

Status Monitor::export_baselines(const std::string& path) {
  baseline::BaselineSet set;
  {
    const std::lock_guard<std::mutex> lock(engine_mutex_);
    ensure_engine(nullptr);
    if (!state_->baselines) return Status::state("export baselines: they are off; set baselines = on");
    set = state_->baselines->set();
  }
  return write_baselines(path, set);
}

KeptBaselinesInfo Monitor::kept_baselines() {
  const std::lock_guard<std::mutex> lock(engine_mutex_);
  return {kept_.state(), kept_.message()};
}

// The file is of what was observed on this host. A recorded run has not learned anything new, and what is made up, or
// was only imported, is nobody's habit.
bool Monitor::saves_baselines() const {
  if (!kept_.used() || carries_run_ || made_up_ || fed_ == 0 || !state_->baselines) return false;
  if (mode_ == Mode::kNone) return false;  // No source, so nothing was observed.
  const bool live = mode_ == Mode::kLive;
  return options_.baselines_save == BaselinesSave::kAny || (live && options_.baselines_save == BaselinesSave::kLive);
}

void Monitor::save_baselines() {
  if (!saves_baselines()) return;
  baseline::BaselineSet set;
  {
    const std::lock_guard<std::mutex> lock(engine_mutex_);
    set = state_->baselines->set();
  }
  // The outcome is in kept_baselines().
  (void)kept_.save(set);
}

Status Monitor::save_when_due() {
  if ((!kept_.used() && options_.clues_path.empty()) || mode_ != Mode::kLive) return Status::success();
  const TimeNs now = os::monotonic_ns();
  if (next_save_ns_ == 0) next_save_ns_ = now + KeptBaselines::kSaveEveryNs;
  if (now < next_save_ns_) return Status::success();
  next_save_ns_ = now + KeptBaselines::kSaveEveryNs;
  save_baselines();
  return save_clues();
}

}  // namespace ipm::monitor
