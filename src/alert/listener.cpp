// A program listens on a port on which it never listened.
//
// Statistic: first sight, once the program has been known for a day or is one that should not be there.
#include "alert/detectors.h"

namespace ipm::alert {

void look_at_listener(Stage& stage, Program& program, const model::FlowFacts& flow) {
  const std::uint16_t number = flow.tuple->local_port;
  Port* room = &program.listens.front();
  for (Port& port : program.listens) {
    if (port.number == number) {
      port.seen_ns = stage.now;
      return;
    }
    if (port.seen_ns < room->seen_ns) room = &port;
  }
  *room = {.number = number, .answered = true, .first_ns = stage.now, .seen_ns = stage.now};
  const bool suspicious = program.untrusted_path || program.server_child;
  const bool old = stage.now - program.first_ns >= program.learn_ns;
  if (!flow.begins || number == 0 || flow.tuple->local.scope() == model::Scope::kLoopback) return;
  if (!old && !(program.newcomer && suspicious)) return;
  Finding finding{.kind = Kind::kListener,
                  .severity = suspicious ? Severity::kHigh : Severity::kInfo,
                  .score = suspicious ? 0.85 : 0.3,
                  .metric = "local_port",
                  .value = static_cast<double>(number),
                  .samples = program.accepts,
                  .since_ns = stage.now,
                  .remote_port = number};
  Sentence text = stage.about(program, flow.process);
  text << "began to listen on ";
  text.peer(flow.tuple->local, number) << " at ";
  text.moment(stage.now) << ", a port on which it was not seen to listen since ";
  text.moment(program.first_ns) << (suspicious ? "; it runs from where anybody may put a program, or under a server."
                                               : ".");
  stage.raise(program, flow.process, finding, text);
}

}  // namespace ipm::alert
