#include "source/host/processes.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cstring>

#include "model/app_key.h"
#include "os/linux/clock.h"
#include "os/linux/netns.h"
#include "os/linux/proc_files.h"
#include "os/linux/proc_text.h"

namespace ipm::source::host {
namespace {

constexpr std::size_t kCgroupsMax = 4'096;

std::string find_cgroup_mount() {
  for (const char* path : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
    struct statfs info {};
    if (::statfs(path, &info) == 0 && info.f_type == CGROUP2_SUPER_MAGIC) return path;
  }
  return {};
}

}  // namespace

Processes::Processes(std::string proc_root, EventOut& out, std::size_t processes_max)
    : proc_root_(std::move(proc_root)), out_(out), processes_max_(processes_max), cgroup_mount_(find_cgroup_mount()) {}

model::ProcessKey Processes::ensure(std::uint32_t pid, TimeNs now) {
  if (looked_at_.contains(pid)) return by_pid_.at(pid);
  const Result<std::string> text = os::read_file(os::process_path(proc_root_, pid, "stat"));
  if (!text.ok()) return {};
  const auto stat = os::parse_proc_stat(*text);
  if (!stat) {
    out_.malformed();
    return {};
  }
  if (stat->state == 'Z' || stat->state == 'X') return {};  // Ended, and told as ended.
  const model::ProcessKey key(pid, stat->start_ticks);
  if (const auto found = by_pid_.find(pid); found != by_pid_.end()) {
    if (found->second == key) {
      looked_at_.insert(pid);
      return key;
    }
    exit(pid, 0, now);  // Its number was given to another; the end of the first went unseen.
  }
  if (by_pid_.size() >= processes_max_) {
    ++refused_;
    return {};
  }
  by_pid_[pid] = key;
  looked_at_.insert(pid);
  model::Process process;
  fill_stat(process, *stat);  // What it was when it was seen: it may be gone at the next read.
  tell(process, key, model::EventKind::kProcessStart, now);
  return key;
}

void Processes::fill_stat(model::Process& process, const os::ProcStat& stat) {
  process.ppid = stat.ppid;
  const std::size_t bytes = std::min<std::size_t>(stat.comm.size(), model::kCommBytes - 1);
  std::memset(process.comm, 0, sizeof process.comm);
  std::memcpy(process.comm, stat.comm.data(), bytes);
}

void Processes::fill_image(model::Process& process, std::uint32_t pid, TimeNs now) {
  const std::string exe_path = os::process_path(proc_root_, pid, "exe");
  const Result<std::string> exe = os::read_link(exe_path);
  if (exe.ok()) process.exe = out_.text(*exe, now);
  if (const auto identity = os::file_identity(exe_path); identity.ok()) {
    process.exe_inode = identity->inode;
    process.exe_dev = identity->device;
    process.exe_mtime_ns = identity->mtime_ns;
  }
  const Result<std::string> cmdline = os::read_file(os::process_path(proc_root_, pid, "cmdline"));
  if (!exe.ok() || !cmdline.ok()) return;
  process.script = out_.text(model::script_of(*exe, os::parse_cmdline(*cmdline)), now);
}

void Processes::fill_cgroup(model::Process& process, std::uint32_t pid, TimeNs now) {
  const Result<std::string> text = os::read_file(os::process_path(proc_root_, pid, "cgroup"));
  if (!text.ok()) return;
  const std::string path(os::parse_cgroup(*text));
  name_cgroup(process, path, now);
  if (cgroup_mount_.empty()) return;
  if (const auto identity = os::file_identity(cgroup_mount_ + path); identity.ok()) {
    process.cgroup_id = identity->inode;
  }
  if (process.cgroup_id != 0 && cgroups_.size() < kCgroupsMax) cgroups_.emplace(process.cgroup_id, path);
}

void Processes::name_cgroup(model::Process& process, const std::string& path, TimeNs now) {
  process.cgroup = out_.text(path, now);
  process.unit = out_.text(model::unit_of(path), now);
  process.container = out_.text(model::container_of(path), now);
}

void Processes::tell_gone(const ToldProcess& told, TimeNs now) {
  out_.write(model::make_event(now, model::EventKind::kProcessStart, told.key, 0, told.facts));
  out_.write(model::make_event(now, model::EventKind::kProcessExit, told.key, 0, model::ProcessExit{}));
}

void Processes::tell(const ToldProcess& told, TimeNs now) {
  const std::uint32_t pid = told.key.pid();
  const auto known = by_pid_.find(pid);
  if (known != by_pid_.end() && known->second != told.key) exit(pid, 0, now);
  if (!by_pid_.contains(pid)) {
    if (by_pid_.size() >= processes_max_) {
      ++refused_;
      return out_.filtered();
    }
    by_pid_[pid] = told.key;
  }
  model::Process process = told.facts;
  process.exe = out_.text(told.exe, now);
  process.ancestors = out_.text(told.ancestors, now);
  const Result<std::string> text = os::read_file(os::process_path(proc_root_, pid, "stat"));
  const auto stat = text.ok() ? os::parse_proc_stat(*text) : std::nullopt;
  if (stat && stat->start_ticks == told.key.start_ticks()) {
    const std::uint64_t cgroup_id = process.cgroup_id;
    fill_cgroup(process, pid, now);
    process.cgroup_id = cgroup_id;
    const Result<std::string> exe = os::read_link(os::process_path(proc_root_, pid, "exe"));
    const Result<std::string> cmdline = os::read_file(os::process_path(proc_root_, pid, "cmdline"));
    if (exe.ok() && *exe == told.exe && cmdline.ok()) {
      process.script = out_.text(model::script_of(*exe, os::parse_cmdline(*cmdline)), now);
    }
  } else if (const auto cgroup = cgroups_.find(process.cgroup_id); cgroup != cgroups_.end()) {
    name_cgroup(process, cgroup->second, now);
  }
  const auto kind = told.exec ? model::EventKind::kProcessExec : model::EventKind::kProcessStart;
  out_.write(model::make_event(now, kind, told.key, 0, process));
}

void Processes::tell(model::Process& process, model::ProcessKey key, model::EventKind kind, TimeNs now) {
  const std::uint32_t pid = key.pid();
  fill_image(process, pid, now);
  fill_cgroup(process, pid, now);
  if (const auto text = os::read_file(os::process_path(proc_root_, pid, "status")); text.ok()) {
    process.uid = os::parse_status_uid(*text).value_or(model::Process::kUidUnknown);
  }
  if (const auto netns = os::netns_of(proc_root_, pid); netns.ok()) process.netns = *netns;
  process.start_ns = static_cast<TimeNs>(key.start_ticks()) * (kSecond / os::ticks_per_second());
  // As far as it is still there: after an exec the name changes with the image.
  const Result<std::string> text = os::read_file(os::process_path(proc_root_, pid, "stat"));
  const auto stat = text.ok() ? os::parse_proc_stat(*text) : std::nullopt;
  if (stat && stat->start_ticks == key.start_ticks()) fill_stat(process, *stat);
  out_.write(model::make_event(now, kind, key, 0, process));
}

void Processes::exec(std::uint32_t pid, TimeNs now) {
  const auto found = by_pid_.find(pid);
  if (found == by_pid_.end()) return out_.filtered();
  model::Process process;
  tell(process, found->second, model::EventKind::kProcessExec, now);
}

void Processes::exit(std::uint32_t pid, std::int32_t code, TimeNs now) {
  const auto found = by_pid_.find(pid);
  if (found == by_pid_.end()) return out_.filtered();
  model::ProcessExit payload;
  payload.exit_code = code;
  out_.write(model::make_event(now, model::EventKind::kProcessExit, found->second, 0, payload));
  by_pid_.erase(found);
  looked_at_.erase(pid);
  talking_.erase(pid);
}

bool Processes::find_exits(TimeNs now, std::uint64_t room_min, const std::function<void(std::uint32_t)>& gone) {
  for (to_look_at_ = to_look_at_.empty() ? pids() : std::move(to_look_at_); !to_look_at_.empty();
       to_look_at_.pop_back()) {
    if (out_.room() < room_min) return false;
    const std::uint32_t pid = to_look_at_.back();
    const auto known = by_pid_.find(pid);
    if (known == by_pid_.end()) continue;
    const Result<std::string> text = os::read_file(os::process_path(proc_root_, pid, "stat"));
    const auto stat = text.ok() ? os::parse_proc_stat(*text) : std::nullopt;
    if (stat && stat->start_ticks == known->second.start_ticks() && stat->state != 'Z') continue;
    if (gone) gone(pid);
    exit(pid, 0, now);
  }
  return true;
}

bool Processes::sample(TimeNs now, std::uint64_t room_min) {
  while (!talking_.empty()) {
    if (out_.room() < room_min) return false;
    const std::uint32_t pid = *talking_.begin();
    talking_.erase(talking_.begin());
    const auto found = by_pid_.find(pid);
    const Result<std::string> text = os::read_file(os::process_path(proc_root_, pid, "stat"));
    if (found == by_pid_.end() || !text.ok()) continue;
    const auto stat = os::parse_proc_stat(*text);
    if (!stat || stat->start_ticks != found->second.start_ticks()) continue;
    model::ProcessSample sample;
    sample.cpu_ns = (stat->user_ticks + stat->system_ticks) * (kSecond / os::ticks_per_second());
    sample.rss_bytes = stat->rss_pages * os::page_bytes();
    sample.measured = model::ProcessSample::kCpu | model::ProcessSample::kRss;
    if (const auto io_text = os::read_file(os::process_path(proc_root_, pid, "io")); io_text.ok()) {
      if (const auto io = os::parse_proc_io(*io_text)) {
        sample.read_bytes = io->read_bytes;
        sample.write_bytes = io->write_bytes;
        sample.measured |= model::ProcessSample::kIo;
      }
    }
    out_.write(model::make_event(now, model::EventKind::kProcessSample, found->second, 0, sample));
  }
  return true;
}

std::vector<std::uint32_t> Processes::pids() const {
  std::vector<std::uint32_t> out;
  out.reserve(by_pid_.size());
  for (const auto& [pid, key] : by_pid_) out.push_back(pid);
  return out;
}

}  // namespace ipm::source::host
