// synthetic:?seed=1&events=100000&processes=20&flows=200&reorder=0: a small host that never was, the same for each seed.
// The shortest real source: read it first when you write one.
#pragma once

#include <memory>

#include "source/source.h"

namespace ipm::source {

std::unique_ptr<Source> make_synthetic_source();

}  // namespace ipm::source
