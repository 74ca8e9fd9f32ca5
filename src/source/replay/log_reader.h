// Reads the event log. A torn tail gives every whole frame before it; damaged bytes are skipped by looking for the next
// frame that is whole, and stand in the stream as a loss.
//
// Bound: one frame. Threads: one.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "model/event.h"
#include "source/byte_source.h"
#include "source/replay/log_format.h"

namespace ipm::source {

class LogReader {
 public:
  explicit LogReader(ByteSource& bytes) : bytes_(bytes) {}

  static bool is_log(std::string_view first_bytes);
  // Timeout: a pipe has not brought the header yet; call again.
  Status read_header();
  // Ok: events() has some; timeout: a pipe has no whole frame yet; end.
  Status read_frame();
  std::span<const model::Event> events() const { return events_; }

  std::uint64_t damages() const { return damages_; }          // Places where something was skipped.
  std::uint64_t events_lost() const { return events_lost_; }  // As far as their number is known.
  // Where an unfinished last frame begins.
  std::optional<std::uint64_t> torn_tail() const { return torn_tail_; }
  // The first thing that is wrong, with its offset: "event log: torn tail at offset 1234". Or empty.
  const std::string& note() const { return note_; }

 private:
  bool valid(const log_format::FrameHeader& header) const;
  // Ok: the bytes of a whole frame stand at the front, or the damage there has been noted (searching_).
  Status take_frame(std::string_view bytes, const log_format::FrameHeader& header);
  Status unpack(std::string_view body, const log_format::FrameHeader& header);
  void begin_search(std::string_view what, std::uint64_t events_known, std::size_t skip);
  Status search();
  void end_search();
  void note_once(std::string_view what);
  void keep_useful_repeats();

  ByteSource& bytes_;
  std::uint64_t seed_ = 0;
  std::vector<model::Event> events_;
  bool searching_ = false;       // After a damage, for the next frame that is whole.
  bool repeats_wanted_ = false;  // A damaged frame may have held texts: the next segment's head has them again.
  bool repeats_seen_ = false;
  bool settings_seen_ = false;
  std::uint64_t damage_events_ = 0;  // Known to be lost in the damage at hand; 0: unknown.
  std::uint64_t damages_ = 0;
  std::uint64_t events_lost_ = 0;
  std::optional<std::uint64_t> torn_tail_;
  std::string note_;
  TimeNs last_ns_ = 0;
};

}  // namespace ipm::source
