#include "source/sock_diag/owner_walk.h"

#include <limits>

#include "os/linux/clock.h"
#include "os/linux/proc_fds.h"
#include "os/linux/proc_files.h"

namespace ipm::source::sock_diag {

void OwnerWalk::begin(const std::vector<std::uint64_t>& inodes, const std::vector<std::uint32_t>& likely, TimeNs now,
                      bool all) {
  holders_.clear();
  holders_.reserve(inodes.size());
  for (const std::uint64_t inode : inodes) holders_.try_emplace(inode);
  pids_.clear();
  next_ = 0;
  unreadable_ = 0;
  worked_ = 0;
  complete_ = false;
  if (holders_.empty()) return;
  if (all || pace_.due(now)) {
    Result<std::vector<std::uint32_t>> listed = os::list_processes(proc_root_);
    if (listed.ok()) {
      pids_ = std::move(*listed);
      complete_ = true;
      return;
    }
  }
  pids_ = likely;
}

bool OwnerWalk::step(std::uint64_t links_max, TimeNs now) {
  const TimeNs started = os::thread_cpu_ns();
  std::uint64_t links = 0;
  while (next_ < pids_.size() && links < links_max) {
    const std::uint32_t pid = pids_[next_++];
    const Status status = os::for_each_socket_fd(proc_root_, pid, links, [&](std::uint64_t inode) {
      const auto wanted = holders_.find(inode);
      if (wanted == holders_.end()) return;
      Holders& holders = wanted->second;
      if (holders.last_pid == pid) return;
      holders.last_pid = pid;
      if (holders.count < model::kOwnersMax) holders.pids[holders.count] = pid;
      if (holders.count < std::numeric_limits<std::uint16_t>::max()) ++holders.count;
    });
    if (status.code() == Code::kPermission) ++unreadable_;
    links += 4;  // Opening the directory costs about as much.
  }
  worked_ += os::thread_cpu_ns() - started;
  if (next_ < pids_.size()) return false;
  if (complete_) pace_.ran(now, worked_);
  return true;
}

const Holders* OwnerWalk::holders(std::uint64_t inode) const {
  const auto wanted = holders_.find(inode);
  return wanted == holders_.end() || wanted->second.count == 0 ? nullptr : &wanted->second;
}

}  // namespace ipm::source::sock_diag
