// What is known of the host as a whole: when watching began, which ports and networks its programs use, and whether its
// uplink is down.
//
// Bounds: SmallTable's. Threads: the engine's.
#pragma once

#include <array>

#include "alert/program.h"

namespace ipm::alert {

struct Use {
  std::uint32_t seen_s = 0;
  std::uint32_t programs = 0;
};

class Host {
 public:
  // A program that fails to reach anybody is a fault; so many at once are one of the host.
  static constexpr std::uint32_t kOutagePrograms = 5;
  static constexpr std::uint32_t kOutageProgramsNobody = 3;  // Enough if nobody at all gets an answer …
  static constexpr TimeNs kNobodyNs = 30 * kSecond;          // … for so long.
  static constexpr TimeNs kOutageWindowNs = 3 * kMinute;

  explicit Host(PageStore& store) : nets(store), ports(store) {}

  // A program got something from outside.
  void answered(TimeNs now) { answered_ns_ = now; }
  // A connection of the program got no answer. True: with this one the uplink counts as down.
  bool unanswered(std::uint32_t app, TimeNs now) {
    Silent* slot = nullptr;
    std::uint32_t silent = 1;
    for (Silent& each : silent_) {
      if (each.app == app + 1) {
        slot = &each;
      } else if (each.app != 0 && now - each.at_ns <= kOutageWindowNs) {
        ++silent;
      }
    }
    if (slot == nullptr) {
      slot = &silent_[0];
      for (Silent& each : silent_) {
        if (each.at_ns < slot->at_ns) slot = &each;
      }
    }
    *slot = {app + 1, now};
    const bool nobody = now - answered_ns_ >= kNobodyNs;
    if (silent < (nobody ? kOutageProgramsNobody : kOutagePrograms)) return false;
    const bool was = outage(now);
    if (!was) outage_since_ns_ = now;
    outage_until_ns_ = now + kOutageWindowNs;
    programs_silent_ = silent;
    return !was;
  }
  // How many other programs got no answer lately.
  std::uint32_t others_silent(std::uint32_t app, TimeNs now) const {
    std::uint32_t others = 0;
    for (const Silent& each : silent_) {
      if (each.app != 0 && each.app != app + 1 && now - each.at_ns <= 2 * kOutageWindowNs) ++others;
    }
    return others;
  }
  bool outage(TimeNs now) const { return outage_until_ns_ != 0 && now <= outage_until_ns_; }
  TimeNs outage_since_ns() const { return outage_since_ns_; }
  std::uint32_t programs_silent() const { return programs_silent_; }

  TimeNs first_ns = 0;
  TimeNs last_loss_ns = 0;
  SmallTable<Use, 3072> nets;
  SmallTable<Use, 768> ports;  // Remote.

 private:
  struct Silent {
    std::uint32_t app = 0;  // Slot + 1.
    TimeNs at_ns = 0;
  };
  std::array<Silent, 16> silent_;
  TimeNs answered_ns_ = 0;
  TimeNs outage_since_ns_ = 0;
  TimeNs outage_until_ns_ = 0;
  std::uint32_t programs_silent_ = 0;
};

}  // namespace ipm::alert
