// Any bytes as the text of a /proc file.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "model/app_key.h"
#include "os/linux/clock.h"
#include "os/linux/proc_text.h"

using namespace ipm;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto stat = os::parse_proc_stat(text); stat && stat->comm.size() > size) std::abort();
  (void)os::parse_status_uid(text);
  (void)os::parse_status_capabilities(text);
  (void)os::parse_proc_io(text);
  (void)os::parse_snmp(text);
  (void)os::parse_boot_id(text).ok();
  (void)os::parse_inode_link(text, "socket");
  (void)os::parse_inode_link(text, "net");
  const auto arguments = os::parse_cmdline(text);
  (void)model::script_of("/usr/bin/python3", arguments);
  const std::string_view cgroup = os::parse_cgroup(text);
  (void)model::unit_of(cgroup);
  (void)model::container_of(cgroup);
  return 0;
}
