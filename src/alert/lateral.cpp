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
  if (lateral.day_ns == 0) lateral.day_ns = now;
  if (now - lateral.day_ns >= 24 * kHour) {
    lateral.usual = std::max(lateral.usual * 0.95, lateral.largest);
    lateral.largest = 0;
    lateral.day_ns = now;
  }
  Tally::Line& line = lateral.by_port.at(number + 1ULL, now, kHalfLifeNs);
  const double before = line.count.value(now, kHalfLifeNs);
  if (before < 0.5) {
    line.first_ns = now;
    line.port = number;
  }
  line.count.add(now, kHalfLifeNs, 1);
  const double hosts = before + 1;
  lateral.largest = std::max(lateral.largest, hosts);
  if (hosts < std::max(kHostsMin - 0.5, kTimesUsual * lateral.usual)) return;
  if (before >= kHostsMin - 0.5 && hosts < 2 * lateral.told) return;
  lateral.told = hosts;
  Finding finding{
      .kind = Kind::kLateral,
      .severity = Severity::kHigh,
      .score = std::clamp(0.75 + 0.05 * std::log2(hosts / kHostsMin) - (lateral.usual > 0 ? 0.15 : 0), 0.3, 0.95),
      .metric = "new_hosts",
      .value = hosts,
      .expected_low = 0,
      .expected_high = lateral.usual,
      .samples = program.opens,
      .since_ns = line.first_ns,
      .remote_port = number};
  Sentence text = stage.about(program, opening.flow.process);
  text << "turned to port ";
  text.count(number) << " of ";
  text.number(hosts) << " internal hosts that it had never talked to there, the last one ";
  text.peer(opening.flow.tuple->remote, 0) << ", since ";
  text.moment(line.first_ns) << "; the most on one such port in a day was ";
  text.number(lateral.usual) << " in ";
  text.count(program.opens) << " connections.";
  stage.raise(program, opening.flow.process, finding, text);
}

}  // namespace ipm::alert
