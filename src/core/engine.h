// The state machine: events in, tables out. Everything it knows came in as an event, in one total order; it reads no
// clock, does no I/O and starts no thread, so the same events give the same tables, byte for byte.
//
// Bounds: core/bounds.h. Threads: one writer. Views are read under a Pin on any thread.
#pragma once

#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "core/bounds.h"
#include "core/clue_book.h"
#include "core/flow_table.h"
#include "core/hit_book.h"
#include "core/keyed_table.h"
#include "core/ledger.h"
#include "core/name_book.h"
#include "core/process_table.h"
#include "core/remote_set.h"
#include "core/text_table.h"
#include "core/wall_clock.h"
#include "model/app_sample_sink.h"
#include "model/behaviour.h"
#include "model/sample.h"

namespace ipm::core {

// Hears of rows before they make room for others.
class EvictionListener {
 public:
  virtual ~EvictionListener() = default;
  virtual void flow_evicted(const FlowRow& row) = 0;
  virtual void process_evicted(const ProcessRow& row) = 0;
};

struct EngineCounters {
  std::uint64_t events = 0;
  std::uint64_t late = 0;       // Older than one before: kept their stamp.
  std::uint64_t unknown = 0;    // Kind or version not known: skipped.
  std::uint64_t malformed = 0;  // Payload out of range: skipped.
  std::uint64_t other_layer =
      0;  // Data of a flow that is already counted, at another layer or by a kernel source: skipped.
  std::uint64_t flows_evicted = 0;
  std::uint64_t processes_evicted = 0;
  std::uint64_t apps_evicted = 0;
  std::uint64_t endpoints_evicted = 0;
  std::uint64_t interfaces_evicted = 0;
  std::uint64_t clues_evicted = 0;
  std::uint64_t no_room = 0;  // Rows that could not be made since every other was in use.
};

// The tables as a reader sees them.
struct EngineViews {
  TimeNs now = 0;
  WallClock clock;
  Ledger ledger;
  EngineCounters counters;
  TimeNs last_loss_ns = 0;
  FlowPages::View flows;
  CandidatePages::View candidates;
  ProcessPages::View processes;
  AppPages::View apps;
  EndpointPages::View endpoints;
  InterfacePages::View interfaces;
  NamespacePages::View namespaces;
  FlowNamesPages::View flow_names;
  CapturedPages::View captured;
  HitPages::View hits;
  CluePages::View clues;
  TextPages::View texts;
  std::vector<model::SourceInfo> sources;

  // kLostEvents for what was alive when something was last lost, or since; rows have the bit for losses before they
  // ended.
  std::uint8_t loss_coverage(TimeNs first_seen_ns, bool alive) const {
    return alive && last_loss_ns != 0 && last_loss_ns >= first_seen_ns ? model::kLostEvents : model::kCoverageFull;
  }
  std::string_view source_name(std::uint16_t number) const {
    for (const model::SourceInfo& source : sources) {
      if (source.number == number) return {source.name, strnlen(source.name, sizeof source.name)};
    }
    return {};
  }
  std::string_view text(std::uint32_t id) const {
    if (id == 0 || id > texts.slots()) return {};
    const TextRow& row = texts.at(id - 1);
    return row.used ? std::string_view(row.data, row.bytes) : std::string_view();
  }
};

class Engine final : private model::TextHolder {
 public:
  // `watch` and `baselines` may be null: nobody watches behaviour, nobody learns what is usual.
  Engine(const Bounds& bounds, PageStore& store, model::SampleSink& series, model::BehaviourSink* watch = nullptr,
         model::AppSampleSink* baselines = nullptr);
  ~Engine() override;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // In the order of the one stream. Once tables have their size it allocates only for what is new: a text, and the key
  // of the app when a process starts.
  void feed(std::span<const model::Event> events);

  EngineViews views() const;
  TimeNs now() const { return now_; }
  const WallClock& clock() const { return clock_; }
  const EngineCounters& counters() const { return counters_; }
  const Ledger& ledger() const { return ledger_; }
  const Bounds& bounds() const { return bounds_; }
  void set_listener(EvictionListener* listener) { listener_ = listener; }

  const FlowTable& flows() const { return flows_; }
  const ProcessTable& processes() const { return processes_; }
  const AppTable& apps() const { return apps_; }
  const EndpointTable& endpoints() const { return endpoints_; }
  const RemoteSet& remotes() const { return remotes_; }
  const InterfaceTable& interfaces() const { return interfaces_; }
  const TextTable& texts() const { return texts_; }
  const NameBook& names() const { return names_; }
  const HitBook& hits() const { return hits_; }
  const ClueBook& clues() const { return clues_; }

  // Adds up the rows again: for tests of conservation. O(rows).
  bool rows_agree_with_ledger() const;

 private:
  static constexpr std::size_t kRowLag = 4, kRelatedLag = 8, kApplyLag = 12;  // Events between the stages of feed().
  static constexpr std::size_t kSourcesMax = 256;
  void prefetch_related(std::uint64_t flow_hash) const;
  void apply(const model::Event& event, std::uint64_t flow_hash);
  void advance(TimeNs time);

  // engine_processes.cpp
  // Slot; kNoSlot for an empty key. `likely` is where it may be.
  std::uint32_t ensure_process(model::ProcessKey key, TimeNs time, std::uint32_t likely = kNoSlot);
  void describe_process(const model::Event& event);
  void end_process(const model::Event& event);
  void sample_process(const model::Event& event);
  void note_frames(const model::Event& event);
  void set_app(std::uint32_t process);
  std::uint32_t ensure_app(std::uint32_t key_text, std::uint32_t exe_text,
                           TimeNs time);  // Slot + 1; takes both references.
  void release_app(std::uint32_t app);
  void evict_process(std::uint32_t slot);
  void evict_app(std::uint32_t slot);
  void release_process_texts(ProcessRow& row);

  // engine_flows.cpp
  std::uint32_t ensure_flow(const model::Event& event, const model::FlowTuple& tuple, std::uint64_t hash);
  void apply_flow(const model::Event& event, std::uint64_t hash);
  void complete_tuple(std::uint32_t slot, const model::FlowTuple& tuple, TimeNs time);
  void join_endpoint(std::uint32_t slot, TimeNs time);
  void open_flow(const model::Event& event, std::uint32_t slot);
  void succeed(std::uint32_t slot, TimeNs time);
  void fail(std::uint32_t slot, TimeNs time);
  void reset_flow(std::uint32_t slot, const model::SocketReset& reset);
  void close_flow(std::uint32_t slot, TimeNs time, model::CloseReason reason);
  void snapshot_flow(std::uint32_t slot, const model::TcpSnapshot& snapshot);
  void owner_found(const model::Event& event, std::uint32_t slot);
  void evict_flow(std::uint32_t slot);

  // engine_fuse.cpp
  // The flow of a kernel source that an event without a cookie is about; kNoSlot.
  std::uint32_t fused(const model::Event& event, const model::FlowTuple& tuple, std::uint64_t hash);
  std::uint32_t flow_of(const model::Event& event, const model::FlowTuple& tuple, std::uint64_t hash);
  void note_captured(const model::Event& event, std::uint32_t slot);
  void second_opinion(const model::Event& event, std::uint32_t slot);
  void note_nat(const model::Event& event, std::uint64_t hash);
  void absorb_captured(std::uint32_t kernel, TimeNs time);
  void absorb(std::uint32_t kernel, std::uint32_t packets);
  std::uint32_t ensure_captured(std::uint32_t flow, std::uint16_t source);  // Slot; kNoSlot: no room.
  std::uint32_t captured_of(const FlowRow& row) const;                      // Slot; kNoSlot: none.
  void drop_captured(std::uint32_t flow);

  // engine_credit.cpp
  void add_data(const model::Event& event, std::uint32_t slot);
  void set_owner(std::uint32_t flow, std::uint32_t process, Quality quality, Rule rule, TimeNs time);
  void drop_owner(std::uint32_t flow);
  void set_candidates(std::uint32_t flow, const model::SocketOwner& found);
  void drop_candidates(std::uint32_t flow);
  void credit(std::uint32_t process, const FlowRow& flow, model::ByteLayer layer, const Traffic& bytes,
              const Traffic& packets, std::uint8_t measured, bool in_rates, TimeNs time);
  void credit_outcome(std::uint32_t flow, TimeNs time);
  void note_remote(std::uint32_t process, const FlowRow& flow);

  // engine_watch.cpp
  void hold(std::uint32_t text) override { texts_.retain(text); }
  void let_go(std::uint32_t text) override { texts_.release(text); }
  std::string_view view(std::uint32_t text) const override { return texts_.view(text); }
  std::uint32_t name_of(const model::IpAddress& address) const override;
  model::Place place_of(const model::IpAddress& address) const override;
  model::FlowFacts facts_of(std::uint32_t flow, std::uint32_t process) const;
  void tell_program(std::uint32_t process, bool exec, TimeNs time);
  void tell_open(std::uint32_t flow, TimeNs time);  // Once a flow, when its owner and its remote end are known.
  void tell_rule(const model::Event& event);
  void tell_question(const model::Event& event, std::uint64_t flow_hash);
  void note_entropy(const model::Event& event, std::uint32_t flow);
  // Calls tell(sink, facts) if somebody watches and the flow has an owner with an app.
  template <typename Tell>
  void tell(std::uint32_t flow, const Tell& what);

  // engine_samples.cpp
  std::uint32_t interval_number() const { return interval_number_; }
  void end_intervals(TimeNs time);
  void drop_interval(TimeNs time);
  void sample_apps(TimeNs begin_ns);
  void sample_app(std::uint32_t app, TimeNs begin_ns);
  void note_cpu(const ProcessRow& process, std::uint64_t cpu_ns);
  static void note_delay(AppInterval& interval, const model::TcpSnapshot& snapshot);
  void note_suspend(const model::Event& event);
  void note_baseline(const model::Event& event);

  // engine_host.cpp
  void note_interface(const model::Event& event);
  void note_host_counters(const model::Event& event);
  void note_loss(const model::Loss& loss, TimeNs time);
  void note_dns(const model::Event& event, std::uint64_t flow_hash);
  void note_hello(const model::Event& event, std::uint64_t flow_hash);
  void name_endpoint(const FlowRow& flow);
  void note_source(const model::SourceInfo& info);

  // engine_labels.cpp
  void note_geo(const model::Event& event);
  void note_hit(const model::Event& event, std::uint64_t flow_hash);
  std::uint32_t keep_hit(const model::IntelHit& hit, std::uint16_t source);
  void mark_endpoint(const model::FlowTuple& tuple, std::uint32_t hit, TimeNs time);
  const model::Listing* listing_of(const FlowRow& flow) const;  // Null: nothing about it is on a list.
  void tell_listed(std::uint32_t flow, TimeNs time);

  // engine_clues.cpp
  void learn_clues(std::uint32_t flow);
  void note_clue(const model::Event& event);

  // Slot + 1; 0: none.
  std::uint32_t ensure_endpoint(const model::IpAddress& remote, std::uint32_t netns, TimeNs time);
  std::uint32_t ensure_namespace(std::uint32_t netns, TimeNs time);  // kNoSlot: no room.

  const Bounds bounds_;
  PageStore& store_;
  model::SampleSink& series_;
  model::BehaviourSink* const watch_;
  model::AppSampleSink* const baselines_;
  EvictionListener* listener_ = nullptr;
  TimeNs now_ = 0;
  TimeNs next_sweep_ = 0;
  TimeNs interval_end_ = 0;  // 0: none has begun.
  std::uint32_t interval_number_ = 0;
  bool time_is_told_ = false;  // The stream has events for passing time.
  TimeNs last_loss_ns_ = 0;
  WallClock clock_;
  Ledger ledger_;
  EngineCounters counters_;
  std::vector<model::SourceInfo> sources_;  // At most kSourcesMax.
  TextTable texts_;
  HitBook hits_;
  NameBook names_;
  ClueBook clues_;
  FlowTable flows_;
  CapturedPages captured_;
  SlotIndex aliases_;                // Flows by how they were captured where addresses are translated.
  std::uint32_t captured_hand_ = 0;  // Where the next look for a row to give up begins.
  bool kernel_tells_dns_ = false;
  CandidatePages candidates_;
  ProcessTable processes_;
  AppTable apps_;
  EndpointTable endpoints_;
  RemoteSet remotes_;
  InterfaceTable interfaces_;
  NamespaceTable namespaces_;
  std::vector<std::uint32_t> remote_heads_[2];  // By Holder and slot: chains in remotes_.
};

}  // namespace ipm::core
