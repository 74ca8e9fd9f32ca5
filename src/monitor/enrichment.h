// Looks remote ends up in files, and says what was found as events in the stream, before what they are about: the
// engine knows only what it was told, so a replay without the files gives the same tables and alerts.
//
// An address is looked up when the engine has no row for it yet, which is the cache of what was found; a name or a
// fingerprint when an event brings it. After a reload every row is looked up again, some thousands in each step. In a
// replayed run the files that are given here stand in place of what was recorded.
// Bounds: none of its own. Threads: the stepping thread.
#pragma once

#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/engine.h"
#include "monitor/lookup_files.h"

namespace ipm::monitor {

inline constexpr std::uint16_t kEnrichmentNumber = 1;  // Of its events: before the sources that are added.

// Of look-ups: asked = found + nothing + failed.
struct EnrichmentCounters {
  std::uint64_t asked = 0;
  std::uint64_t found = 0;
  std::uint64_t nothing = 0;
  std::uint64_t failed = 0;  // The database is damaged.
};

class Enrichment {
 public:
  // `number`: of the source that its events name.
  Enrichment(std::unique_ptr<LookupFiles> files, std::uint16_t number);

  // True: the event says what is looked up here, so it is left out.
  bool replaces(const model::Event& event) const;
  // True: what comes before the event must be in the engine first, since the event names a text.
  static bool needs_texts(const model::Event& event);
  // Appends what is to be said before the event.
  void look_up(const model::Event& event, const core::Engine& engine, std::vector<model::Event>& out);
  // Everything that was given to look_up() is in the engine now.
  void fed() { looked_.clear(); }

  // Between batches: takes files that have changed, leaves out what has expired, and appends what is to be said of rows
  // that are there.
  void refresh(TimeNs monotonic_ns, TimeNs realtime_ns, const core::Engine* engine, std::vector<model::Event>& out);
  void abandon() { files_->abandon(); }

  const LookupFiles& files() const { return *files_; }
  const EnrichmentCounters& counters() const { return counters_; }
  const std::string& failure() const { return failure_; }  // Of the last look-up that failed.
  std::uint16_t number() const { return number_; }

 private:
  static constexpr std::uint32_t kRowsPerStep = 4'096;
  static constexpr std::uint32_t kTextsMax = 4'096;
  struct Out {
    std::vector<model::Event>& events;
    TimeNs time_ns;
  };

  void look_up_address(const model::FlowTuple& tuple, const core::Engine& engine, Out& out);
  void look_up_text(const model::Event& event, std::uint32_t text, model::ListedAs as, const core::Engine& engine,
                    Out& out);
  std::optional<enrich::Hit> find_address(const model::IpAddress& address);
  std::optional<enrich::Hit> find_text(std::string_view text, model::ListedAs as);
  enrich::Geo find_geo(const model::IpAddress& address);
  void count(bool found) { ++counters_.asked, ++(found ? counters_.found : counters_.nothing); }

  void say_geo(const model::IpAddress& address, const enrich::Geo& geo, Out& out);
  // Without a hit: it is on no list any more.
  void say_hit(const model::FlowTuple& tuple, std::uint64_t flow, std::string_view subject, model::ListedAs as,
               const enrich::Hit* hit, Out& out);
  std::uint32_t say_text(std::string_view text, Out& out);
  void say(model::Event event, Out& out);

  void sweep(const core::Engine& engine, std::vector<model::Event>& out);
  void look_again(const core::EndpointRow& row, Out& out);
  void look_again(const core::FlowRow& row, const core::Engine& engine, Out& out);
  void look_again(const core::FlowRow& row, std::uint32_t text, model::ListedAs as, const core::Engine& engine,
                  Out& out);

  const std::unique_ptr<LookupFiles> files_;
  const std::uint16_t number_;
  std::vector<model::IpAddress> looked_;  // Addresses since the last fed().
  std::unordered_map<std::string, std::uint32_t> text_ids_;
  std::vector<std::string> texts_;  // By id; a ring from next_text_ on when it is full.
  std::uint32_t next_text_ = 0;
  bool named_ = false;  // The source's name was said.
  bool sweeping_ = false;
  std::uint32_t endpoint_at_ = 0;
  std::uint32_t flow_at_ = 0;
  EnrichmentCounters counters_;
  std::string failure_;
};

}  // namespace ipm::monitor
