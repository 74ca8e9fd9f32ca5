// Capabilities of this process (capabilities(7)).
#pragma once

namespace ipm::source::host {

inline constexpr int kCapNetAdmin = 12, kCapSysPtrace = 19, kCapSysAdmin = 21, kCapPerfmon = 38,
                     kCapBpf = 39;  // linux/capability.h

// In the effective set of the calling thread.
bool has_capability(int capability);

}  // namespace ipm::source::host
