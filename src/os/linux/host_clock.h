// The clocks of this host, read by live sources and by the monitor, never by the engine.
#pragma once

#include <array>
#include <cstdint>

#include "base/time.h"

namespace ipm::os {

TimeNs boottime_ns() noexcept;   // CLOCK_BOOTTIME: runs through suspend.
TimeNs realtime_ns() noexcept;   // CLOCK_REALTIME.
TimeNs monotonic_ns() noexcept;  // CLOCK_MONOTONIC: stops in suspend.
std::int32_t utc_offset_s(TimeNs realtime) noexcept;
std::array<std::uint8_t, 16> boot_id() noexcept;  // Zero where it cannot be read.
std::uint32_t ticks_per_second() noexcept;        // sysconf(_SC_CLK_TCK)
std::uint64_t random_u64() noexcept;              // getrandom(2)

}  // namespace ipm::os
