// "sock_diag:": sockets, their bytes and their processes, from the kernel's socket records. Needs no eBPF and works
// without root for one's own processes.
//
// Its lane needs at least 2,048 events: a look at the sockets pauses while fewer than 1,024 are free.
//
// URI parameters: interval (between two dumps; default 1s), proc (another /proc tree), netns=all|self
// (default all), rcvbuf (receive buffer of the destroy groups; default 64M).
#pragma once

#include <memory>

#include "source/source.h"

namespace ipm::source {

std::unique_ptr<Source> make_sock_diag_source(const SourceUri& uri = {});

}  // namespace ipm::source
