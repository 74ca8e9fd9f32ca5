// Whose a flow may be that nobody is known to have: what its clues were seen to mean on this host.
//
// Each clue gives each of its apps the share of its flows, n(app) / (n + apps). What is missing to one is the chance
// that the next flow is of an app never seen with the clue, as Witten and Bell estimate it ("The zero-frequency
// problem", 1991, method C): one flow gives 1/2, nine of twelve of two apps 9/14. Of a fingerprint with a name that
// chance is shared out as the fingerprint alone says: (n(app) + apps · share by the fingerprint) / (n + apps). The
// likeliest app by its best clue is told, or none below kConfidenceMin. Ports mean less than their share says: anyone
// may use them, and apps that were not seen here are many. A name or a port speaks half as loud where the flow has a
// fingerprint that the app was never seen with: the site may be asked by somebody else.
#pragma once

#include "core/engine.h"

namespace ipm::core {

struct LikelyApp {
  std::uint32_t app = 0;  // Text of its key: slot + 1. 0: nobody fits, or an owner is known.
  double confidence = 0;  // 0 to 1.
  model::ClueKind rule = model::ClueKind::kNone;
};

inline constexpr double kConfidenceMin = 0.1;
inline constexpr double kServerPortWeight = 0.5;
inline constexpr double kPortWeight = 0.25;

LikelyApp likely_app(const EngineViews& views, const FlowRow& flow);

}  // namespace ipm::core
