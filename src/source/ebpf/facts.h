// What the parts depend on, as it is on this host and for this thread.
#pragma once

#include <string>

#include "source/ebpf/selection.h"

namespace ipm::source::ebpf {

// Cost: some milliseconds, for the kernel's BTF. To be asked when something was refused.
Facts read_facts();

// Where cgroup v2 is mounted; empty: nowhere.
std::string cgroup_mount();

}  // namespace ipm::source::ebpf
