// A connection to a fresh peer that lasts: as such, or with the steady small records of work that is handed out.
//
// Statistic: age of the connection against the longest that the program had with its old peers; for miners the
// regularity of times and sizes of the records within connections, unless it has such exchanges with its old peers too.
#include <algorithm>
#include <cmath>

#include "alert/detectors.h"

namespace ipm::alert {
namespace {

constexpr std::uint32_t kRecordsMin = 40;
constexpr TimeNs kMinerNs = 1 * kHour;
constexpr TimeNs kLongNs = 4 * kHour;
constexpr double kSteady = 0.8;
constexpr double kSteadyOwn = 0.6;
constexpr double kAlike = 3;       // Times, of intervals …
constexpr double kAlikeBytes = 5;  // … and of sizes.
constexpr double kNovice = 0.75;   // Of the score.
constexpr double kRecordBytesMax = 64'000;

bool alike(double a, double b, double times) {
  return a <= times * b && b <= times * a;
}

// Keepalives and feeds of the program's own service, under one more of its addresses.
bool keeps_such_exchanges(const Program& program, const Pair& fresh, const Regularity& found) {
  return std::any_of(program.blocks().pairs->begin(), program.blocks().pairs->end(), [&](const Pair& other) {
    if (!other.used || other.fresh || other.port != fresh.port || other.filled < Pair::kRing) return false;
    if (other.records < kRecordsMin || other.records < other.opens) return false;
    const Regularity own = other.regularity();
    return own.intervals >= kSteadyOwn &&
           alike(static_cast<double>(own.median_ns), static_cast<double>(found.median_ns), kAlike) &&
           alike(own.median_bytes, found.median_bytes, kAlikeBytes);
  });
}

void say_miner(Stage& stage, Program& program, const Pair& pair, const model::FlowFacts& flow,
               const Regularity& found) {
  const double hours = static_cast<double>(stage.now - pair.first_ns) / static_cast<double>(kHour);
  Finding finding{
      .kind = Kind::kMiner,
      .severity = pair.novice ? Severity::kMedium : Severity::kHigh,
      .score = (pair.novice ? kNovice : 1) *
               std::clamp(0.4 * found.intervals + 0.3 * found.sizes + 0.04 * std::min(hours, 4.0) + 0.05, 0.0, 0.95),
      .metric = "record_regularity",
      .value = found.intervals,
      .expected_low = 0,
      .expected_high = kSteady,
      .samples = pair.records,
      .since_ns = pair.first_ns,
      .remote = pair.remote,
      .remote_port = pair.port};
  Sentence text = stage.about(program, flow.process);
  text << "holds a steady exchange with ";
  stage.peer(text, pair.remote, pair.port) << ": ";
  text.count(pair.records) << " records, one every ";
  text.span(found.median_ns) << " to ";
  text.number(100 * found.intervals) << " %, ";
  text.bytes(static_cast<double>(pair.tx_bytes) / std::max(1U, pair.records)) << " each, over ";
  text.count(pair.opens) << (pair.opens == 1 ? " connection" : " connections") << " since ";
  text.moment(pair.first_ns) << ", when it first talked to that network; it has known ";
  text.count(program.nets.size()) << " networks since ";
  text.moment(program.first_ns) << ".";
  stage.raise(program, flow.process, finding, text);
}

void say_long(Stage& stage, Program& program, const Pair& pair, const model::FlowFacts& flow, TimeNs age) {
  const double hours = static_cast<double>(age) / static_cast<double>(kHour);
  Finding finding{.kind = Kind::kLongConnection,
                  .severity = hours >= 12  ? Severity::kHigh
                              : hours >= 8 ? Severity::kMedium
                                           : Severity::kLow,
                  .score = std::clamp(0.4 + 0.03 * hours, 0.0, 0.8),
                  .strength = hours,
                  .metric = "duration_s",
                  .value = static_cast<double>(age) / static_cast<double>(kSecond),
                  .expected_low = 0,
                  .expected_high = static_cast<double>(program.longest_ns) / static_cast<double>(kSecond),
                  .samples = program.opens,
                  .since_ns = flow.opened_ns,
                  .remote = pair.remote,
                  .remote_port = pair.port};
  Sentence text = stage.about(program, flow.process);
  text << "has held one connection to ";
  stage.peer(text, pair.remote, pair.port) << " for ";
  text.span(age) << ", since ";
  text.moment(flow.opened_ns) << "; the longest to its old peers lasted ";
  text.span(program.longest_ns) << ", of ";
  text.count(program.opens) << " connections.";
  stage.raise(program, flow.process, finding, text);
}

}  // namespace

void look_for_long_connection(Stage& stage, Program& program, Pair& pair, const model::FlowFacts& flow) {
  if (!pair.fresh || flow.scope == model::Scope::kLoopback || flow.scope == model::Scope::kLink) return;
  const TimeNs age = stage.now - flow.opened_ns;
  if (flow.scope == model::Scope::kExternal && pair.records >= kRecordsMin && pair.records % 16 == 0 &&
      pair.records > 4 * pair.opens && stage.now - pair.first_ns >= kMinerNs &&
      static_cast<double>(pair.tx_bytes) < kRecordBytesMax * static_cast<double>(pair.records)) {
    const Regularity found = pair.regularity();
    if (found.intervals >= kSteady && found.sizes >= kSteady && !keeps_such_exchanges(program, pair, found))
      say_miner(stage, program, pair, flow, found);
  }
  if (pair.novice || age < kLongNs || age < 2 * program.longest_ns || age < 2 * pair.told_age_ns) return;
  pair.told_age_ns = age;
  say_long(stage, program, pair, flow, age);
}

}  // namespace ipm::alert
