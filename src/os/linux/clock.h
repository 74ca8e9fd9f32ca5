// The clocks of this host. The only place outside tests that reads one.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/status.h"
#include "base/time.h"

namespace ipm::os {

TimeNs boottime_ns() noexcept;                           // CLOCK_BOOTTIME: runs through suspend, never steps.
TimeNs realtime_ns() noexcept;                           // Unix time.
TimeNs monotonic_ns() noexcept;                          // For measuring how long something took.
TimeNs thread_cpu_ns() noexcept;                         // What this thread has cost so far.
std::int32_t utc_offset_s(TimeNs realtime_ns) noexcept;  // Of the local time zone at that instant, east positive.
std::uint32_t ticks_per_second() noexcept;               // Unit of /proc/PID/stat times, 100 nearly everywhere.
std::uint32_t page_bytes() noexcept;

using BootId = std::array<std::uint8_t, 16>;
// "1b4e28ba-2fa1-11d2-883f-0016d3cca427\n" → its bytes.
Result<BootId> parse_boot_id(std::string_view text);
Result<BootId> boot_id(std::string_view proc_root = "/proc");

}  // namespace ipm::os
