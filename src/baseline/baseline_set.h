// The baselines of many programs by key, as they are kept beyond a run: saved to bytes, read back, merged.
//
// Not for the hot path: an engine holds its baselines beside its apps and comes here to save and to load.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "baseline/baseline.h"

namespace ipm::baseline {

// The app by its key text, and which of its metrics.
struct SetKey {
  std::string app;
  std::uint32_t metric = 0;
  auto operator<=>(const SetKey&) const = default;
};

class BaselineSet {
 public:
  static constexpr std::size_t kAppBytesMax = 4'096;
  static constexpr std::size_t kBaselinesMax = 1'000'000;

  // Replaces what was there. kLimit beyond the bounds above.
  Status put(std::string_view app, std::uint32_t metric, const Baseline& baseline);
  // Null: there is none.
  const Baseline* find(std::string_view app, std::uint32_t metric) const;
  // Adds what `other` learned, of the same interval; a key that is in both is merged, as for the processes of one app.
  Status merge(const BaselineSet& other);
  // Takes all of `newer`; what is in both becomes what it is there.
  Status replace(const BaselineSet& newer);
  // Forgets those that learned last longest ago until at most `most` are left.
  void keep_newest(std::size_t most);
  const std::map<SetKey, Baseline>& all() const { return baselines_; }
  // An app that has inherited what it has, and it is not sure that rightly. Merged with one that is sure, it is sure.
  void set_unconfirmed(std::string_view app, bool unconfirmed);
  bool unconfirmed(std::string_view app) const { return unconfirmed_.contains(app); }

  // Between two samples of each: what was learned of one interval says nothing about another. 0: not said.
  void set_interval_s(std::uint32_t interval_s) { interval_s_ = interval_s; }
  std::uint32_t interval_s() const { return interval_s_; }

  // The file format is in baseline_file.h. The same set gives the same bytes.
  std::string encode() const;
  // All or nothing. kCorrupt and kUnsupported say what is wrong and at which byte.
  static Result<BaselineSet> decode(std::string_view bytes);

 private:
  bool has(std::string_view app) const;

  std::map<SetKey, Baseline> baselines_;
  std::set<std::string, std::less<>> unconfirmed_;  // Apps of baselines_.
  std::uint32_t interval_s_ = 0;
};

}  // namespace ipm::baseline
