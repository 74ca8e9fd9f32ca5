// What the kernel's own statistics say of two loaded BPF programs: how often they ran, and for how long.
#pragma once

#include <cstdint>
#include <string>

namespace ipm::bench {

// A pair of programs by the names they are loaded under.
struct ProgramNames {
  const char* send;
  const char* receive;
};

struct RunTime {
  std::uint64_t time_ns = 0;
  std::uint64_t runs = 0;

  // Between an earlier reading and this one.
  double ns_per_run_since(const RunTime& earlier) const;
};

// The newest loaded program of that name. Throws std::runtime_error if there is none.
class LoadedProgram {
 public:
  explicit LoadedProgram(const std::string& name);
  ~LoadedProgram();
  LoadedProgram(const LoadedProgram&) = delete;
  LoadedProgram& operator=(const LoadedProgram&) = delete;

  RunTime run_time() const;

 private:
  int fd_ = -1;
};

// While it lives, the kernel times every run of every program, which costs each run two readings of the clock.
class RunTimeStatistics {
 public:
  RunTimeStatistics();
  ~RunTimeStatistics();
  RunTimeStatistics(const RunTimeStatistics&) = delete;
  RunTimeStatistics& operator=(const RunTimeStatistics&) = delete;

 private:
  int fd_ = -1;
};

}  // namespace ipm::bench
