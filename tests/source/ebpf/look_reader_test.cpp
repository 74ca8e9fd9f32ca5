#include "source/ebpf/look_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "source/ebpf/made_records.h"

namespace ipm::source::ebpf {
namespace {

using test::seed_record;
using testing::ElementsAre;
using Tells = SeedStream::Tells;

class LookReaderTest : public testing::Test {
 protected:
  // What the kernel would give to be read: `cut` bytes short.
  void stream(Tells tells, const std::vector<ipm_record_seed>& records, std::size_t cut = 0) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    os::Fd in(ends[0]), out(ends[1]);
    const std::size_t bytes = records.size() * sizeof(ipm_record_seed) - cut;
    ASSERT_EQ(::write(out.get(), records.data(), bytes), static_cast<ssize_t>(bytes));
    streams_.push_back({std::move(in), tells});
  }
  // "cookie pid tcp": of each record.
  std::vector<std::string> read(std::size_t sockets_max = 100) {
    std::vector<std::string> out;
    LookReader reader;
    reader.begin(std::exchange(streams_, {}), sockets_max);
    Status status;
    while ((status = reader.step([&](const ipm_record_seed& record) {
             out.push_back(std::to_string(record.socket.cookie) + " " + std::to_string(record.socket.actor.pid) + " " +
                           std::to_string(record.socket.tcp.bytes_received));
           })).ok()) {
    }
    EXPECT_FALSE(status.is_error()) << status.message();
    EXPECT_FALSE(reader.reading());
    malformed_ = reader.malformed();
    return out;
  }
  static ipm_record_seed tcp(std::uint64_t cookie, std::uint64_t received) {
    ipm_tcp counters{};
    counters.measured = 1;
    counters.bytes_received = received;
    return seed_record(cookie, 0, counters);
  }
  static ipm_record_seed held(std::uint64_t cookie, std::uint32_t pid, std::uint8_t protocol = model::kProtocolTcp) {
    ipm_record_seed out = seed_record(cookie, pid);
    out.socket.tuple.protocol = protocol;
    return out;
  }

  std::deque<SeedStream> streams_;
  std::uint64_t malformed_ = 0;
};

TEST_F(LookReaderTest, SocketsWithTheirHoldersAreAsTheyCome) {
  stream(Tells::kBoth, {seed_record(7, 101), seed_record(8, 202)});
  EXPECT_THAT(read(), ElementsAre("7 101 0", "8 202 0"));
}

TEST_F(LookReaderTest, HoldersGetTheSocketsOfAllNamespaces) {
  stream(Tells::kSockets, {tcp(7, 70)});
  stream(Tells::kSockets, {tcp(8, 80), tcp(9, 90)});
  stream(Tells::kHolders, {held(8, 101), held(7, 101), held(8, 202)});
  EXPECT_THAT(read(), ElementsAre("8 101 80", "7 101 70", "8 202 80"));  // Nobody holds 9.
}

TEST_F(LookReaderTest, OfASocketThatCameMeanwhileAllIsThereIfItIsUdp) {
  stream(Tells::kSockets, {});
  stream(Tells::kHolders, {held(7, 101), held(9, 101, model::kProtocolUdp)});
  EXPECT_THAT(read(), ElementsAre("9 101 0"));
}

TEST_F(LookReaderTest, NoMoreSocketsAreKeptThanTheBound) {
  stream(Tells::kSockets, {tcp(7, 70), tcp(8, 80)});
  stream(Tells::kHolders, {held(7, 101), held(8, 101)});
  EXPECT_THAT(read(1), ElementsAre("7 101 70"));
}

TEST_F(LookReaderTest, ARecordThatIsCutIsCounted) {
  stream(Tells::kBoth, {seed_record(7, 101), seed_record(8, 202)}, 10);
  EXPECT_THAT(read(), ElementsAre("7 101 0"));
  EXPECT_EQ(malformed_, 1U);
}

TEST_F(LookReaderTest, AStreamThatCannotBeReadEndsTheLook) {
  LookReader reader;
  std::deque<SeedStream> streams;
  streams.push_back({os::Fd(), Tells::kBoth});
  reader.begin(std::move(streams), 10);
  EXPECT_TRUE(reader.step([](const ipm_record_seed&) {}).is_error());
  EXPECT_FALSE(reader.reading());
}

}  // namespace
}  // namespace ipm::source::ebpf
