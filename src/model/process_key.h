// Who: a process of one boot. A pid alone is not an identity, since the kernel hands it out again; with the start time
// from field 22 of /proc/PID/stat it is (proc_pid_stat(5)). Both fit one 64-bit reference, which travels in every
// event.
#pragma once

#include <compare>
#include <cstdint>

namespace ipm::model {

// pid needs 22 bits (PID_MAX_LIMIT is 2^22, include/linux/threads.h); 42 bits of 10 ms ticks last for 1,394 years.
inline constexpr std::uint32_t kPidBits = 22;
inline constexpr std::uint64_t kStartTicksMax = (std::uint64_t{1} << 42) - 1;

// 0 means "no process". start_ticks 0 with a pid means that the start is not known (a file that has none): such a key
// names the pid until that pid is seen to exit or to start again.
class ProcessKey {
 public:
  constexpr ProcessKey() = default;
  constexpr ProcessKey(std::uint32_t pid, std::uint64_t start_ticks)
      : ref_((static_cast<std::uint64_t>(pid & ((1U << kPidBits) - 1)) << 42) | (start_ticks & kStartTicksMax)) {}
  static constexpr ProcessKey from_ref(std::uint64_t ref) {
    ProcessKey key;
    key.ref_ = ref;
    return key;
  }

  constexpr std::uint64_t ref() const { return ref_; }
  constexpr std::uint32_t pid() const { return static_cast<std::uint32_t>(ref_ >> 42); }
  constexpr std::uint64_t start_ticks() const { return ref_ & kStartTicksMax; }
  constexpr bool empty() const { return ref_ == 0; }
  constexpr auto operator<=>(const ProcessKey&) const = default;

 private:
  std::uint64_t ref_ = 0;
};

}  // namespace ipm::model
