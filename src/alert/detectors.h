// The detectors, one a file. Each looks at what it was made for when something happens to a program, and says what it
// found to the stage. Their state lies in the program; none of them has a clock.
#pragma once

#include <string_view>

#include "alert/episodes.h"
#include "alert/host.h"
#include "alert/sentence.h"

namespace ipm::alert {

// What detectors share: the host, the time, and whom they tell.
class Stage {
 public:
  Stage(Host& host_state, Episodes& episodes) : host(host_state), episodes_(episodes) {}
  // "python3 (pid 1606) "
  Sentence about(const Program& program, model::ProcessKey process) const;
  void raise(const Program& program, model::ProcessKey process, const Finding& finding, const Sentence& evidence);
  void raise_for_host(const Finding& finding, const Sentence& evidence);
  Sentence sentence() const { return Sentence(unix_offset_ns); }

  Host& host;
  TimeNs now = 0;
  TimeNs unix_offset_ns = 0;

 private:
  Episodes& episodes_;
};

// A connection out, as it opens.
struct Opening {
  const model::FlowFacts& flow;
  Pair* pair = nullptr;        // Where the program's pairs have room for it.
  bool first_contact = false;  // This address and port for the first time, as far as is remembered.
  bool new_net = false;
  bool new_port = false;
};

void look_for_beacon(Stage& stage, Program& program, const Opening& opening);
void look_for_new_destination(Stage& stage, Program& program, const Opening& opening);
void settle_new_destination(Stage& stage, Program& program);  // When its time is up.
void look_for_odd_port(Stage& stage, Program& program, const Opening& opening);
void look_for_lateral(Stage& stage, Program& program, const Opening& opening);
void count_open(Stage& stage, Program& program, const model::FlowFacts& flow);  // Churn.

void first_contact_succeeded(Stage& stage, Program& program);
void first_contact_failed(Stage& stage, Program& program, const model::FlowFacts& flow);  // Scan.

void count_fault_base(Stage& stage, Program& program);  // One more flow that may fail.
// silent: nothing came back, which may be the uplink's fault.
void look_for_fault(Stage& stage, Program& program, const model::FlowFacts& flow, double weight, bool silent,
                    std::string_view how);
void look_for_outage(Stage& stage, Program& program, const model::FlowFacts& flow);

void look_at_volume(Stage& stage, Program& program, const model::FlowFacts& flow);  // Bandwidth.
void look_for_exfil(Stage& stage, Program& program, Pair& pair, const model::FlowFacts& flow);
void look_for_long_connection(Stage& stage, Program& program, Pair& pair, const model::FlowFacts& flow);  // And miner.

void look_for_dns_tunnel(Stage& stage, Program& program, const model::FlowFacts& flow, std::string_view name,
                         std::uint16_t question_type);
void look_at_entropy(Stage& stage, Program& program, const model::FlowFacts& flow, double bits);
void look_at_latency(Stage& stage, Program& program, const model::FlowFacts& flow, std::uint32_t srtt_us);
void look_at_listener(Stage& stage, Program& program, const model::FlowFacts& flow);
void look_at_new_program(Stage& stage, Program& program, std::string_view exe);
void look_at_executable(Stage& stage, Program& program, std::string_view exe, std::uint64_t exe_id);

// Where anybody may put a program.
bool is_untrusted_path(std::string_view exe);

}  // namespace ipm::alert
