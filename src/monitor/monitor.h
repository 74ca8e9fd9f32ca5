// The composition root, and the only place where stages meet: it polls sources, merges their lanes, records the stream,
// feeds the engine, and takes snapshots.
//
// Threads: one stepping thread. snapshot(), stats() and interrupt() on any: they wait at most for one batch to be fed.
// With threads = auto each live source is polled on a thread of its own, which ends with the monitor.
#pragma once

#include <sys/types.h>

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/clue_set.h"
#include "monitor/baseline_files.h"
#include "monitor/clock_watch.h"
#include "monitor/engine_state.h"
#include "monitor/enrichment.h"
#include "monitor/merger.h"
#include "monitor/options.h"
#include "query/snapshot.h"
#include "source/replay/log_writer.h"
#include "source/text_emitter.h"

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
  std::uint64_t intel_indicators = 0;
  std::uint64_t intel_bytes = 0;
  std::uint64_t enrich_reloads = 0;
  std::uint64_t enrich_reloads_failed = 0;
  Bound flows, processes, apps, endpoints, remotes, series_blocks, texts, interfaces, baselines, clues;
  std::uint64_t baselines_refused = 0;  // Intervals of apps that found no room.
  Bound alerts;
  std::uint64_t alert_changes_lost = 0;
  alert::WatchCounters watch;
};

// What became of the file that baselines_path names.
struct KeptBaselinesInfo {
  KeptBaselines::State state = KeptBaselines::State::kNone;
  std::string message;
};

// A change of an alert with its texts, which are valid UTF-8 whatever programs call themselves.
struct AlertChange {
  alert::AlertRow row;
  TimeNs time_unix_ns = 0;
  TimeNs opened_unix_ns = 0;
  TimeNs since_unix_ns = 0;
  std::string evidence;
  std::string comm;
  std::string exe;
  std::string app;
  std::string remote;
  std::string remote_name;
  std::string country;
  std::string feed;
  std::string indicator;
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

  // baselines.cpp. Both are files of baselines by app; what comes in is part of the stream, and so of a recording.
  Status import_baselines(const std::string& path);
  Status export_baselines(const std::string& path);
  KeptBaselinesInfo kept_baselines();

  Status rule(std::string_view line);  // Said in the stream: alert/rule.h.
  bool next_alert(AlertChange& out);   // False: none now.
  // Takes each change when the batch that brought it was fed. Empty: nobody.
  void set_alert_callback(std::function<void(const AlertChange&)> callback) { alert_callback_ = std::move(callback); }
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
  bool has_alert(std::uint64_t id);
  void say_rules();
  bool say(model::EventKind kind, TimeNs time, const void* payload, std::size_t bytes);
  TimeNs span_end() const;
  std::uint64_t merge(bool flush);
  void feed(std::span<const model::Event> events);
  void record_and_apply(std::span<const model::Event> events);
  std::span<const model::Event> begin_stream(std::span<const model::Event> events);
  void admit(std::span<const model::Event> events);
  void log(std::span<const model::Event> events);
  void feed_enriched(std::span<const model::Event> events);
  void apply_enriched();
  void refresh_enrichment();
  void tell_alerts();
  void ensure_engine(const model::Event* first);
  Status flush_log();
  std::uint32_t baselines_interval_s() const;
  void feed_baselines(const baseline::BaselineSet& set, TimeNs time);
  bool saves_baselines() const;
  void save_baselines();
  Status save_when_due();
  Status load_clues();
  void feed_clues(TimeNs time);
  Status save_clues();
  void wait(TimeNs timeout_ns);
  void wake() noexcept;
  bool all_ended() const;
  bool any_looks() const;
  query::SourceRow row_of(const Input& input) const;
  query::SourceRow row_of(const Enrichment& enrichment) const;

  MonitorOptions options_;
  const pid_t owner_pid_;
  int epoll_fd_ = -1;
  int wake_fd_ = -1;
  std::vector<std::unique_ptr<Input>> inputs_;  // The monitor's own first; the rest in the order they were added.
  std::atomic<bool> stopping_{false};
  std::atomic<bool> interrupted_{false};
  enum class Mode { kNone, kLive, kOffline } mode_ = Mode::kNone;
  bool carries_run_ = false;  // An event log brings settings and anchors of its own.
  bool made_up_ = false;      // Some source is a drill or a synthetic host.
  std::uint64_t lane_bytes_ = 0;
  Merger merger_;
  ClockWatch clock_watch_;
  TimeNs last_advance_ns_ = 0;
  std::deque<std::string> rules_;           // That are still to be said.
  source::TextEmitter texts_{kOwnTextIds};  // Of what the monitor itself says.
  std::uint64_t fed_ = 0;
  std::unique_ptr<source::LogWriter> log_;
  Status log_failure_;
  std::uint64_t recorded_events_ = 0;
  std::uint64_t recorded_bytes_ = 0;
  std::function<void(const model::Event&)> callback_;
  std::function<void(const AlertChange&)> alert_callback_;
  AlertChange told_alert_;
  core::EvictionListener* eviction_listener_ = nullptr;
  KeptBaselines kept_;
  baseline::BaselineSet kept_loaded_;       // From that file, and
  baseline::BaselineSet imported_;          // what was imported before the stream began.
  core::ClueSet clues_loaded_;              // From clues_path.
  TimeNs next_save_ns_ = 0;                 // Of both files.
  std::unique_ptr<Enrichment> enrichment_;  // Null: no files to look up in.
  std::vector<model::Event> enriched_;      // On the way to the engine, with what was looked up.
  std::mutex engine_mutex_;  // Held while a batch is fed and while a snapshot is taken; never while waiting.
  std::shared_ptr<EngineState> state_;
};

}  // namespace ipm::monitor
