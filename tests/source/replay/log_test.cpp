#include <gmock/gmock.h>
#include <sys/stat.h>

#include "source/replay/log_format.h"
#include "source/replay/log_test_files.h"

namespace ipm::test {
namespace {

using model::EventKind;
using source::LogReader;
using source::LogWriter;
using ::testing::HasSubstr;
namespace log_format = source::log_format;

std::string with_header(const std::string& log, void (*change)(log_format::FileHeader&)) {
  log_format::FileHeader header;
  std::memcpy(&header, log.data(), sizeof header);
  change(header);
  header.checksum = log_format::checksum_of(header);
  std::string out = log;
  std::memcpy(out.data(), &header, sizeof header);
  return out;
}

// Appended events come back bit for bit, over frame and segment bounds, without the segments' repeats.
TEST(EventLogTest, WhatIsWrittenIsReadBack) {
  const TemporaryPath file(".ipmlog");
  std::vector<model::Event> events = {text(kT0, 1, "/usr/bin/curl"), text(kT0, 2, "/usr/bin/wget")};
  const std::vector<model::Event> more = some_events(10'000);
  events.insert(events.end(), more.begin(), more.end());
  const ReadBack back = read_log(make_log(file, events, 100'000, /*segment_events=*/1500));
  EXPECT_EQ(back.status.code(), Code::kEnd);
  EXPECT_TRUE(same(back.events, events));
  EXPECT_EQ(back.note, "");
}

TEST(EventLogTest, AnUnknownKindPassesThrough) {
  const TemporaryPath file(".ipmlog");
  std::vector<model::Event> events = some_events(1);
  events[0].header.kind = static_cast<EventKind>(60'000);
  events[0].header.source = 7;
  EXPECT_TRUE(same(read_log(make_log(file, events, 1)).events, events));
}

TEST(EventLogTest, AnEmptyLogIsALogWithoutEvents) {
  const TemporaryPath file(".ipmlog");
  const ReadBack back = read_log(make_log(file, {}, 1));
  EXPECT_EQ(back.status.code(), Code::kEnd);
  EXPECT_TRUE(back.events.empty());
}

// Cut anywhere: whole frames come back, the rest is a torn tail, and a cut between frames is no damage at all.
TEST(EventLogTest, ALogCutAtAnyByteGivesItsWholeFrames) {
  const TemporaryPath file(".ipmlog");
  const std::vector<model::Event> events = some_events(9);
  const std::string log = make_log(file, events, 3);
  for (std::size_t cut = 0; cut < log.size(); ++cut) {
    const ReadBack back = read_log(log.substr(0, cut));
    if (cut < sizeof(log_format::FileHeader)) {
      ASSERT_EQ(back.status.code(), Code::kCorrupt) << "cut at " << cut;
      continue;
    }
    ASSERT_EQ(back.status.code(), Code::kEnd) << "cut at " << cut;
    ASSERT_EQ(back.events.size() % 3, 0U) << "cut at " << cut;
    ASSERT_TRUE(same(back.events, {events.begin(), events.begin() + static_cast<std::ptrdiff_t>(back.events.size())}));
    ASSERT_EQ(back.damages, 0U);
    if (!back.torn_tail) continue;
    ASSERT_THAT(back.note, HasSubstr("torn tail at offset " + std::to_string(*back.torn_tail)));
  }
  EXPECT_EQ(read_log(log.substr(0, log.size() - 1)).events.size(), 6U);
}

// One changed byte costs no more than its frame, and the stream says that something is missing.
TEST(EventLogTest, AFlippedByteCostsOneFrameAndIsSaid) {
  const TemporaryPath file(".ipmlog");
  const std::vector<model::Event> events = some_events(9);
  const std::string log = make_log(file, events, 3);
  for (std::size_t at = 0; at < log.size(); ++at) {
    for (const int mask : {0x01, 0x80, 0xff}) {
      std::string spoilt = log;
      spoilt[at] = static_cast<char>(spoilt[at] ^ mask);
      const ReadBack back = read_log(spoilt);
      if (at < sizeof(log_format::FileHeader)) {
        ASSERT_EQ(back.status.code(), Code::kCorrupt) << "byte " << at;
        continue;
      }
      ASSERT_EQ(back.status.code(), Code::kEnd) << "byte " << at;
      std::size_t losses = 0;
      for (const model::Event& event : back.events) losses += event.header.kind == EventKind::kLoss ? 1 : 0;
      ASSERT_EQ(losses, 1U) << "byte " << at;
      ASSERT_EQ(back.events.size(), 7U) << "byte " << at;
      ASSERT_EQ(back.damages, 1U);
      ASSERT_THAT(back.note, HasSubstr("at offset"));
    }
  }
}

// A damaged body behind a whole header: how many events went is known.
TEST(EventLogTest, ADamagedBodySaysHowManyEventsAreLost) {
  const TemporaryPath file(".ipmlog");
  std::string log = make_log(file, some_events(9), 3);
  log[sizeof(log_format::FileHeader) + sizeof(log_format::FrameHeader) + 5] ^= 1;
  const ReadBack back = read_log(log);
  ASSERT_EQ(back.events.at(0).header.kind, EventKind::kLoss);
  const auto loss = back.events[0].as<model::Loss>();
  EXPECT_EQ(loss.what, model::LossWhat::kUnreadable);
  EXPECT_EQ(loss.events, 3U);
  EXPECT_EQ(back.events_lost, 3U);
}

// Bytes that fell out of the middle of a frame do not take the next frame with them.
TEST(EventLogTest, BytesMissingInAFrameCostOnlyThatFrame) {
  const TemporaryPath file(".ipmlog");
  const std::vector<model::Event> events = some_events(9);
  std::string log = make_log(file, events, 3);
  log.erase(sizeof(log_format::FileHeader) + sizeof(log_format::FrameHeader) + 4, 7);
  const ReadBack back = read_log(log);
  ASSERT_EQ(back.events.size(), 7U);
  EXPECT_TRUE(same(back.events[1], events[3]));
}

// Texts of a lost frame come again from the head of the next segment.
TEST(EventLogTest, TextsOfADamagedFrameAreKnownAgainFromTheNextSegment) {
  const TemporaryPath file(".ipmlog");
  std::vector<model::Event> events = {text(kT0, 1, "/usr/bin/curl")};
  const std::vector<model::Event> more = some_events(5);
  events.insert(events.end(), more.begin(), more.end());
  std::string log = make_log(file, events, 3, /*segment_events=*/3);
  log[sizeof(log_format::FileHeader) + sizeof(log_format::FrameHeader) + 5] ^= 1;
  const ReadBack back = read_log(log);
  ASSERT_EQ(back.events.size(), 1U + 1U + 3U);
  EXPECT_EQ(back.events[0].header.kind, EventKind::kLoss);
  EXPECT_TRUE(same(back.events[1], events[0]));
  EXPECT_TRUE(same(back.events[2], events[3]));
}

// A frame of one log, held as bytes by a text in another, is not taken for a frame there.
TEST(EventLogTest, AFrameHiddenInATextIsNotFound) {
  const TemporaryPath one(".one");
  const TemporaryPath two(".two");
  const std::string foreign = make_log(one, some_events(1), 1);
  std::string log = make_log(two, some_events(2), 1);
  log.insert(sizeof(log_format::FileHeader), "x" + foreign.substr(sizeof(log_format::FileHeader)));
  const ReadBack back = read_log(log);
  ASSERT_EQ(back.events.size(), 3U);
  EXPECT_EQ(back.events[0].header.kind, EventKind::kLoss);
}

TEST(EventLogTest, ALaterVersionThatThisOneUnderstandsIsRead) {
  const TemporaryPath file(".ipmlog");
  // Without frames: their checksums hang on the header's.
  const std::string log = with_header(make_log(file, {}, 1), [](log_format::FileHeader& header) {
    header.version = 9;
    header.readable_by = 1;
  });
  EXPECT_EQ(read_log(log).status.code(), Code::kEnd);
}

TEST(EventLogTest, ALaterVersionThatThisOneDoesNotUnderstandNamesBoth) {
  const TemporaryPath file(".ipmlog");
  const std::string log = with_header(make_log(file, some_events(1), 1), [](log_format::FileHeader& header) {
    header.version = 9;
    header.readable_by = 8;
  });
  const ReadBack back = read_log(log);
  EXPECT_EQ(back.status.code(), Code::kUnsupported);
  EXPECT_THAT(std::string(back.status.message()), HasSubstr("version 9"));
  EXPECT_THAT(std::string(back.status.message()), HasSubstr("reads version 1"));
}

TEST(EventLogTest, AFullDiskIsAStatusAndWhatWasWrittenStays) {
  Result<std::unique_ptr<LogWriter>> writer = LogWriter::open("/dev/full");
  ASSERT_FALSE(writer.ok());
  EXPECT_EQ(writer.status().code(), Code::kIo);
  EXPECT_THAT(std::string(writer.status().message()), HasSubstr("/dev/full"));
}

TEST(EventLogTest, ADirectoryIsRefusedInClearWords) {
  Result<std::unique_ptr<LogWriter>> writer = LogWriter::open(::testing::TempDir());
  ASSERT_FALSE(writer.ok());
  EXPECT_EQ(writer.status().code(), Code::kInvalidArgument);
  EXPECT_THAT(std::string(writer.status().message()), HasSubstr("it is a directory"));
}

// A pipe nobody reads would otherwise hold the host, and a closed one kill it.
TEST(EventLogTest, APipeIsRefusedWithoutWaiting) {
  const TemporaryPath file(".fifo");
  ASSERT_EQ(::mkfifo(file.path().c_str(), 0600), 0);
  Result<std::unique_ptr<LogWriter>> writer = LogWriter::open(file.path());
  ASSERT_FALSE(writer.ok());
  EXPECT_EQ(writer.status().code(), Code::kInvalidArgument);
}

TEST(EventLogTest, AnEarlierFileIsEmptied) {
  const TemporaryPath file(".ipmlog");
  file.write(std::string(100'000, 'x'));
  EXPECT_EQ(read_log(make_log(file, some_events(2), 2)).events.size(), 2U);
}

// The file in the tree was written by version 1 of the format: every later version reads it.
TEST(EventLogTest, TheGoldenLogOfVersionOneIsRead) {
  std::ifstream in(IPM_TEST_DATA "/events-v1.ipmlog", std::ios::binary);
  const std::string log{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  const ReadBack back = read_log(log);
#ifdef IPM_WITH_ZSTD
  EXPECT_EQ(back.status.code(), Code::kEnd) << back.status.message();
  ASSERT_EQ(back.events.size(), 40U);
  EXPECT_TRUE(same(back.events, some_events(40)));
#else
  EXPECT_EQ(back.status.code(), Code::kUnsupported);
  EXPECT_THAT(std::string(back.status.message()), HasSubstr("IPM_WITH_ZSTD"));
#endif
}

}  // namespace
}  // namespace ipm::test
