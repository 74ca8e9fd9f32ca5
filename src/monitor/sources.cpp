// How sources and lanes come into a monitor, and the threads that some of them have.
#include "monitor/monitor.h"

#include <sys/epoll.h>

#include <algorithm>
#include <bit>

#include "base/key_values.h"
#include "monitor/signals_blocked.h"
#include "os/linux/host_clock.h"
#include "source/registry.h"

namespace ipm::monitor {

using model::Event;
using model::EventKind;

namespace {

std::string adding(std::string_view uri) {
  return "add " + std::string(uri.substr(0, 200));
}

}  // namespace

std::uint16_t Monitor::next_number() const {
  std::uint32_t next = enrichment_ ? kEnrichmentNumber + 1 : 1;
  for (const std::unique_ptr<Input>& input : inputs_) {
    const bool run = input->source() != nullptr && input->source()->carries_run();
    next = std::max<std::uint32_t>(next, input->number() + (run ? std::uint32_t{kSourcesOfRun} : 1U));
  }
  return static_cast<std::uint16_t>(next);
}

std::uint32_t Monitor::lane_events(std::uint32_t wanted) const {
  if (wanted == 0) wanted = options_.lane_events;
  if (wanted != 0) return wanted;
  const std::uint64_t memory =
      options_.bounds.memory_max_bytes == 0 ? core::kMemoryDefaultBytes : options_.bounds.memory_max_bytes;
  return static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(std::bit_floor(memory / 64 / sizeof(Event)), 2'048, 16'384));
}

Status Monitor::add_source(std::string_view text) {
  Result<source::SourceUri> uri = source::parse_source_uri(text);
  if (!uri.ok()) return uri.status();
  source::SourceOptions options;
  options.uri = *uri;
  if (uri->scheme == "auto") return add_best(text, options);
  const source::Backend* backend = source::find_backend(uri->scheme);
  if (backend == nullptr) {
    std::vector<std::string_view> known = {"auto"};
    for (const source::Backend& each : source::backends()) known.push_back(each.scheme);
    const std::string_view near = nearest_word(uri->scheme, known);
    return Status::invalid_argument(
        "source " + quote_text(text.substr(0, 200)) + ": unknown scheme" +
        (near.empty() ? "; known are " + source::known_schemes() : "; did you mean " + std::string(near) + ":?"));
  }
  return add_source(backend->make(*uri), text, options);
}

Status Monitor::add_best(std::string_view uri, const source::SourceOptions& options) {
  Result<std::vector<source::Candidate>> candidates = source::automatic_candidates(options);
  if (!candidates.ok()) return candidates.status().with_context(adding(uri));
  std::string reasons, passed_over;
  for (source::Candidate& candidate : *candidates) {
    const Status status = open_source(*candidate.source, candidate.options);
    if (!status.is_error()) return take_in(std::move(candidate.source), uri, passed_over);
    if (status.code() == Code::kInvalidArgument || status.code() == Code::kState) {
      return status.with_context(adding(uri));
    }
    // It says itself who it is.
    const std::string_view said = status.message();
    const std::string name = std::string(candidate.scheme) + ": ";
    const std::string reason(said.substr(said.starts_with(name) ? name.size() : 0));
    reasons += (reasons.empty() ? "" : "; ") + name + reason;
    passed_over += (passed_over.empty() ? "" : "\n") + std::string("what ") + name + "sees: " + reason;
  }
  return Status::unsupported("auto: no source works here: " + reasons);
}

Status Monitor::add_source(std::unique_ptr<source::Source> source, std::string_view uri,
                           const source::SourceOptions& options) {
  const Status status = open_source(*source, options);
  if (status.is_error()) return status.with_context(adding(uri));
  return take_in(std::move(source), uri, {});
}

Status Monitor::open_source(source::Source& source, const source::SourceOptions& options) const {
  const bool live = source.live();
  if (mode_ != Mode::kNone && live != (mode_ == Mode::kLive)) {
    return Status::state(
        "a live source and a file cannot be in one monitor, since their clocks differ; open another monitor");
  }
  source::SourceOptions with = options;
  with.own_thread = live && options_.threads;
  with.self_test = live && options_.self_test;
  return source.open(with);
}

Status Monitor::take_in(std::unique_ptr<source::Source> source, std::string_view uri, std::string_view passed_over) {
  const bool live = source->live();
  const std::string name(source->name());
  const bool run = source->carries_run();
  made_up_ = made_up_ || source->made_up();
  auto input = std::make_unique<Input>(next_number(), name, std::string(uri), std::move(source), lane_events(0), false);
  input->passed_over = passed_over;
  mode_ = live ? Mode::kLive : Mode::kOffline;
  carries_run_ = carries_run_ || run;
  return attach(std::move(input));
}

Result<Input*> Monitor::add_lane(std::string_view name, std::uint32_t capacity) {
  if (mode_ == Mode::kOffline)
    return Status::state("add lane: the monitor reads files; their clock is not this host's");
  if (capacity > (1U << 20)) return Status::invalid_argument("add lane: capacity above 1048576 events");
  auto input = std::make_unique<Input>(next_number(), std::string(name), "lane:" + std::string(name), nullptr,
                                       lane_events(capacity), false);
  mode_ = Mode::kLive;
  Input* raw = input.get();
  if (Status status = attach(std::move(input)); !status.ok()) return status;
  return raw;
}

Status Monitor::attach(std::unique_ptr<Input> input) {
  const std::uint64_t memory =
      options_.bounds.memory_max_bytes == 0 ? core::kMemoryDefaultBytes : options_.bounds.memory_max_bytes;
  const std::uint64_t bytes = (input->lane().capacity() + kStagedEvents) * sizeof(Event);
  if (inputs_.size() >= 64 || (lane_bytes_ != 0 && lane_bytes_ + bytes > memory / 4)) {
    return Status::limit(
        "add source: lanes would take more than a quarter of memory_max_bytes, or there are 63 already; raise it or "
        "lower lane_events");
  }
  source::Source* source = input->source();
  // Texts and rows name a source by a byte.
  if (input->number() + (source != nullptr && source->carries_run() ? kSourcesOfRun - 1 : 0) > 255) {
    return Status::limit("add source: an event log takes 64 of 255 source numbers; open another monitor for more logs");
  }
  if (source != nullptr) input->note_missing(0);
  const bool on_a_thread = source != nullptr && source->live() && options_.threads;
  if (source != nullptr && source->fd() >= 0 && !on_a_thread) {
    epoll_event event{};
    event.events = EPOLLIN;
    (void)::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, source->fd(),
                      &event);  // A descriptor that cannot be polled is always due.
  }
  {
    const std::lock_guard<std::mutex> lock(engine_mutex_);
    lane_bytes_ += bytes;
    inputs_.push_back(std::move(input));
  }
  Input& added = *inputs_.back();
  if (!(source != nullptr && source->carries_run())) {
    watch_host();  // The clock before the name, so that the stream begins with an anchor.
    model::SourceInfo info;
    info.number = added.number();
    added.name().copy(info.name, sizeof info.name - 1);
    // A file's first stamp is not known yet: its name goes first, at time 0, which is before everything.
    say(EventKind::kSourceInfo, mode_ == Mode::kLive ? os::boottime_ns() : 1, &info, sizeof info);
  }
  if (on_a_thread) {
    const SignalsBlocked blocked;
    added.thread = std::thread([this, &added] { run_thread(added); });
  }
  return Status::success();
}

void Monitor::run_thread(Input& input) {
  constexpr std::chrono::milliseconds kTurn{200};
  while (!stopping_.load(std::memory_order_relaxed)) {
    const Status status = input.source()->poll(input.writer(), kTurn);
    const bool over = status.is_error() || status.code() == Code::kEnd;
    input.note_missing(over ? 0 : os::monotonic_ns());
    if (status.ok()) wake();
    if (status.is_error()) input.failure = status;
    if (over) break;
  }
  input.end();
  wake();
}

}  // namespace ipm::monitor
