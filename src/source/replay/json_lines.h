// Event lines (one JSON object a line) as events. The schema: every line has t (Unix ns), type, pid, comm, exe, uid;
// open, data, close, reset, retrans and dns add proto, lip, lport, rip, rport, dir, tx, rx, … Bytes of close and reset
// are what has not been in a data line yet. Flows have no cookie: the tuple identifies them. `ent` is the entropy of
// tx.
//
// Threads: one. What is wrong with a line is counted and reported; lines before it stay.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "ring/writer.h"
#include "source/replay/json_fields.h"
#include "source/text_emitter.h"

namespace ipm::source {

class JsonLines {
 public:
  static constexpr std::size_t kLineBytesMax = JsonFields::kLineBytesMax;
  static constexpr std::size_t kNameBytesMax = 255;  // Of each text of a TLS hello.
  // Two texts of kTextBytesMax are 98 parts; anchor, loss, process and flow events fit beside them.
  static constexpr std::uint64_t kEventsPerLineMax = 160;
  // Of malformed lines one loss event comes at once, then one for all of as many lines: garbage must not become an
  // event a line.
  static constexpr std::uint64_t kLinesPerLoss = 1000;

  JsonLines();

  // One line without its newline; blank lines are nothing. `out` has room for kEventsPerLineMax events.
  void line(std::string_view text, ring::Writer& out);
  void too_long(ring::Writer& out);  // A line above kLineBytesMax was skipped.
  // The input broke off: what came after is not known.
  void unreadable(ring::Writer& out);
  void finish(ring::Writer& out);  // At the end: losses that have not been said.

  std::uint64_t lines() const { return lines_; }
  std::uint64_t malformed() const { return malformed_; }
  std::uint64_t filtered() const { return filtered_; }  // Lines of a type that is not known.
  std::uint64_t events() const { return own_events_ + texts_.events_written(); }
  // "line 17" and why, of the first that was malformed.
  const std::string& first_place() const { return first_place_; }
  const std::string& first_reason() const { return first_reason_; }

 private:
  // Which program each pid was last seen to run, as a hash of its name; 0: not seen. Bound: 32 MiB, if every pid
  // occurs.
  class Programs {
   public:
    std::uint64_t& at(std::uint32_t pid);

   private:
    static constexpr std::uint32_t kPage = 1024;
    std::array<std::unique_ptr<std::uint64_t[]>, (1U << model::kPidBits) / kPage> pages_;
  };

  void refuse(std::string_view reason, ring::Writer& out);
  void say_losses(ring::Writer& out);
  void say_process(const LineFields& fields, ring::Writer& out);
  void say_flow(const LineFields& fields, ring::Writer& out);
  void say_end(const LineFields& fields, ring::Writer& out);
  void say_data(const LineFields& fields, ring::Writer& out);
  void say_hello(const LineFields& fields, ring::Writer& out);
  template <typename T>
  void say(const LineFields& fields, model::EventKind kind, const T& payload, ring::Writer& out);

  JsonFields json_;
  LineFields fields_;
  Programs programs_;
  TextEmitter texts_;
  std::uint64_t lines_ = 0;
  std::uint64_t malformed_ = 0;
  std::uint64_t filtered_ = 0;
  std::uint64_t own_events_ = 0;
  std::uint64_t losses_unsaid_ = 0;
  std::uint64_t next_loss_line_ = 0;
  bool anchored_ = false;
  TimeNs last_ns_ = 0;
  std::string first_place_;
  std::string first_reason_;
};

}  // namespace ipm::source
