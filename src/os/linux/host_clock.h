// The clocks of this host, and its source of randomness, read by live sources and by the monitor, never by the engine.
#pragma once

#include <cstdint>

#include "os/linux/clock.h"

namespace ipm::os {

std::uint64_t random_u64() noexcept;  // getrandom(2)

}  // namespace ipm::os
