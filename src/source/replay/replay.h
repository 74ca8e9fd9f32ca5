// replay:FILE and -: an event log or event lines, plain or zstd, told apart by their first bytes.
#pragma once

#include <memory>

#include "source/source.h"

namespace ipm::source {

std::unique_ptr<Source> make_replay_source(const SourceUri& uri = {});

}  // namespace ipm::source
