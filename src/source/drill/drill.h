// drill:KIND?seed=1: the incident of that kind of alert on a made-up host, the same for each seed; drill:all: every one
// of them, one a day. incidents.h has them, rehearsal.h what lies around them.
#pragma once

#include <memory>

#include "source/source.h"

namespace ipm::source {

std::unique_ptr<Source> make_drill_source(const SourceUri& uri = {});

}  // namespace ipm::source
