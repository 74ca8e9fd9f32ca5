// Writes the event log. A segment begins every kSegmentEvents events by repeating what a reader would need to start there:
// settings, clock anchor, source names and live texts.
//
// Bound: one frame of events, and the texts that sources have in use. Threads: one at a time. Buffers are made once.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "model/event.h"

namespace ipm::source {

class LogWriter {
 public:
  static constexpr std::uint64_t kSegmentEvents = 1U << 20;

  // Makes or empties the file.
  static Result<std::unique_ptr<LogWriter>> open(const std::string& path);
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // After an error nothing more is written; what is in the file stays readable.
  Status append(std::span<const model::Event> events);
  Status flush();
  Status close();

  std::uint64_t events() const { return events_; }
  std::uint64_t bytes() const { return bytes_; }  // In the file.

 private:
  explicit LogWriter(int fd);
  Status write_frame(std::span<const model::Event> events, std::uint32_t flags);
  Status write_all(const void* data, std::size_t bytes);
  Status begin_segment();
  void remember(const model::Event& event);

  int fd_;
  std::vector<model::Event> pending_;
  std::vector<unsigned char> packed_;
  struct Packer;
  std::unique_ptr<Packer> packer_;
  std::uint64_t events_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t segment_events_ = 0;
  Status failed_;
  // What a segment repeats. Parts of a text are kept as they came.
  std::map<std::pair<std::uint16_t, std::uint32_t>, std::vector<model::Event>> texts_;
  std::map<std::uint32_t, model::Event> sources_;
  model::Event anchor_;
  model::Event settings_;
};

}  // namespace ipm::source
