// Clues outside of a monitor: as a file, and as the events by which they enter one.
//
// Threads: the caller's; reading and writing block.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "core/clue_set.h"
#include "model/event.h"

namespace ipm::monitor {

// kNotFound: there is no such file. Every other error says what is wrong with it and what would help.
Result<core::ClueSet> read_clues(const std::string& path);
// What is in the file and not in `set` stays there, as far as there is room. A file that cannot be read is left alone.
Status save_clues(const std::string& path, const core::ClueSet& set);

// The busiest come last: they are the ones that there has to be room for.
std::vector<model::Event> clue_events(const core::ClueSet& set, TimeNs time_ns);

}  // namespace ipm::monitor
