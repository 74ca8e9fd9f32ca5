#include "source/drill/rehearsal.h"

namespace ipm::source {
namespace {

constexpr std::uint32_t kWholeRun = 0;  // Id of the mark around everything; incidents have their place + 1.

}  // namespace

Rehearsal::Rehearsal(std::span<const Incident> incidents, std::uint64_t seed)
    : incidents_(incidents), days_(kLearningDays + static_cast<TimeNs>(incidents.size())), random_(seed) {
  script_.mark_drill(0, true, kWholeRun);
  start_ordinary_programs(script_);
}

std::vector<model::Event> Rehearsal::next_day() {
  if (day_ == days_) return {};
  const TimeNs begin = day_ * kDay;
  live_ordinary_days(script_, begin + kMinute, begin + kDay, random_.next());
  if (day_ >= kLearningDays) {
    const auto place = static_cast<std::size_t>(day_ - kLearningDays);
    const TimeNs at = begin_of(place);
    script_.mark_drill(at, true, static_cast<std::uint32_t>(place) + 1);
    incidents_[place].play(script_, at, random_);
    script_.mark_drill(at + kIncidentNs, false, static_cast<std::uint32_t>(place) + 1);
  }
  ++day_;
  if (day_ < days_) return script_.take_before(begin + kDay);
  // The last day ends with what began on it, such as a connection over midnight.
  script_.mark_drill(begin + kDay + kHour, false, kWholeRun);
  return script_.take_before(begin + kDay + 2 * kHour);
}

}  // namespace ipm::source
