// Network namespaces (network_namespaces(7)). A namespace is named by the inode of its nsfs file.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "os/linux/fd.h"

namespace ipm::os {

// Of the process (from the link's text, which needs ptrace access to other users' processes); "self" for pid 0.
Result<std::uint32_t> netns_of(const std::string& proc_root, std::uint32_t pid);

struct NamedNetns {
  std::string path;
  std::uint32_t inode = 0;
};
// The bind mounts that ip-netns(8) makes. Empty if there is no such directory; plain files in it are skipped.
std::vector<NamedNetns> list_named_netns(const std::string& directory = "/run/netns");

Result<Fd> open_netns(const std::string& path);

// False in a container's pid namespace, whose /proc has its own processes only.
bool in_initial_pid_namespace();
// False where capabilities are those of a user namespace: much that is of the whole host asks for them in the first.
bool in_initial_user_namespace();

// Runs `work` on a new thread that has entered the namespace, and waits for its end. No other thread changes
// namespace. The thread blocks all signals, so the host's handlers never run on it. Needs CAP_SYS_ADMIN.
Status run_in_netns(int netns_fd, const std::function<Status()>& work);

// Runs `work` in the caller's namespace, and then in every other one that has a process or a name in /run/netns, each
// as run_in_netns() does. Others that cannot be entered are left out; the answer is that of the caller's own, or the
// first error of `work`.
Status in_each_netns(const std::string& proc_root, const std::function<Status()>& work);

}  // namespace ipm::os
