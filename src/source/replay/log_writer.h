// Writes the event log. A segment begins every `segment_events` events by repeating what a reader would need to start
// there (log_segment.h).
//
// Bound: one frame of events, and the texts that sources have in use. Threads: one at a time. Buffers are made once.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "model/event.h"
#include "source/replay/log_segment.h"

namespace ipm::source {

class LogWriter {
 public:
  static constexpr std::uint64_t kSegmentEvents = 1U << 20;

  // Makes or empties the file. A directory, a pipe, a socket or a block device is refused: the first two cannot be
  // emptied, a closed pipe would raise SIGPIPE in the host, and a disk would be overwritten.
  static Result<std::unique_ptr<LogWriter>> open(const std::string& path,
                                                 std::uint64_t segment_events = kSegmentEvents);
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // After an error nothing more is written and every call gives that error; what is in the file stays readable.
  Status append(const model::Event& event);
  Status append(std::span<const model::Event> events);
  Status flush();  // Ends the frame: what was appended is in the file.
  Status close();

  std::uint64_t events() const { return events_; }  // Appended.
  std::uint64_t bytes() const { return bytes_; }    // In the file.

 private:
  LogWriter(int fd, std::uint64_t segment_events);
  Status write_header();
  Status write_frame(std::span<const model::Event> events, std::uint32_t flags);
  Status write_all(const void* data, std::size_t bytes);
  Status begin_segment();

  int fd_;
  const std::uint64_t segment_events_max_;
  std::vector<model::Event> pending_;
  std::vector<unsigned char> packed_;
  struct Packer;
  std::unique_ptr<Packer> packer_;
  std::uint64_t seed_ = 0;
  std::uint64_t events_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t segment_events_ = 0;
  bool segment_begins_ = true;  // The next frame is the first of its segment.
  Status failed_;
  LogSegmentHead head_;
};

}  // namespace ipm::source
