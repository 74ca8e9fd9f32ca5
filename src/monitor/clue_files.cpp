#include "monitor/clue_files.h"

#include <algorithm>
#include <map>
#include <utility>

#include "monitor/baseline_files.h"
#include "monitor/whole_file.h"
#include "source/text_emitter.h"

namespace ipm::monitor {

using core::Clue;
using core::ClueApps;
using core::ClueSet;
using model::Event;
using model::LearnedClue;

namespace {

constexpr std::int64_t kFileBytesMax = 256LL << 20;
constexpr std::size_t kKeptMax = 65'536;  // Clues in a file; those that most flows showed.
constexpr std::uint32_t kTextIds = 4'096;

// Gives apps ids and says them before their first use; when all ids are in use it begins again.
class AppTexts {
 public:
  AppTexts(TimeNs time_ns, std::vector<Event>& out) : time_ns_(time_ns), out_(out) {}
  std::uint32_t id(const std::string& app) {
    if (const auto known = ids_.find(app); known != ids_.end()) return known->second;
    if (ids_.size() == kTextIds) ids_.clear();
    const std::uint32_t id = kClueTextIds + static_cast<std::uint32_t>(ids_.size());
    for (std::uint32_t part = 0; part < source::text_parts(app); ++part)
      out_.push_back(source::text_event(time_ns_, id, app, part));
    return ids_.emplace(app, id).first->second;
  }

 private:
  const TimeNs time_ns_;
  std::vector<Event>& out_;
  std::map<std::string, std::uint32_t> ids_;
};

}  // namespace

Result<ClueSet> read_clues(const std::string& path) {
  const std::string what = "read clues from " + path;
  const Result<std::string> bytes = read_whole_file(path, kFileBytesMax);
  if (!bytes.ok()) return bytes.status().with_context(what);
  Result<ClueSet> set = ClueSet::decode(*bytes);
  if (set.ok()) return set;
  const Status status = set.status();
  return Status(status.code(), what + ": " + std::string(status.message()) +
                                   "; take another file, or remove it and let it be learned again");
}

Status save_clues(const std::string& path, const ClueSet& set) {
  Result<ClueSet> before = read_clues(path);
  if (!before.ok() && before.status().code() != Code::kNotFound) return before.status().with_context("save clues");
  ClueSet all = before.ok() ? std::move(*before) : ClueSet();
  all.replace(set);
  all.keep_busiest(kKeptMax);
  return write_whole_file(path, all.encode()).with_context("save clues to " + path);
}

std::vector<Event> clue_events(const ClueSet& set, TimeNs time_ns) {
  std::vector<std::pair<std::uint64_t, Clue>> order;
  order.reserve(set.all().size());
  for (const auto& [clue, apps] : set.all()) order.emplace_back(core::all_flows(apps), clue);
  std::sort(order.begin(), order.end());

  std::vector<Event> out;
  AppTexts texts(time_ns, out);
  const auto say = [&](const LearnedClue& learned) {
    out.push_back(model::make_event(time_ns, model::EventKind::kClue, {}, 0, learned));
  };
  for (const auto& [unused, clue] : order) {
    const ClueApps& apps = set.all().at(clue);
    LearnedClue learned{.key = clue.key, .kind = clue.kind};
    if (apps.other_flows != 0) {
      learned.flows = apps.other_flows;
      learned.other_apps = apps.other_apps;
      say(learned);
      learned.other_apps = 0;
    }
    for (const auto& [app, flows] : apps.flows) {
      learned.app = texts.id(app);
      learned.flows = flows;
      say(learned);
    }
  }
  return out;
}

}  // namespace ipm::monitor
