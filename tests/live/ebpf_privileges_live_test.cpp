// Privileges are for opening: once attached, the source needs none. And what it closes is its own.
#ifdef IPM_WITH_EBPF

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ipm/ipm.hpp>
#include <stdexcept>

#include "os/linux/proc_files.h"
#include "os/linux/proc_text.h"
#include "support/net_fixture.h"
#include "support/tcp_pair.h"

namespace ipm {
namespace {

using test::Child;

class EbpfPrivilegesLiveTest : public test::NetFixture {
 protected:
  void SetUp() override {
    NetFixture::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    try {
      Monitor().add_source("ebpf:");
    } catch (const Error& error) {
      const char* const required = std::getenv("IPM_REQUIRE_LIVE");
      if (required != nullptr && std::string_view(required) == "1") FAIL() << error.what();
      GTEST_SKIP() << error.what();
    }
  }
};

void expect(bool met, const std::string& what) {
  if (!met) throw std::runtime_error(what);
}

void drop_everything() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3]{};
  expect(::setgroups(0, nullptr) == 0 && ::setresgid(65'534, 65'534, 65'534) == 0 &&
             ::setresuid(65'534, 65'534, 65'534) == 0 && ::syscall(SYS_capset, &header, none) == 0,
         "drop everything");
  const Result<std::string> status = os::read_file("/proc/thread-self/status");
  expect(status.ok() && os::parse_status_capabilities(*status) == 0U, "have no capability");
}

struct Totals {
  std::int64_t rows = 0, tx = 0, rx = 0, connects = 0;
  bool exact = true, lost = false, running = false;
};

Totals totals_of(Monitor& monitor, std::uint32_t pid) {
  Totals out;
  for (const Row row : monitor.table("processes", "pid = " + std::to_string(pid))) {
    ++out.rows;
    out.tx += row.integer("tx_bytes").value_or(0);
    out.rx += row.integer("rx_bytes").value_or(0);
    out.connects += row.integer("connects").value_or(0);
    out.exact = out.exact && row.text("quality") == "exact";
    out.lost = out.lost || row.text("coverage").value_or("").find("lost_events") != std::string_view::npos;
    out.running = out.running || row.integer("running") == 1;
  }
  return out;
}

std::string missing(const Monitor& monitor) {
  return monitor.sources().at(0).missing;
}

TEST_F(EbpfPrivilegesLiveTest, AMonitorThatDroppedEverythingCountsAnothersBytesExactly) {
  Child talker(left_, [](Child::Turn& turn) {
    turn.done_and_wait();
    test::TcpPair pair;
    pair.move(100'003, 7'001);
    turn.done_and_wait();
  });
  talker.wait_done();
  const std::uint32_t pid = talker.pid();
  Child watcher("", [&](Child::Turn& turn) {
    Monitor monitor;
    monitor.add_source("ebpf:?interval=50ms");
    drop_everything();
    turn.done_and_wait();
    for (int i = 0; i < 10; ++i) monitor.step(20 * IPM_MS);
    monitor.flush();
    const Totals seen = totals_of(monitor, pid);
    expect(seen.rows == 1 && seen.exact && seen.connects == 1, "see the process");
    // Both ends are its own.
    expect(seen.tx == 107'004 && seen.rx == 107'004,
           "count its bytes: " + std::to_string(seen.tx) + " sent, " + std::to_string(seen.rx) + " received");
    turn.done_and_wait();
    monitor.flush();
    expect(!totals_of(monitor, pid).running, "see it end");
    expect(monitor.sources().at(0).state != IPM_SOURCE_FAILED && monitor.sources().at(0).lost == 0, missing(monitor));
  });
  watcher.wait_done();
  talker.go_on();
  talker.wait_done();
  watcher.go_on();
  watcher.wait_done();
  EXPECT_EQ(talker.finish(), 0);
  EXPECT_EQ(watcher.finish(), 0);
}

// Records are lost on purpose: what was lost is found by a look at all sockets, which needs no privilege either.
TEST_F(EbpfPrivilegesLiveTest, WithoutPrivilegesItStillLooksAgainAfterLoss) {
  Child talker(left_, [](Child::Turn& turn) {
    turn.done_and_wait();
    for (int i = 0; i < 1'000; ++i) test::TcpPair().move(100, 10);
    turn.done_and_wait();
    test::TcpPair pair;
    pair.move(5'000, 50);
    turn.done_and_wait();
  });
  talker.wait_done();
  const std::uint32_t pid = talker.pid();
  Child watcher("", [&](Child::Turn& turn) {
    Monitor monitor;
    monitor.add_source("ebpf:?interval=50ms&ring=64k");
    drop_everything();
    turn.done_and_wait();
    for (int i = 0; i < 10; ++i) monitor.step(20 * IPM_MS);
    turn.done_and_wait();
    monitor.flush();
    expect(monitor.sources().at(0).lost > 0, "have lost records");
    expect(missing(monitor).find("records were lost") == std::string::npos, missing(monitor));
    const Totals seen = totals_of(monitor, pid);
    expect(
        seen.tx == 1'000 * 110 + 5'050 && seen.rx == seen.tx,
        "have every byte all the same: " + std::to_string(seen.tx) + " sent, " + std::to_string(seen.rx) + " received");
  });
  watcher.wait_done();
  talker.go_on();
  talker.wait_done();
  watcher.go_on();
  watcher.wait_done();
  talker.go_on();
  talker.wait_done();
  watcher.go_on();
  EXPECT_EQ(watcher.finish(), 0);
  EXPECT_EQ(talker.finish(), 0);
}

// Numbers of descriptors are used again: one that is closed twice is somebody else's the second time.
TEST_F(EbpfPrivilegesLiveTest, ClosingAMonitorLeavesTheHostsDescriptorsOpen) {
  Child host("", [](Child::Turn&) {
    auto monitor = std::make_unique<Monitor>();
    monitor->add_source("ebpf:");
    std::vector<int> files;
    for (int i = 0; i < 200; ++i) files.push_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    monitor.reset();
    struct stat null {};
    expect(::stat("/dev/null", &null) == 0, "look at /dev/null");
    for (const int fd : files) {
      struct stat its {};
      expect(::fstat(fd, &its) == 0 && its.st_ino == null.st_ino, "keep descriptor " + std::to_string(fd));
    }
  });
  EXPECT_EQ(host.finish(), 0);
}

}  // namespace
}  // namespace ipm

#endif
