// Small logs in memory for the log's tests.
#pragma once

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "source/byte_source.h"
#include "source/replay/log_reader.h"
#include "source/replay/log_writer.h"
#include "support/events.h"

namespace ipm::test {

// A file of the test's own that goes with it.
class TemporaryPath {
 public:
  explicit TemporaryPath(const std::string& ending)
      : path_(::testing::TempDir() + "ipm_" +
              ::testing::UnitTest::GetInstance()->current_test_info()->test_suite_name() + "_" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name() + ending) {}
  ~TemporaryPath() { std::remove(path_.c_str()); }
  TemporaryPath(const TemporaryPath&) = delete;
  TemporaryPath& operator=(const TemporaryPath&) = delete;
  const std::string& path() const { return path_; }
  void write(const std::string& bytes) const { std::ofstream(path_, std::ios::binary) << bytes; }
  std::string read() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }

 private:
  std::string path_;
};

struct ReadBack {
  Status status;  // End, or what failed.
  std::vector<model::Event> events;
  std::uint64_t damages = 0;
  std::uint64_t events_lost = 0;
  std::optional<std::uint64_t> torn_tail;
  std::string note;
};

inline ReadBack read_log(const std::string& bytes) {
  source::ByteSource source;
  source.open_memory(bytes);
  source::LogReader reader(source);
  ReadBack out;
  out.status = reader.read_header();
  while (out.status.ok()) {
    out.status = reader.read_frame();
    if (out.status.ok()) out.events.insert(out.events.end(), reader.events().begin(), reader.events().end());
  }
  out.damages = reader.damages();
  out.events_lost = reader.events_lost();
  out.torn_tail = reader.torn_tail();
  out.note = reader.note();
  return out;
}

// `per_frame` events a frame. The event at index i is stamped kT0 + i.
inline std::string make_log(const TemporaryPath& file, const std::vector<model::Event>& events, std::size_t per_frame,
                            std::uint64_t segment_events = source::LogWriter::kSegmentEvents) {
  Result<std::unique_ptr<source::LogWriter>> writer = source::LogWriter::open(file.path(), segment_events);
  EXPECT_TRUE(writer.ok()) << writer.status().message();
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_TRUE((*writer)->append(events[i]).ok());
    if ((i + 1) % per_frame != 0) continue;
    EXPECT_TRUE((*writer)->flush().ok());
  }
  EXPECT_TRUE((*writer)->close().ok());
  const std::string bytes = file.read();
  EXPECT_EQ(bytes.size(), (*writer)->bytes());
  return bytes;
}

inline std::vector<model::Event> some_events(std::size_t count) {
  std::vector<model::Event> out;
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back(data(kT0 + static_cast<TimeNs>(i), i + 1, tuple(static_cast<std::uint16_t>(1000 + i), 443), i, i));
  }
  return out;
}

inline bool same(const model::Event& a, const model::Event& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

inline bool same(const std::vector<model::Event>& a, const std::vector<model::Event>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof a[0]) == 0);
}

}  // namespace ipm::test
