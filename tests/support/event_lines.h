// Events as the lines that `ipm detect -` reads, for judging by a program of another language.
#pragma once

#include <ostream>
#include <span>

#include "model/event.h"

namespace ipm::test {

// In the order of the events. Texts are resolved; bytes that come with the end of a connection are in its line.
void write_event_lines(std::ostream& out, std::span<const model::Event> events);

}  // namespace ipm::test
