// A program that talks to few networks turns to one that it never used.
//
// Statistic: surprise of a new network, -log10 of how often the program met one per connection since it was learned.
// A contact is kept back for a while: several new networks on a port that the program uses anyway are its service
// moving to other addresses, not a single strange peer.
#include <algorithm>
#include <cmath>

#include "alert/detectors.h"

namespace ipm::alert {
namespace {

constexpr TimeNs kHalfLifeNs = 4 * 24 * kHour;
constexpr TimeNs kHoldNs = 10 * kMinute;
constexpr TimeNs kMovedNs = 24 * kHour;  // So long a service may take to move.
constexpr double kSurpriseMin = 1.0;
constexpr std::uint32_t kNarrowNets = 64;
constexpr double kNarrowMet = 4;  // New networks remembered: with this half-life about two in three days.

}  // namespace

void look_for_new_destination(Stage& stage, Program& program, const Opening& opening) {
  const TimeNs now = stage.now;
  if (!program.learned(now)) return;
  const double met = program.new_nets.value(now, kHalfLifeNs);
  const double opens = program.fresh_opens.value(now, kHalfLifeNs);
  program.fresh_opens.add(now, kHalfLifeNs, 1);
  if (!opening.new_net) return;
  program.new_nets.add(now, kHalfLifeNs, 1);
  const double surprise = -std::log10((met + 0.5) / (opens + 1));
  Held& held = program.held;
  if (held.used && held.port == opening.flow.tuple->remote_port && now - held.since_ns < kHoldNs) {
    held.used = false;  // The second new network on that port: it moves.
    program.moved_port = held.port;
    program.moved_ns = now;
    return;
  }
  if (program.moved_ns != 0 && program.moved_port == opening.flow.tuple->remote_port &&
      now - program.moved_ns < kMovedNs)
    return;
  if (held.used) settle_new_destination(stage, program);
  // One more within a day of the last: the service moves slowly, and has been told of.
  const bool more =
      held.port == opening.flow.tuple->remote_port && held.since_ns != 0 && now - held.since_ns < kMovedNs;
  if (more) {
    program.moved_port = held.port;
    program.moved_ns = now;
    return;
  }
  if (surprise < kSurpriseMin || met > kNarrowMet || program.nets.size() > kNarrowNets) return;
  held = {.remote = opening.flow.tuple->remote,
          .port = opening.flow.tuple->remote_port,
          .process = opening.flow.process,
          .since_ns = now,
          .surprise = surprise,
          .nets = program.nets.size() - 1,
          .used = true};
}

void settle_new_destination(Stage& stage, Program& program) {
  Held& held = program.held;
  if (!held.used) return;
  held.used = false;
  const Use* use = stage.host.nets.find(net_key(held.remote));
  const bool shared = use != nullptr && use->programs > 1;
  Finding finding{.kind = Kind::kNewDestination,
                  .severity = Severity::kLow,
                  .score = std::clamp(0.45 + 0.15 * (held.surprise - kSurpriseMin) - (shared ? 0.1 : 0), 0.1, 0.9),
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
  text.peer(held.remote, held.port) << " for the first time at ";
  text.moment(held.since_ns) << "; since ";
  text.moment(program.first_ns) << " it made ";
  text.count(program.opens) << " connections to ";
  text.count(held.nets) << (held.nets == 1 ? " network" : " networks") << ", and met a new one in 1 of ";
  text.number(std::pow(10, held.surprise)) << " connections" << (shared ? "; other programs here know it." : ".");
  stage.raise(program, held.process, finding, text);
}

}  // namespace ipm::alert
