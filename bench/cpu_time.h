// Time on a core, user and system: what others do on the machine is not in it.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>
#include <time.h>

namespace ipm::bench {

inline double cpu_s_of(const rusage& usage) {
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}
inline double process_cpu_s() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return cpu_s_of(usage);
}
inline double clock_s(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}
inline double thread_cpu_s() {
  return clock_s(CLOCK_THREAD_CPUTIME_ID);
}
// Of another process so far, all its threads; 0 once it is gone.
inline double cpu_s_of_process(pid_t pid) {
  clockid_t clock{};
  return ::clock_getcpuclockid(pid, &clock) == 0 ? clock_s(clock) : 0;
}

// What the work took of the calling thread's time.
template <typename Work>
double timed_s(const Work& work) {
  const double begin = thread_cpu_s();
  work();
  return thread_cpu_s() - begin;
}

}  // namespace ipm::bench
