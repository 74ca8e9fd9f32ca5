// Which source stands behind a scheme, and which `auto:` takes.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "source/source.h"

namespace ipm::source {

struct Backend {
  std::string_view scheme;
  std::unique_ptr<Source> (*make)(const SourceUri& uri);  // The URI decides no more than which kind it is.
  bool automatic;                                         // `auto:` may take it: best first in backends().
};

std::span<const Backend> backends();
// Null for an unknown scheme.
const Backend* find_backend(std::string_view scheme);
// "auto:, sock_diag:, … and -", for messages: what this build has.
std::string known_schemes();

// What `auto:` tries, best first, each with the parameters that it knows. An error: a parameter that none of them
// knows, or a value that one of them would refuse, whether or not it comes to be taken.
struct Candidate {
  std::string_view scheme;
  std::unique_ptr<Source> source;
  SourceOptions options;
};
Result<std::vector<Candidate>> automatic_candidates(const SourceOptions& options);

}  // namespace ipm::source
