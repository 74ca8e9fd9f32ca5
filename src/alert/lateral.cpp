// A program turns to the remote-administration services of hosts inside that it never turned to.
//
// Statistic: first contacts with internal hosts on one such port, halving every six hours, against the program's
// largest day so far.
#include <algorithm>
#include <cmath>
#include <iterator>

#include "alert/detectors.h"

namespace ipm::alert {
namespace {

constexpr TimeNs kHalfLifeNs = 6 * kHour;
constexpr double kHostsMin = 4;
constexpr double kTimesUsual = 2;
// SSH, telnet, RPC endpoint mapper, NetBIOS, SMB, RDP, VNC, WinRM (IANA service names and port numbers).
constexpr std::uint16_t kServices[] = {22, 23, 135, 139, 445, 3389, 5900, 5985, 5986};

}  // namespace

void look_for_lateral(Stage& stage, Program& program, const Opening& opening) {
  if (!opening.first_contact || opening.flow.scope != model::Scope::kInternal) return;
  const std::uint16_t number = opening.flow.tuple->remote_port;
  if (std::find(std::begin(kServices), std::end(kServices), number) == std::end(kServices)) return;
  Lateral& lateral = program.lateral;
  const TimeNs now = stage.now;
  lateral.day.roll(now, program.first_ns);
  Tally::Line& line = lateral.by_port.at(number + 1ULL, now, kHalfLifeNs);
  const double before = line.count.value(now, kHalfLifeNs);
  if (before < 0.5) line.first_ns = now;
  line.count.add(now, kHalfLifeNs, 1);
  const double hosts = before + 1;
  lateral.day.largest = std::max(lateral.day.largest, hosts);
  if (hosts < std::max(kHostsMin - 0.5, kTimesUsual * lateral.day.usual)) return;
  // A wave is told when it begins, and of one that goes on when it has doubled or half of it is forgotten.
  const bool begins = before < kHostsMin - 0.5;
  if (!begins && hosts < 2 * static_cast<double>(line.told) && now - line.told_ns < kHalfLifeNs) return;
  line.told = static_cast<float>(hosts);
  line.told_ns = now;
  Finding finding{
      .kind = Kind::kLateral,
      .severity = Severity::kHigh,
      .score = std::clamp(0.75 + 0.05 * std::log2(hosts / kHostsMin) - (lateral.day.usual > 0 ? 0.15 : 0), 0.3, 0.95),
      .strength = hosts,
      .metric = "new_hosts",
      .value = hosts,
      .expected_low = 0,
      .expected_high = lateral.day.usual,
      .samples = program.opens,
      .since_ns = line.first_ns,
      .remote_port = number};
  Sentence text = stage.about(program, opening.flow.process);
  text << "turned to port ";
  text.count(number) << " of ";
  text.number(hosts) << " internal hosts that it had never talked to there, the last one ";
  stage.peer(text, opening.flow.tuple->remote, 0) << ", since ";
  text.moment(line.first_ns) << "; the most on one such port in a day was ";
  text.number(lateral.day.usual) << " in ";
  text.count(program.opens) << " connections.";
  stage.raise(program, opening.flow.process, finding, text);
}

}  // namespace ipm::alert
