// Writes hosts of tests/support/estate.h as score_behaviour.py wants them: events-NAME.jsonl and truth-NAME.json.
//
//   ipm_estate FOLDER FIRST_SEED SEEDS [quiet]
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "support/estate.h"
#include "support/event_lines.h"

namespace ipm::test {
namespace {

void write_truth(std::ostream& out, const Estate& host, TimeNs begin, const EstateOptions& options) {
  out << "{\"start\":" << begin << ",\"train_end\":" << begin + host.train_end << ",\"end\":" << begin + host.end
      << ",\"train_days\":" << options.train_days << ",\"test_days\":" << options.test_days << ",\"events\":0"
      << ",\"attacks\":[";
  const char* comma = "";
  for (const Attack& each : host.attacks) {
    out << comma << "\n{\"class\":\"" << each.kind << "\",\"level\":\"" << each.level << "\",\"pid\":" << each.who.pid
        << ",\"comm\":\"" << each.who.name << "\",\"exe\":\"" << each.who.exe << "\",\"carrier\":\"" << each.carrier
        << "\",\"t0\":" << begin + each.span.from << ",\"t1\":" << begin + each.span.until << "}";
    comma = ",";
  }
  out << "],\n\"benign\":[";
  comma = "";
  for (const Honest& each : host.honest) {
    out << comma << "\n{\"kind\":\"" << each.kind << "\",\"comm\":\"" << each.comm
        << "\",\"t0\":" << begin + each.span.from << ",\"t1\":" << begin + each.span.until << "}";
    comma = ",";
  }
  out << "]}\n";
}

int write(const std::string& folder, std::uint64_t first, std::uint64_t seeds, bool quiet) {
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    for (std::size_t kind = 0; kind < kHostKinds; ++kind) {
      const EstateOptions options{.attacks = !quiet};
      Estate host = make_estate(static_cast<HostKind>(kind), seed, options);
      const std::string name = std::string(name_of(static_cast<HostKind>(kind))) + "-" + std::to_string(seed);
      std::ofstream lines(folder + "/events-" + name + ".jsonl");
      const std::vector<model::Event>& events = host.script.events();
      write_event_lines(lines, events);
      std::ofstream truth(folder + "/truth-" + name + ".json");
      write_truth(truth, host, events.front().header.time_ns, options);
      if (!lines.flush() || !truth.flush()) {
        std::cerr << "ipm_estate: cannot write to " << folder << "\n";
        return 1;
      }
    }
  }
  return 0;
}

}  // namespace
}  // namespace ipm::test

int main(int argc, char** argv) {
  if (argc < 4) {
    std::cerr << "usage: ipm_estate FOLDER FIRST_SEED SEEDS [quiet]\n";
    return 2;
  }
  return ipm::test::write(argv[1], std::strtoull(argv[2], nullptr, 10), std::strtoull(argv[3], nullptr, 10), argc > 4);
}
