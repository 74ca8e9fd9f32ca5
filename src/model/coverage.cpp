#include "model/coverage.h"

namespace ipm::model {

std::string coverage_text(std::uint8_t coverage) {
  static constexpr struct {
    std::uint8_t bit;
    const char* name;
  } kNames[] = {{kFirstSight, "first_sight"},
                {kLostEvents, "lost_events"},
                {kSampled, "sampled"},
                {kNotMeasurable, "not_measurable"},
                {kEvictedPart, "evicted_part"}};
  std::string text;
  for (const auto& entry : kNames) {
    if ((coverage & entry.bit) == 0) continue;
    if (!text.empty()) text += ',';
    text += entry.name;
  }
  return text.empty() ? "full" : text;
}

}  // namespace ipm::model
