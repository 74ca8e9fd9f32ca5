#include "ebpf/program_times.h"

#include <bpf/bpf.h>
#include <unistd.h>

#include <stdexcept>
#include <utility>

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

LoadedPrograms::LoadedPrograms(const std::string& prefix) {
  for (std::uint32_t id = 0; bpf_prog_get_next_id(id, &id) == 0;) {
    const int fd = bpf_prog_get_fd_by_id(id);
    if (fd < 0) continue;  // Unloaded meanwhile.
    const std::string name = info_of(fd).name;
    if (!name.starts_with(prefix)) {
      ::close(fd);
      continue;
    }
    const auto [known, fresh] = fds_.emplace(name, fd);
    if (!fresh) ::close(std::exchange(known->second, fd));
  }
  if (fds_.empty()) throw std::runtime_error("no BPF program's name begins with " + prefix);
}

LoadedPrograms::~LoadedPrograms() {
  for (const auto& [name, fd] : fds_) ::close(fd);
}

RunTime LoadedPrograms::run_time(std::string_view suffix) const {
  RunTime sum;
  for (const auto& [name, fd] : fds_) {
    if (!name.ends_with(suffix)) continue;
    const bpf_prog_info info = info_of(fd);
    sum.time_ns += info.run_time_ns;
    sum.runs += info.run_cnt;
  }
  return sum;
}

RunTimeStatistics::RunTimeStatistics() : fd_(checked(bpf_enable_stats(BPF_STATS_RUN_TIME), "enable BPF statistics")) {}

RunTimeStatistics::~RunTimeStatistics() {
  ::close(fd_);
}

}  // namespace ipm::bench
