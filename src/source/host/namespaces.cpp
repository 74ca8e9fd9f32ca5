#include "source/host/namespaces.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>

#include "os/linux/clock.h"
#include "os/linux/inet_diag.h"
#include "os/linux/proc_files.h"

namespace ipm::source::host {
namespace {

constexpr TimeNs kRetryRefused = 10 * kSecond;

constexpr std::size_t kDescriptorsEach = 5;
constexpr std::size_t kNamespacesMax = 1'024;

// Half of the descriptor limit at most: the rest is the host's.
std::size_t namespaces_max() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kNamespacesMax;
  return std::clamp<std::size_t>(limit.rlim_cur / 2 / kDescriptorsEach, 1, kNamespacesMax);
}

}  // namespace

Namespaces::Namespaces(const Settings& settings) : settings_(settings), namespaces_max_(namespaces_max()) {}

Netns* Namespaces::find(std::uint32_t inode) {
  const auto found = by_inode_.find(inode);
  return found == by_inode_.end() ? nullptr : found->second.get();
}

Status Namespaces::open_sockets(Netns& netns) {
  if (settings_.sockets) {
    if (Status status = open_diag(netns); !status.ok()) return status;
  }
  Result<os::NetlinkSocket> route = os::NetlinkSocket::open(NETLINK_ROUTE, 0);
  if (route.ok()) netns.route = std::move(*route);
  // thread-self: the helper thread is in the namespace, its process is not. The open file keeps the namespace.
  netns.snmp = os::Fd(::open((settings_.proc_root + "/thread-self/net/snmp").c_str(), O_RDONLY | O_CLOEXEC));
  return Status::success();
}

Status Namespaces::open_diag(Netns& netns) {
  Result<os::NetlinkSocket> destroy = os::NetlinkSocket::open(NETLINK_SOCK_DIAG, os::kDestroyGroups);
  if (!destroy.ok()) return destroy.status().with_context("subscribe to closed sockets");
  netns.destroy = std::move(*destroy);
  netns.receive_buffer_bytes = netns.destroy.set_receive_buffer(settings_.receive_buffer_bytes);
  for (os::NetlinkSocket* socket : {&netns.dump, &netns.lookup}) {
    Result<os::NetlinkSocket> opened = os::NetlinkSocket::open(NETLINK_SOCK_DIAG, 0);
    if (!opened.ok()) return opened.status().with_context("ask for sockets");
    *socket = std::move(*opened);
  }
  return Status::success();
}

Status Namespaces::open_own() {
  Result<std::uint32_t> inode = os::netns_of("/proc", 0);
  auto netns = std::make_unique<Netns>();
  netns->inode = inode.ok() ? *inode : 0;
  if (Status status = open_sockets(*netns); !status.ok()) return status;
  own_ = netns->inode;
  by_inode_[own_] = std::move(netns);
  return Status::success();
}

void Namespaces::enter(std::uint32_t inode, const std::string& path, Change& change) {
  if (by_inode_.contains(inode) || refused_.contains(inode)) return;
  if (by_inode_.size() >= namespaces_max_) {
    refused_.emplace(inode, Status::limit("more than " + std::to_string(namespaces_max_) +
                                          " network namespaces; raise the descriptor limit (ulimit -n)"));
    return;
  }
  Result<os::Fd> fd = os::open_netns(path);
  // Gone between the look and the visit: not refused, just over.
  if (!fd.ok() && fd.status().code() == Code::kNotFound) return;
  auto netns = std::make_unique<Netns>();
  netns->inode = inode;
  const Status status = fd.ok() ? os::run_in_netns(fd->get(), [&] { return open_sockets(*netns); }) : fd.status();
  if (!status.ok()) {
    refused_.emplace(inode, status);
    return;
  }
  change.opened.push_back(netns.get());
  by_inode_[inode] = std::move(netns);
}

Namespaces::Change Namespaces::scan(TimeNs now, bool force) {
  Change change;
  if (!settings_.all || (!force && !pace_.due(now))) return change;
  const TimeNs started = os::thread_cpu_ns();
  // Why one could not be entered may be over: descriptors are free again, or its number is another's.
  if (now >= retry_refused_ns_) {
    retry_refused_ns_ = now + kRetryRefused;
    refused_.clear();
  }
  std::set<std::uint32_t> present{own_};
  for (const os::NamedNetns& named : os::list_named_netns()) {
    present.insert(named.inode);
    enter(named.inode, named.path, change);
  }
  unreadable_ = 0;
  const Result<std::vector<std::uint32_t>> pids = os::list_processes(settings_.proc_root);
  if (!pids.ok()) return change;
  for (const std::uint32_t pid : *pids) {
    const Result<std::uint32_t> inode = os::netns_of(settings_.proc_root, pid);
    if (!inode.ok()) {
      unreadable_ += inode.status().code() == Code::kPermission ? 1 : 0;
      continue;
    }
    present.insert(*inode);
    if (!by_inode_.contains(*inode)) enter(*inode, os::process_path(settings_.proc_root, pid, "ns/net"), change);
  }
  for (auto it = by_inode_.begin(); it != by_inode_.end();) {
    if (present.contains(it->first)) {
      ++it;
      continue;
    }
    change.released.push_back(std::move(it->second));
    it = by_inode_.erase(it);
  }
  std::erase_if(refused_, [&](const auto& entry) { return !present.contains(entry.first); });
  pace_.ran(now, os::thread_cpu_ns() - started);
  return change;
}

}  // namespace ipm::source::host
