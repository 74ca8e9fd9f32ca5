// How the engine speaks to whoever watches behaviour; for its own files.
#pragma once

#include "core/engine.h"

namespace ipm::core {

template <typename Tell>
void Engine::tell(std::uint32_t flow, const Tell& what) {
  if (watch_ == nullptr) return;
  const FlowRow& row = flows_.at(flow);
  if (row.owner == 0 || !row.told || processes_.at(row.owner - 1).app == 0) return;
  what(*watch_, facts_of(flow, row.owner - 1));
}

}  // namespace ipm::core
