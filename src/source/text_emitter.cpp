#include "source/text_emitter.h"

#include <algorithm>

namespace ipm::source {

TextEmitter::TextEmitter(std::uint32_t ids_max) : ids_max_(std::clamp(ids_max, 1U, model::kTextIdsMax - 1)) {}

std::uint32_t text_parts(std::string_view text) {
  const auto bytes = static_cast<std::uint32_t>(std::min<std::size_t>(text.size(), model::kTextBytesMax));
  return std::max(1U, (bytes + model::Text::kPartBytes - 1) / model::Text::kPartBytes);
}

model::Event text_event(TimeNs time_ns, std::uint32_t id, std::string_view text, std::uint32_t part) {
  text = text.substr(0, model::kTextBytesMax);
  const std::string_view piece = text.substr(std::size_t{part} * model::Text::kPartBytes, model::Text::kPartBytes);
  model::Text payload;
  payload.id = id;
  payload.part = static_cast<std::uint16_t>(part);
  payload.parts = static_cast<std::uint16_t>(text_parts(text));
  payload.bytes_here = static_cast<std::uint16_t>(piece.size());
  std::copy(piece.begin(), piece.end(), payload.bytes);
  return model::make_event(time_ns, model::EventKind::kText, {}, 0, payload);
}

std::uint32_t TextEmitter::id(std::string_view text, TimeNs time_ns, ring::Writer& out) {
  text = text.substr(0, model::kTextBytesMax);
  if (text.empty()) return 0;
  if (const auto found = by_text_.find(text); found != by_text_.end()) {
    by_use_.splice(by_use_.begin(), by_use_, found->second);
    return found->second->id;
  }
  const std::uint32_t parts = text_parts(text);
  if (out.free() < parts) return 0;
  std::uint32_t id = static_cast<std::uint32_t>(by_use_.size()) + 1;
  if (by_use_.size() >= ids_max_) {
    id = by_use_.back().id;
    by_text_.erase(by_use_.back().text);
    by_use_.pop_back();
  }
  for (std::uint32_t part = 0; part < parts; ++part) {
    if (!out.write(text_event(time_ns, id, text, part))) return 0;
    ++events_written_;
  }
  by_use_.push_front({std::string(text), id});
  by_text_.emplace(by_use_.front().text, by_use_.begin());
  return id;
}

}  // namespace ipm::source
