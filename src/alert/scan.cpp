// A program tries addresses or ports that it never tried, and most do not answer.
//
// Statistic: sequential likelihood ratio over first contacts (Jung, Paxson, Berger, Balakrishnan, 2004), never below 1
// so that old successes do not hide what begins now; failures are expected at the program's own rate. It alarms when
// the ratio is beyond its bound and the failures gather on one port (horizontal) or one host (vertical). Evidence
// halves every six hours, so that one probe every few minutes is still a scan.
#include <algorithm>
#include <cmath>

#include "alert/detectors.h"

namespace ipm::alert {
namespace {

constexpr TimeNs kHalfLifeNs = 6 * kHour;
constexpr double kBound = 4.6;  // ln 99: detection 0.99, false alarm 0.01.
constexpr double kScanFails = 0.8;
constexpr double kEvidenceMax = 40;
constexpr double kTargetsMin = 6;
constexpr double kTargetsMinExternal = 10;  // Servers of the world go away more often than one's own.
constexpr double kTimesUsual = 2;

double expected_failures(const Scan& scan) {
  return std::clamp(1.5 * (scan.failures + 1) / (scan.first_contacts + 10), 0.1, 0.6);
}

void add_evidence(Scan& scan, TimeNs now, double amount) {
  const double halves = static_cast<double>(now - scan.evidence_ns) / static_cast<double>(kHalfLifeNs);
  scan.evidence = std::clamp(scan.evidence * std::exp2(-std::max(0.0, halves)) + amount, 0.0, kEvidenceMax);
  scan.evidence_ns = now;
}

}  // namespace

// What a program meets meanwhile says nothing about what it usually meets.
bool is_probing(const Program& program, TimeNs now) {
  const Scan& scan = program.scan;
  if (scan.evidence < kBound) return false;
  const double halves = static_cast<double>(now - scan.evidence_ns) / static_cast<double>(kHalfLifeNs);
  return scan.evidence * std::exp2(-halves) >= kBound;
}

void first_contact_succeeded(Stage& stage, Program& program) {
  Scan& scan = program.scan;
  add_evidence(scan, stage.now, std::log((1 - kScanFails) / (1 - expected_failures(scan))));
  scan.first_contacts += 1;
}

void first_contact_failed(Stage& stage, Program& program, const model::FlowFacts& flow) {
  if (stage.host.outage(stage.now)) return;
  Scan& scan = program.scan;
  const TimeNs now = stage.now;
  const model::FlowTuple& tuple = *flow.tuple;
  scan.hosts.roll(now, program.first_ns);
  scan.ports.roll(now, program.first_ns);
  add_evidence(scan, now, std::log(kScanFails / expected_failures(scan)));
  Tally::Line& port = scan.by_port.at(tuple.remote_port + 1ULL, now, kHalfLifeNs);
  Tally::Line& host = scan.by_host.at(contact_key(tuple.remote, 0), now, kHalfLifeNs);
  for (Tally::Line* line : {&port, &host}) {
    if (line->count.value(now, kHalfLifeNs) < 0.5) line->first_ns = now;
    line->count.add(now, kHalfLifeNs, 1);
  }
  const double hosts = port.count.value(now, kHalfLifeNs);
  const double ports = host.count.value(now, kHalfLifeNs);
  const bool vertical = ports > hosts;
  const double targets = std::max(hosts, ports);
  scan.hosts.largest = std::max(scan.hosts.largest, hosts);
  scan.ports.largest = std::max(scan.ports.largest, ports);
  const double usual = (vertical ? scan.ports : scan.hosts).usual;
  const bool telling = scan.evidence >= kBound;
  if (!telling) {
    scan.first_contacts += 1;
    scan.failures += 1;
    return;
  }
  const double least = flow.scope == model::Scope::kExternal ? kTargetsMinExternal : kTargetsMin;
  if (targets < std::max(least, kTimesUsual * usual) - 0.5) return;
  Tally::Line& line = vertical ? host : port;
  if (targets < 2 * static_cast<double>(line.told) && now - line.told_ns < kHalfLifeNs) return;
  line.told = static_cast<float>(targets);
  line.told_ns = now;
  Finding finding{
      .kind = Kind::kScan,
      .part = static_cast<std::uint8_t>(vertical ? 2 : 1),
      .severity = Severity::kHigh,
      .score = std::clamp(
          0.7 + 0.05 * std::log2(targets / least) + (flow.scope == model::Scope::kExternal ? -0.15 : 0.1), 0.3, 0.98),
      .strength = targets,
      .metric = vertical ? "failed_ports" : "failed_hosts",
      .value = targets,
      .expected_low = 0,
      .expected_high = usual,
      .samples = static_cast<std::uint64_t>(scan.first_contacts),
      .since_ns = line.first_ns};
  Sentence text = stage.about(program, flow.process);
  text << "tried ";
  text.number(targets);
  if (vertical) {
    text << " ports of ";
    stage.peer(text, tuple.remote, 0);
  } else {
    text << " hosts on port ";
    text.count(tuple.remote_port);
  }
  text << " that it had never tried and that did not answer, since ";
  text.moment(line.first_ns) << "; of its first contacts so far ";
  text.number(100 * (scan.failures + 0.5) / (scan.first_contacts + 1))
      << " % failed, and the most on one " << (vertical ? "host" : "port") << " in a day was ";
  text.number(usual) << ".";
  stage.raise(program, flow.process, finding, text);
}

}  // namespace ipm::alert
