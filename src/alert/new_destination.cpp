// A program that talks to few networks turns to one that it never used.
//
// Statistic: surprise of a new network, -log10 of how often the program met one per connection since its first hours.
// A contact is kept back for a while: several new networks on a port that the program uses anyway are its service
// moving to other addresses, not a single strange peer. So is one more of a larger range in which it knows several.
// Where autonomous systems are known, a service moves within one.
#include <algorithm>
#include <cmath>

#include "alert/detectors.h"

namespace ipm::alert {
namespace {

constexpr TimeNs kHalfLifeNs = 4 * 24 * kHour;
constexpr TimeNs kHoldNs = 10 * kMinute;
constexpr TimeNs kMovedNs = 24 * kHour;      // So long a service may take to move.
constexpr TimeNs kWaitForOldNs = 5 * kHour;  // For the old peers of a timer to be called again.
constexpr TimeNs kSameNs = 1 * kHour;
constexpr double kDueWithin = 0.2;  // Of the period.
constexpr double kTimer = 0.75;
constexpr std::uint8_t kTimerCalls = 8;
constexpr int kFirstPart = 8;  // Of the time of learning: all is new then.
constexpr std::uint32_t kFirstOpens = 4;
constexpr std::uint32_t kPool = 2;
constexpr double kSurpriseMin = 1.0;
constexpr double kPerMet = 0.6;
constexpr std::uint32_t kNarrowNets = 64;
constexpr double kNarrowMet = 4;  // New networks remembered: with this half-life about two in three days.

// A timer calls its old peers on that port, and would have called one about now. If it does not any more, the new one
// is in their place.
bool is_due(const Program& program, std::uint16_t port, TimeNs now) {
  for (const PortRhythm& each : program.rhythms) {
    if (each.calls == 0 || each.port != port || each.filled < kTimerCalls) continue;
    const Regularity own = regularity_of(each.gap_ms, each.filled);
    const auto late = static_cast<double>(now - each.last_ns - own.median_ns);
    return own.intervals >= kTimer && std::abs(late) <= kDueWithin * static_cast<double>(own.median_ns);
  }
  return false;
}

}  // namespace

void look_for_new_destination(Stage& stage, Program& program, const Opening& opening) {
  const TimeNs now = stage.now;
  if (now - program.first_ns < program.learn_ns / kFirstPart || program.opens < kFirstOpens) return;
  const double met = program.new_nets.value(now, kHalfLifeNs);
  const double opens = program.fresh_opens.value(now, kHalfLifeNs);
  program.fresh_opens.add(now, kHalfLifeNs, 1);
  if (!opening.new_net || !program.learned(now)) return;
  const double surprise = -std::log10((met + 0.5) / (opens + 1));
  Held& held = program.held;
  const std::uint16_t port = opening.flow.tuple->remote_port;
  const std::uint32_t asn = opening.flow.place.asn;
  const bool one_service = held.port == port && (asn == 0 || held.asn == 0 || asn == held.asn);
  if (held.used && one_service) {
    held.used = false;  // The second new network on that port: it moves.
    program.moved_port = port;
    program.moved_ns = now;
    return;
  }
  if (program.moved_ns != 0 && program.moved_port == port && now - program.moved_ns < kMovedNs) return;
  if (held.used) settle_new_destination(stage, program);
  if (one_service && held.since_ns != 0 && now - held.since_ns < kSameNs) return;  // Part of what was told.
  const double lately = program.lately_met.value(now, kMovedNs);
  // Each one of the same day makes the next less of a surprise.
  if (surprise < kSurpriseMin + kPerMet * lately || met > kNarrowMet || program.nets.size() > kNarrowNets) return;
  held = {.remote = opening.flow.tuple->remote,
          .port = opening.flow.tuple->remote_port,
          .process = opening.flow.process,
          .since_ns = now,
          .until_ns = now + (is_due(program, port, now) ? kWaitForOldNs : kHoldNs),
          .surprise = surprise,
          .nets = program.nets.size() - 1,
          .asn = asn,
          .known_system = opening.known_system,
          .used = true};
}

void met_new_network(Stage& stage, Program& program) {
  const TimeNs now = stage.now;
  if (now - program.first_ns < program.learn_ns / kFirstPart || program.opens < kFirstOpens || is_probing(program, now))
    return;
  program.new_nets.add(now, kHalfLifeNs, 1);
  program.lately_met.add(now, kMovedNs, 1);
}

namespace {

// Of the /16 (IPv4) or /32 (IPv6) around the program knows several networks, a pool or its own site; or met one within
// a day, and its service moves there.
bool has_neighbours(const Program& program, const Held& held) {
  const std::uint64_t key = net_key(held.remote);
  const int low = held.remote.is_v4() ? 8 : 16;
  std::uint32_t count = 0;
  program.nets.for_each([&](std::uint64_t other, const Net& net) {
    if (other == key || other >> low != key >> low) return;
    count += seconds_of(held.since_ns) - net.first_s < seconds_of(kMovedNs) ? kPool : 1;
  });
  return count >= kPool;
}

bool old_peers_are_called(const Program& program, const Held& held) {
  return std::any_of(program.rhythms.begin(), program.rhythms.end(), [&](const PortRhythm& each) {
    return each.calls != 0 && each.port == held.port && each.last_ns > held.since_ns;
  });
}

}  // namespace

bool is_time_to_settle(const Program& program, TimeNs now) {
  const Held& held = program.held;
  return now >= held.until_ns || (now - held.since_ns >= kHoldNs && old_peers_are_called(program, held));
}

void settle_new_destination(Stage& stage, Program& program) {
  Held& held = program.held;
  if (!held.used) return;
  held.used = false;
  if (held.until_ns - held.since_ns > kHoldNs && !old_peers_are_called(program, held)) return;
  if (has_neighbours(program, held)) return;
  const bool shared = stage.others_in_network(program, held.remote) != 0;
  Finding finding{
      .kind = Kind::kNewDestination,
      .severity = Severity::kLow,
      .score = std::clamp(
          0.45 + 0.15 * (held.surprise - kSurpriseMin) - (shared ? 0.1 : 0) - (held.known_system ? 0.2 : 0), 0.1, 0.9),
      .metric = "surprise",
      .value = held.surprise,
      .expected_low = 0,
      .expected_high = kSurpriseMin,
      .samples = program.opens,
      .since_ns = held.since_ns,
      .remote = held.remote,
      .remote_port = held.port};
  Sentence text = stage.about(program, held.process);
  text << "connected to ";
  stage.peer(text, held.remote, held.port) << " for the first time at ";
  text.moment(held.since_ns) << "; since ";
  text.moment(program.first_ns) << " it made ";
  text.count(program.opens) << " connections to ";
  text.count(held.nets) << (held.nets == 1 ? " network" : " networks") << ", and met a new one in 1 of ";
  text.number(std::pow(10, held.surprise))
      << " connections" << (held.known_system ? "; it knew other networks of that system" : "")
      << (shared ? "; other programs here know it." : ".");
  stage.raise(program, held.process, finding, text);
}

}  // namespace ipm::alert
