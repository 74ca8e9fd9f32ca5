#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/replay/json_lines.h"
#include "source/replay/log_test_files.h"
#include "source/replay/replay.h"
#include "support/collect_events.h"
#include "support/packed.h"

namespace ipm::test {
namespace {

using model::EventKind;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Collected replay(const std::string& path, std::uint32_t lane_events = 4096) {
  return collect_events(*source::make_replay_source(), "replay:" + path, lane_events);
}

std::string reason(const Collected& run) {
  return run.degradations.empty() ? "" : run.degradations.front().what + ": " + run.degradations.front().reason;
}

TEST(ReplaySourceTest, ALogComesBackUnchangedAndKeepsItsSourceNumbers) {
  const TemporaryPath file(".anything");
  std::vector<model::Event> events = some_events(5000);
  for (model::Event& event : events) event.header.source = 3;
  make_log(file, events, 100'000);
  const Collected run = replay(file.path());
  EXPECT_EQ(run.status.code(), Code::kEnd);
  EXPECT_TRUE(same(run.events, events));
  EXPECT_EQ(run.stats.written, 5000U);
}

// A source stops while the lane is full: nothing is dropped, even with room for two events.
TEST(ReplaySourceTest, ASmallLaneLosesNothing) {
  const TemporaryPath file(".ipmlog");
  const std::vector<model::Event> events = some_events(1000);
  make_log(file, events, 100);
  const Collected run = replay(file.path(), 2);
  EXPECT_TRUE(same(run.events, events));
  EXPECT_EQ(run.stats.dropped, 0U);
}

TEST(ReplaySourceTest, ATornLogGivesItsWholeFramesAndSaysWhere) {
  const TemporaryPath file(".ipmlog");
  const std::string log = make_log(file, some_events(9), 3);
  file.write(log.substr(0, log.size() - 1));
  const Collected run = replay(file.path());
  EXPECT_EQ(run.status.code(), Code::kEnd);
  EXPECT_THAT(run.events, SizeIs(6));
  EXPECT_THAT(reason(run), HasSubstr("torn tail at offset"));
}

TEST(ReplaySourceTest, ACaptureFileIsRefusedByItsFirstBytes) {
  const TemporaryPath file(".jsonl");
  file.write(std::string("\xd4\xc3\xb2\xa1\x02\x00\x04\x00", 8) + std::string(40, '\0'));
  const Collected run = replay(file.path());
  EXPECT_EQ(run.status.code(), Code::kCorrupt);
  EXPECT_THAT(std::string(run.status.message()), HasSubstr("neither an event log nor event lines"));
}

TEST(ReplaySourceTest, AnUnknownParameterIsNamed) {
  const Collected run = replay(IPM_TEST_DATA "/events-sample.jsonl?speed=2");
  EXPECT_EQ(run.status.code(), Code::kInvalidArgument);
  EXPECT_THAT(std::string(run.status.message()), HasSubstr("speed"));
}

TEST(ReplaySourceTest, AMissingFileIsNamed) {
  const Collected run = replay("no/such/file");
  EXPECT_EQ(run.status.code(), Code::kNotFound);
  EXPECT_THAT(std::string(run.status.message()), HasSubstr("no/such/file"));
}

TEST(ReplaySourceTest, ADirectoryIsNoFile) {
  EXPECT_EQ(replay(IPM_TEST_DATA).status.code(), Code::kInvalidArgument);
}

#ifdef IPM_WITH_SIMDJSON

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string sample_lines() {
  return read_file(IPM_TEST_DATA "/events-sample.jsonl");
}

TEST(ReplaySourceTest, EveryLineOfTheSampleIsTaken) {
  const Collected run = replay(IPM_TEST_DATA "/events-sample.jsonl");
  EXPECT_EQ(run.status.code(), Code::kEnd);
  EXPECT_THAT(run.degradations, IsEmpty());
  EXPECT_EQ(run.stats.malformed + run.stats.filtered + run.stats.dropped, 0U);
  EXPECT_EQ(run.stats.written, run.events.size());
  const std::string lines = sample_lines();
  std::size_t opens = 0;
  for (std::size_t at = lines.find(R"("open")"); at != std::string::npos; at = lines.find(R"("open")", at + 1)) ++opens;
  EXPECT_THAT(run.of(EventKind::kSocketOpen), SizeIs(opens));
  EXPECT_THAT(run.of(EventKind::kClockAnchor), SizeIs(1));
}

TEST(ReplaySourceTest, AnEmptyFileEnds) {
  const TemporaryPath file(".jsonl");
  file.write("");
  EXPECT_EQ(replay(file.path()).status.code(), Code::kEnd);
}

TEST(ReplaySourceTest, TheFirstMalformedLineIsReportedWithItsNumber) {
  const TemporaryPath file(".jsonl");
  std::string lines = sample_lines();
  lines.insert(lines.find('\n') + 1, "this is no event\n");
  file.write(lines);
  const Collected run = replay(file.path());
  EXPECT_EQ(run.stats.malformed, 1U);
  EXPECT_THAT(reason(run), HasSubstr("line 2: "));
  EXPECT_THAT(run.of(EventKind::kLoss), SizeIs(1));
}

// Cut anywhere: at most the last line is malformed, and nothing crashes.
TEST(ReplaySourceTest, LinesCutAtAnyByteGiveTheLinesBefore) {
  const TemporaryPath file(".jsonl");
  const std::string lines = sample_lines().substr(0, 2000);
  for (std::size_t cut = 0; cut < lines.size(); ++cut) {
    file.write(lines.substr(0, cut));
    const Collected run = replay(file.path());
    ASSERT_EQ(run.status.code(), Code::kEnd) << "cut at " << cut;
    ASSERT_LE(run.stats.malformed, 1U) << "cut at " << cut;
  }
}

TEST(ReplaySourceTest, ALineOfSixteenMebibytesIsTheLongest) {
  const TemporaryPath file(".jsonl");
  const std::string good = sample_lines().substr(0, sample_lines().find('\n') + 1);
  // The spaces are part of the line: exactly the limit, then one byte more.
  const std::string longest = std::string(source::JsonLines::kLineBytesMax - (good.size() - 1), ' ') + good;
  file.write(longest + " " + longest + good);
  const Collected run = replay(file.path());
  EXPECT_EQ(run.stats.malformed, 1U);
  EXPECT_THAT(reason(run), HasSubstr("line 2: longer than 16 MiB"));
  EXPECT_THAT(run.of(EventKind::kSocketOpen), SizeIs(2));
}

// A pipe that has nothing yet is a timeout; opening it does not wait for its writer.
TEST(ReplaySourceTest, APipeIsReadAsItsLinesCome) {
  const TemporaryPath file(".fifo");
  ASSERT_EQ(::mkfifo(file.path().c_str(), 0600), 0);
  std::unique_ptr<source::Source> source = source::make_replay_source();
  source::SourceOptions options;
  options.uri = *source::parse_source_uri("replay:" + file.path());
  ASSERT_TRUE(source->open(options).ok());
  const int fd = ::open(file.path().c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  ring::Lane lane(1024);
  ring::Writer writer(lane);
  const std::chrono::milliseconds timeout(5);
  EXPECT_EQ(source->poll(writer, timeout).code(), Code::kTimeout);
  const std::string line = sample_lines().substr(0, sample_lines().find('\n') + 1);
  ASSERT_EQ(::write(fd, line.data(), line.size() - 5), static_cast<ssize_t>(line.size() - 5));
  EXPECT_EQ(source->poll(writer, timeout).code(), Code::kTimeout);
  ASSERT_EQ(::write(fd, line.data() + line.size() - 5, 5), 5);
  EXPECT_TRUE(source->poll(writer, timeout).ok());
  EXPECT_NE(lane.free(), lane.capacity());
  ::close(fd);
  EXPECT_EQ(source->poll(writer, timeout).code(), Code::kEnd);
}

#ifdef IPM_WITH_ZSTD

TEST(ReplaySourceTest, CompressedLinesGiveTheSameEvents) {
  const TemporaryPath file(".txt");
  file.write(zstd_packed(sample_lines()));
  const Collected run = replay(file.path());
  EXPECT_TRUE(same(run.events, replay(IPM_TEST_DATA "/events-sample.jsonl").events));
}

#ifdef IPM_WITH_ZLIB
TEST(ReplaySourceTest, LinesPackedByGzipGiveTheSameEvents) {
  const TemporaryPath file(".txt");
  const std::string lines = sample_lines();
  file.write(gzipped(lines.substr(0, 1'000)) + gzipped(lines.substr(1'000)));
  const Collected run = replay(file.path());
  EXPECT_TRUE(same(run.events, replay(IPM_TEST_DATA "/events-sample.jsonl").events));
}
#endif

// What zstd holds back when its output buffer is full comes out too.
TEST(ReplaySourceTest, HighlyCompressedLinesComeOutWhole) {
  const TemporaryPath file(".zst");
  const std::string line = sample_lines().substr(0, sample_lines().find('\n') + 1);
  std::string many;
  for (int i = 0; i < 20'000; ++i) many += line;
  file.write(zstd_packed(many));
  EXPECT_THAT(replay(file.path()).of(EventKind::kSocketOpen), SizeIs(20'000));
}

TEST(ReplaySourceTest, CompressedLinesCutAtAnyByteSayThatTheyAreCut) {
  const TemporaryPath file(".zst");
  const std::string whole = zstd_packed(sample_lines().substr(0, 4000));
  for (std::size_t cut = 4; cut < whole.size(); ++cut) {
    file.write(whole.substr(0, cut));
    const Collected run = replay(file.path());
    if (run.status.code() == Code::kCorrupt) continue;  // Too short to be told apart.
    ASSERT_EQ(run.status.code(), Code::kEnd) << "cut at " << cut;
    ASSERT_FALSE(run.degradations.empty()) << "cut at " << cut;
    ASSERT_THAT(run.degradations.back().reason, HasSubstr("cut at offset")) << "cut at " << cut;
    ASSERT_EQ(run.of(EventKind::kLoss).back().as<model::Loss>().what, model::LossWhat::kUnreadable);
  }
}

TEST(ReplaySourceTest, CompressedLinesWithAFlippedByteDoNotCrash) {
  const TemporaryPath file(".zst");
  const std::string whole = zstd_packed(sample_lines().substr(0, 4000));
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string spoilt = whole;
    spoilt[at] = static_cast<char>(spoilt[at] ^ 0xff);
    file.write(spoilt);
    const Collected run = replay(file.path());
    ASSERT_TRUE(run.status.code() == Code::kEnd || run.status.code() == Code::kCorrupt) << "byte " << at;
  }
}

#endif
#endif

}  // namespace
}  // namespace ipm::test
