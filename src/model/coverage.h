// What a number does not cover. Travels with every row; several may hold at once.
#pragma once

#include <cstdint>
#include <string>

namespace ipm::model {

enum Coverage : std::uint8_t {
  kCoverageFull = 0,
  kFirstSight = 1,     // Existed before it was first looked at: what was missed before is not in rates.
  kLostEvents = 2,     // Events were lost while this was alive; counters may be low.
  kSampled = 4,        // Counted from a sample.
  kNotMeasurable = 8,  // A part of the total could not be measured by its source.
  kEvictedPart = 16,   // A part of what this counts was evicted to stay within a bound.
};

// "first_sight,lost_events", or "full".
std::string coverage_text(std::uint8_t coverage);

}  // namespace ipm::model
