#include "source/sock_diag/privileges.h"

#include <linux/netlink.h>

#include "os/linux/inet_diag.h"
#include "os/linux/netlink_socket.h"
#include "os/linux/proc_connector.h"
#include "os/linux/proc_files.h"
#include "source/host/capabilities.h"

namespace ipm::source::sock_diag {

using host::has_capability;
using host::kCapNetAdmin;
using host::kCapSysAdmin;
using host::kCapSysPtrace;

Capabilities probe_capabilities(const std::string& proc_root) {
  Capabilities out;
  const auto add = [&](std::string what, bool available, std::string reason) {
    out.push_back({std::move(what), available, available ? std::string() : std::move(reason)});
  };
  const auto sockets = os::NetlinkSocket::open(NETLINK_SOCK_DIAG, os::kDestroyGroups);
  const std::string why(sockets.status().message());
  add("tcp bytes, connections and round-trip times", sockets.ok(), why + "; needs CONFIG_INET_DIAG");
  add("connections that open and close between two dumps", sockets.ok(), why);
  const auto connector = os::NetlinkSocket::open(NETLINK_CONNECTOR, os::kProcessConnectorGroup);
  add("process starts and exits as they happen", connector.ok(),
      std::string(connector.status().message()) + "; needs CAP_NET_ADMIN on kernels before 6.6");
  add("owners of other users' sockets", has_capability(kCapSysPtrace),
      "needs CAP_SYS_PTRACE to read /proc/PID/fd of other users");
  add("other network namespaces", has_capability(kCapSysAdmin), "needs CAP_SYS_ADMIN to enter them");
  add("bursts of closing connections without loss", has_capability(kCapNetAdmin),
      "needs CAP_NET_ADMIN for a receive buffer past net.core.rmem_max");
  add("interface and namespace counters", os::read_file(proc_root + "/net/snmp").ok(),
      "cannot read " + proc_root + "/net/snmp");
  add("udp bytes", false, "the kernel's socket records do not count them; needs the ebpf source");
  add("owners of connections between two dumps", false, "a destroy record names no process; needs the ebpf source");
  return out;
}

}  // namespace ipm::source::sock_diag
