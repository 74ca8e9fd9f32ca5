// synthetic:?seed=1&events=100000&processes=20&flows=200&rate=1000&reorder=0&start=1767225600: a small host that never
// was, the same for each seed. It ends with the turn that reaches `events`. rate: turns a second of engine time;
// reorder: late events per mille; start: Unix seconds of the first clock anchor.
//
// The shortest real source: read synthetic.cpp first when you write one. What the host does is in synthetic_host.h.
#pragma once

#include <memory>

#include "source/source.h"

namespace ipm::source {

std::unique_ptr<Source> make_synthetic_source(const SourceUri& uri = {});

}  // namespace ipm::source
