#include "source/drill/drill.h"

#include <atomic>
#include <limits>
#include <optional>
#include <string>

#include "base/key_values.h"
#include "source/drill/rehearsal.h"
#include "source/number_parameters.h"

namespace ipm::source {
namespace {

Result<std::span<const Incident>> find_incidents(const std::string& name) {
  const std::span<const Incident> all = incidents();
  if (name == "all") return all;
  std::vector<std::string_view> names = {"all"};
  std::string known;
  for (const Incident& each : all) {
    if (each.kind == name) return std::span(&each, 1);
    names.push_back(each.kind);
    known += std::string(each.kind) + ", ";
  }
  if (name.empty()) return Status::invalid_argument("drill: which one? There are " + known + "and all");
  const std::string_view nearest = nearest_word(name, names);
  const std::string said = "drill: there is none called " + quote_text(name.substr(0, 200));
  if (!nearest.empty()) return Status::invalid_argument(said + "; did you mean " + std::string(nearest) + "?");
  return Status::invalid_argument(said + "; there are " + known + "and all");
}

class DrillSource final : public Source {
 public:
  std::string_view name() const noexcept override { return "drill"; }
  bool live() const noexcept override { return false; }
  bool made_up() const noexcept override { return true; }
  Capabilities probe() const override { return {{"a made-up incident of each kind of alert", true, ""}}; }

  Status open(const SourceOptions& options) override {
    std::uint64_t seed = 1;
    const NumberParameter all[] = {{"seed", &seed, 0, std::numeric_limits<std::int64_t>::max()}};
    if (Status status = read_number_parameters(options.uri, all); !status.ok()) return status;
    Result<std::span<const Incident>> chosen = find_incidents(options.uri.path);
    if (!chosen.ok()) return chosen.status();
    rehearsal_.emplace(*chosen, seed);
    events_ = rehearsal_->next_day();
    return Status::success();
  }

  // Stops while the lane is full, so that nothing is dropped: the host empties it and calls again.
  Status poll(ring::Writer& out, std::chrono::nanoseconds) override {
    std::uint64_t written = 0;
    while (!events_.empty() && out.free() != 0) {
      out.write(events_[next_++]);
      ++written;
      if (next_ < events_.size()) continue;
      events_ = rehearsal_->next_day();
      next_ = 0;
      break;  // A day at a time.
    }
    written_.fetch_add(written, std::memory_order_relaxed);
    return events_.empty() ? Status::end() : Status::success();
  }

  int fd() const noexcept override { return -1; }
  TimeNs next_due_ns() const noexcept override { return 0; }
  void interrupt() noexcept override {}  // poll() never waits.
  SourceStats stats() const noexcept override {
    const std::uint64_t written = written_.load(std::memory_order_relaxed);
    return {.received = written, .written = written};
  }
  Degradations degradations() const override { return {}; }

 private:
  std::optional<Rehearsal> rehearsal_;
  std::vector<model::Event> events_;  // Of the day; empty behind the last.
  std::size_t next_ = 0;
  std::atomic<std::uint64_t> written_{0};  // For other threads: right on its own, so relaxed.
};

}  // namespace

std::unique_ptr<Source> make_drill_source(const SourceUri&) {
  return std::make_unique<DrillSource>();
}

}  // namespace ipm::source
