// Clues across runs: a run on a host learns what its apps look like, and a capture is then read with it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "monitor/clue_files.h"
#include "monitor/monitor.h"
#include "os/linux/host_clock.h"
#include "support/dump_tables.h"
#include "support/events.h"
#include "support/scratch_file.h"

namespace ipm::monitor {
namespace {

using namespace ipm::test;  // NOLINT: the event builders are the language of these tests.
using testing::HasSubstr;

// A capture with one TLS connection, and what its hello has.
constexpr const char* kCapture = "pcap:" IPM_TEST_DATA "/pcap/openjdk-25.0.2-zeek.org.pcap";
constexpr const char* kJa4 = "t13d3113h2_1d947a95fc68_7e1102d2036b";

class CluesTest : public ::testing::Test {
 protected:
  CluesTest() { options_.clues_path = file_.path(); }
  void SetUp() override {
#ifndef IPM_WITH_OPENSSL
    GTEST_SKIP() << "captures show no JA4 in a build without OpenSSL";
#endif
  }
  std::unique_ptr<Monitor> open_monitor() const {
    Result<std::unique_ptr<Monitor>> monitor = Monitor::open(options_);
    EXPECT_TRUE(monitor.ok()) << monitor.status().message();
    return std::move(*monitor);
  }
  // A run on a host, in which each program connects so often with the fingerprint and a name.
  struct Habit {
    std::string exe;
    int times;
    std::string name;
  };
  void learn(const std::vector<Habit>& habits) const {
    const std::unique_ptr<Monitor> monitor = open_monitor();
    ring::Lane& lane = (*monitor->add_lane("host", 0))->lane();
    const TimeNs now = os::boottime_ns();
    std::uint64_t cookie = 0;
    std::uint32_t pid = 1;
    ASSERT_TRUE(lane.push(text(now, 1, kJa4)));
    for (const Habit& habit : habits) {
      const model::ProcessKey key(++pid, 100);
      ASSERT_TRUE(lane.push(text(now, 2, habit.exe)));
      ASSERT_TRUE(lane.push(text(now, 3, habit.name)));
      ASSERT_TRUE(lane.push(start(now, key, "any", 2)));
      for (int i = 0; i < habit.times; ++i) {
        const model::FlowTuple t = tuple(40'000, 443);
        ASSERT_TRUE(lane.push(open(now, ++cookie, t, key)));
        ASSERT_TRUE(lane.push(hello(now, cookie, t, 3, 0, 0, 1)));
        ASSERT_TRUE(lane.push(closed(now, cookie, t)));
      }
    }
    ASSERT_TRUE(monitor->flush().ok());
  }
  static void read(Monitor& monitor, const std::string& uri) {
    ASSERT_TRUE(monitor.add_source(uri).ok());
    Status status;
    while ((status = monitor.step(0)).ok()) {
    }
    ASSERT_EQ(status.code(), Code::kEnd) << status.message();
  }
  // "APP CONFIDENCE RULE pid QUALITY" of the one connection.
  static std::string likely(Monitor& monitor) {
    const query::TableInfo& info = *query::find_table("connections");
    Result<std::unique_ptr<query::Cursor>> cursor = query::Cursor::open(info.open(*monitor.snapshot()), {});
    EXPECT_TRUE((*cursor)->next().ok());
    std::string out;
    for (const char* name : {"likely_app", "likely_confidence", "likely_rule", "pid", "quality"}) {
      for (std::uint32_t i = 0; i < (*cursor)->column_count(); ++i) {
        if (std::string(info.columns[i].name) != name) continue;
        const query::Cell& cell = (*cursor)->cell(i);
        const bool real = cell.is(query::Value::Kind::kDouble);
        out += (out.empty() ? "" : " ") + (real ? std::to_string(cell.real()).substr(0, 5) : cell_text(cell));
      }
    }
    return out;
  }
  std::string read_capture() const {
    const std::unique_ptr<Monitor> monitor = open_monitor();
    read(*monitor, kCapture);
    return likely(*monitor);
  }

  const ScratchFile file_{".clues"};
  MonitorOptions options_;
};

TEST_F(CluesTest, NothingKnownIsNothingSaid) {
  EXPECT_EQ(read_capture(), "- - - - unknown");
}

TEST_F(CluesTest, CaptureIsReadWithWhatTheHostHasLearned) {
  learn({{"/usr/bin/java", 9, "zeek.org"}});
  EXPECT_EQ(read_capture(), "/usr/bin/java user 0.990 ja4+name - unknown");
}

TEST_F(CluesTest, FingerprintThatTwoAppsShareIsLessCertain) {
  learn({{"/usr/bin/java", 9, "a.test"}, {"/opt/other", 3, "b.test"}});
  EXPECT_EQ(read_capture(), "/usr/bin/java user 0.642 ja4 - unknown");
}

TEST_F(CluesTest, RunsAddUp) {
  learn({{"/usr/bin/java", 4, "a.test"}});
  learn({{"/usr/bin/java", 5, "b.test"}});
  EXPECT_EQ(read_capture(), "/usr/bin/java user 0.900 ja4 - unknown");
}

TEST_F(CluesTest, CaptureLeavesTheFileAsItIs) {
  learn({{"/usr/bin/java", 2, "a.test"}});
  const std::string before = file_.read();
  ASSERT_FALSE(before.empty());
  {
    const std::unique_ptr<Monitor> monitor = open_monitor();
    read(*monitor, "pcap:" IPM_TEST_DATA "/captures/tcp.pcapng");  // Its connections have owners.
  }
  EXPECT_EQ(file_.read(), before);
}

TEST_F(CluesTest, WhatAnotherRunWroteMeanwhileStays) {
  const std::unique_ptr<Monitor> idle = open_monitor();
  ASSERT_TRUE(idle->add_lane("host", 0).ok());
  learn({{"/usr/bin/java", 9, "zeek.org"}});
  ASSERT_TRUE(idle->flush().ok());
  EXPECT_EQ(read_capture(), "/usr/bin/java user 0.990 ja4+name - unknown");
}

// The log has the clues: it needs no file, and one that it has is not added to them.
TEST_F(CluesTest, RecordedRunGivesTheSameWithoutTheFile) {
  learn({{"/usr/bin/java", 9, "zeek.org"}, {"/opt/other", 3, "b.test"}});
  const ScratchFile log(".ipmlog");
  std::string before;
  {
    const std::unique_ptr<Monitor> monitor = open_monitor();
    ASSERT_TRUE(monitor->record(log.path().c_str()).ok());
    read(*monitor, kCapture);
    before = dump_tables(*monitor);
    ASSERT_THAT(before, HasSubstr("ja4+name"));
  }
  for (const std::string& path : {std::string(), file_.path()}) {
    options_.clues_path = path;
    const std::unique_ptr<Monitor> monitor = open_monitor();
    read(*monitor, "replay:" + log.path());
    EXPECT_EQ(dump_tables(*monitor), before);
  }
}

// Of a file with more clues than there is room for, the busiest are known.
TEST_F(CluesTest, BusiestCluesOfAFileFindRoom) {
  std::vector<Habit> habits = {{"/usr/bin/java", 9, "zeek.org"}};
  for (int i = 0; i < 100; ++i) habits.push_back({"/opt/other", 1, "host" + std::to_string(i) + ".test"});
  learn(habits);
  options_.bounds.clues_max = 16;
  const std::unique_ptr<Monitor> monitor = open_monitor();
  read(*monitor, kCapture);
  EXPECT_EQ(likely(*monitor), "/usr/bin/java user 0.908 ja4+name - unknown");  // (9 + 9 / 111) / 10.
  EXPECT_LE(monitor->stats().clues.used, 16U);
  EXPECT_GT(monitor->stats().clues.evicted, 0U);
}

TEST_F(CluesTest, DamagedFileIsAnErrorAndIsLeftAlone) {
  learn({{"/usr/bin/java", 2, "a.test"}});
  std::string bytes = file_.read();
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  file_.write(bytes);
  const Status status = Monitor::open(options_).status();
  EXPECT_EQ(status.code(), Code::kCorrupt);
  EXPECT_EQ(status.message(), "open monitor: read clues from " + file_.path() +
                                  ": clue file, byte 0: it is damaged; take another file, or remove it and let it be "
                                  "learned again");
  EXPECT_EQ(save_clues(file_.path(), core::ClueSet()).code(), Code::kCorrupt);
  EXPECT_EQ(file_.read(), bytes);
}

TEST_F(CluesTest, FolderIsNoFileOfClues) {
  options_.clues_path = IPM_TEST_DATA;
  EXPECT_THAT(std::string(Monitor::open(options_).status().message()), HasSubstr("this is no regular file"));
}

}  // namespace
}  // namespace ipm::monitor
