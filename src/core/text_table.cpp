#include "core/text_table.h"

#include <algorithm>
#include <cstring>

#include "base/hash.h"

namespace ipm::core {

TextTable::TextTable(PageStore& store, std::uint32_t texts_max, std::uint64_t text_bytes_max, std::uint64_t hash_seed)
    : store_(store), text_bytes_max_(text_bytes_max), hash_seed_(hash_seed), rows_(store, texts_max), index_(store) {}

TextTable::~TextTable() {
  for (std::uint32_t slot = 0; slot < rows_.slots(); ++slot) {
    const TextRow& row = rows_.at(slot);
    if (row.used) store_.release_bytes(const_cast<char*>(row.data), row.bytes);
  }
}

std::uint64_t TextTable::hash(std::string_view text) const {
  return hash_bytes(text.data(), text.size(), hash_seed_);
}

std::uint32_t TextTable::intern(std::string_view text) {
  text = text.substr(0, model::kTextBytesMax);
  if (text.empty()) return 0;
  const std::uint64_t hash_value = hash(text);
  const std::uint32_t found = index_.find(hash_value, [&](std::uint32_t slot) {
    const TextRow& row = rows_.at(slot);
    return std::string_view(row.data, row.bytes) == text;
  });
  if (found != kNoSlot) {
    ++references_[found];
    return found + 1;
  }
  if (rows_.full() || text_bytes_ + text.size() > text_bytes_max_) {
    ++rejected_;
    return 0;
  }
  const std::uint32_t slot = rows_.add();
  char* data = static_cast<char*>(store_.allocate_bytes(text.size()));
  std::memcpy(data, text.data(), text.size());
  TextRow& row = rows_.edit(slot);
  row.data = data;
  row.bytes = static_cast<std::uint16_t>(text.size());
  text_bytes_ += text.size();
  index_.insert(hash_value, slot);
  if (references_.size() <= slot) references_.resize(slot + 1);
  references_[slot] = 1;
  return slot + 1;
}

void TextTable::retain(std::uint32_t text) {
  if (text != 0) ++references_[text - 1];
}

void TextTable::release(std::uint32_t text) {
  if (text == 0 || --references_[text - 1] != 0) return;
  const TextRow row = rows_.at(text - 1);
  if (row.hit != 0 && mark_holder_ != nullptr) mark_holder_->let_go_mark(row.hit);
  index_.erase(hash({row.data, row.bytes}), text - 1);
  text_bytes_ -= row.bytes;
  store_.release_bytes(const_cast<char*>(row.data), row.bytes);
  rows_.remove(text - 1);
}

std::string_view TextTable::view(std::uint32_t text) const {
  if (text == 0) return {};
  const TextRow& row = rows_.at(text - 1);
  return {row.data, row.bytes};
}

bool TextTable::learn(std::uint16_t source, const model::Text& part) {
  const bool sane = part.id < model::kTextIdsMax && part.bytes_here <= model::Text::kPartBytes &&
                    part.parts <= model::kTextBytesMax / model::Text::kPartBytes + 1 && part.part < part.parts &&
                    source < 256;
  if (!sane) return false;
  if (sources_.size() <= source) sources_.resize(std::size_t{source} + 1);
  SourceTexts& texts = sources_[source];
  if (part.part == 0) {
    texts.building.clear();
    texts.building_id = part.id;
    texts.next_part = 0;
  } else if (part.id != texts.building_id || part.part != texts.next_part) {
    return false;  // A part was lost: the id keeps its earlier meaning.
  }
  texts.building.append(part.bytes, part.bytes_here);
  ++texts.next_part;
  if (texts.next_part < part.parts) return true;
  if (texts.texts.size() <= part.id) texts.texts.resize(std::size_t{part.id} + 1);
  const std::uint32_t before = texts.texts[part.id];
  texts.texts[part.id] = intern(texts.building);
  release(before);
  return true;
}

std::uint32_t TextTable::peek_source(std::uint16_t source, std::uint32_t id) const {
  if (id == 0 || source >= sources_.size() || id >= sources_[source].texts.size()) return 0;
  return sources_[source].texts[id];
}

std::uint32_t TextTable::of_source(std::uint16_t source, std::uint32_t id) {
  const std::uint32_t text = peek_source(source, id);
  retain(text);
  return text;
}

void TextTable::mark(std::uint32_t text, std::uint32_t hit) {
  if (text == 0) return;
  TextRow& row = rows_.edit(text - 1);
  if (row.hit != 0 && mark_holder_ != nullptr) mark_holder_->let_go_mark(row.hit);
  row.hit = hit;
}

}  // namespace ipm::core
