// Reads the event log. A torn tail gives every whole frame before it; a damaged frame is skipped by looking for the next
// one, and stands in the stream as a loss.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "model/event.h"
#include "source/replay/byte_source.h"

namespace ipm::source {

class LogReader {
 public:
  explicit LogReader(ByteSource& bytes) : bytes_(bytes) {}

  static bool is_log(std::string_view first_bytes);
  Status read_header();
  // Ok: next() has events; timeout: a pipe has no whole frame yet; end.
  Status read_frame();
  std::span<const model::Event> events() const { return events_; }

  std::uint64_t damaged() const { return damaged_; }
  // "event log: torn tail at offset 1234", or empty.
  const std::string& note() const { return note_; }

 private:
  Status skip_damage(std::string_view what);

  ByteSource& bytes_;
  std::vector<model::Event> events_;
  std::uint64_t damaged_ = 0;
  std::string note_;
  TimeNs last_ns_ = 0;
};

}  // namespace ipm::source
