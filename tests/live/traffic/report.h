// What each process counted itself, in memory that all processes of a case share: it outlives kill -9 and exec.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

#include "os/linux/fd.h"

namespace ipm::traffic {

using os::Fd;

enum Field : std::uint32_t {
  kTxBytes,
  kRxBytes,
  kConnects,
  kAccepts,
  kConnectFailures,
  kResetsRx,
  kResetsTx,
  kAlways,  // The fields above are in every line; those below only where a case counts them.
  kFrameTxBytes = kAlways,
  kRetransmits,
  kTxBytesAfter,  // Of tx_bytes, what was sent after the barrier.
  kRxBytesAfter,
  kFields
};

// One process. Plain memory with one writer a field, but for the counters, which threads share.
struct Slot {
  char role[32];
  char comm[16];
  char exe[160];  // Empty: the case is not about it.
  std::int32_t pid;
  std::uint64_t start_ticks;
  std::atomic<std::uint32_t> shown;   // Bit per field that is not in every line.
  std::atomic<std::uint32_t> hidden;  // Bit per field that is in none, because its meaning is open there.
  std::atomic<std::uint64_t> values[kFields];

  void add(Field field, std::uint64_t amount = 1) {
    if (field >= kAlways) shown.fetch_or(1U << field);
    values[field].fetch_add(amount);
  }
  void leave_open(Field field) { hidden.fetch_or(1U << field); }
  // Pid, start and comm of the calling process.
  void identify();
};

class Report {
 public:
  static constexpr std::uint32_t kSlotsMax = 4'096;

  static Report create();
  static Report attach(Fd memory);  // After exec, from the inherited descriptor.

  Slot& take(const std::string& role);
  std::uint32_t index_of(const Slot& slot) const;
  Slot& at(std::uint32_t index);
  const Fd& memory() const { return memory_; }
  void skip(const std::string& reason);
  // One JSON line per process on stdout, or one with the reason why the case was skipped.
  void print(const std::string& case_name) const;

 private:
  struct Shared {
    std::atomic<std::uint32_t> slots;
    char skip_reason[200];
    Slot slot[kSlotsMax];
  };
  explicit Report(Fd memory);

  Fd memory_;
  Shared* shared_;  // Mapped until the process ends.
};

}  // namespace ipm::traffic
