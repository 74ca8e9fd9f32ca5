// Baselines outside of a monitor: as a file, and as the events by which they enter one.
//
// Threads: the caller's; reading and writing block.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "baseline/baseline_set.h"
#include "model/event.h"

namespace ipm::monitor {

// The monitor is a source with three kinds of texts: those that it says itself have ids up to here, app keys of
// baselines come above, and those of clues from the second on.
inline constexpr std::uint32_t kOwnTextIds = 1'024;
inline constexpr std::uint32_t kClueTextIds = 2'048;

// kNotFound: there is no such file. Every other error says what is wrong with it and what would help.
Result<baseline::BaselineSet> read_baselines(const std::string& path);
// kUnsupported: what was learned of intervals of another length says nothing about these.
Status check_interval(const baseline::BaselineSet& set, std::uint32_t interval_s);
// The file is there whole or as it was before: written beside, synced, renamed.
Status write_baselines(const std::string& path, const baseline::BaselineSet& set);

// Apps that learned last come first: they are the ones that there has to be room for.
std::vector<model::Event> baseline_events(const baseline::BaselineSet& set, std::uint32_t interval_s, TimeNs time_ns);

// The file that belongs to a monitor: read when it opens, written while it runs and when it closes. What is in the file
// and was not in memory stays in it. A file that could not be read is never overwritten: it is kept under another name.
class KeptBaselines {
 public:
  enum class State { kNone, kNew, kLoaded, kRefused };
  static constexpr TimeNs kSaveEveryNs = kHour;

  KeptBaselines() = default;
  explicit KeptBaselines(std::string path) : path_(std::move(path)) {}

  bool used() const { return !path_.empty(); }
  // What the file has; empty where there is none, or none that can be used, which message() explains.
  baseline::BaselineSet load(std::uint32_t interval_s);
  Status save(const baseline::BaselineSet& set);

  State state() const { return state_; }
  // What became of the file, last of all; empty: all is well.
  const std::string& message() const { return message_; }

 private:
  Status keep_aside();

  std::string path_;
  State state_ = State::kNone;
  std::string message_;
};

}  // namespace ipm::monitor
