// What apps look like on the wire, from and to the file that clues_path names. In the stream it is events, so that a
// recording has it.
#include "monitor/clue_files.h"
#include "monitor/monitor.h"

namespace ipm::monitor {

Status Monitor::load_clues() {
  if (options_.clues_path.empty()) return Status::success();
  Result<core::ClueSet> clues = read_clues(options_.clues_path);
  if (!clues.ok()) return clues.status().code() == Code::kNotFound ? Status::success() : clues.status();
  clues_loaded_ = std::move(*clues);
  return Status::success();
}

void Monitor::feed_clues(TimeNs time) {
  if (!clues_loaded_.all().empty()) admit(clue_events(clues_loaded_, time));
  clues_loaded_ = {};
}

// The file is of what was observed on this host: no capture, recording or drill adds to it.
Status Monitor::save_clues() {
  if (options_.clues_path.empty() || mode_ != Mode::kLive || made_up_ || fed_ == 0) return Status::success();
  core::ClueSet clues;
  {
    const std::lock_guard<std::mutex> lock(engine_mutex_);
    clues = core::ClueSet(state_->engine.clues(), state_->engine.texts());
  }
  return clues.all().empty() ? Status::success() : monitor::save_clues(options_.clues_path, clues);
}

}  // namespace ipm::monitor
