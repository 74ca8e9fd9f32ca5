#include "source/host/capabilities.h"

#include "os/linux/proc_files.h"
#include "os/linux/proc_text.h"

namespace ipm::source::host {

bool has_capability(int capability) {
  const Result<std::string> status = os::read_file("/proc/thread-self/status");
  if (!status.ok()) return false;
  return ((os::parse_status_capabilities(*status).value_or(0) >> capability) & 1) != 0;
}

}  // namespace ipm::source::host
