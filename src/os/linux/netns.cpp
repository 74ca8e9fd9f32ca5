#include "os/linux/netns.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>
#include <memory>
#include <set>
#include <system_error>
#include <thread>

#include "os/linux/proc_files.h"
#include "os/linux/proc_text.h"

namespace ipm::os {

Result<std::uint32_t> netns_of(const std::string& proc_root, std::uint32_t pid) {
  const std::string path = pid == 0 ? proc_root + "/thread-self/ns/net" : process_path(proc_root, pid, "ns/net");
  Result<std::string> target = read_link(path);
  if (!target.ok()) return target.status();
  const auto inode = parse_inode_link(*target, "net");
  if (!inode || *inode > 0xffff'ffff) return Status::corrupt("link " + path + " is not net:[inode]");
  return static_cast<std::uint32_t>(*inode);
}

bool in_initial_pid_namespace() {
  // PROC_PID_INIT_INO of include/linux/proc_ns.h, the same on every kernel since 3.8.
  const Result<std::string> target = read_link("/proc/self/ns/pid");
  return target.ok() && *target == "pid:[4026531836]";
}

bool in_initial_user_namespace() {
  // PROC_USER_INIT_INO, likewise. Without /proc nothing is known against it.
  const Result<std::string> target = read_link("/proc/self/ns/user");
  return !target.ok() || *target == "user:[4026531837]";
}

std::vector<NamedNetns> list_named_netns(const std::string& directory) {
  std::vector<NamedNetns> out;
  const std::unique_ptr<DIR, int (*)(DIR*)> opened(::opendir(directory.c_str()), ::closedir);
  if (!opened) return out;
  while (const dirent* entry = ::readdir(opened.get())) {
    if (entry->d_name[0] == '.') continue;
    NamedNetns named;
    named.path = directory + "/" + entry->d_name;
    struct statfs filesystem {};
    struct stat info {};
    if (::statfs(named.path.c_str(), &filesystem) != 0 || filesystem.f_type != NSFS_MAGIC) continue;
    if (::stat(named.path.c_str(), &info) != 0) continue;
    named.inode = static_cast<std::uint32_t>(info.st_ino);
    out.push_back(std::move(named));
  }
  return out;
}

Result<Fd> open_netns(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return Status::from_errno("open " + path, errno);
  return fd;
}

Status run_in_netns(int netns_fd, const std::function<Status()>& work) {
  Status status;
  sigset_t all, before;
  sigfillset(&all);
  // The new thread inherits the mask of the one that makes it.
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    std::thread helper([&] {
      if (::setns(netns_fd, CLONE_NEWNET) != 0) {
        status = Status::from_errno("enter network namespace (needs CAP_SYS_ADMIN)", errno);
        return;
      }
      status = work();
    });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    helper.join();
  } catch (const std::system_error& error) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return Status::from_errno("start a thread", error.code().value());
  }
  return status;
}

Status in_each_netns(const std::string& proc_root, const std::function<Status()>& work) {
  if (Status own = work(); !own.ok()) return own;
  const Result<std::uint32_t> here = netns_of("/proc", 0);
  std::set<std::uint32_t> seen{here.ok() ? *here : 0};
  Status failed;
  const auto visit = [&](std::uint32_t inode, const std::string& path) {
    if (!failed.ok() || !seen.insert(inode).second) return;
    const Result<Fd> fd = open_netns(path);
    if (!fd.ok()) return;  // Gone, or another user's.
    bool entered = false;
    Status status = run_in_netns(fd->get(), [&] {
      entered = true;
      return work();
    });
    if (entered && !status.ok()) failed = std::move(status);
  };
  for (const NamedNetns& named : list_named_netns()) visit(named.inode, named.path);
  const Result<std::vector<std::uint32_t>> pids = list_processes(proc_root);
  if (!pids.ok()) return failed;
  for (const std::uint32_t pid : *pids) {
    const Result<std::uint32_t> inode = netns_of(proc_root, pid);
    if (inode.ok()) visit(*inode, process_path(proc_root, pid, "ns/net"));
  }
  return failed;
}

}  // namespace ipm::os
