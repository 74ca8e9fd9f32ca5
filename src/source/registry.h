// Which source stands behind a scheme, and which `auto:` takes.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "source/source.h"

namespace ipm::source {

struct Backend {
  std::string_view scheme;
  std::unique_ptr<Source> (*make)();
  bool automatic;  // `auto:` may take it: best first in backends().
};

std::span<const Backend> backends();
// Null for an unknown scheme.
const Backend* find_backend(std::string_view scheme);
// "auto:, sock_diag:, … and -", for messages: what this build has.
std::string known_schemes();

}  // namespace ipm::source
