#include "core/likely_app.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <span>

namespace ipm::core {

using model::ClueKind;

namespace {

double weight(ClueKind kind) {
  if (kind == ClueKind::kServerPort) return kServerPortWeight;
  return kind == ClueKind::kPort ? kPortWeight : 1;
}

std::span<const std::uint32_t> apps_of(const ClueRow* clue) {
  return clue == nullptr ? std::span<const std::uint32_t>() : std::span<const std::uint32_t>(clue->apps);
}

std::uint32_t flows_of(const ClueRow* clue, std::uint32_t app) {
  for (std::uint32_t i = 0; clue != nullptr && i < ClueRow::kApps; ++i) {
    if (clue->apps[i] == app) return clue->flows[i];
  }
  return 0;
}

// `before`: how likely the app is without the clue.
double share(const ClueRow* clue, std::uint32_t app, double before = 0) {
  if (clue == nullptr) return before;
  const auto held =
      std::count_if(std::begin(clue->apps), std::end(clue->apps), [](std::uint32_t of) { return of != 0; });
  const double apps = static_cast<double>(held) + clue->other_apps;
  return (flows_of(clue, app) + apps * before) / (clue->all_flows() + apps);
}

class Guess {
 public:
  void consider(std::uint32_t app, double confidence, ClueKind rule) {
    if (app != 0 && confidence > best_.confidence) best_ = {app, confidence, rule};
  }
  LikelyApp best() const { return best_.confidence < kConfidenceMin ? LikelyApp{} : best_; }

 private:
  LikelyApp best_;
};

}  // namespace

LikelyApp likely_app(const EngineViews& views, const FlowRow& flow) {
  if (flow.quality >= Quality::kInferred || views.clues.slots() == 0) return {};
  const FlowNamesRow names = flow.names == 0 ? FlowNamesRow{} : views.flow_names.at(flow.names - 1);
  const std::string_view ja4 = views.text(names.ja4);
  std::array<const ClueRow*, model::kClueKinds> rows = {};
  const auto row_of = [&](ClueKind kind) -> const ClueRow*& { return rows[static_cast<std::size_t>(kind)]; };
  for (const Clue& clue : clues_of(flow.tuple, ja4, views.text(names.sni != 0 ? names.sni : names.dns)))
    row_of(clue.kind) = find_clue(views.clues, clue);

  Guess guess;
  const ClueRow* const both = row_of(ClueKind::kJa4Name);
  const ClueRow* const fingerprint = row_of(ClueKind::kJa4);
  for (const ClueRow* row : {both, fingerprint}) {
    for (const std::uint32_t app : apps_of(row)) {
      const bool seen_there = flows_of(both, app) != 0;
      guess.consider(app, share(both, app, share(fingerprint, app)), seen_there ? ClueKind::kJa4Name : ClueKind::kJa4);
    }
  }
  for (const ClueKind kind : {ClueKind::kName, ClueKind::kServerPort, ClueKind::kPort}) {
    if (both != nullptr) break;  // What the two say together is not outdone by half of it.
    for (const std::uint32_t app : apps_of(row_of(kind))) {
      const bool doubtful = !ja4.empty() && kind != ClueKind::kServerPort && flows_of(fingerprint, app) == 0;
      guess.consider(app, weight(kind) * share(row_of(kind), app) / (doubtful ? 2 : 1), kind);
    }
  }
  return guess.best();
}

}  // namespace ipm::core
