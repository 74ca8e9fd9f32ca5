// ipm_traffic CASE [KEY=VALUE…]: makes the traffic of one case in the current network namespace and prints what each of
// its processes counted itself, one JSON line a process. `--list` names the cases.
#include <signal.h>

#include <cstdio>
#include <cstdlib>

#include "live/traffic/case.h"
#include "live/traffic/check.h"

namespace ipm::traffic {
namespace {

std::vector<Entry> all_cases() {
  std::vector<Entry> out;
  for (const auto family : {tcp_cases(), udp_cases(), transfer_cases(), uring_cases(), option_cases(), sharing_cases(),
                            process_cases(), failure_cases(), raw_cases(), namespace_cases(), load_cases()}) {
    out.insert(out.end(), family.begin(), family.end());
  }
  return out;
}

// --stage NAME MEMORY SLOT ARGUMENT…: what a process goes on with after exec.
int run_stage(const std::vector<std::string>& words) {
  for (const Stage& stage : process_stages()) {
    if (words.at(0) != stage.name) continue;
    Report report = Report::attach(Fd(std::atoi(words.at(1).c_str())));
    Slot& slot = report.at(static_cast<std::uint32_t>(std::atoi(words.at(2).c_str())));
    slot.identify();
    Process self(slot);
    stage.function(self, {words.begin() + 3, words.end()});
    return 0;
  }
  fail("no stage " + words.at(0));
}

int run_case(const std::vector<std::string>& words) {
  Case::Options options;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::size_t equals = words[i].find('=');
    require(equals != std::string::npos, "not KEY=VALUE: " + words[i]);
    options[words[i].substr(0, equals)] = words[i].substr(equals + 1);
  }
  for (const Entry& entry : all_cases()) {
    if (words.at(0) != entry.name) continue;
    raise_loopback();
    Case run(words.at(0), options);
    return run.run(entry.function);
  }
  fail("no case " + words.at(0) + "; --list names them");
}

}  // namespace
}  // namespace ipm::traffic

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  ::signal(SIGPIPE, SIG_IGN);
  try {
    if (words.empty()) ipm::traffic::fail("usage: ipm_traffic CASE [KEY=VALUE…] | --list");
    if (words[0] == "--list") {
      for (const auto& entry : ipm::traffic::all_cases()) std::puts(entry.name);
      return 0;
    }
    if (words[0] == "--stage") return ipm::traffic::run_stage({words.begin() + 1, words.end()});
    return ipm::traffic::run_case(words);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ipm_traffic: %s\n", error.what());
    return 1;
  }
}
