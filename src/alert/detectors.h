// The detectors, one a file. Each looks at what it was made for when something happens to a program, and says what it
// found to the stage. Their state lies in the program; none of them has a clock.
#pragma once

#include <algorithm>
#include <memory>
#include <string_view>
#include <vector>

#include "alert/episodes.h"
#include "alert/host.h"
#include "alert/intel.h"
#include "alert/program.h"
#include "alert/sentence.h"
#include "alert/thresholds.h"

namespace ipm::alert {

// What detectors share: the host, the time, and whom they tell.
class Stage {
 public:
  using Programs = std::vector<std::unique_ptr<Program>>;  // By app slot.
  Stage(Host& host_state, Episodes& episodes, const Programs& programs)
      : host(host_state), episodes_(episodes), programs_(programs) {}
  // "python3 (pid 1606) "
  Sentence about(std::string_view comm, model::ProcessKey process) const;
  Sentence about(const Program& program, model::ProcessKey process) const { return about(program.name(), process); }
  void raise(const Actor& actor, const Finding& finding, const Sentence& evidence);
  void raise(const Program& program, model::ProcessKey process, const Finding& finding, const Sentence& evidence);
  void raise_for_host(const Finding& finding, const Sentence& evidence);
  // "198.51.100.7:443 (cdn.example, AS64496, DE)"; port 0: without.
  Sentence& peer(Sentence& text, const model::IpAddress& address, std::uint16_t port) const;
  // How many other programs talked to the network of the address, as far as is remembered; and use the remote port.
  // Cost: a look at each program; for what is about to be told.
  std::uint32_t others_in_network(const Program& program, const model::IpAddress& address) const;
  std::uint32_t others_at_port(const Program& program, std::uint16_t number) const;
  void use_texts(const model::TextHolder* texts) { texts_ = texts; }
  const model::TextHolder* texts() const { return texts_; }  // Null without an engine.
  Sentence sentence() const { return Sentence(unix_offset_ns); }

  Host& host;
  TimeNs now = 0;
  TimeNs unix_offset_ns = 0;

 private:
  template <typename Is>
  std::uint32_t count_others(const Program& program, const Is& is) const {
    const auto counts = [&](const auto& each) { return each && each->app != program.app && is(*each); };
    return static_cast<std::uint32_t>(std::count_if(programs_.begin(), programs_.end(), counts));
  }

  Episodes& episodes_;
  const Programs& programs_;
  const model::TextHolder* texts_ = nullptr;
};

// A connection out, as it opens.
struct Opening {
  const model::FlowFacts& flow;
  Pair* pair = nullptr;        // Where the program's pairs have room for it.
  bool first_contact = false;  // This address and port for the first time, as far as is remembered.
  bool new_net = false;
  bool known_system = false;  // The autonomous system is known, and the program has been in it before.
  bool new_port = false;
};

void look_for_beacon(Stage& stage, Program& program, const Opening& opening);
void look_for_new_destination(Stage& stage, Program& program, const Opening& opening);
void met_new_network(Stage& stage, Program& program);  // It answered.
bool is_time_to_settle(const Program& program, TimeNs now);
void settle_new_destination(Stage& stage, Program& program);
void look_for_odd_port(Stage& stage, Program& program, const Opening& opening);
void look_for_lateral(Stage& stage, Program& program, const Opening& opening);
void count_open(Stage& stage, Program& program, const model::FlowFacts& flow);  // Churn.

bool is_probing(const Program& program, TimeNs now);
void first_contact_succeeded(Stage& stage, Program& program);
void first_contact_failed(Stage& stage, Program& program, const model::FlowFacts& flow);  // Scan.

void count_fault_base(Stage& stage, Program& program);  // One more flow that may fail.
// silent: nothing came back, which may be the uplink's fault.
void look_for_fault(Stage& stage, Program& program, const model::FlowFacts& flow, double weight, bool silent,
                    std::string_view how);
void look_for_outage(Stage& stage, Program& program, const model::FlowFacts& flow);

void look_at_volume(Stage& stage, Program& program, const model::FlowFacts& flow);
void look_at_bandwidth(Stage& stage, Program& program, const model::AppSample& sample, const model::AppScore& sent);
void accept_volume(Volume& volume, const AlertRow& row);  // What the alert told is usual.
void look_for_exfil(Stage& stage, Program& program, Pair& pair, const model::FlowFacts& flow);
void look_for_long_connection(Stage& stage, Program& program, Pair& pair, const model::FlowFacts& flow);  // And miner.

void look_for_dns_tunnel(Stage& stage, Program& program, const model::FlowFacts& flow, std::string_view name,
                         std::uint16_t question_type);
void look_at_entropy(Stage& stage, Program& program, const model::FlowFacts& flow, double bits);
void look_at_latency(Stage& stage, Program& program, const model::FlowFacts& flow, std::uint32_t srtt_us);
void look_at_listener(Stage& stage, Program& program, const model::FlowFacts& flow);
void look_at_new_program(Stage& stage, Program& program, std::string_view exe);
void look_at_executable(Stage& stage, Program& program, std::string_view exe, std::uint64_t exe_id);

// A flow whose remote end is on a list. `asked`: it asked DNS for a name on it.
void look_at_listed(Stage& stage, Program& program, ListedContacts& contacts, const model::FlowFacts& flow,
                    const model::Listing& listing, bool asked);
// More of a flow that was listed; at its end with `closes`.
void look_at_listed_bytes(Stage& stage, Program& program, ListedContacts& contacts, const model::FlowFacts& flow,
                          std::uint64_t tx_bytes, std::uint64_t rx_bytes, bool closes);

// An interval of an app. `scores`: null where nothing is learned.
void look_at_thresholds(Stage& stage, Thresholds& thresholds, const Actor& actor, const model::AppSample& sample,
                        const model::AppScores* scores);

// Where anybody may put a program.
bool is_untrusted_path(std::string_view exe);

}  // namespace ipm::alert
