#include "os/linux/host_clock.h"

#include <sys/random.h>

namespace ipm::os {

std::uint64_t random_u64() noexcept {
  std::uint64_t value = 0;
  if (getrandom(&value, sizeof value, 0) != static_cast<ssize_t>(sizeof value)) {
    value = static_cast<std::uint64_t>(boottime_ns());
  }
  return value;
}

}  // namespace ipm::os
