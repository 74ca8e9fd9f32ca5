// What a program sends on one port changes its nature: text becomes ciphertext, or the reverse.
//
// Statistic: distance of each record's entropy from the smoothed mean, in smoothed deviations. Strange records add up
// over two hours, however many ordinary ones lie between them, and teach nothing until they have been told.
#include <algorithm>
#include <cmath>

#include "alert/detectors.h"

namespace ipm::alert {
namespace {

constexpr std::uint32_t kSamplesMin = 30;
constexpr std::uint32_t kMemory = 256;  // Samples that the means reach back.
constexpr double kSpreadMin = 0.12;     // Bits. Short records differ by that much for no reason.
constexpr double kSpreads = 6;
constexpr double kStrangeMin = 5;
constexpr TimeNs kHalfLifeNs = 2 * kHour;  // Of what was strange.
constexpr double kAccept = 16;             // Alarms until it has become usual.

PortEntropy* entropy_of(Program& program, std::uint16_t port) {
  PortEntropy* least = &program.need_entropies().front();
  for (PortEntropy& each : program.need_entropies()) {
    if (each.samples != 0 && each.port == port) return &each;
    if (each.samples < least->samples) least = &each;
  }
  if (least->samples >= kSamplesMin) return nullptr;  // Ports that are used often keep their place.
  *least = {};
  least->port = port;
  return least;
}

}  // namespace

void look_at_entropy(Stage& stage, Program& program, const model::FlowFacts& flow, double bits) {
  const model::FlowTuple& tuple = *flow.tuple;
  const bool in = tuple.direction == model::Direction::kIn;
  PortEntropy* usual = entropy_of(program, in ? tuple.local_port : tuple.remote_port);
  if (usual == nullptr) return;
  const double distance = std::abs(bits - usual->mean);
  const double spread = std::max(usual->spread * 1.25, kSpreadMin);  // Deviation of a normal from its mean deviation.
  if (usual->samples >= kSamplesMin && distance > kSpreads * spread) {
    usual->strange.add(stage.now, kHalfLifeNs, 1);
    if (usual->strange.value(stage.now, kHalfLifeNs) < kStrangeMin) return;
    usual->strange = {};  // The next update needs as much again.
    Finding finding{.kind = Kind::kEntropy,
                    .severity = Severity::kMedium,
                    .score = std::clamp(0.65 + 0.02 * (distance / spread - kSpreads), 0.0, 0.95),
                    .metric = "tx_entropy",
                    .value = bits,
                    .expected_low = usual->mean - 3 * spread,
                    .expected_high = usual->mean + 3 * spread,
                    .samples = usual->samples,
                    .since_ns = stage.now,
                    .remote_port = usual->port};
    Sentence text = stage.about(program, flow.process);
    text << "sent data of ";
    text.number(bits, 2) << " bits per byte on port ";
    text.count(usual->port) << (in ? " to " : ", the newest to ");
    text.peer(tuple.remote, 0) << ", several times until ";
    text.moment(stage.now) << "; ";
    text.count(usual->samples) << " records before it lay at ";
    text.number(usual->mean, 2) << " within ";
    text.number(spread, 2) << " (" << (bits > usual->mean ? "compressed or encrypted" : "plain")
                           << " data looks like that).";
    stage.raise(program, flow.process, finding, text);
    usual->mean += (bits - usual->mean) / kAccept;  // What lasts becomes usual in the end.
    usual->spread += (distance - usual->spread) / kAccept;
    return;
  }
  ++usual->samples;
  const double weight = 1.0 / std::min(usual->samples, kMemory);
  usual->mean += (bits - usual->mean) * weight;
  usual->spread += (std::abs(bits - usual->mean) - usual->spread) * weight;
}

}  // namespace ipm::alert
