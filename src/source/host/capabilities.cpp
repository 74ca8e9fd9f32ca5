#include "source/host/capabilities.h"

#include "os/linux/proc_files.h"
#include "os/linux/proc_text.h"

namespace ipm::source::host {

std::uint64_t effective_capabilities() {
  const Result<std::string> status = os::read_file("/proc/thread-self/status");
  return status.ok() ? os::parse_status_capabilities(*status).value_or(0) : 0;
}

bool has_capability(int capability) {
  return ((effective_capabilities() >> capability) & 1) != 0;
}

}  // namespace ipm::source::host
