// The incidents that drills play: for each kind of alert one, with the program that the alert has to name.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/random.h"
#include "source/drill/ordinary_host.h"

namespace ipm::source {

struct Incident {
  std::string_view kind;  // Of the alert that it has to raise.
  const Persona* who;     // Of whom.
  std::string_view what;  // What happens, in a line.
  void (*play)(HostScript& script, TimeNs at, Random& random);
};

// In the order in which drill:all plays them. A new kind of alert gets a row here.
std::span<const Incident> incidents();

// An incident may take so long, with what it takes until it is told.
inline constexpr TimeNs kIncidentNs = 8 * kHour;

}  // namespace ipm::source
