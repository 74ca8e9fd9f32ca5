// What a program sends on one port changes its nature: text becomes ciphertext, or the reverse.
//
// Statistic: a record is strange when it lies far from the smoothed mean, in smoothed deviations. A cumulative sum of
// the log likelihood ratio over records tells if more of them are strange than the odd one, however slowly they come.
// What strange records have in common is learned beside the usual; once told it is usual too: a lasting change is one
// alarm, and so is a service that sends both.
#include <algorithm>
#include <cmath>

#include "alert/detectors.h"

namespace ipm::alert {
namespace {

constexpr std::uint32_t kSamplesMin = 30;
constexpr std::uint32_t kMemory = 256;  // Samples that the means reach back.
constexpr double kSpreadMin = 0.12;     // Bits. Short records differ by that much for no reason.
constexpr double kSpreads = 6;
constexpr double kBound = 13.8;          // ln 1e6
constexpr double kStrangeNow = 0.3;      // Share of records, when it changed …
constexpr double kStrangeLeast = 0.002;  // … and otherwise, at least.
constexpr std::uint32_t kStrangeMin = 5;

double deviation(const EntropyMode& mode) {
  return std::max(mode.spread * 1.25, kSpreadMin);  // Deviation of a normal from its mean deviation.
}

PortEntropy* entropy_of(Program& program, std::uint16_t port) {
  PortEntropy* least = &program.need_entropies().front();
  for (PortEntropy& each : program.need_entropies()) {
    if (each.usual.samples != 0 && each.port == port) return &each;
    if (each.usual.samples < least->usual.samples) least = &each;
  }
  if (least->usual.samples >= kSamplesMin) return nullptr;  // Ports that are used often keep their place.
  *least = {};
  least->port = port;
  return least;
}

double usual_share(const PortEntropy& entropy) {
  return std::max(kStrangeLeast, (entropy.strays + 1.0) / (entropy.usual.samples + 50.0));
}

// True: with this record it is told.
bool gather(PortEntropy& entropy, double bits, TimeNs now) {
  if (entropy.evidence == 0) {
    entropy.strays += entropy.strange;
    entropy.strange = 0;
    entropy.since_ns = now;
    if (!entropy.told) entropy.other = {};
  }
  // Something else again makes the room its own.
  if (entropy.told || (entropy.other.samples != 0 && !entropy.other.fits(bits))) {
    entropy.other = {};
    entropy.told = false;
  }
  ++entropy.strange;
  entropy.other.learn(bits);
  entropy.evidence += static_cast<float>(std::log(kStrangeNow / std::min(0.25, usual_share(entropy))));
  return entropy.evidence >= kBound && entropy.strange >= kStrangeMin;
}

}  // namespace

void EntropyMode::learn(double bits) {
  ++samples;
  const double weight = 1.0 / std::min(samples, kMemory);
  mean += (bits - mean) * weight;
  spread += (std::abs(bits - mean) - spread) * weight;
}

double EntropyMode::distance(double bits) const {
  return std::abs(bits - mean) / deviation(*this);
}

bool EntropyMode::fits(double bits) const {
  return distance(bits) <= kSpreads;
}

void look_at_entropy(Stage& stage, Program& program, const model::FlowFacts& flow, double bits) {
  const model::FlowTuple& tuple = *flow.tuple;
  const bool in = tuple.direction == model::Direction::kIn;
  PortEntropy* entropy = entropy_of(program, in ? tuple.local_port : tuple.remote_port);
  if (entropy == nullptr) return;
  EntropyMode& usual = entropy->usual;
  if (usual.samples < kSamplesMin || usual.fits(bits)) {
    const double ordinary = std::log((1 - kStrangeNow) / (1 - kStrangeLeast));
    entropy->evidence = std::max(0.0F, entropy->evidence + static_cast<float>(ordinary));
    return usual.learn(bits);
  }
  if (entropy->told && entropy->other.fits(bits)) return entropy->other.learn(bits);
  if (!gather(*entropy, bits, stage.now)) return;
  entropy->told = true;
  entropy->evidence = 0;
  const double distance = usual.distance(bits), spread = deviation(usual);
  Finding finding{.kind = Kind::kEntropy,
                  .severity = Severity::kMedium,
                  .score = std::clamp(0.65 + 0.02 * (distance - kSpreads), 0.0, 0.95),
                  .strength = distance,
                  .metric = "tx_entropy",
                  .value = bits,
                  .expected_low = usual.mean - 3 * spread,
                  .expected_high = usual.mean + 3 * spread,
                  .samples = usual.samples,
                  .since_ns = entropy->since_ns,
                  .remote_port = entropy->port};
  Sentence text = stage.about(program, flow.process);
  text << "sent data of ";
  text.number(bits, 2) << " bits per byte on port ";
  text.count(entropy->port) << (in ? " to " : ", the newest to ");
  stage.peer(text, tuple.remote, 0) << ", in ";
  text.count(entropy->strange) << " records since ";
  text.moment(entropy->since_ns) << "; ";
  text.count(usual.samples) << " records before lay at ";
  text.number(usual.mean, 2) << " within ";
  text.number(spread, 2) << " (" << (bits > usual.mean ? "compressed or encrypted" : "plain")
                         << " data looks like that).";
  stage.raise(program, flow.process, finding, text);
}

}  // namespace ipm::alert
