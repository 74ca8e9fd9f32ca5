// The processes that events have named. Before the first event with a process, its texts and kProcessStart are written;
// after that its exec, its exit and, while it talks, its use of the machine.
// Bounded: processes_max; past it a process stays unnamed (an empty key) and is counted.
// Threads: owned by the source's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "os/linux/proc_text.h"
#include "source/host/event_out.h"

namespace ipm::source::host {

// What the kernel said of a process, which may be gone from /proc by now. Empty texts and zeros: not known.
struct ToldProcess {
  model::ProcessKey key = {};
  bool exec = false;  // A new image of a process that was told before.
  std::string exe;
  std::string ancestors;
  model::Process facts = {};  // Without its texts.
};

class Processes {
 public:
  Processes(std::string proc_root, EventOut& out, std::size_t processes_max = 65'536);

  // A new look at who holds what begins: what was known of a pid may be old.
  void begin_look() { looked_at_.clear(); }
  // The key of a running process, told first if need be. Empty: gone, or not readable, or one too many. A process is
  // read once a look, however many sockets it holds; a successor that gets its pid meanwhile is not the holder seen.
  model::ProcessKey ensure(std::uint32_t pid, TimeNs now);
  // Tells what the kernel said, with what /proc still adds.
  void tell(const ToldProcess& told, TimeNs now);
  // One that is gone already: its start and its end. Who has its pid by now is not touched.
  void tell_gone(const ToldProcess& told, TimeNs now);
  bool known(std::uint32_t pid) const { return by_pid_.contains(pid); }
  // News of a known process; no effect for others.
  void exec(std::uint32_t pid, TimeNs now);
  void exit(std::uint32_t pid, std::int32_t code, TimeNs now);
  // Finds the exits of known processes by looking, for when no news arrives or some was lost, and says so to `gone`
  // before they are told. Ends early while fewer than `room_min` events fit into the lane, and goes on from there the
  // next time. True: all were looked at.
  bool find_exits(TimeNs now, std::uint64_t room_min = 0, const std::function<void(std::uint32_t)>& gone = {});

  void talked(model::ProcessKey key) {
    if (!key.empty()) talking_.insert(key.pid());
  }
  // kProcessSample of those that talked since, as far as there is room. True: all done.
  bool sample(TimeNs now, std::uint64_t room_min);
  std::vector<std::uint32_t> pids() const;
  std::uint64_t refused() const { return refused_; }

 private:
  // Texts and kProcessStart or kProcessExec, with what /proc adds to `process`.
  void tell(model::Process& process, model::ProcessKey key, model::EventKind kind, TimeNs now);
  static void fill_stat(model::Process& process, const os::ProcStat& stat);
  void fill_image(model::Process& process, std::uint32_t pid, TimeNs now);
  void fill_cgroup(model::Process& process, std::uint32_t pid, TimeNs now);
  void name_cgroup(model::Process& process, const std::string& path, TimeNs now);

  const std::string proc_root_;
  EventOut& out_;
  const std::size_t processes_max_;
  std::string cgroup_mount_;                                // Of the v2 hierarchy; empty without one.
  std::unordered_map<std::uint64_t, std::string> cgroups_;  // Paths by id, for processes that are gone: at most 4,096.
  std::unordered_map<std::uint32_t, model::ProcessKey> by_pid_;
  std::unordered_set<std::uint32_t> looked_at_;  // Of by_pid_, in this look.
  std::unordered_set<std::uint32_t> talking_;
  std::vector<std::uint32_t> to_look_at_;  // By find_exits().
  std::uint64_t refused_ = 0;
};

}  // namespace ipm::source::host
