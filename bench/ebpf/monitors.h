// The monitors that are measured, each a process of its own that loads its BPF programs and reads what they tell, until
// it is killed.
#pragma once

#include <memory>
#include <string>

#include "child.h"

namespace ipm::bench {

enum class Watcher {
  kNobody,
  kEmpty,          // Programs that do nothing: what the tracepoint itself and its statistics cost.
  kRecordPerSend,  // A ring record and a wake-up for each send and receive.
  kLibipm,         // ipm_monitor with the source ebpf:.
};

// How the names of a watcher's programs begin.
std::string programs_of(Watcher watcher);

// Empty if libipm can open ebpf: here; else why not.
std::string why_no_ebpf_source();

class RunningMonitor {
 public:
  // Returns when it watches. Throws std::runtime_error if it cannot.
  explicit RunningMonitor(Watcher watcher);

  double cpu_s() const;  // Its own time so far, all threads.

 private:
  std::unique_ptr<Child> process_;  // None for nobody.
};

}  // namespace ipm::bench
