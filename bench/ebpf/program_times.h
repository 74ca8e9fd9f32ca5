// What the kernel's own statistics say of loaded BPF programs: how often they ran, and for how long.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace ipm::bench {

struct RunTime {
  std::uint64_t time_ns = 0;
  std::uint64_t runs = 0;
};

// The programs whose names begin so; of several with one name the newest. Throws std::runtime_error if there are none.
class LoadedPrograms {
 public:
  explicit LoadedPrograms(const std::string& prefix);
  ~LoadedPrograms();
  LoadedPrograms(const LoadedPrograms&) = delete;
  LoadedPrograms& operator=(const LoadedPrograms&) = delete;

  // Of all of them, or of those whose names end so.
  RunTime run_time(std::string_view suffix = {}) const;

 private:
  std::map<std::string, int> fds_;  // By name.
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
