#include "source/replay/log_segment.h"

namespace ipm::source {

using model::Event;
using model::EventKind;

namespace {
constexpr std::uint32_t kPartsMax = (model::kTextBytesMax + model::Text::kPartBytes - 1) / model::Text::kPartBytes;
}

void LogSegmentHead::remember(const Event& event) {
  switch (event.header.kind) {
    case EventKind::kClockAnchor:
      anchor_ = event;
      break;
    case EventKind::kSettings:
      settings_ = event;
      break;
    case EventKind::kSourceInfo: {
      const std::uint32_t number = event.as<model::SourceInfo>().number;
      if (sources_.size() < kSourcesMax || sources_.count(number) != 0) sources_[number] = event;
      break;
    }
    case EventKind::kText:
      remember_text(event);
      break;
    default:
      break;
  }
}

void LogSegmentHead::remember_text(const Event& event) {
  const auto text = event.as<model::Text>();
  if (text.id >= model::kTextIdsMax || text.parts > kPartsMax || text.part >= text.parts) return;
  const std::pair key(event.header.source, text.id);
  auto found = texts_.find(key);
  if (found == texts_.end()) {
    if (text.part != 0 || texts_.size() >= kSourcesMax * model::kTextIdsMax) return;
    found = texts_.emplace(key, std::vector<Event>()).first;
  }
  // Parts come in order; one out of order completes nothing and would only let the list grow.
  if (text.part == 0) found->second.clear();
  if (found->second.size() == text.part) found->second.push_back(event);
}

std::vector<Event> LogSegmentHead::events() const {
  std::vector<Event> out;
  if (settings_.header.kind == EventKind::kSettings) out.push_back(settings_);
  if (anchor_.header.kind == EventKind::kClockAnchor) out.push_back(anchor_);
  for (const auto& [number, event] : sources_) out.push_back(event);
  for (const auto& [key, parts] : texts_) out.insert(out.end(), parts.begin(), parts.end());
  return out;
}

}  // namespace ipm::source
