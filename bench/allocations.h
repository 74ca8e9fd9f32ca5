// Counts calls of operator new in this program.
#pragma once

#include <cstdint>

namespace ipm::bench {

std::uint64_t allocations();  // So far, over all threads.

}  // namespace ipm::bench
