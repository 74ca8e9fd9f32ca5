// Time as the engine knows it: whole nanoseconds. Live sources stamp CLOCK_BOOTTIME, files their own clock; wall time
// derives from clock anchors only. Nothing here reads a clock.
#pragma once

#include <cstdint>

namespace ipm {

using TimeNs = std::int64_t;  // A point in engine time, or a length of it.

inline constexpr TimeNs kMicrosecond = 1'000;
inline constexpr TimeNs kMillisecond = 1'000'000;
inline constexpr TimeNs kSecond = 1'000'000'000;
inline constexpr TimeNs kMinute = 60 * kSecond;
inline constexpr TimeNs kHour = 60 * kMinute;
inline constexpr TimeNs kTimeMaxNs = 8'000'000'000 * kSecond;  // Unix time of the year 2223.

}  // namespace ipm
