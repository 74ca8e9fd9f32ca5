// A program that uses few ports turns to one that it never used.
//
// Statistic: first connection to the port; rarer still if no program of the host uses it, or the network is new too.
#include <algorithm>

#include "alert/detectors.h"

namespace ipm::alert {
namespace {

constexpr TimeNs kHalfLifeNs = 1 * kHour;
constexpr double kTriedMax = 2.5;  // With more at a time it tries ports, which scan.cpp tells.

}  // namespace

void look_for_odd_port(Stage& stage, Program& program, const Opening& opening) {
  if (!opening.new_port || !program.learned(stage.now) || !program.narrow()) return;
  const double tried = program.odd_ports.value(stage.now, kHalfLifeNs);
  program.odd_ports.add(stage.now, kHalfLifeNs, 1);
  if (tried > kTriedMax) return;
  const model::FlowTuple& tuple = *opening.flow.tuple;
  const std::uint32_t others = stage.others_at_port(program, tuple.remote_port);
  const double score = std::clamp(0.6 + (opening.new_net ? 0.15 : 0) + (others == 0 ? 0.1 : 0) -
                                      (program.nets.size() >= 100 ? 0.15 : 0) - (program.ports_out >= 4 ? 0.15 : 0),
                                  0.1, 0.95);
  Finding finding{.kind = Kind::kOddPort,
                  .severity = Severity::kLow,
                  .score = score,
                  .metric = "remote_port",
                  .value = static_cast<double>(tuple.remote_port),
                  .expected_low = 0,
                  .expected_high = 0,
                  .samples = program.opens,
                  .since_ns = stage.now,
                  .remote = tuple.remote,
                  .remote_port = tuple.remote_port};
  Sentence text = stage.about(program, opening.flow.process);
  text << "connected to port ";
  text.count(tuple.remote_port) << " for the first time, of ";
  stage.peer(text, tuple.remote, 0) << ", at ";
  text.moment(stage.now) << "; in ";
  text.count(program.opens - 1) << " connections since ";
  text.moment(program.first_ns) << " it used ";
  text.count(program.ports_out) << (program.ports_out == 1 ? " port" : " ports");
  if (others == 0) {
    text << ", and no other program here uses that one.";
  } else {
    text << "; ";
    text.count(others) << (others == 1 ? " other program here uses" : " other programs here use") << " that one.";
  }
  stage.raise(program, opening.flow.process, finding, text);
}

}  // namespace ipm::alert
