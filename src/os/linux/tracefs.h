// Numbers of static tracepoints, from tracefs (Documentation/trace/ftrace.rst).
#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.h"

namespace ipm::os {

// The id that perf_event_open(2) wants for "syscalls", "sys_exit_accept4". Where tracefs is not mounted, it is for as
// long as this takes, at no place (fsmount(2), needs CAP_SYS_ADMIN): nobody else sees it.
Result<std::uint64_t> tracepoint_id(std::string_view category, std::string_view name);

// At a place where it is looked for.
bool tracefs_mounted();

}  // namespace ipm::os
