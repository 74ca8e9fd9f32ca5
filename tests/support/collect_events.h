// Runs a source to its end through a lane.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "ring/lane.h"
#include "ring/writer.h"
#include "source/source.h"

namespace ipm::test {

struct Collected {
  Status status;  // What open() or poll() failed with; end: the source came to its end.
  std::vector<model::Event> events;
  source::SourceStats stats;
  source::Degradations degradations;

  std::vector<model::Event> of(model::EventKind kind) const {
    std::vector<model::Event> out;
    for (const model::Event& event : events) {
      if (event.header.kind == kind) out.push_back(event);
    }
    return out;
  }
};

// `lane_events`: a small lane shows that a source stops while the lane is full.
inline Collected collect_events(source::Source& source, const std::string& uri, std::uint32_t lane_events = 4096) {
  Collected out;
  Result<source::SourceUri> parsed = source::parse_source_uri(uri);
  if (!parsed.ok()) {
    out.status = parsed.status();
    return out;
  }
  source::SourceOptions options;
  options.uri = std::move(*parsed);
  out.status = source.open(options);
  ring::Lane lane(lane_events);
  ring::Writer writer(lane);
  std::vector<model::Event> some(lane.capacity());
  while (!out.status.is_error() && out.status.code() != Code::kEnd) {
    out.status = source.poll(writer, std::chrono::milliseconds(50));
    for (std::size_t count = lane.pop(some); count != 0; count = lane.pop(some)) {
      out.events.insert(out.events.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(count));
    }
  }
  out.stats = source.stats();
  out.stats.dropped += writer.drops();
  out.degradations = source.degradations();
  return out;
}

}  // namespace ipm::test
