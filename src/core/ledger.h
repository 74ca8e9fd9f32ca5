// Conservation: for each byte layer and direction, attributed + unattributed + evicted + known-lost = seen. `seen` is
// counted where events come in, the others where bytes are credited, so that a mistake between the two shows.
#pragma once

#include "core/activity.h"

namespace ipm::core {

struct LedgerLine {
  Traffic seen;
  Traffic attributed;    // In the rows of processes.
  Traffic unattributed;  // In flows whose owner is not known, candidates among them.
  Traffic candidate;     // The part of unattributed in flows that several processes held.
  Traffic evicted;       // Was in rows that made room for others.
  Traffic known_lost;    // In events that were lost, where their bytes are known.

  bool balanced() const {
    return attributed.tx + unattributed.tx + evicted.tx + known_lost.tx == seen.tx &&
           attributed.rx + unattributed.rx + evicted.rx + known_lost.rx == seen.rx;
  }
};

struct Ledger {
  LedgerLine by_layer[model::kByteLayers] = {};
  std::uint64_t lost_events = 0;  // Events known to be lost, where their number is known.
  std::uint64_t losses = 0;       // Loss events.
  std::uint64_t flows_evicted = 0;
  std::uint64_t processes_evicted = 0;
  std::uint64_t unattributed_flows = 0;  // Flow rows without an owner.

  LedgerLine& line(model::ByteLayer layer) { return by_layer[static_cast<std::uint8_t>(layer)]; }
};

}  // namespace ipm::core
