// Findings become episodes: one alert per behaviour, program and target, which opens, is updated, escalates and closes.
// The budget decides who is notified, never what exists.
//
// Bounds: alerts_max rows (the alert closed longest goes first, then the oldest), kOpenMax open at once, kChangesMax
// changes waiting; of those, updates of one alert are one, and what finds no room is counted. Threads: the engine's.
#pragma once

#include <optional>
#include <vector>

#include "alert/false_positives.h"
#include "alert/rules.h"
#include "base/page_store.h"
#include "model/behaviour.h"

namespace ipm::alert {

struct Actor {
  std::uint32_t app = 0;  // Slot + 1.
  model::ProcessKey process = {};
  std::uint32_t exe_text = 0;
  std::uint32_t key_text = 0;
  std::string_view comm = {};
};

struct EpisodeCounters {
  std::uint64_t opened = 0;
  std::uint64_t evicted = 0;       // Rows that made room.
  std::uint64_t changes_lost = 0;  // Nobody took them in time.
  std::uint64_t accepted = 0;      // Findings like one that was called a false positive.
};

class Episodes {
 public:
  static constexpr std::uint32_t kOpenMax = 256;
  static constexpr TimeNs kQuietNs = 6 * kHour;  // An episode ends after so long without a finding …
  // … and goes on if the same comes again from the same remote within this: what lasts is told once.
  static constexpr TimeNs kResumeNs = 3 * 24 * kHour;

  Episodes(PageStore& store, std::uint32_t alerts_max, std::uint32_t changes_max, std::uint32_t budget_per_day);
  ~Episodes();

  void use_texts(model::TextHolder* texts);
  // True: it opened or escalated an alert.
  bool report(const Finding& finding, const Actor& actor, std::string_view evidence, TimeNs time);
  void advance(TimeNs now);
  void forget_app(std::uint32_t app);  // Slot: its open episodes end.
  bool has_open(std::uint32_t app) const;
  // Drills may lie within each other. An end without a beginning is nothing.
  void drill(bool begins) {
    if (begins) {
      ++drills_;
    } else if (drills_ != 0) {
      --drills_;
    }
  }

  // What an operator says. The alert that it is about, as it is then; null: there is none of that number.
  const AlertRow* acknowledge(std::uint64_t id, TimeNs time);
  const AlertRow* call_false_positive(std::uint64_t id, TimeNs time);
  Rules& rules() { return rules_of_operator_; }

  // The oldest change that nobody has taken. The row is good until the next call of anything here.
  const AlertRow* next_change();
  void take_change();

  AlertPages::View view() const { return rows_.view(); }
  const AlertPages& rows() const { return rows_; }
  const EpisodeCounters& counters() const { return counters_; }

 private:
  struct Open {
    std::uint32_t slot;
    TimeNs last_ns;        // Last finding.
    TimeNs quiet_ns;       // It ends after so long without one.
    double told_strength;  // Of the last change that was more than an update.
  };
  struct Bucket {
    double tokens;
    TimeNs filled_ns;
  };
  Open* find(const Finding& finding, std::uint32_t app);
  Open* resume(const Finding& finding, const Actor& actor, TimeNs time);
  std::optional<std::uint32_t> slot_of(std::uint64_t id) const;
  Open& open_new(const Finding& finding, const Actor& actor, TimeNs time);
  void renew(AlertRow& row, const Finding& finding, const Actor& actor, std::string_view evidence, TimeNs time);
  std::uint32_t add_row();
  void remove_row(std::uint32_t slot);
  void close(std::size_t index, TimeNs time);
  void queue(AlertRow& row);
  bool may_notify(const Finding& finding, Severity severity, std::string_view app, TimeNs time);
  void hold_texts(const AlertRow& row);
  void let_go_texts(const AlertRow& row);

  PageStore& store_;
  AlertPages rows_;
  std::vector<Open> open_;              // Oldest first.
  std::vector<std::uint32_t> history_;  // Slots of closed rows: a ring, oldest first.
  std::size_t history_begin_ = 0;
  std::size_t history_used_ = 0;
  std::vector<AlertRow> changes_;  // A ring.
  std::size_t changes_begin_ = 0;
  std::size_t changes_used_ = 0;
  Bucket buckets_[kSeverities] = {};
  const double budget_per_day_;
  model::TextHolder* texts_ = nullptr;
  std::uint64_t next_id_ = 1;
  std::uint64_t next_sequence_ = 1;
  std::uint32_t drills_ = 0;  // Begun and not ended.
  Rules rules_of_operator_;
  FalsePositives false_positives_;
  EpisodeCounters counters_;
  std::int64_t accounted_ = 0;
};

}  // namespace ipm::alert
