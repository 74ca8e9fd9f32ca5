#include "source/ebpf/self_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ipm::source::ebpf {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Findings all_found() {
  return {.bytes = SelfTest::kBytes, .opened = true, .established = true, .tcp_listed = true, .udp_listed = true};
}

std::vector<std::string> missing(const Findings& findings) {
  std::vector<std::string> out;
  for (const Capability& each : judge(findings).missing) out.push_back(each.what + ": " + each.reason);
  return out;
}

TEST(SelfTestTest, AllThatMovedWasSeen) {
  EXPECT_EQ(judge(all_found()).text, "passed: saw 9216 of 9216 bytes, the connection, 2 of 2 sockets");
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
  EXPECT_EQ(judge(findings).text, "failed: did not see its connection");
  EXPECT_THAT(missing(findings),
              ElementsAre("connections as they open and close: the self-test did not see its connection"));
  findings.opened = true;
  EXPECT_EQ(judge(findings).text, "failed: did not see its connection established");
  findings.opened = false;
  findings.established = true;
  EXPECT_EQ(judge(findings).text, "failed: did not see its connect");
}

TEST(SelfTestTest, AnIteratorThatGoesOverNothingIsFoundOut) {
  Findings findings = all_found();
  findings.udp_listed = false;
  EXPECT_EQ(judge(findings).text, "failed: found 1 of its 2 sockets among those of all processes");
}

TEST(SelfTestTest, OfPartsThatDoNotRunNothingIsExpected) {
  const Findings findings{.bytes = SelfTest::kBytes, .with_lifecycle = false, .with_seed = false};
  EXPECT_EQ(judge(findings).text, "passed: saw 9216 of 9216 bytes");
}

TEST(SelfTestTest, EachFailureIsNamed) {
  EXPECT_EQ(judge({}).text,
            "failed: saw 0 of 9216 bytes; did not see its connection; found 0 of its 2 sockets among those of all "
            "processes");
  EXPECT_EQ(judge({}).missing.size(), 3U);
}

}  // namespace
}  // namespace ipm::source::ebpf
