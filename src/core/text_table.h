// Every text once: names, paths, app keys. Rows refer to a text by slot plus one and hold a reference to it; the last
// reference gone, the text goes. Sources name texts by ids of their own, which this table maps.
//
// Bound: texts_max texts, text_bytes_max bytes of them, and kTextIdsMax ids per source. A text that finds no room is
// counted and reads as none. Threads: the engine's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/slot_index.h"
#include "core/rows.h"
#include "model/event.h"

namespace ipm::core {

// Hears that a marked text went.
class MarkHolder {
 public:
  virtual ~MarkHolder() = default;
  virtual void let_go_mark(std::uint32_t mark) = 0;
};

class TextTable {
 public:
  TextTable(PageStore& store, std::uint32_t texts_max, std::uint64_t text_bytes_max, std::uint64_t hash_seed);
  ~TextTable();

  // One more reference to the text; 0 for an empty one and where there is no room.
  std::uint32_t intern(std::string_view text);
  void retain(std::uint32_t text);
  void release(std::uint32_t text);  // 0 is a no-op.
  std::string_view view(std::uint32_t text) const;

  // What a list says about the text: TextRow::hit, until it is marked again or goes. 0: none.
  void mark(std::uint32_t text, std::uint32_t hit);
  std::uint32_t mark_of(std::uint32_t text) const { return text == 0 ? 0 : rows_.at(text - 1).hit; }
  void set_mark_holder(MarkHolder* holder) { mark_holder_ = holder; }  // Before the first mark.

  // A text event: remembers what the source means by its id. False: malformed.
  bool learn(std::uint16_t source, const model::Text& part);
  // A new reference to what the source calls `id`; 0 if it never said.
  std::uint32_t of_source(std::uint16_t source, std::uint32_t id);
  // The same without a reference, for a look.
  std::uint32_t peek_source(std::uint16_t source, std::uint32_t id) const;

  TextPages::View pages() const { return rows_.view(); }
  const TextPages& rows() const { return rows_; }
  std::uint64_t rejected() const { return rejected_; }
  std::uint64_t text_bytes() const { return text_bytes_; }

 private:
  struct SourceTexts {
    std::vector<std::uint32_t> texts;  // By source id: slot + 1.
    std::string building;              // Parts of the text under way.
    std::uint32_t building_id = 0;
    std::uint16_t next_part = 0;
  };
  std::uint64_t hash(std::string_view text) const;

  PageStore& store_;
  const std::uint64_t text_bytes_max_;
  const std::uint64_t hash_seed_;
  TextPages rows_;
  SlotIndex index_;
  std::vector<std::uint32_t> references_;  // Beside the rows, so that counting does not touch a pinned page.
  std::vector<SourceTexts> sources_;
  MarkHolder* mark_holder_ = nullptr;
  std::uint64_t text_bytes_ = 0;
  std::uint64_t rejected_ = 0;
};

}  // namespace ipm::core
