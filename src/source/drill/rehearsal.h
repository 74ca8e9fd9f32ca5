// A made-up host day by day: two ordinary days on which detectors learn it, then a day for each incident, ordinary but
// for that. All of it is marked as a drill; each incident has a mark of its own within.
#pragma once

#include <vector>

#include "source/drill/incidents.h"

namespace ipm::source {

class Rehearsal {
 public:
  // When the incident with that place in a rehearsal begins, since the beginning of the script.
  static constexpr TimeNs begin_of(std::size_t place) {
    return (kLearningDays + static_cast<TimeNs>(place)) * kDay + 9 * kHour;
  }

  Rehearsal(std::span<const Incident> incidents, std::uint64_t seed);

  // The events of the next day, in order. Empty: that was the last.
  std::vector<model::Event> next_day();

 private:
  static constexpr TimeNs kLearningDays = 2;

  const std::span<const Incident> incidents_;
  const TimeNs days_;
  Random random_;
  HostScript script_;
  TimeNs day_ = 0;
};

}  // namespace ipm::source
