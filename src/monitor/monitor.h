// The composition root, and the only place where stages meet: it polls sources, merges their lanes, records the stream,
// feeds the engine, and takes snapshots.
//
// Threads: one stepping thread. snapshot(), stats() and interrupt() on any: they wait at most for one batch to be fed.
// With threads = auto each live source is polled on a thread of its own, which ends with the monitor.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "monitor/clock_watch.h"
#include "monitor/engine_state.h"
#include "monitor/merger.h"
#include "monitor/options.h"
#include "query/snapshot.h"
#include "source/replay/log_writer.h"

namespace ipm::monitor {

struct MonitorStats {
  core::EngineCounters engine;
  std::uint64_t sources = 0;
  std::uint64_t dropped = 0;
  std::uint64_t memory_bytes = 0;
  std::uint64_t memory_max_bytes = 0;
  std::uint64_t memory_high_water = 0;
  std::uint64_t snapshots_open = 0;
  std::uint64_t snapshots_revoked = 0;
  std::uint64_t recorded_events = 0;
  std::uint64_t recorded_bytes = 0;
  struct Bound {
    std::uint64_t used = 0, max = 0, high_water = 0, evicted = 0;
  };
  Bound flows, processes, apps, endpoints, remotes, series_blocks, texts, interfaces;
};

// A change of an alert with its texts.
struct AlertChange {
  alert::AlertRow row;
  TimeNs time_unix_ns = 0;
  TimeNs opened_unix_ns = 0;
  TimeNs since_unix_ns = 0;
  std::string exe;
  std::string app;
  std::string remote;
  std::string remote_name;
  std::uint64_t changes_lost = 0;
};

class Monitor {
 public:
  static Result<std::unique_ptr<Monitor>> open(const MonitorOptions& options);
  ~Monitor();
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  Status add_source(std::string_view uri);
  Status add_source(std::unique_ptr<source::Source> source, std::string_view uri, const source::SourceOptions& options);
  // For threads of the embedder. The input lives as long as the monitor; end() it when the producer is done.
  Result<Input*> add_lane(std::string_view name, std::uint32_t capacity);

  Status step(TimeNs timeout_ns);
  Status flush();
  int fd() const { return epoll_fd_; }
  TimeNs next_due_ns() const;
  void interrupt() noexcept;

  Status record(const char* path);  // Null: stop.
  void set_event_callback(std::function<void(const model::Event&)> callback) { callback_ = std::move(callback); }
  void set_eviction_listener(core::EvictionListener* listener);  // Null: none. It must outlive its use.

  bool next_alert(AlertChange& out);  // False: none now.
  Result<std::shared_ptr<const query::Snapshot>> snapshot();
  MonitorStats stats();
  Status source_row(std::uint32_t index, query::SourceRow& out);
  bool forked() const;

 private:
  explicit Monitor(const MonitorOptions& options);
  Status add_best(std::string_view uri, const source::SourceOptions& options);
  Status open_source(source::Source& source, const source::SourceOptions& options) const;
  Status take_in(std::unique_ptr<source::Source> source, std::string_view uri, std::string_view passed_over);
  Status attach(std::unique_ptr<Input> input);
  std::uint32_t lane_events(std::uint32_t wanted) const;
  std::uint16_t next_number() const;
  void run_thread(Input& input);
  bool poll_sources();
  void watch_host();
  bool say(model::EventKind kind, TimeNs time, const void* payload, std::size_t bytes);
  std::uint64_t merge(bool flush);
  void feed(std::span<const model::Event> events);
  void ensure_engine(const model::Event* first);
  Status flush_log();
  void wait(TimeNs timeout_ns);
  void wake() noexcept;
  bool all_ended() const;
  bool any_looks() const;
  query::SourceRow row_of(const Input& input) const;

  MonitorOptions options_;
  const pid_t owner_pid_;
  int epoll_fd_ = -1;
  int wake_fd_ = -1;
  std::vector<std::unique_ptr<Input>> inputs_;  // The monitor's own first; the rest in the order they were added.
  std::atomic<bool> stopping_{false};
  std::atomic<bool> interrupted_{false};
  enum class Mode { kNone, kLive, kOffline } mode_ = Mode::kNone;
  bool carries_run_ = false;  // An event log brings settings and anchors of its own.
  std::uint64_t lane_bytes_ = 0;
  Merger merger_;
  ClockWatch clock_watch_;
  TimeNs last_advance_ns_ = 0;
  std::uint64_t fed_ = 0;
  std::unique_ptr<source::LogWriter> log_;
  Status log_failure_;
  std::uint64_t recorded_events_ = 0;
  std::uint64_t recorded_bytes_ = 0;
  std::function<void(const model::Event&)> callback_;
  core::EvictionListener* eviction_listener_ = nullptr;
  std::mutex engine_mutex_;  // Held while a batch is fed and while a snapshot is taken; never while waiting.
  std::shared_ptr<EngineState> state_;
};

}  // namespace ipm::monitor
