// What is known of the host as a whole: when watching began, and whether its uplink is down.
//
// Threads: the engine's.
#pragma once

#include <array>
#include <cstdint>

#include "base/time.h"

namespace ipm::alert {

class Host {
 public:
  // A program that fails to reach anybody is a fault; so many at once are one of the host.
  static constexpr std::uint32_t kOutagePrograms = 5;
  static constexpr std::uint32_t kOutageProgramsNobody = 3;  // Enough if nobody at all gets an answer …
  static constexpr TimeNs kNobodyNs = 30 * kSecond;          // … for so long.
  static constexpr TimeNs kOutageWindowNs = 3 * kMinute;
  static constexpr TimeNs kLatelyNs = 2 * kOutageWindowNs;

  explicit Host(TimeNs learn) : learn_ns(learn) {}

  // A program got something from outside.
  void answered(std::uint32_t app, TimeNs now) {
    if (app + 1 != answered_app_) {
      answered_before_ns_ = answered_ns_;
      answered_app_ = app + 1;
    }
    answered_ns_ = now;
  }
  bool anybody_answered(TimeNs since) const { return answered_ns_ >= since; }
  // Another program did since then.
  bool others_answered(std::uint32_t app, TimeNs since) const {
    return (app + 1 == answered_app_ ? answered_before_ns_ : answered_ns_) >= since;
  }
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
    const std::uint32_t takes = nobody ? kOutageProgramsNobody : kOutagePrograms;
    if (silent < takes) return false;
    const bool was = outage(now);
    if (!was) outage_since_ns_ = now;
    outage_takes_ = takes;
    outage_until_ns_ = now + kOutageWindowNs;
    programs_silent_ = silent;
    return !was;
  }
  // How many other programs got no answer since then.
  std::uint32_t others_silent(std::uint32_t app, TimeNs since) const {
    std::uint32_t others = 0;
    for (const Silent& each : silent_) {
      if (each.app != 0 && each.app != app + 1 && each.at_ns >= since) ++others;
    }
    return others;
  }
  bool outage(TimeNs now) const { return outage_until_ns_ != 0 && now <= outage_until_ns_; }
  TimeNs outage_since_ns() const { return outage_since_ns_; }
  std::uint32_t programs_silent() const { return programs_silent_; }
  // So many at least had to be silent: kOutageProgramsNobody or kOutagePrograms.
  std::uint32_t outage_takes() const { return outage_takes_; }

  const TimeNs learn_ns;  // As in struct Program.
  TimeNs first_ns = 0;

 private:
  struct Silent {
    std::uint32_t app = 0;  // Slot + 1.
    TimeNs at_ns = 0;
  };
  std::array<Silent, 16> silent_;
  std::uint32_t answered_app_ = 0;  // Slot + 1 of the last, …
  TimeNs answered_ns_ = 0;          // … when, …
  TimeNs answered_before_ns_ = 0;   // … and when another one did.
  TimeNs outage_since_ns_ = 0;
  TimeNs outage_until_ns_ = 0;
  std::uint32_t programs_silent_ = 0;
  std::uint32_t outage_takes_ = 0;
};

}  // namespace ipm::alert
