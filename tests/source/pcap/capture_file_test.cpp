// What holds for all kinds of capture: where the bytes come from, how they are packed, what is no capture.
#include "source/pcap/capture_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "source/pcap/capture_builder.h"
#include "source/pcap/not_a_capture.h"
#include "support/packed.h"
#include "support/scratch_file.h"

namespace ipm::source::pcap {
namespace {

namespace fs = std::filesystem;
using test::pcap_header;
using test::pcap_record;
using test::PcapngBuilder;
using test::Reading;
using test::ScratchFile;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string some_capture(std::uint32_t packets) {
  std::string out = pcap_header();
  for (std::uint32_t i = 0; i < packets; ++i) out += pcap_record(i, i % 1'000'000, std::string(i % 1'500, 'p'), 1'500);
  return out;
}

// The writer's end of a named pipe that a CaptureFile reads.
class Pipe {
 public:
  Pipe() : name_(".fifo") {
    EXPECT_EQ(::mkfifo(name_.path().c_str(), 0600), 0);
    opened = file.open(name_.path());
    writer_ = ::open(name_.path().c_str(), O_WRONLY | O_NONBLOCK);
  }
  ~Pipe() { end(); }
  void write(std::string_view bytes) const {
    EXPECT_EQ(::write(writer_, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  void end() {
    if (writer_ >= 0) ::close(writer_);
    writer_ = -1;
  }

  CaptureFile file;
  Status opened;

 private:
  ScratchFile name_;
  int writer_ = -1;
};

TEST(CaptureFile, ReadsAFileBeyondItsBuffer) {
  ScratchFile file(".pcap");
  const std::string bytes = some_capture(3'000);
  file.write(bytes);
  Reading got("");
  ASSERT_TRUE(got.file.open(file.path()).ok());
  EXPECT_EQ(got.file.fd(), -1);
  got.read();
  ASSERT_THAT(got.packets, SizeIs(3'000));
  EXPECT_EQ(got.packets[2'999].time_ns, 2'999 * kSecond + 2'999 * kMicrosecond);
  EXPECT_EQ(got.packets[2'999].data, std::string(1'499, 'p'));
  EXPECT_EQ(got.counters().packets, 3'000U);
  EXPECT_EQ(got.counters().bytes_read, bytes.size());
  EXPECT_EQ(got.counters().bytes_total, bytes.size());
}

TEST(CaptureFile, SaysWhyAFileCannotBeOpened) {
  CaptureFile file;
  EXPECT_EQ(file.open("/nonexistent/x.pcap").code(), Code::kNotFound);
  EXPECT_EQ(file.open("/").code(), Code::kInvalidArgument);
  CapturedPacket packet;
  EXPECT_EQ(file.next(packet).code(), Code::kInvalidArgument) << "and says it again";
}

TEST(CaptureFile, SaysInOneLineWhatIsNoCapture) {
  const auto said = [](std::string_view bytes) {
    CaptureFile file;
    const Status status = file.open_memory(bytes);
    EXPECT_EQ(status.code(), Code::kCorrupt);
    std::string message(status.message());
    EXPECT_EQ(message.find('\n'), std::string::npos);
    CapturedPacket packet;
    EXPECT_EQ(file.next(packet).code(), Code::kCorrupt);
    return message;
  };
  EXPECT_EQ(said(""), "read memory: not a capture (pcap, pcapng, snoop): it is empty");
  EXPECT_THAT(said("abc"), HasSubstr("it begins with 61 62 63, text"));
  EXPECT_THAT(said("\x7f"
                   "ELF\2\1\1"),
              HasSubstr("it begins with 7f 45 4c 46 02 01 01, a program"));
  EXPECT_THAT(said("\xd4\xc3\xb2\xa0 is near"), HasSubstr("it begins with d4 c3 b2 a0 20 69 73 20"));
  EXPECT_THAT(said("\xfd"
                   "7zXZ."),
              HasSubstr("xz-compressed: unpack it first"));
}

TEST(CaptureFile, ReadsWhatAPipeHasAndNeverWaitsForMore) {
  const std::string bytes = some_capture(3);
  Pipe pipe;
  CapturedPacket packet;
  ASSERT_TRUE(pipe.opened.ok()) << pipe.opened.message();
  EXPECT_GE(pipe.file.fd(), 0);
  EXPECT_EQ(pipe.file.next(packet).code(), Code::kTimeout);
  pipe.write(bytes.substr(0, 3));
  EXPECT_EQ(pipe.file.next(packet).code(), Code::kTimeout);
  pipe.write(bytes.substr(3, 21));  // The header of the file.
  EXPECT_EQ(pipe.file.next(packet).code(), Code::kTimeout);
  pipe.write(bytes.substr(24, 20));  // A record without data, and a quarter of the next one's header.
  EXPECT_TRUE(pipe.file.next(packet).ok());
  EXPECT_EQ(pipe.file.next(packet).code(), Code::kTimeout);
  pipe.write(bytes.substr(44));
  EXPECT_TRUE(pipe.file.next(packet).ok());
  EXPECT_TRUE(pipe.file.next(packet).ok());
  EXPECT_EQ(packet.data.size(), 2U);
  EXPECT_EQ(pipe.file.next(packet).code(), Code::kTimeout);
  pipe.end();
  EXPECT_EQ(pipe.file.next(packet).code(), Code::kEnd);
  EXPECT_EQ(pipe.file.note(), "");
  EXPECT_EQ(pipe.file.counters().bytes_total, 0U);
}

TEST(CaptureFile, APipeThatBringsNoCaptureIsAnErrorOfNext) {
  CapturedPacket packet;
  Pipe pipe;
  ASSERT_TRUE(pipe.opened.ok());
  pipe.write("no capture");
  EXPECT_EQ(pipe.file.next(packet).code(), Code::kCorrupt);
  EXPECT_EQ(pipe.file.next(packet).code(), Code::kCorrupt);
  Pipe silent;
  silent.end();
  EXPECT_EQ(silent.file.next(packet).code(), Code::kCorrupt);
}

TEST(CaptureFile, OneCallReadsOnlySoMuch) {
  // A block of 60 MiB that nothing reads: one call goes through 32 MiB at most.
  constexpr std::uint32_t kBlockBytes = 60 * 1024 * 1024;
  const PcapngBuilder b;
  ScratchFile file(".pcapng");
  const std::string head = b.section() + b.interface() + b.u(0x7777, 4) + b.u(kBlockBytes, 4);
  file.write(head);
  ASSERT_EQ(::truncate(file.path().c_str(), static_cast<off_t>(head.size() - 8 + kBlockBytes)), 0);
  std::ofstream(file.path(), std::ios::binary | std::ios::app) << b.packet(0, 1, "behind", 6);
  CaptureFile capture;
  ASSERT_TRUE(capture.open(file.path()).ok());
  CapturedPacket packet;
  EXPECT_EQ(capture.next(packet).code(), Code::kTimeout);
  capture.wait(10'000);  // Returns at once.
  ASSERT_TRUE(capture.next(packet).ok());
  EXPECT_EQ(packet.data.size(), 6U);
}

TEST(CaptureFile, ABlockThatClaimsMoreThanThereIsCostsNoMore) {
  const PcapngBuilder b;
  ScratchFile file(".pcapng");
  file.write(b.section() + b.interface() + b.u(6, 4) + b.u(0xffff'fff0, 4) + "few bytes");
  CaptureFile capture;
  ASSERT_TRUE(capture.open(file.path()).ok());
  CapturedPacket packet;
  EXPECT_EQ(capture.next(packet).code(), Code::kEnd);
  EXPECT_EQ(capture.note(), "cut short at byte 65: 17 of the 4294967280 bytes of the last record are there");
}

#if defined(IPM_WITH_ZLIB) && defined(IPM_WITH_ZSTD)

class CaptureFilePacked : public ::testing::TestWithParam<std::string (*)(std::string_view)> {};
INSTANTIATE_TEST_SUITE_P(CaptureFile, CaptureFilePacked, ::testing::Values(&test::gzipped, &test::zstd_packed));

TEST_P(CaptureFilePacked, IsReadAsIfItWereNot) {
  const std::string bytes = some_capture(3'000);
  const std::string packed = GetParam()(bytes.substr(0, 1'000'000)) + GetParam()(bytes.substr(1'000'000));
  ScratchFile file(".pcap");  // The name says nothing.
  file.write(packed);
  Reading got("");
  ASSERT_TRUE(got.file.open(file.path()).ok());
  got.read();
  ASSERT_THAT(got.packets, SizeIs(3'000));
  EXPECT_EQ(got.packets[2'999].data, std::string(1'499, 'p'));
  EXPECT_EQ(got.file.note(), "");
  EXPECT_EQ(got.counters().bytes_read, packed.size());
  EXPECT_EQ(got.counters().bytes_total, packed.size());
}

TEST_P(CaptureFilePacked, ComesThroughAPipeByteByByte) {
  const std::string packed = GetParam()(some_capture(3));
  Pipe pipe;
  CapturedPacket packet;
  std::size_t packets = 0;
  for (const char byte : packed) {
    pipe.write({&byte, 1});
    while (pipe.file.next(packet).ok()) ++packets;
  }
  pipe.end();
  while (pipe.file.next(packet).ok()) ++packets;
  EXPECT_EQ(packets, 3U);
  EXPECT_EQ(pipe.file.next(packet).code(), Code::kEnd);
  EXPECT_EQ(pipe.file.note(), "");
}

TEST_P(CaptureFilePacked, GivesWhatIsBeforeACutInThePacking) {
  const std::string packed = GetParam()(some_capture(3'000));
  const Reading got(packed.substr(0, packed.size() - 6));
  EXPECT_TRUE(got.opened.ok());
  EXPECT_THAT(got.packets, SizeIs(testing::Ge(2'000)));
  EXPECT_EQ(got.last.code(), Code::kEnd);
  EXPECT_THAT(got.file.note(), HasSubstr("cut short at byte " + std::to_string(packed.size() - 6) + " of the file"));
}

TEST_P(CaptureFilePacked, SaysWhatIsInsideThatIsNoCapture) {
  const Reading got(GetParam()("plain words"));
  EXPECT_EQ(got.opened.code(), Code::kCorrupt);
  EXPECT_THAT(std::string(got.opened.message()), HasSubstr("unpacked by "));
  EXPECT_THAT(std::string(got.opened.message()), HasSubstr("it begins with 70 6c 61 69 6e"));
  const Reading twice(GetParam()(GetParam()(some_capture(1))));
  EXPECT_THAT(std::string(twice.opened.message()), HasSubstr("compressed twice"));
}

TEST_P(CaptureFilePacked, ReadsNothingBehindThePacking) {
  const std::string packed = GetParam()(some_capture(2));
  const Reading got(packed + "something");
  EXPECT_THAT(got.packets, SizeIs(2));
  EXPECT_THAT(got.file.note(), HasSubstr("something else than "));
  EXPECT_THAT(got.file.note(), HasSubstr("at byte " + std::to_string(packed.size()) + " of the file, not read"));
}

#endif

// What tshark says of the packets of a capture stands in the first line beside it.
std::size_t compare(const fs::path& folder) {
  std::size_t captures = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::ifstream truth(entry.path().string() + ".truth.jsonl");
    std::string line;
    if (!std::getline(truth, line)) continue;
    SCOPED_TRACE(entry.path().filename().string());
    const auto number_of = [&](std::string_view key) {
      const std::size_t at = line.find("\"" + std::string(key) + "\": ");
      return at == std::string::npos ? 0 : std::strtoull(line.c_str() + at + key.size() + 4, nullptr, 10);
    };
    Reading got("");
    EXPECT_TRUE(got.file.open(entry.path().string()).ok());
    got.read();
    std::uint64_t wire_bytes = 0;
    for (const auto& packet : got.packets) wire_bytes += packet.original_bytes;
    EXPECT_EQ(got.packets.size(), number_of("packets"));
    EXPECT_EQ(wire_bytes, number_of("wire_bytes"));
    EXPECT_EQ(got.file.note(), "");
    ++captures;
  }
  return captures;
}

TEST(CaptureFile, SmallCapturesHaveThePacketsThatTsharkCounts) {
  EXPECT_GE(compare(fs::path(IPM_TEST_DATA) / "pcap"), 1U);
}

TEST(CaptureFile, SharedCapturesHaveThePacketsThatTsharkCounts) {
  const char* given = std::getenv("IPM_SHARED_DATA");
  const fs::path folder = fs::path(given != nullptr ? given : IPM_SOURCE_DIR "/../shared/data") / "pcap";
  if (!fs::exists(folder)) {
    const char* required = std::getenv("IPM_REQUIRE_DATA");
    if (required != nullptr && std::string_view(required) == "1") FAIL() << folder << " is not there";
    GTEST_SKIP() << folder << " is not there: set IPM_SHARED_DATA";
  }
  EXPECT_GE(compare(folder), 20U);
}

}  // namespace
}  // namespace ipm::source::pcap
