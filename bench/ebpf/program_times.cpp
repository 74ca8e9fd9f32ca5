#include "ebpf/program_times.h"

#include <bpf/bpf.h>
#include <unistd.h>

#include <stdexcept>

#include "checked.h"

namespace ipm::bench {
namespace {

bpf_prog_info info_of(int fd) {
  bpf_prog_info info{};
  std::uint32_t bytes = sizeof info;
  checked(bpf_obj_get_info_by_fd(fd, &info, &bytes), "ask for a BPF program's statistics");
  return info;
}

}  // namespace

double RunTime::ns_per_run_since(const RunTime& earlier) const {
  if (runs == earlier.runs) throw std::runtime_error("a BPF program did not run");
  return static_cast<double>(time_ns - earlier.time_ns) / static_cast<double>(runs - earlier.runs);
}

LoadedProgram::LoadedProgram(const std::string& name) {
  for (std::uint32_t id = 0; bpf_prog_get_next_id(id, &id) == 0;) {
    const int fd = bpf_prog_get_fd_by_id(id);
    if (fd < 0) continue;  // Unloaded meanwhile.
    if (name == info_of(fd).name) {
      if (fd_ >= 0) ::close(fd_);
      fd_ = fd;
    } else {
      ::close(fd);
    }
  }
  if (fd_ < 0) throw std::runtime_error("no BPF program is called " + name);
}

LoadedProgram::~LoadedProgram() {
  ::close(fd_);
}

RunTime LoadedProgram::run_time() const {
  const bpf_prog_info info = info_of(fd_);
  return {info.run_time_ns, info.run_cnt};
}

RunTimeStatistics::RunTimeStatistics() : fd_(checked(bpf_enable_stats(BPF_STATS_RUN_TIME), "enable BPF statistics")) {}

RunTimeStatistics::~RunTimeStatistics() {
  ::close(fd_);
}

}  // namespace ipm::bench
