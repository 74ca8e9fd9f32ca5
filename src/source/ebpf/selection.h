// Which parts run, and why the others do not: a pure function of what was found, so that hosts that are not at hand can
// be tested. The kernel's own word decides what runs; the facts say what its refusal means and what would help.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "source/ebpf/parts.h"

namespace ipm::source::ebpf {

// How far a part came.
struct Outcome {
  enum class Step : std::uint8_t { kLeftOut, kRuns, kRefused };
  Step step = Step::kRuns;
  int error = 0;          // errno of what was refused.
  std::string attempted;  // "load", "attach ipm_send_length"

  static Outcome left_out() { return {Step::kLeftOut, 0, {}}; }
  static Outcome refused(std::string_view attempted, int error) {
    return {Step::kRefused, error, std::string(attempted)};
  }
  bool runs() const { return step == Step::kRuns; }
};
using Outcomes = std::array<Outcome, kParts>;

enum class Tracefs : std::uint8_t { kReadable, kNotMounted, kForbidden, kWithoutCalls };

// What the parts depend on.
struct Facts {
  std::uint64_t capabilities = 0;  // The effective set of the thread, a bit for each CAP_* number.
  bool initial_user_namespace = true;
  bool btf = true;                              // /sys/kernel/btf/vmlinux is there.
  std::vector<std::string> not_in_kernel = {};  // Of wanted_names(): those that the kernel's BTF does not have.
  bool cgroup2 = true;                          // It is mounted where it is looked for.
  Tracefs tracefs = Tracefs::kReadable;
};

// What the programs of a part are attached to, as BTF has it: tracepoints, and the iterator over descriptors.
std::span<const std::string_view> wanted_names(Part part);

struct Selection {
  std::array<std::string, kParts> absent;  // Why a part does not run. Empty: it does.
  // Whether the source can open at all: with Part::kLength, or with what can stand in for it.
  Status status;
};

Selection select(const Facts& facts, const Outcomes& outcomes);

}  // namespace ipm::source::ebpf
