// How the engine speaks to whoever watches behaviour; for its own files.
#pragma once

#include "core/engine.h"

namespace ipm::core {

inline model::FlowFacts Engine::facts_of(std::uint32_t flow, std::uint32_t process) const {
  const FlowRow& row = flows_.at(flow);
  const ProcessRow& owner = processes_.at(process);
  return {.slot = flow,
          .app = owner.app - 1,
          .process = owner.key,
          .tuple = &row.tuple,
          .scope = row.tuple.remote.scope(),
          .begins = (row.coverage & model::kFirstSight) == 0,
          .opened_ns = row.opened_ns,
          .place = row.endpoint == 0 ? model::Place{} : endpoints_.at(row.endpoint - 1).place,
          .tx_bytes = row.tx_bytes,
          .rx_bytes = row.rx_bytes};
}

template <typename Tell>
void Engine::tell(std::uint32_t flow, const Tell& what) {
  if (watch_ == nullptr) return;
  const FlowRow& row = flows_.at(flow);
  if (row.owner == 0 || !row.told || processes_.at(row.owner - 1).app == 0) return;
  what(*watch_, facts_of(flow, row.owner - 1));
}

}  // namespace ipm::core
