// Regular calls to a peer that the program came to know only lately.
//
// Statistic: regularity of intervals and sizes of the last 32 calls (pair.cpp), times novelty: only fresh pairs count,
// and only such as answer. The score rises with the pair's age, and is less for a network that other programs talk to.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "alert/detectors.h"

namespace ipm::alert {
namespace {

constexpr std::uint32_t kCallsMin = 12;
constexpr std::uint32_t kCallsQuick = 20;  // For periods below kQuickNs: bursts of requests are no beacons.
constexpr TimeNs kQuickNs = 30 * kSecond;
constexpr double kIntervalsMin = 0.72;
constexpr double kIntervalsMinCold = 0.78;
constexpr double kOwnDuty = 0.3;            // Calls made, of those that the rhythm would make without a pause.
constexpr double kOwnIntervals = 0.55;      // Calls that go round several addresses look less regular on each.
constexpr int kOwnSilence = 6;              // Periods.
constexpr double kShares = 1.3;             // Calls a tick, with those of the new peer.
constexpr std::uint32_t kAlongsideMin = 2;  // Old peers called like that: the new one is one more of them.
constexpr double kOwnTolerance = 0.1;       // Of the period or of its double or triple.
constexpr double kNovice = 0.65;            // Of the score: new agents call home too.
constexpr double kShared = 0.85;            // Of the score: other programs here talk to that network.
constexpr double kIntervalsFew = 0.08;      // More is asked of few calls.

// The program calls its old peers at that rhythm too, all day long, or did until they fell silent: it moved, or got one
// more. A job that ran at it for some minutes a day is no excuse.
enum class Excuse { kNone, kAlongside, kInstead };

struct Own {
  Regularity rhythm;
  TimeNs first_ns;
  TimeNs last_ns;
  std::uint32_t calls;
};

Excuse excuse_of(const Own& own, const Regularity& found, TimeNs now) {
  const auto period = static_cast<double>(std::max<TimeNs>(own.rhythm.median_ns, 1));
  const double ratio = static_cast<double>(found.median_ns) / period;
  const double periods = static_cast<double>(own.last_ns - own.first_ns) / period;
  if (own.rhythm.intervals < kOwnIntervals || ratio <= 0.25 || ratio >= 4 || own.calls <= kOwnDuty * periods)
    return Excuse::kNone;
  if (now - own.last_ns > kOwnSilence * own.rhythm.median_ns) return Excuse::kInstead;
  const bool same = std::abs(ratio - std::max(1.0, std::round(ratio))) <= kOwnTolerance * ratio;
  return same ? Excuse::kAlongside : Excuse::kNone;
}

// A timer that calls one or the other of its peers each time shows only in all of them together. A new one of them
// takes a share of the calls; what comes on top of them is something else.
bool shares_a_timer(const PortRhythm& port, const Regularity& found, TimeNs now) {
  if (port.filled < kCallsMin) return false;
  const Regularity rhythm = regularity_of(port.gap_ms, port.filled);
  const Excuse excuse = excuse_of({rhythm, port.first_ns, port.last_ns, port.calls}, found, now);
  if (excuse != Excuse::kAlongside) return excuse == Excuse::kInstead;
  std::array<std::uint32_t, PortRhythm::kRing> gaps{};
  std::copy_n(port.gap_ms, port.filled, gaps.begin());
  std::sort(gaps.begin(), gaps.begin() + port.filled);
  const double tick = gaps[port.filled / 4U];
  const double sum = std::accumulate(gaps.begin(), gaps.begin() + port.filled, 0.0);
  const double old_calls = tick * port.filled / std::max(1.0, sum);  // A tick.
  const double new_calls =
      tick * static_cast<double>(kMillisecond) / static_cast<double>(std::max<TimeNs>(found.median_ns, 1));
  return old_calls + new_calls <= kShares;
}

bool rhythm_is_its_own(const Program& program, const Pair& fresh, const Regularity& found, TimeNs now) {
  for (const PortRhythm& port : program.rhythms) {
    if (port.calls != 0 && port.port == fresh.port && shares_a_timer(port, found, now)) return true;
  }
  if (!program.blocks().pairs) return false;
  std::uint32_t alongside = 0;
  for (const Pair& other : *program.blocks().pairs) {
    if (!other.used || other.fresh || other.port != fresh.port || other.filled < kCallsMin) continue;
    const Excuse excuse = excuse_of({other.regularity(), other.first_ns, other.last_call_ns, other.opens}, found, now);
    if (excuse == Excuse::kInstead) return true;
    alongside += excuse == Excuse::kAlongside ? 1 : 0;
  }
  return alongside >= kAlongsideMin;
}

// In the first day nothing is known to be new. What is regular is then told as a note, more so if it began later than
// the watch.
bool is_cold(const Stage& stage, const Pair& pair) {
  return !pair.fresh && stage.now - stage.host.first_ns < stage.host.learn_ns;
}

}  // namespace

void look_for_beacon(Stage& stage, Program& program, const Opening& opening) {
  if (opening.pair == nullptr) return;
  const Pair& pair = *opening.pair;
  const bool cold = is_cold(stage, pair);
  if ((!pair.fresh && !cold) || pair.filled < kCallsMin || pair.opens < pair.records || pair.opens % 4 != 0) return;
  if (pair.rx_bytes == 0) return;          // Nobody there takes orders from: retries.
  const bool vague = cold || pair.novice;  // Of what is usual little is known.
  if (vague && opening.flow.scope != model::Scope::kExternal) return;
  const Regularity found = pair.regularity();
  if ((vague || found.median_ns < kQuickNs) && found.samples < kCallsQuick) return;
  const double few = std::clamp((20.0 - found.samples) / 8.0, 0.0, 1.0) * kIntervalsFew;
  if (found.intervals < (vague ? kIntervalsMinCold : kIntervalsMin + few)) return;
  if (!cold && rhythm_is_its_own(program, pair, found, stage.now)) return;
  const double hours = static_cast<double>(stage.now - pair.first_ns) / static_cast<double>(kHour);
  const double age = std::min(1.0, hours / 12);
  const double known = program.narrow() && program.nets.size() < 64 ? 1 : 0.7;
  double score = std::clamp(known * (0.45 * found.intervals + 0.25 * found.sizes) + 0.2 * age + 0.08, 0.0, 0.98);
  if (pair.novice) score *= kNovice;
  const std::uint32_t others = stage.others_in_network(program, pair.remote);
  if (others != 0) score *= kShared;
  if (cold) score *= pair.first_ns - stage.host.first_ns >= kHour ? 0.5 : 0.25;
  Finding finding{.kind = Kind::kBeacon,
                  .severity = cold          ? Severity::kInfo
                              : pair.novice ? Severity::kMedium
                                            : Severity::kHigh,
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
  stage.peer(text, pair.remote, pair.port) << " every ";
  text.span(found.median_ns) << ": ";
  text.count(pair.opens) << " connections since ";
  text.moment(pair.first_ns) << ", intervals regular to ";
  text.number(100 * found.intervals) << " % and sizes to ";
  text.number(100 * found.sizes) << " %; ";
  if (cold) {
    text << "if that is new cannot be said, since this host is watched only since ";
    text.moment(stage.host.first_ns) << ".";
  } else if (pair.novice) {
    text << "the program itself is new here since ";
    text.moment(program.first_ns) << ".";
  } else {
    text << "it never talked to that network before, and has known ";
    text.count(program.nets.size()) << " networks since ";
    text.moment(program.first_ns);
    if (others != 0) {
      text << "; ";
      text.count(others) << (others == 1 ? " other program here talks" : " other programs here talk") << " to it";
    }
    text << ".";
  }
  stage.raise(program, opening.flow.process, finding, text);
}

}  // namespace ipm::alert
