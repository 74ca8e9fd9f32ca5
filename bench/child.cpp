#include "child.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <stdexcept>

#include "cpu_time.h"

namespace ipm::bench {
namespace {

[[noreturn]] void run(const std::function<void(const Child::Say&)>& work, int mouth) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  try {
    work([mouth](double value) {
      if (::write(mouth, &value, sizeof value) != sizeof value) throw std::runtime_error("nobody listens");
    });
    ::_exit(0);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    ::_exit(1);
  }
}

}  // namespace

Child::Child(const std::function<void(const Say&)>& work) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
  pid_ = ::fork();
  if (pid_ == 0) run(work, ends[1]);
  ::close(ends[1]);
  ear_ = ends[0];
  if (pid_ < 0) throw std::runtime_error("fork failed");
}

Child::~Child() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  ::close(ear_);
}

double Child::hear() {
  double value = 0;
  if (::read(ear_, &value, sizeof value) != sizeof value) throw std::runtime_error("a child process failed");
  return value;
}

Child::Used Child::wait() {
  rusage usage{};
  int status = 0;
  ::wait4(pid_, &status, 0, &usage);
  pid_ = -1;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) throw std::runtime_error("a child process failed");
  return {cpu_s_of(usage), static_cast<double>(usage.ru_maxrss) / 1024};
}

void forget_peak() {
  ::malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << 5;  // man 5 proc
}

}  // namespace ipm::bench
