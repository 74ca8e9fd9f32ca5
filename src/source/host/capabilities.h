// Capabilities of this process (capabilities(7)).
#pragma once

#include <cstdint>

namespace ipm::source::host {

inline constexpr int kCapNetAdmin = 12, kCapSysPtrace = 19, kCapSysAdmin = 21, kCapPerfmon = 38,
                     kCapBpf = 39;  // linux/capability.h

// The effective set of the calling thread, a bit for each CAP_* number. Empty if /proc cannot be read.
std::uint64_t effective_capabilities();
bool has_capability(int capability);

}  // namespace ipm::source::host
