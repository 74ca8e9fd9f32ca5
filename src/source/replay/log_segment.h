// What a segment of the log repeats at its head, so that a reader may begin there: settings, the last clock anchor,
// source names and the live texts of each source.
//
// Bound: kTextIdsMax texts for each of kSourcesMax sources; what is beyond is not repeated.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "model/event.h"

namespace ipm::source {

class LogSegmentHead {
 public:
  static constexpr std::size_t kSourcesMax = 256;

  void remember(const model::Event& event);
  // In an order that depends on nothing but what was remembered.
  std::vector<model::Event> events() const;

 private:
  void remember_text(const model::Event& event);

  // Per (source, text id) the parts, as they came.
  std::map<std::pair<std::uint16_t, std::uint32_t>, std::vector<model::Event>> texts_;
  std::map<std::uint32_t, model::Event> sources_;
  model::Event anchor_;
  model::Event settings_;
};

}  // namespace ipm::source
