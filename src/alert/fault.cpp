// Connections of a program fail more than ever: refused, timed out, reset by the peer, or with many repeats.
//
// Statistic: a cumulative sum of the log likelihood ratio (Page, 1954) over the program's connections, that a third of
// those which should have worked fails now, against its own slow rate. It counts connections and not minutes, so that a
// program which calls every five minutes is judged like one that calls all the time. Many programs at once are a fault
// of the host, which is one incident of its own.
#include <algorithm>
#include <cmath>

#include "alert/detectors.h"

namespace ipm::alert {
namespace {

constexpr double kBound = 13.8;              // ln 1e6
constexpr double kEvidenceMax = 2 * kBound;  // So that what is over is over soon.
constexpr double kBadMin = 6;
constexpr TimeNs kPauseNs = 6 * kHour;   // What came before says nothing about now.
constexpr double kFailsNow = 0.35;       // Of what should have worked.
constexpr double kOverdispersion = 1.5;  // Failures come in bunches also on good days.
constexpr double kRunOpensMax = 400;     // What goes on for so long without being told is usual.
constexpr double kTeaches = 0.1;         // Share of what was told that counts for what is usual.
constexpr double kMemoryOpens = 4000;
constexpr TimeNs kFreezeNs = 1 * kHour;    // After an alarm.
constexpr TimeNs kSettleNs = 3 * kMinute;  // Others may fail too: then it is the host's.
constexpr TimeNs kDoubtNs = 15 * kMinute;  // So long it may be the uplink, if nobody else gets an answer.
constexpr std::uint32_t kSharedBy = 2;     // Other programs without an answer: it is not this one's fault.

double usual_rate(const Fault& fault) {
  return std::min(0.95, kOverdispersion * (fault.slow_bad + 1) / (fault.slow_opens + 20) + 0.02);
}

double rate_now(double usual) {
  return usual + kFailsNow * (1 - usual);
}
double worth_of_good(double usual) {
  return std::log((1 - rate_now(usual)) / (1 - usual));
}
double worth_of_bad(double usual) {
  return std::log(rate_now(usual) / usual);
}

// What was gathered becomes usual, or a part of it, and the sum begins anew.
void settle(Fault& fault, double share) {
  fault.slow_opens += share * fault.opens;
  fault.slow_bad += share * fault.bad;
  if (fault.slow_opens > kMemoryOpens) {
    fault.slow_opens *= 0.5;
    fault.slow_bad *= 0.5;
  }
  fault.evidence = fault.opens = fault.bad = 0;
}

// No answer: others get none either, or nobody tried for long enough to tell, or whomever it calls is silent.
bool is_shared(const Stage& stage, const Program& program) {
  const TimeNs since = program.fault.since_ns;
  const std::uint32_t others = stage.host.others_silent(program.app, stage.now - Host::kLatelyNs);
  if (others >= kSharedBy) return true;
  if (stage.host.others_answered(program.app, since)) return false;
  return (program.fault.several && !stage.host.anybody_answered(since)) || stage.now - since < kDoubtNs ||
         stage.host.others_silent(program.app, since) != 0;
}

bool is_frozen(const Fault& fault, TimeNs now) {
  return fault.told_ns != 0 && now - fault.told_ns < kFreezeNs;
}

}  // namespace

void count_fault_base(Stage& stage, Program& program) {
  Fault& fault = program.fault;
  if (is_frozen(fault, stage.now)) return;
  if (fault.evidence == 0 || stage.now - fault.last_ns >= kPauseNs) settle(fault, 1);
  fault.last_ns = stage.now;
  fault.opens += 1;
  if (fault.evidence == 0) return;
  fault.evidence = std::max(0.0, fault.evidence + worth_of_good(fault.rate));
  if (fault.opens > kRunOpensMax && fault.evidence < kBound) settle(fault, 1);
}

void look_for_fault(Stage& stage, Program& program, const model::FlowFacts& flow, double weight, bool silent,
                    std::string_view how) {
  const TimeNs now = stage.now;
  Fault& fault = program.fault;
  if (is_frozen(fault, now)) return;
  if (stage.host.outage(now)) return settle(fault, 0);
  if (fault.evidence == 0) {
    fault.since_ns = now;
    fault.rate = usual_rate(fault);
    fault.net = net_key(flow.tuple->remote);
    fault.several = false;
  }
  fault.several = fault.several || net_key(flow.tuple->remote) != fault.net;
  const double counts = std::min(weight, fault.opens - fault.bad);  // A connection is bad once.
  if (counts <= 0) return;
  fault.bad += counts;
  // When it opened it was counted as one that works.
  const double worth = worth_of_bad(fault.rate) - worth_of_good(fault.rate);
  fault.evidence = std::min(kEvidenceMax, fault.evidence + counts * worth);
  if (fault.evidence < kBound || fault.bad < kBadMin) return;
  if (now - program.first_ns < kHour || now - fault.since_ns < kSettleNs) return;
  if (silent && is_shared(stage, program)) return;
  fault.told_ns = now;
  Finding finding{.kind = Kind::kFault,
                  .severity = Severity::kMedium,
                  .score = std::clamp(0.6 + 0.01 * (fault.evidence - kBound), 0.0, 0.9),
                  .strength = (fault.bad + 0.5) / (fault.opens - fault.bad + 0.5),  // The odds: a share ends at 1.
                  .metric = "failed_share",
                  .value = fault.bad / fault.opens,
                  .expected_low = 0,
                  .expected_high = fault.rate,
                  .samples = static_cast<std::uint64_t>(std::llround(fault.opens)),
                  .since_ns = fault.since_ns};
  Sentence text = stage.about(program, flow.process);
  text << "lost ";
  text.number(fault.bad) << " of its last ";
  text.number(fault.opens) << " connections since ";
  text.moment(fault.since_ns) << ", the newest " << how << " with ";
  const bool in = flow.tuple->direction == model::Direction::kIn;
  stage.peer(text, flow.tuple->remote, in ? 0 : flow.tuple->remote_port) << "; usually ";
  text.number(100 * fault.slow_bad / (fault.slow_opens + 1), 1) << " % fail.";
  stage.raise(program, flow.process, finding, text);
  settle(fault, kTeaches);
}

void look_for_outage(Stage& stage, Program& program, const model::FlowFacts& flow) {
  if (flow.scope != model::Scope::kExternal || !stage.host.unanswered(program.app, stage.now)) return;
  Finding finding{.kind = Kind::kFault,
                  .part = 1,
                  .severity = Severity::kMedium,
                  .score = 0.8,
                  .strength = static_cast<double>(stage.host.programs_silent()),
                  .metric = "programs_without_answer",
                  .value = static_cast<double>(stage.host.programs_silent()),
                  .expected_low = 0,
                  .expected_high = static_cast<double>(stage.host.outage_takes()) - 1,
                  .samples = stage.host.programs_silent(),
                  .since_ns = stage.host.outage_since_ns()};
  Sentence text = stage.sentence();
  text << "The uplink seems down: ";
  text.count(stage.host.programs_silent())
      << " programs, the last one " << std::string_view(program.comm) << ", got no answer from outside within ";
  text.span(Host::kOutageWindowNs) << ", since ";
  text.moment(stage.host.outage_since_ns());
  if (stage.host.outage_takes() == Host::kOutageProgramsNobody) {
    text << ", and nobody did for ";
    text.span(Host::kNobodyNs) << " or longer";
  } else {
    text << ", while others did";
  }
  text << "; it takes ";
  text.count(stage.host.outage_takes()) << " then to call it that.";
  stage.raise_for_host(finding, text);
}

}  // namespace ipm::alert
