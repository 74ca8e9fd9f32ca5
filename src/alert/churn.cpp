// A program opens connections in numbers that it never did.
//
// Statistic: connections out per minute against its largest minute, which fades by 5 % a day.
#include <algorithm>
#include <cmath>

#include "alert/detectors.h"

namespace ipm::alert {
namespace {

constexpr double kOpensMin = 600;  // Ten a second.
constexpr double kTimes = 10;

}  // namespace

void count_open(Stage& stage, Program& program, const model::FlowFacts& flow) {
  Churn& churn = program.churn;
  const TimeNs now = stage.now;
  if (now - churn.minute_ns >= kMinute) {
    const double days =
        churn.minute_ns == 0 ? 0 : static_cast<double>(now - churn.minute_ns) / static_cast<double>(24 * kHour);
    churn.usual *= std::pow(0.95, std::min(days, 365.0));
    // An attack must not teach what is usual.
    churn.usual = std::max(churn.usual, std::min<double>(churn.opens, 2 * churn.usual + kOpensMin / 10));
    churn.minute_ns = now;
    churn.opens = 0;
    churn.told = false;
  }
  ++churn.opens;
  const double limit = std::max(kOpensMin, kTimes * churn.usual);
  if (churn.told || churn.opens < limit || !program.learned(now)) return;
  churn.told = true;
  Finding finding{.kind = Kind::kChurn,
                  .severity = Severity::kMedium,
                  .score = 0.6,
                  .strength = static_cast<double>(churn.opens),
                  .metric = "opens_per_minute",
                  .value = static_cast<double>(churn.opens),
                  .expected_low = 0,
                  .expected_high = churn.usual,
                  .samples = program.opens,
                  .since_ns = churn.minute_ns};
  Sentence text = stage.about(program, flow.process);
  text << "opened ";
  text.count(churn.opens) << " connections within ";
  text.span(std::max(now - churn.minute_ns, kSecond)) << " since ";
  text.moment(churn.minute_ns) << ", the newest to ";
  stage.peer(text, flow.tuple->remote, flow.tuple->remote_port) << "; its busiest minute so far had ";
  text.number(churn.usual) << ".";
  stage.raise(program, flow.process, finding, text);
}

}  // namespace ipm::alert
