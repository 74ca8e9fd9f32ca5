#include "os/linux/clock.h"

#include <unistd.h>

#include <ctime>

#include "os/linux/proc_files.h"

namespace ipm::os {
namespace {

TimeNs read_clock(clockid_t clock) noexcept {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<TimeNs>(now.tv_sec) * kSecond + now.tv_nsec;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

TimeNs boottime_ns() noexcept {
  return read_clock(CLOCK_BOOTTIME);
}
TimeNs realtime_ns() noexcept {
  return read_clock(CLOCK_REALTIME);
}
TimeNs monotonic_ns() noexcept {
  return read_clock(CLOCK_MONOTONIC);
}

TimeNs thread_cpu_ns() noexcept {
  return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

std::int32_t utc_offset_s(TimeNs realtime_ns) noexcept {
  const auto seconds = static_cast<std::time_t>(realtime_ns / kSecond);
  std::tm local{};
  if (localtime_r(&seconds, &local) == nullptr) return 0;
  return static_cast<std::int32_t>(local.tm_gmtoff);
}

std::uint32_t ticks_per_second() noexcept {
  const long ticks = sysconf(_SC_CLK_TCK);
  return ticks > 0 ? static_cast<std::uint32_t>(ticks) : 100;
}

std::uint32_t page_bytes() noexcept {
  const long bytes = sysconf(_SC_PAGESIZE);
  return bytes > 0 ? static_cast<std::uint32_t>(bytes) : 4096;
}

Result<BootId> parse_boot_id(std::string_view text) {
  BootId id{};
  std::size_t digits = 0;
  for (const char c : text) {
    if (c == '-' || c == '\n') continue;
    const int value = hex_value(c);
    if (value < 0 || digits >= id.size() * 2) return Status::corrupt("boot_id is not a UUID");
    id[digits / 2] = static_cast<std::uint8_t>(id[digits / 2] * 16 + value);
    ++digits;
  }
  if (digits != id.size() * 2) return Status::corrupt("boot_id is not a UUID");
  return id;
}

Result<BootId> boot_id(std::string_view proc_root) {
  Result<std::string> text = read_file(std::string(proc_root) + "/sys/kernel/random/boot_id", 64);
  if (!text.ok()) return text.status();
  return parse_boot_id(*text);
}

}  // namespace ipm::os
