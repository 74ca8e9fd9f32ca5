#include "monitor/baseline_files.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <utility>

#include "monitor/whole_file.h"
#include "source/text_emitter.h"

namespace ipm::monitor {

using baseline::Baseline;
using baseline::BaselineSet;
using model::BaselinePart;
using model::Event;
using model::EventKind;

namespace {

constexpr std::int64_t kFileBytesMax = 1LL << 30;
constexpr std::uint32_t kTextIds = 64;  // Apps one after the other: an id is used again when its app is done.
constexpr int kAsideMax = 1'000;
constexpr std::size_t kKeptMax = 65'536;  // Baselines in the file of a monitor; those that learned last.

// What an operator can do about a file that is refused.
Status with_help(Status status) {  // NOLINT(performance-unnecessary-value-param): small, and cold.
  return Status(status.code(), std::string(status.message()) +
                                   "; take another file, or export the baselines again where they were learned");
}

void add_app(std::vector<Event>& out, std::uint32_t id, std::string_view app, TimeNs time_ns) {
  for (std::uint32_t part = 0; part < source::text_parts(app); ++part)
    out.push_back(source::text_event(time_ns, id, app, part));
}

void add_state(std::vector<Event>& out, const BaselinePart& head, const Baseline& state, TimeNs time_ns) {
  unsigned char bytes[sizeof state];
  std::memcpy(bytes, &state, sizeof state);
  BaselinePart part = head;
  part.parts = (sizeof bytes + BaselinePart::kPartBytes - 1) / BaselinePart::kPartBytes;
  for (; part.part < part.parts; ++part.part) {
    const std::size_t at = std::size_t{part.part} * BaselinePart::kPartBytes;
    const std::size_t here = std::min<std::size_t>(BaselinePart::kPartBytes, sizeof bytes - at);
    part.bytes_here = static_cast<std::uint8_t>(here);
    std::memset(part.bytes, 0, sizeof part.bytes);
    std::memcpy(part.bytes, bytes + at, here);
    out.push_back(model::make_event(time_ns, EventKind::kBaseline, {}, 0, part));
  }
}

}  // namespace

Result<BaselineSet> read_baselines(const std::string& path) {
  const std::string what = "read baselines from " + path;
  const Result<std::string> bytes = read_whole_file(path, kFileBytesMax);
  if (!bytes.ok()) return bytes.status().with_context(what);
  Result<BaselineSet> set = BaselineSet::decode(*bytes);
  if (!set.ok()) return with_help(set.status()).with_context(what);
  return set;
}

Status check_interval(const BaselineSet& set, std::uint32_t interval_s) {
  if (set.interval_s() == 0 || set.interval_s() == interval_s) return Status::success();
  return Status::unsupported("baselines of intervals of " + std::to_string(set.interval_s()) +
                             "s cannot be used for intervals of " + std::to_string(interval_s) +
                             "s; set baselines_interval = " + std::to_string(set.interval_s()) + "s");
}

Status write_baselines(const std::string& path, const BaselineSet& set) {
  return write_whole_file(path, set.encode()).with_context("write baselines to " + path);
}

std::vector<Event> baseline_events(const BaselineSet& set, std::uint32_t interval_s, TimeNs time_ns) {
  // By when they learned last, then by key.
  std::map<std::string_view, std::int64_t> last_s;
  for (const auto& [key, state] : set.all()) {
    const auto [app, fresh] = last_s.emplace(key.app, state.last_s());
    if (!fresh) app->second = std::max(app->second, state.last_s());
  }
  std::vector<std::pair<std::int64_t, std::string_view>> order;
  for (const auto& [app, seconds] : last_s)
    order.emplace_back(-seconds, app);  // NOLINT(performance-inefficient-vector-operation): a handful.
  std::sort(order.begin(), order.end());

  std::vector<Event> out;
  std::uint32_t apps = 0;
  for (const auto& [unused, app] : order) {
    BaselinePart head;
    head.app = kOwnTextIds + 1 + apps++ % kTextIds;
    head.interval_s = interval_s;
    head.flags = set.unconfirmed(app) ? BaselinePart::kUnconfirmed : std::uint8_t{0};
    add_app(out, head.app, app, time_ns);
    for (auto at = set.all().lower_bound({std::string(app), 0}); at != set.all().end() && at->first.app == app; ++at) {
      head.metric = static_cast<std::uint16_t>(at->first.metric);
      add_state(out, head, at->second, time_ns);
    }
  }
  return out;
}

// --- the file of a monitor ---

BaselineSet KeptBaselines::load(std::uint32_t interval_s) {
  Result<BaselineSet> set = read_baselines(path_);
  Status status = set.ok() ? check_interval(*set, interval_s) : set.status();
  if (status.ok()) {
    state_ = State::kLoaded;
    return std::move(*set);
  }
  if (status.code() == Code::kNotFound) {
    state_ = State::kNew;
    return {};
  }
  state_ = State::kRefused;
  message_ = std::string(status.message()) + ". Everything is learned anew; when that is saved, the file is kept as " +
             path_ + ".kept-N";
  return {};
}  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks): a unique_ptr owns it.

Status KeptBaselines::keep_aside() {
  for (int number = 1; number <= kAsideMax; ++number) {
    const std::string aside = path_ + ".kept-" + std::to_string(number);
    // Unlike rename() it does not replace what is there.
    if (::link(path_.c_str(), aside.c_str()) == 0) return Status::success();
    if (errno == ENOENT) return Status::success();  // It has gone: nothing to lose.
    if (errno != EEXIST) return Status::from_errno("keep " + path_ + " as " + aside, errno);
  }
  return Status::limit("keep " + path_ + " aside: " + std::to_string(kAsideMax) + " of it are there; remove some");
}

Status KeptBaselines::save(const BaselineSet& set) {
  BaselineSet all = set;
  Status status;
  Result<BaselineSet> before = read_baselines(path_);
  const bool usable = before.ok() && check_interval(*before, set.interval_s()).ok();
  if (usable) {
    status = before->replace(set);
    before->keep_newest(kKeptMax);
    all = std::move(*before);
    all.set_interval_s(set.interval_s());
  } else if (before.ok() || before.status().code() != Code::kNotFound) {
    status = keep_aside();
  }
  if (status.ok()) status = write_baselines(path_, all);
  message_ = status.ok() ? std::string() : std::string(status.message());
  if (status.ok()) state_ = State::kLoaded;
  return status;
}

}  // namespace ipm::monitor
