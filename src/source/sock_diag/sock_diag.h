// "sock_diag:": sockets, their bytes and their processes, from the kernel's socket records. Needs no eBPF and works
// without root for one's own processes.
//
// URI parameters: interval (between two dumps; default the monitor's), proc (another /proc tree), netns=all|self
// (default all), rcvbuf (receive buffer of the destroy groups; default 64M).
#pragma once

#include <memory>

#include "source/source.h"

namespace ipm::source {

std::unique_ptr<Source> make_sock_diag_source();

}  // namespace ipm::source
