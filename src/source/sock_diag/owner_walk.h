// Finds the processes that hold certain socket inodes, by walking /proc/PID/fd in small steps. First the likely ones,
// or all of them: only a complete walk can say that a holder is the only one, or that there is none.
// Threads: owned by the source's thread.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/event.h"
#include "source/host/pace.h"

namespace ipm::source::sock_diag {

using host::Pace;

struct Holders {
  std::uint16_t count = 0;
  std::uint32_t pids[model::kOwnersMax] = {};  // The first ones found.
  std::uint32_t last_pid = 0;                  // Descriptors of one process count once.
};

class OwnerWalk {
 public:
  explicit OwnerWalk(std::string proc_root) : proc_root_(std::move(proc_root)) {}

  // Begins to look for `inodes`. All processes if `all` or if their turn has come, else only the likely ones.
  void begin(const std::vector<std::uint64_t>& inodes, const std::vector<std::uint32_t>& likely, TimeNs now,
             bool all = false);
  // Walks on, for about `links_max` links. True: done.
  bool step(std::uint64_t links_max, TimeNs now);

  bool wanted(std::uint64_t inode) const { return holders_.contains(inode); }
  // Every process was looked at, as far as readable.
  bool complete() const { return complete_; }
  // Processes whose descriptors may not be read.
  std::uint64_t unreadable() const { return unreadable_; }
  // Nothing: no process that was looked at holds it.
  const Holders* holders(std::uint64_t inode) const;

 private:
  const std::string proc_root_;
  std::unordered_map<std::uint64_t, Holders> holders_;  // Of every wanted inode; without a count until one is found.
  std::vector<std::uint32_t> pids_;
  std::size_t next_ = 0;
  bool complete_ = false;
  std::uint64_t unreadable_ = 0;
  TimeNs worked_ = 0;
  Pace pace_;
};

}  // namespace ipm::source::sock_diag
