// STIX 2.1 patterns (OASIS STIX 2.1 §9), as far as a connection can be matched with them: equality, IN and ISSUBSET on
// addresses, domains and URLs, joined by OR. What else a pattern may say is told, not guessed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "enrich/indicator.h"

namespace ipm::enrich {

struct StixPattern {
  std::vector<Indicator> indicators;  // Any of them matches.
  std::string unsupported;            // The first thing that could not be taken; empty: all was.
  bool malformed = false;             // `unsupported` says what is wrong with the text.
};

inline constexpr std::size_t kPatternIndicatorsMax = 256;

StixPattern read_stix_pattern(std::string_view text);

}  // namespace ipm::enrich
