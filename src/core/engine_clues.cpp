// What apps look like on the wire: learned from flows whose owner is known, and from what earlier runs learned.
#include "core/engine.h"

namespace ipm::core {

// Once a flow, with its hello, or when it ends without one.
void Engine::learn_clues(std::uint32_t slot) {
  const FlowRow& flow = flows_.at(slot);
  if (flow.taught || flow.owner == 0 || flow.quality < Quality::kInferred || flow.app == 0) return;
  flows_.edit(slot).taught = true;
  const FlowNamesRow names = flow.names == 0 ? FlowNamesRow{} : names_.flows().at(flow.names - 1);
  const std::uint32_t app = apps_.at(flow.app - 1).key;
  const std::string_view name = texts_.view(names.sni != 0 ? names.sni : names.dns);
  for (const Clue& clue : clues_of(flow.tuple, texts_.view(names.ja4), name)) clues_.add(clue, app, 1, 0, now_);
}

void Engine::note_clue(const model::Event& event) {
  const auto clue = event.as<model::LearnedClue>();
  const auto kind = static_cast<std::uint8_t>(clue.kind);
  const std::uint32_t app = texts_.peek_source(event.header.source, clue.app);
  const bool of_somebody = clue.app != 0 ? app != 0 : clue.other_apps != 0;
  if (kind == 0 || kind >= model::kClueKinds || clue.flows == 0 || !of_somebody) {
    ++counters_.malformed;
    return;
  }
  clues_.add({clue.kind, clue.key}, app, clue.flows, app == 0 ? clue.other_apps : std::uint16_t{0}, now_);
}

}  // namespace ipm::core
