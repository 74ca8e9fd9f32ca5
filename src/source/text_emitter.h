// Gives texts ids and writes each as text events before its first use. Bounded: `ids_max` texts are remembered; the one
// used longest ago gives its id to the next, which is written again under it.
// Threads: owned by its source.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/time.h"
#include "ring/writer.h"

namespace ipm::source {

class TextEmitter {
 public:
  explicit TextEmitter(std::uint32_t ids_max = 8192);

  // The id of `text` (cut at model::kTextBytesMax), after writing it if it is new. 0 for an empty text, and when the
  // lane had no room for all of it: the text is then tried again at its next use.
  std::uint32_t id(std::string_view text, TimeNs time_ns, ring::Writer& out);
  std::uint64_t events_written() const { return events_written_; }

 private:
  struct Entry {
    std::string text;
    std::uint32_t id;
  };
  const std::uint32_t ids_max_;
  std::list<Entry> by_use_;  // Front was used last.
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_text_;
  std::uint64_t events_written_ = 0;
};

// The events of one text, in order, for whoever writes them elsewhere (a log's segment head).
std::uint32_t text_parts(std::string_view text);
model::Event text_event(TimeNs time_ns, std::uint32_t id, std::string_view text, std::uint32_t part);

}  // namespace ipm::source
