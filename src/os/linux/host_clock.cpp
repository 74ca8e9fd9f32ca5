#include "os/linux/host_clock.h"

#include <fcntl.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

namespace ipm::os {
namespace {

TimeNs read_clock(clockid_t clock) noexcept {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<TimeNs>(now.tv_sec) * kSecond + now.tv_nsec;
}

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
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

std::int32_t utc_offset_s(TimeNs realtime) noexcept {
  const time_t seconds = static_cast<time_t>(realtime / kSecond);
  tm local{};
  return localtime_r(&seconds, &local) == nullptr ? 0 : static_cast<std::int32_t>(local.tm_gmtoff);
}

std::array<std::uint8_t, 16> boot_id() noexcept {
  std::array<std::uint8_t, 16> id{};
  const int fd = ::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return id;
  char text[37] = {};
  const ssize_t got = ::read(fd, text, 36);
  ::close(fd);
  std::size_t digits = 0;
  for (ssize_t i = 0; i < got && digits < 32; ++i) {
    const int digit = hex_digit(text[i]);
    if (digit < 0) continue;
    id[digits / 2] = static_cast<std::uint8_t>(id[digits / 2] * 16 + digit);
    ++digits;
  }
  return id;
}

std::uint32_t ticks_per_second() noexcept {
  const long ticks = sysconf(_SC_CLK_TCK);
  return ticks > 0 ? static_cast<std::uint32_t>(ticks) : 100;
}

std::uint64_t random_u64() noexcept {
  std::uint64_t value = 0;
  if (getrandom(&value, sizeof value, 0) != static_cast<ssize_t>(sizeof value))
    value = static_cast<std::uint64_t>(boottime_ns());
  return value;
}

}  // namespace ipm::os
