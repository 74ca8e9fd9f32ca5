// The small host of the drills, for tests.
#pragma once

#include <string>

#include "base/random.h"
#include "source/drill/ordinary_host.h"
#include "support/host_script.h"

namespace ipm::test {

using source::address_of;
using source::kAuditor;
using source::kCrate;
using source::kLedger;
using source::kLetters;
using source::kPilot;
using source::kPorter;
using source::kTally;
using source::kVault;
using source::kWeaver;

inline std::string address(std::string_view net, std::uint64_t last) {
  return std::string(net) + "." + std::to_string(last);
}

inline void start_all(HostScript& script) {
  source::start_ordinary_programs(script);
}
inline void ordinary_days(HostScript& script, TimeNs from, TimeNs until, std::uint64_t seed = 1) {
  source::live_ordinary_days(script, from, until, seed);
}

// Learned for two days; what a test adds comes on the third, whose ordinary hours are there too.
inline HostScript learned_host(Disguise disguise = {}, std::uint64_t seed = 1) {
  HostScript script(disguise);
  start_all(script);
  ordinary_days(script, kMinute, 3 * kDay, seed);
  return script;
}
inline constexpr TimeNs kThirdDay = 2 * kDay + 9 * kHour;

}  // namespace ipm::test
