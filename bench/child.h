// Work in a forked process: its memory, its time and its network namespace are its own.
#pragma once

#include <sys/types.h>

#include <functional>

namespace ipm::bench {

// A process that runs `work`, which says numbers to its parent, and ends. An exception ends it with a message on
// standard error. Killed when this object goes, if it still runs, or when its parent ends.
class Child {
 public:
  using Say = std::function<void(double)>;
  explicit Child(const std::function<void(const Say&)>& work);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }
  double hear();  // The next number that it says. Throws std::runtime_error if it ended without.
  struct Used {
    double cpu_s = 0;     // User and system time.
    double peak_mib = 0;  // Of resident memory; see forget_peak().
  };
  Used wait();  // For its end. Throws std::runtime_error if it failed.
  double wait_cpu_s() { return wait().cpu_s; }

 private:
  pid_t pid_ = -1;
  int ear_ = -1;
};

// In a child: its peak of resident memory is from here on that of its own work, as far as what it was forked with can
// be given back.
void forget_peak();

}  // namespace ipm::bench
