// Much goes out to a peer that the program came to know only lately, and little comes back.
//
// Statistic: bytes sent to the fresh peer against the largest day of the program to all its other peers, with the ratio
// of sent to received. Slow and fast leaks are one sum: it has no window.
#include <algorithm>
#include <cmath>

#include "alert/detectors.h"

namespace ipm::alert {
namespace {

constexpr double kBytesMin = 1.5e6;
constexpr double kBytesMinBroad = 5e6;   // For programs that meet new peers all the time.
constexpr double kBytesMinNovice = 5e7;  // Nothing is known of its days yet.
constexpr TimeNs kDayNs = 24 * kHour;
constexpr double kRatioMin = 3;
constexpr std::uint32_t kBroadNets = 100;

}  // namespace

void look_for_exfil(Stage& stage, Program& program, Pair& pair, const model::FlowFacts& flow) {
  if (!pair.fresh || flow.scope != model::Scope::kExternal) return;
  const auto sent = static_cast<double>(pair.tx_bytes);
  const auto received = static_cast<double>(pair.rx_bytes);
  if (sent < kBytesMin || sent < kRatioMin * received) return;
  if (pair.told_bytes != 0 && sent < 2 * pair.told_bytes) return;
  const bool broad = program.nets.size() >= kBroadNets;
  const Volume& volume = program.volume;
  const double largest_day = std::max(volume.day_max, static_cast<double>(volume.day_tx));
  const bool uploads = static_cast<double>(volume.out_tx) > kRatioMin * static_cast<double>(volume.out_rx);
  const double floor = pair.novice ? kBytesMinNovice : broad ? kBytesMinBroad : kBytesMin;
  // A sum over days is held against days.
  const double days = std::max(1.0, static_cast<double>(stage.now - pair.first_ns) / static_cast<double>(kDayNs));
  const double limit = days * std::max(floor, largest_day * (uploads ? 2 : 1));
  if (sent < limit) return;
  pair.told_bytes = sent;
  program.volume.explained_ns = stage.now;
  const double ratio = sent / std::max(received, 1.0);
  const double score =
      std::clamp(0.6 + 0.08 * std::log2(sent / limit) + (ratio > 20 ? 0.1 : 0) - (broad ? 0.15 : 0) -
                     (uploads ? 0.1 : 0) - (pair.novice ? 0.1 : 0) + (flow.tuple->remote_port == 443 ? 0 : 0.05),
                 0.05, 0.98);
  Finding finding{.kind = Kind::kExfil,
                  .severity = Severity::kHigh,
                  .score = score,
                  .strength = sent,
                  .metric = "tx_bytes",
                  .value = sent,
                  .expected_low = 0,
                  .expected_high = limit,
                  .samples = pair.opens,
                  .since_ns = pair.first_ns,
                  .remote = pair.remote,
                  .remote_port = pair.port};
  Sentence text = stage.about(program, flow.process);
  text << "sent ";
  text.bytes(sent) << " to ";
  stage.peer(text, pair.remote, pair.port) << " and got ";
  text.bytes(received) << " back, in ";
  text.count(pair.opens) << (pair.opens == 1 ? " connection" : " connections") << " since ";
  text.moment(pair.first_ns) << ", when it first talked to that network; its largest day to all other peers was ";
  text.bytes(largest_day) << ".";
  stage.raise(program, flow.process, finding, text);
}

}  // namespace ipm::alert
