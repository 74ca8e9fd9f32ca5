// How often ebpf: reads its sums when that costs more than it may. Needs root and a kernel that takes the programs.
#include <gmock/gmock.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "monitor/monitor.h"
#include "os/linux/clock.h"
#include "support/busy_sockets.h"

namespace ipm {
namespace {

using monitor::Monitor;
using testing::HasSubstr;
using testing::Not;

// Of its only source, after so long a time; or as soon as it says that it reads its sums less often.
std::string missing_of(Monitor& monitor, TimeNs time_max) {
  query::SourceRow row;
  for (const TimeNs end = os::monotonic_ns() + time_max; os::monotonic_ns() < end;) {
    EXPECT_FALSE(monitor.step(5 * kMillisecond).is_error());
    EXPECT_TRUE(monitor.source_row(0, row).ok());
    if (row.missing.find("sums every") != std::string::npos) break;
  }
  return row.missing;
}

class EbpfPaceLiveTest : public testing::Test {
 protected:
  // Skips, or fails if it is required, where the kernel does not take the programs.
  void open(const std::string& uri) {
    Result<std::unique_ptr<Monitor>> monitor = Monitor::open({});
    ASSERT_TRUE(monitor.ok()) << monitor.status().message();
    monitor_ = std::move(*monitor);
    const Status added = monitor_->add_source(uri);
    if (added.ok()) return;
    const char* required = std::getenv("IPM_REQUIRE_LIVE");
    if (required != nullptr && std::string_view(required) == "1") FAIL() << added.message();
    GTEST_SKIP() << added.message();
  }

  std::unique_ptr<Monitor> monitor_;
};

TEST_F(EbpfPaceLiveTest, OneThatTakesMoreThanCpuMaxReadsItsSumsLessOftenAndSaysSo) {
  const test::BusySockets busy(400);
  open("ebpf:?interval=10ms&cpu_max=1%");
  if (IsSkipped() || HasFatalFailure()) return;
  EXPECT_THAT(missing_of(*monitor_, 20 * kSecond), HasSubstr("sums every 10 ms: read every "));
}

TEST_F(EbpfPaceLiveTest, OneThatTakesLessKeepsItsInterval) {
  open("ebpf:?interval=100ms&cpu_max=100%");
  if (IsSkipped() || HasFatalFailure()) return;
  EXPECT_THAT(missing_of(*monitor_, kSecond), Not(HasSubstr("sums every")));
}

}  // namespace
}  // namespace ipm
