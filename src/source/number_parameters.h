// URI parameters that are whole numbers, for sources that were made up and take nothing else.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "source/source.h"

namespace ipm::source {

struct NumberParameter {
  std::string_view name;
  std::uint64_t* value;  // Holds the default.
  std::int64_t min, max;
};

// An error names the scheme, what was wrong, and what would have been right.
Status read_number_parameters(const SourceUri& uri, std::span<const NumberParameter> all);

}  // namespace ipm::source
