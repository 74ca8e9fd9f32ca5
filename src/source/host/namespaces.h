// The network namespaces that are watched, each with its own sockets to the kernel. An open netlink socket pins its
// namespace, so one is let go as soon as no process is in it and nothing is mounted for it in /run/netns.
// Bounded: by the descriptor limit, five descriptors each; those past it are a degradation.
// Threads: owned by the source's thread; entering a namespace takes a short-lived helper thread, which is joined.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "os/linux/fd.h"
#include "os/linux/netlink_socket.h"
#include "os/linux/netns.h"
#include "source/host/pace.h"

namespace ipm::source::host {

struct Netns {
  std::uint32_t inode = 0;
  os::NetlinkSocket destroy;  // Subscribed to closed sockets. The only one that is waited on.
  os::NetlinkSocket dump;
  os::NetlinkSocket lookup;  // Single questions, while a dump may be under way.
  os::NetlinkSocket route;   // Interfaces. May be absent.
  os::Fd snmp;               // /proc/net/snmp of this namespace. May be absent.
  std::uint64_t receive_buffer_bytes = 0;
  bool lost = false;               // Destroy records were lost since the last complete dump.
  bool dumps_complete = false;     // Each dump of this tick came to its end.
  std::uint64_t lost_at_tick = 0;  // The tick after which a complete dump ends `lost`.
};

class Namespaces {
 public:
  struct Settings {
    std::string proc_root = "/proc";
    bool all = true;      // Beside that of the calling thread.
    bool sockets = true;  // false: only what the counters need.
    std::uint64_t receive_buffer_bytes = 64ULL << 20;
  };
  explicit Namespaces(const Settings& settings);

  // The namespace of the calling thread. The source works without all others, not without this one.
  Status open_own();

  struct Change {
    std::vector<Netns*> opened;
    std::vector<std::unique_ptr<Netns>> released;  // Out of the map already, sockets still open.
  };
  // Looks at which namespaces there are. `force` disregards the pace.
  Change scan(TimeNs now, bool force);

  std::map<std::uint32_t, std::unique_ptr<Netns>>& all() { return by_inode_; }
  Netns* find(std::uint32_t inode);
  std::uint32_t own() const { return own_; }
  // Which others could not be entered, and why.
  const std::map<std::uint32_t, Status>& refused() const { return refused_; }
  // Processes whose namespace could not be read in the last scan.
  std::uint64_t unreadable() const { return unreadable_; }

 private:
  Status open_sockets(Netns& netns);
  Status open_diag(Netns& netns);
  void enter(std::uint32_t inode, const std::string& path, Change& change);

  const Settings settings_;
  std::size_t namespaces_max_ = 0;
  std::uint32_t own_ = 0;
  std::map<std::uint32_t, std::unique_ptr<Netns>> by_inode_;
  std::map<std::uint32_t, Status> refused_;
  std::uint64_t unreadable_ = 0;
  Pace pace_;
  TimeNs retry_refused_ns_ = 0;
};

}  // namespace ipm::source::host
