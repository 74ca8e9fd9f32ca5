// Connections of a program fail more than ever: refused, timed out, reset by the peer, or with many repeats.
//
// Statistic: bad flows among the recent ones (half-life ten minutes) against the program's slow rate, by the Chernoff
// bound of the binomial tail. Many programs at once are a fault of the host, which is one incident of its own.
#include <algorithm>
#include <cmath>

#include "alert/detectors.h"

namespace ipm::alert {
namespace {

constexpr TimeNs kHalfLifeNs = 10 * kMinute;
constexpr TimeNs kFreezeNs = 1 * kHour;    // After an alarm nothing of it becomes usual for so long.
constexpr TimeNs kSettleNs = 3 * kMinute;  // Others may fail too: then it is the host's.
constexpr std::uint32_t kSharedBy = 2;     // Other programs without an answer: it is not this one's fault.
constexpr double kBadMin = 6;
constexpr double kOpensMin = 8;
constexpr double kTail = 13.8;  // -ln 1e-6
constexpr double kMemoryOpens = 4000;
constexpr double kOverdispersion = 1.5;  // Failures come in bunches also on good days.

double divergence(double share, double rate) {
  double sum = 0;
  if (share > 0) sum += share * std::log(share / rate);
  if (share < 1) sum += (1 - share) * std::log((1 - share) / (1 - rate));
  return sum;
}

}  // namespace

void count_fault_base(Stage& stage, Program& program) {
  Fault& fault = program.fault;
  fault.opens.add(stage.now, kHalfLifeNs, 1);
  if (fault.told_ns != 0 && stage.now - fault.told_ns < kFreezeNs) return;
  fault.slow_opens += 1;
  if (fault.slow_opens > kMemoryOpens) {
    fault.slow_opens *= 0.5;
    fault.slow_bad *= 0.5;
  }
}

void look_for_fault(Stage& stage, Program& program, const model::FlowFacts& flow, double weight, bool silent,
                    std::string_view how) {
  const TimeNs now = stage.now;
  Fault& fault = program.fault;
  if (stage.host.outage(now)) return;
  if (fault.bad.value(now, kHalfLifeNs) < 0.5) fault.since_ns = now;
  fault.bad.add(now, kHalfLifeNs, weight);
  fault.remote = flow.tuple->remote;
  fault.port = flow.tuple->direction == model::Direction::kIn ? 0 : flow.tuple->remote_port;
  const double opens = fault.opens.value(now, kHalfLifeNs);
  const double bad = std::min(fault.bad.value(now, kHalfLifeNs), opens);
  const double rate = std::min(0.95, kOverdispersion * (fault.slow_bad + 1) / (fault.slow_opens + 20) + 0.02);
  const bool frozen = fault.told_ns != 0 && now - fault.told_ns < kFreezeNs;
  const double share = opens > 0 ? bad / opens : 0;
  const double tail = share > rate ? opens * divergence(std::min(share, 1.0), rate) : 0;
  if (!frozen) fault.slow_bad += weight;
  if (bad < kBadMin || opens < kOpensMin || tail < kTail || frozen) return;
  if (now - program.first_ns < kHour || now - fault.since_ns < kSettleNs) return;
  if (silent && stage.host.others_silent(program.app, now) >= kSharedBy) return;
  fault.told_ns = now;
  Finding finding{.kind = Kind::kFault,
                  .severity = Severity::kMedium,
                  .score = std::clamp(0.6 + 0.01 * (tail - kTail), 0.0, 0.9),
                  .metric = "failed_share",
                  .value = share,
                  .expected_low = 0,
                  .expected_high = rate,
                  .samples = static_cast<std::uint64_t>(std::llround(opens)),
                  .since_ns = fault.since_ns};
  Sentence text = stage.about(program, flow.process);
  text << "lost ";
  text.number(bad) << " of its last ";
  text.number(opens) << " connections since ";
  text.moment(fault.since_ns) << ", the newest " << how << " with ";
  text.peer(fault.remote, fault.port) << "; usually ";
  text.number(100 * fault.slow_bad / (fault.slow_opens + 1), 1) << " % fail.";
  stage.raise(program, flow.process, finding, text);
}

void look_for_outage(Stage& stage, Program& program, const model::FlowFacts& flow) {
  if (flow.scope != model::Scope::kExternal || !stage.host.unanswered(program.app, stage.now)) return;
  Finding finding{.kind = Kind::kFault,
                  .part = 1,
                  .severity = Severity::kMedium,
                  .score = 0.8,
                  .metric = "programs_without_answer",
                  .value = static_cast<double>(stage.host.programs_silent()),
                  .expected_low = 0,
                  .expected_high = Host::kOutagePrograms - 1,
                  .samples = stage.host.programs_silent(),
                  .since_ns = stage.host.outage_since_ns()};
  Sentence text = stage.sentence();
  text << "The uplink seems down: ";
  text.count(stage.host.programs_silent())
      << " programs, the last one " << std::string_view(program.comm) << ", got no answer from outside within ";
  text.span(Host::kOutageWindowNs) << ", since ";
  text.moment(stage.host.outage_since_ns()) << "; it takes ";
  text.count(Host::kOutagePrograms) << " to call it that.";
  stage.raise_for_host(finding, text);
}

}  // namespace ipm::alert
