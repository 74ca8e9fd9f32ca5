// Takes what the engine says about programs, keeps what is known of each, and asks the detectors.
//
// Bounds: bytes_max over all programs and lines of thresholds; when programs need more, the least surprising gives way:
// one without an open alert, the one that has been quiet longest. A program that never used the network has no state.
// Threads: the engine's.
#pragma once

#include <memory>
#include <vector>

#include "alert/detectors.h"
#include "alert/episodes.h"
#include "alert/host.h"
#include "alert/program.h"
#include "alert/thresholds.h"
#include "model/app_sample_sink.h"

namespace ipm::alert {

struct WatchBounds {
  std::uint64_t bytes_max = 12U << 20;
  std::uint32_t alerts_max = 4096;
  std::uint32_t changes_max = 256;
  std::uint32_t budget_per_day = 1;  // Notifications of a severity.
  TimeNs learn_ns = 24 * kHour;      // So long a program is watched before anything is new to it.
};

struct WatchCounters {
  std::uint64_t programs_evicted = 0;
  std::uint64_t pairs_evicted = 0;
  std::uint64_t rules_refused = 0;  // Not understood, one too many, or about an alert that is not there.
};

class Watch final : public model::BehaviourSink {
 public:
  Watch(PageStore& store, const WatchBounds& bounds);
  ~Watch() override;

  // Hears which program goes on from what was known of another. Before the first fact; may be null.
  void use_baselines(model::AppSampleSink* baselines) { baselines_ = baselines; }
  void use_texts(model::TextHolder* texts) override {
    texts_ = texts;
    episodes_.use_texts(texts);
    stage_.use_texts(texts);
    listed_.use_texts(texts);
  }
  void program(const model::ProgramFacts& facts, TimeNs time) override;
  void forget_app(std::uint32_t app) override;
  void opened(const model::FlowFacts& flow, TimeNs time) override;
  void listening(const model::FlowFacts& flow, TimeNs time) override;
  void moved(const model::FlowFacts& flow, std::uint64_t tx_bytes, std::uint64_t rx_bytes, TimeNs time) override;
  void closed(const model::FlowFacts& flow, TimeNs time) override;
  void failed(const model::FlowFacts& flow, model::Failing why, TimeNs time) override;
  void reset(const model::FlowFacts& flow, bool sent_here, TimeNs time) override;
  void retransmitted(const model::FlowFacts& flow, std::uint32_t segments, TimeNs time) override;
  void round_trip(const model::FlowFacts& flow, std::uint32_t srtt_us, TimeNs time) override;
  void entropy(const model::FlowFacts& flow, std::uint32_t millibits_per_byte, TimeNs time) override;
  void asked(const model::FlowFacts& flow, std::string_view name, std::uint16_t question_type, TimeNs time) override;
  void sampled(const model::AppSample& sample, const model::AppScores* scores) override;
  void listed(const model::FlowFacts& flow, const model::Listing& listing, bool asked, TimeNs time) override;
  void lost(TimeNs time) override { thresholds_.lost(time); }
  void drill(bool begins) override { episodes_.drill(begins); }
  void rule(std::string_view line, TimeNs time) override;
  void wall_clock(TimeNs unix_minus_engine_ns) override;
  void advance(TimeNs now) override;

  Episodes& episodes() { return episodes_; }
  const Episodes& episodes() const { return episodes_; }
  const WatchCounters& counters() const { return counters_; }
  const Thresholds& thresholds() const { return thresholds_; }
  std::size_t programs() const { return used_; }
  std::size_t programs_bytes() const;
  std::size_t largest_program_bytes() const;

 private:
  static constexpr std::uint64_t kThresholdsShare = 16;  // Part of bytes_max that lines of thresholds have.
  // What is remembered of a flow: its pair, and that its outcome tells about a first contact.
  struct Mark {
    std::uint8_t pair = 0;  // Index + 1 in the program's pairs.
    bool first_contact = false;
    bool port_unanswered = false;
    bool new_net = false;
  };
  // Said by program() before the app first used the network.
  struct Description {
    char comm[model::kCommBytes] = {};
    std::uint32_t uid = model::Process::kUidUnknown;
    std::uint32_t exe_text = 0;
    std::uint32_t key_text = 0;
    std::uint64_t exe_id = 0;
    model::ProcessKey process = {};
    bool untrusted_path = false;
    bool server_child = false;
  };

  Program* find(std::uint32_t app) { return app < programs_.size() ? programs_[app].get() : nullptr; }
  Program& ensure(std::uint32_t app, TimeNs time);
  Program& act(const model::FlowFacts& flow, TimeNs time);
  void begin(TimeNs time);
  Actor actor_of(std::uint32_t app) const;
  void learn_from(const AlertRow& row);
  void make_room_for(Program& program);
  void note_opened(Program& program, const model::FlowFacts& flow, TimeNs time);
  void drop(std::uint32_t app);
  void account();
  bool started_by_server(std::string_view ancestors, std::uint32_t uid) const;
  bool consider_inheritance(Program& program, std::uint64_t net, bool new_net);
  void inherit(Program& program, const Program& from);
  void consider_kinship(Program& program, TimeNs time);
  Mark& mark_of(std::uint32_t flow);
  Pair* pair_of(Program& program, const model::FlowFacts& flow, bool fresh, TimeNs time);
  Pair* marked_pair(Program& program, const model::FlowFacts& flow);
  bool note_system(Program& program, std::uint32_t asn, TimeNs time);
  bool note_port(Program& program, std::uint16_t number, TimeNs time);
  void port_answered(Program& program, std::uint16_t number);
  void note_rhythm(Program& program, std::uint16_t port, TimeNs time);
  bool is_fresh(const Program& program, const Net& net, TimeNs time) const;

  PageStore& store_;
  model::TextHolder* texts_ = nullptr;
  model::AppSampleSink* baselines_ = nullptr;
  const WatchBounds bounds_;
  std::vector<std::unique_ptr<Program>> programs_;  // By app slot.
  std::vector<Description> descriptions_;           // By app slot.
  std::vector<Mark> marks_;                         // By flow slot.
  std::int64_t accounted_ = 0;
  std::size_t used_ = 0;
  std::size_t programs_bytes_ = 0;   // Sum of what they were when they grew last.
  std::vector<std::uint32_t> held_;  // Apps whose contact is kept back; at most kHeldMax.
  TimeNs next_minute_ns_ = 0;
  std::uint64_t last_question_ = 0;  // Flow and name, so that each answer is not another question.
  Host host_;
  Episodes episodes_;
  Stage stage_;
  ListedContacts listed_;
  Thresholds thresholds_;
  WatchCounters counters_;
};

}  // namespace ipm::alert
