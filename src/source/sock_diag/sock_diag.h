// sock_diag:?interval=1s: the kernel's own list of sockets (sock_diag(7)) with final counters of every one that closes, the
// process connector, and /proc. Works without privilege for one's own processes. README.md in this folder says what it
// cannot see.
#pragma once

#include <memory>

#include "source/source.h"

namespace ipm::source {

std::unique_ptr<Source> make_sock_diag_source();

}  // namespace ipm::source
