// A network namespace of one's own, with loopback up. It goes with the last process in it.
#pragma once

namespace ipm::bench {

// The calling process goes into a new one. Needs root. Throws std::runtime_error.
void make_net_namespace();

}  // namespace ipm::bench
