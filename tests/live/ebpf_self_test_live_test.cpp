// The self-test of ebpf:, in whole monitors: that it passes where the source works, fails where the kernel has no room
// for what it moves, and shows nowhere. Needs root and a kernel that takes the programs.
#include <gmock/gmock.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>
#include <vector>

#include "monitor/monitor.h"
#include "support/busy_sockets.h"
#include "support/net_fixture.h"
#include "support/tcp_pair.h"

namespace ipm {
namespace {

using monitor::Monitor;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class EbpfSelfTestLiveTest : public test::NetFixture {
 protected:
  // Skips, or fails if it is required, where the kernel does not take the programs.
  void open(std::unique_ptr<Monitor>& out, const std::string& uri = "ebpf:?interval=50ms", bool self_test = true) {
    monitor::MonitorOptions options;
    options.self_test = self_test;
    Result<std::unique_ptr<Monitor>> monitor = Monitor::open(options);
    ASSERT_TRUE(monitor.ok()) << monitor.status().message();
    out = std::move(*monitor);
    const Status added = out->add_source(uri);
    if (added.ok()) return;
    const char* required = std::getenv("IPM_REQUIRE_LIVE");
    if (required != nullptr && std::string_view(required) == "1") FAIL() << added.message();
    GTEST_SKIP() << added.message();
  }
  static query::SourceRow row(Monitor& monitor) {
    query::SourceRow out;
    EXPECT_TRUE(monitor.source_row(0, out).ok());
    return out;
  }
  // What is told of this process, by kind.
  static void watch(Monitor& monitor, std::vector<model::EventKind>& out) {
    monitor.set_event_callback([&out](const model::Event& event) {
      const std::uint32_t pid = event.header.process.pid();
      if (pid == static_cast<std::uint32_t>(::getpid())) out.push_back(event.header.kind);
    });
  }
  static void run(Monitor& monitor) {
    for (int i = 0; i < 20; ++i) (void)monitor.step(10 * kMillisecond);
    EXPECT_TRUE(monitor.flush().ok());
  }
};

TEST_F(EbpfSelfTestLiveTest, ItPassesAndShowsNowhere) {
  std::unique_ptr<Monitor> monitor;
  std::vector<model::EventKind> told;
  open(monitor);
  if (IsSkipped() || HasFatalFailure()) return;
  watch(*monitor, told);
  EXPECT_EQ(row(*monitor).self_test,
            "passed: saw 9216 of 9216 bytes, 1024 of 1024 bytes in packets, the connection, 2 of 2 sockets");
  run(*monitor);
  EXPECT_THAT(told, IsEmpty());
  const query::SourceRow source = row(*monitor);
  EXPECT_GT(source.filtered, 0U);
  EXPECT_EQ(source.received, source.written + source.filtered + source.dropped + source.malformed);
}

TEST_F(EbpfSelfTestLiveTest, WithoutBeingAskedForThereIsNone) {
  std::unique_ptr<Monitor> monitor;
  open(monitor, "ebpf:", false);
  if (IsSkipped() || HasFatalFailure()) return;
  EXPECT_EQ(row(*monitor).self_test, "");
}

TEST_F(EbpfSelfTestLiveTest, WhatThisProcessDoesAfterwardsIsToldWithItsName) {
  std::unique_ptr<Monitor> monitor;
  std::vector<model::EventKind> told;
  open(monitor);
  if (IsSkipped() || HasFatalFailure()) return;
  watch(*monitor, told);
  run(*monitor);
  ASSERT_THAT(told, IsEmpty());
  const os::Fd listener = test::listen_on_loopback();
  const os::Fd client = test::connect_to_loopback(test::port_of(listener.get()));
  run(*monitor);
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.front(), model::EventKind::kProcessStart);
}

TEST_F(EbpfSelfTestLiveTest, AnotherMonitorOfTheProcessDoesNotSeeIt) {
  std::unique_ptr<Monitor> first, second;
  std::vector<model::EventKind> told;
  open(first);
  if (IsSkipped() || HasFatalFailure()) return;
  watch(*first, told);
  run(*first);
  open(second);
  EXPECT_THAT(row(*second).self_test, StartsWith("passed"));
  run(*first);
  EXPECT_THAT(told, IsEmpty());
}

TEST_F(EbpfSelfTestLiveTest, AMapThatIsFullBeforeItFailsItAndIsReported) {
  const test::BusySockets busy(64);
  std::unique_ptr<Monitor> monitor;
  open(monitor, "ebpf:?sockets=16");
  if (IsSkipped() || HasFatalFailure()) return;
  const query::SourceRow source = row(*monitor);
  EXPECT_THAT(source.self_test, StartsWith("failed: saw 0 of 9216 bytes"));
  EXPECT_EQ(source.state, "reduced");
  EXPECT_THAT(source.missing, HasSubstr("bytes of each process: the self-test saw 0 of 9216 bytes"));
}

TEST_F(EbpfSelfTestLiveTest, WhatRunsInsteadOfTheLengthsIsTestedInstead) {
  std::unique_ptr<Monitor> monitor;
  std::vector<model::EventKind> told;
  open(monitor, "ebpf:?interval=50ms&without=length");
  if (IsSkipped() || HasFatalFailure()) return;
  watch(*monitor, told);
  EXPECT_EQ(row(*monitor).self_test, "passed: saw 1024 of 1024 bytes in packets, the connection, 2 of 2 sockets");
  run(*monitor);
  EXPECT_THAT(told, IsEmpty());
}

TEST_F(EbpfSelfTestLiveTest, WithoutLoopbackItCouldNotBeTestedWhichIsNoFailure) {
  std::unique_ptr<Monitor> monitor;
  std::thread([&] {
    if (::unshare(CLONE_NEWNET) == 0) open(monitor);
  }).join();
  if (IsSkipped() || HasFatalFailure()) return;
  ASSERT_TRUE(monitor);
  const query::SourceRow source = row(*monitor);
  EXPECT_THAT(source.self_test, StartsWith("could not be tested: connect over loopback: "));
  EXPECT_THAT(source.missing, Not(HasSubstr("self-test")));
}

}  // namespace
}  // namespace ipm
