#include "source/ebpf/self_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ipm::source::ebpf {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Findings all_found() {
  return {.bytes = SelfTest::kBytes,
          .packet_bytes = SelfTest::kPacketBytes,
          .opened = true,
          .established = true,
          .tcp_listed = true,
          .udp_listed = true};
}

std::vector<std::string> missing(const Findings& findings) {
  std::vector<std::string> out;
  for (const Capability& each : judge(findings).missing) out.push_back(each.what + ": " + each.reason);
  return out;
}

TEST(SelfTestTest, AllThatMovedWasSeen) {
  EXPECT_EQ(judge(all_found()).text,
            "passed: saw 9216 of 9216 bytes, 1024 of 1024 bytes in packets, the connection, 2 of 2 sockets");
  EXPECT_THAT(missing(all_found()), IsEmpty());
}

TEST(SelfTestTest, OneByteLessIsAFailure) {
  Findings findings = all_found();
  --findings.bytes;
  EXPECT_EQ(judge(findings).text, "failed: saw 9215 of 9216 bytes");
  EXPECT_THAT(missing(findings), ElementsAre("bytes of each process: the self-test saw 9215 of 9216 bytes"));
}

TEST(SelfTestTest, OneByteMoreIsAFailure) {
  Findings findings = all_found();
  ++findings.bytes;
  EXPECT_EQ(judge(findings).text, "failed: saw 9217 of 9216 bytes");
}

TEST(SelfTestTest, HooksOfConnectionsThatAreAttachedToNothingAreFoundOut) {
  Findings findings = all_found();
  findings.opened = findings.established = false;
  EXPECT_EQ(judge(findings).text, "failed: saw nothing of its connection");
  EXPECT_THAT(missing(findings),
              ElementsAre("connections as they open and close: the self-test saw nothing of its connection"));
  findings.opened = true;
  EXPECT_EQ(judge(findings).text, "failed: saw no establishment of its connection");
  findings.opened = false;
  findings.established = true;
  EXPECT_EQ(judge(findings).text, "failed: saw no opening of its connection");
}

TEST(SelfTestTest, AnIteratorThatGoesOverNothingIsFoundOut) {
  Findings findings = all_found();
  findings.udp_listed = false;
  EXPECT_EQ(judge(findings).text, "failed: saw 1 of 2 sockets");
}

TEST(SelfTestTest, PacketsThatNoProgramSeesAreFoundOut) {
  Findings findings = all_found();
  findings.packet_bytes = 512;
  EXPECT_EQ(judge(findings).text, "failed: saw 512 of 1024 bytes in packets");
  EXPECT_THAT(missing(findings),
              ElementsAre("whom udp sockets talk to, and packets: the self-test saw 512 of 1024 bytes in packets"));
}

TEST(SelfTestTest, OfPartsThatDoNotRunNothingIsExpected) {
  Findings findings;
  findings.with_packets = findings.with_lifecycle = findings.with_seed = false;
  findings.bytes = SelfTest::kBytes;
  EXPECT_EQ(judge(findings).text, "passed: saw 9216 of 9216 bytes");
  findings.with_length = false;
  findings.with_lifecycle = findings.opened = findings.established = true;
  EXPECT_EQ(judge(findings).text, "passed: saw the connection");
  findings.with_lifecycle = false;
  EXPECT_EQ(judge(findings).text, "could not be tested: no part runs that a transfer passes");
  EXPECT_THAT(missing(findings), IsEmpty());
}

TEST(SelfTestTest, EachFailureIsNamed) {
  EXPECT_EQ(judge({}).text,
            "failed: saw 0 of 9216 bytes, 0 of 1024 bytes in packets, nothing of its connection, 0 of 2 sockets");
  EXPECT_EQ(judge({}).missing.size(), 4U);
}

}  // namespace
}  // namespace ipm::source::ebpf
