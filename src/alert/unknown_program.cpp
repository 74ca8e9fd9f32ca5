// A program uses the network for the first time on a host that has been watched for a day; or the file behind a known
// program changes.
//
// Statistic: first sight. Where it lies and who started it say how much that means: what it does in its first day is
// otherwise folded into this one notice (watch.cpp).
#include <algorithm>
#include <array>

#include "alert/detectors.h"

namespace ipm::alert {

bool is_untrusted_path(std::string_view exe) {
  constexpr std::array<std::string_view, 8> kPlaces = {"/tmp/",     "/var/tmp/", "/dev/",  "/run/user/",
                                                       "/run/shm/", "/home/",    "/proc/", "memfd:"};
  // An upgrade deletes the file of a daemon that runs on. A file that never had a name is another matter.
  return exe.starts_with("/memfd:") ||
         std::any_of(kPlaces.begin(), kPlaces.end(), [&](std::string_view place) { return exe.starts_with(place); });
}

void look_at_new_program(Stage& stage, Program& program, std::string_view exe) {
  program.told_new = true;
  const bool suspicious = program.untrusted_path || program.server_child;
  Finding finding{.kind = Kind::kNewProgram,
                  .severity = suspicious ? Severity::kHigh : Severity::kInfo,
                  .score = suspicious ? 0.8 : 0.3,
                  .metric = "first_seen",
                  .value = 1,
                  .since_ns = stage.now};
  Sentence text = stage.about(program, program.process);
  text << "used the network for the first time at ";
  text.moment(stage.now) << "; this host has been watched since ";
  text.moment(stage.host.first_ns);
  if (!exe.empty()) text << ", and it runs from " << exe.substr(0, 120);
  if (program.untrusted_path) text << ", where anybody may put a program";
  if (program.server_child) text << "; a program that serves the network started it";
  text << ".";
  stage.raise(program, program.process, finding, text);
}

void look_at_executable(Stage& stage, Program& program, std::string_view exe, std::uint64_t exe_id) {
  const bool changed = program.exe_id != 0 && exe_id != 0 && program.exe_id != exe_id;
  if (exe_id != 0) program.exe_id = exe_id;
  if (!changed) return;
  Finding finding{.kind = Kind::kExeChanged,
                  .part = exe_id,  // Each file is an alert of its own.
                  .severity = program.untrusted_path ? Severity::kMedium : Severity::kInfo,
                  .score = program.untrusted_path ? 0.6 : 0.2,
                  .metric = "exe_changes",
                  .value = 1,
                  .samples = program.opens,
                  .since_ns = stage.now};
  Sentence text = stage.about(program, program.process);
  text << "runs another file than before under its name, as of ";
  text.moment(stage.now) << ": " << exe.substr(0, 120) << "; as what it was before it has used the network since ";
  text.moment(program.first_ns) << ".";
  stage.raise(program, program.process, finding, text);
}

}  // namespace ipm::alert
