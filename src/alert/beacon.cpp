// Regular calls to a peer that the program came to know only lately.
//
// Statistic: regularity of intervals and sizes of the last 32 calls (pair.cpp), times novelty: only fresh pairs count.
// The pair's age and the rarity of its network among programs move the score.
#include <algorithm>
#include <cmath>

#include "alert/detectors.h"

namespace ipm::alert {
namespace {

constexpr std::uint32_t kCallsMin = 12;
constexpr std::uint32_t kCallsQuick = 20;  // For periods below kQuickNs: bursts of requests are no beacons.
constexpr TimeNs kQuickNs = 30 * kSecond;
constexpr double kIntervalsMin = 0.72;
constexpr double kIntervalsMinCold = 0.78;
constexpr double kOwnDuty = 0.3;        // Calls made, of those that the rhythm would make without a pause.
constexpr double kOwnIntervals = 0.55;  // Calls that go round several addresses look less regular on each.
constexpr int kOwnSilence = 6;          // Periods.
constexpr double kOwnTolerance = 0.1;   // Of the period or of its double or triple.
constexpr double kIntervalsFew = 0.08;  // More is asked of few calls.

// The program calls its old peers at that rhythm too, all day long, or did until they fell silent: it moved, or got one
// more. A job that ran at it for some minutes a day is no excuse.
bool rhythm_is_its_own(const Program& program, const Pair& fresh, const Regularity& found, TimeNs now) {
  if (!program.blocks().pairs) return false;
  return std::any_of(program.blocks().pairs->begin(), program.blocks().pairs->end(), [&](const Pair& other) {
    if (!other.used || other.fresh || other.port != fresh.port || other.filled < kCallsMin) return false;
    const Regularity own = other.regularity();
    const double ratio = static_cast<double>(found.median_ns) / static_cast<double>(std::max<TimeNs>(own.median_ns, 1));
    const bool silent = now - other.last_call_ns > kOwnSilence * own.median_ns;
    const bool same = std::abs(ratio - std::max(1.0, std::round(ratio))) <= kOwnTolerance * ratio;
    const double periods = static_cast<double>(other.last_call_ns - other.first_ns) /
                           static_cast<double>(std::max<TimeNs>(own.median_ns, 1));
    return own.intervals >= kOwnIntervals && ratio > 0.25 && ratio < 4 && (silent || same) &&
           other.opens > kOwnDuty * periods;
  });
}

// In the first day nothing is known to be new. What is regular is then told as a note, more so if it began later than
// the watch.
bool is_cold(const Stage& stage, const Pair& pair) {
  return !pair.fresh && stage.now - stage.host.first_ns < Program::kLearnNs;
}

}  // namespace

void look_for_beacon(Stage& stage, Program& program, const Opening& opening) {
  if (opening.pair == nullptr) return;
  const Pair& pair = *opening.pair;
  const bool cold = is_cold(stage, pair);
  if ((!pair.fresh && !cold) || pair.filled < kCallsMin || pair.opens < pair.records || pair.opens % 4 != 0) return;
  if (cold && opening.flow.scope != model::Scope::kExternal) return;
  const Regularity found = pair.regularity();
  if ((cold || found.median_ns < kQuickNs) && found.samples < kCallsQuick) return;
  const double few = std::clamp((20.0 - found.samples) / 8.0, 0.0, 1.0) * kIntervalsFew;
  if (found.intervals < (cold ? kIntervalsMinCold : kIntervalsMin + few)) return;
  if (!cold && rhythm_is_its_own(program, pair, found, stage.now)) return;
  const double hours = static_cast<double>(stage.now - pair.first_ns) / static_cast<double>(kHour);
  const double age = std::min(1.0, hours / 12);
  const double known = program.narrow() && program.nets.size() < 64 ? 1 : 0.7;
  double score = std::clamp(known * (0.45 * found.intervals + 0.25 * found.sizes) + 0.2 * age + 0.08, 0.0, 0.98);
  if (cold) score *= pair.first_ns - stage.host.first_ns >= kHour ? 0.5 : 0.25;
  Finding finding{.kind = Kind::kBeacon,
                  .severity = cold ? Severity::kInfo : Severity::kHigh,
                  .score = score,
                  .metric = "interval_regularity",
                  .value = found.intervals,
                  .expected_low = 0,
                  .expected_high = kIntervalsMin,
                  .samples = pair.opens,
                  .since_ns = pair.first_ns,
                  .remote = pair.remote,
                  .remote_port = pair.port};
  Sentence text = stage.about(program, opening.flow.process);
  text << "calls ";
  text.peer(pair.remote, pair.port) << " every ";
  text.span(found.median_ns) << ": ";
  text.count(pair.opens) << " connections since ";
  text.moment(pair.first_ns) << ", intervals regular to ";
  text.number(100 * found.intervals) << " % and sizes to ";
  text.number(100 * found.sizes) << " %; ";
  if (cold) {
    text << "if that is new cannot be said, since this host is watched only since ";
    text.moment(stage.host.first_ns) << ".";
  } else {
    text << "it never talked to that network before, and has known ";
    text.count(program.nets.size()) << " networks since ";
    text.moment(program.first_ns) << ".";
  }
  stage.raise(program, opening.flow.process, finding, text);
}

}  // namespace ipm::alert
