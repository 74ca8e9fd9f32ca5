// Event lines (one JSON object a line) as events. The schema: every line has t (Unix ns), type, pid, comm, exe, uid; open,
// data, close, reset, retrans and dns add proto, lip, lport, rip, rport, dir, tx, rx, … Bytes of close and reset are what
// has not been in a data line yet. Flows have no cookie: the tuple identifies them.
//
// Threads: one. What is wrong with a line is counted and reported; lines before it stay.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "ring/writer.h"
#include "source/text_emitter.h"

namespace ipm::source {

class JsonLines {
 public:
  static constexpr std::size_t kLineBytesMax = 16U << 20;
  static constexpr std::uint64_t kEventsPerLineMax = 160;  // A line's texts and events; see text_parts().

  JsonLines();
  ~JsonLines();

  // One line without its newline; blank lines are nothing. `out` has room for kEventsPerLineMax events.
  void line(std::string_view text, ring::Writer& out);
  void too_long(ring::Writer& out);  // A line above kLineBytesMax was skipped.

  std::uint64_t lines() const { return lines_; }
  std::uint64_t malformed() const { return malformed_; }
  std::uint64_t filtered() const { return filtered_; }
  std::uint64_t events() const { return events_; }
  // "line 17" and why, of the first that was malformed.
  const std::string& first_place() const { return first_place_; }
  const std::string& first_reason() const { return first_reason_; }

 private:
  struct Parser;
  void refuse(std::string_view reason, ring::Writer& out);
  void write(const model::Event& event, ring::Writer& out);

  std::unique_ptr<Parser> parser_;
  TextEmitter texts_;
  std::uint64_t lines_ = 0;
  std::uint64_t malformed_ = 0;
  std::uint64_t filtered_ = 0;
  std::uint64_t events_ = 0;
  bool anchored_ = false;
  TimeNs last_ns_ = 0;
  std::string first_place_;
  std::string first_reason_;
};

}  // namespace ipm::source
