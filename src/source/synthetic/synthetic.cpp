#include "source/synthetic/synthetic.h"

#include <atomic>
#include <limits>
#include <string>

#include "base/key_values.h"
#include "source/number_parameters.h"
#include "source/synthetic/synthetic_host.h"

namespace ipm::source {
namespace {

constexpr std::uint32_t kTurnsPerPoll = 16'384;

struct Parameters {
  SyntheticShape shape;
  std::uint64_t events = 100'000;
};

Result<Parameters> read_parameters(const SourceUri& uri) {
  Parameters out;
  if (!uri.path.empty()) {
    return Status::invalid_argument("synthetic: takes no path, got " + quote_text(uri.path.substr(0, 200)));
  }
  const NumberParameter all[] = {{"seed", &out.shape.seed, 0, std::numeric_limits<std::int64_t>::max()},
                                 {"events", &out.events, 0, 1'000'000'000'000},
                                 {"processes", &out.shape.processes, 1, 100'000},
                                 {"flows", &out.shape.flows, 1, 10'000'000},
                                 {"rate", &out.shape.rate, 1, 1'000'000'000},
                                 {"reorder", &out.shape.reorder_per_mille, 0, 1000},
                                 {"start", &out.shape.start_unix_s, 0, 7'258'118'400}};
  if (Status status = read_number_parameters(uri, all); !status.ok()) return status;
  return out;
}

class SyntheticSource final : public Source {
 public:
  std::string_view name() const noexcept override { return "synthetic"; }
  bool live() const noexcept override { return false; }
  bool made_up() const noexcept override { return true; }
  Capabilities probe() const override { return {{"a made-up host, the same for each seed", true, ""}}; }

  Status open(const SourceOptions& options) override {
    Result<Parameters> parameters = read_parameters(options.uri);
    if (!parameters.ok()) return parameters.status();
    events_max_ = parameters->events;
    host_ = std::make_unique<SyntheticHost>(parameters->shape);
    return Status::success();
  }

  // Stops while the lane is nearly full, so that nothing is dropped: the host empties it and calls again.
  Status poll(ring::Writer& out, std::chrono::nanoseconds) override {
    if (out.lane().capacity() < SyntheticHost::kEventsPerTurnMax) {
      return Status::limit("synthetic: needs a lane of 64 events; raise lane_events");
    }
    for (std::uint32_t turn = 0; turn < kTurnsPerPoll && host_->events() < events_max_; ++turn) {
      if (out.free() < SyntheticHost::kEventsPerTurnMax) break;
      host_->turn(out);
    }
    written_.store(host_->events(), std::memory_order_relaxed);
    return host_->events() < events_max_ ? Status::success() : Status::end();
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
  std::uint64_t events_max_ = 0;
  std::unique_ptr<SyntheticHost> host_;
  std::atomic<std::uint64_t> written_{0};  // For other threads: right on its own, so relaxed.
};

}  // namespace

std::unique_ptr<Source> make_synthetic_source(const SourceUri&) {
  return std::make_unique<SyntheticSource>();
}

}  // namespace ipm::source
