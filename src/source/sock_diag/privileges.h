// What this process may see, in sentences: for probe() before it opens and degradations() after.
#pragma once

#include <string>

#include "source/source.h"

namespace ipm::source::sock_diag {

inline constexpr int kCapNetAdmin = 12, kCapSysPtrace = 19, kCapSysAdmin = 21;  // linux/capability.h

// In the effective set of the calling thread's process.
bool has_capability(int capability);
Capabilities probe_capabilities(const std::string& proc_root);

}  // namespace ipm::source::sock_diag
