// Hosts that show less: no netlink, no /proc, /proc with hidepid. Each in a child of its own, since nothing of it can
// be undone.
#include <grp.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <ipm/ipm.hpp>

#include "support/net_fixture.h"
#include "support/tcp_pair.h"

namespace ipm {
namespace {

using test::Child;

class BadWeatherLiveTest : public test::NetFixture {
 protected:
  // Runs `work` in a child in a namespace of the test; what it throws is printed and fails the test.
  void in_child(const std::function<void()>& work) {
    Child child(left_, [&](Child::Turn&) { work(); });
    EXPECT_EQ(child.finish(), 0);
  }
};

void expect(bool met, const std::string& what) {
  if (!met) throw std::runtime_error(what);
}

// What the only source of the monitor says it runs without.
std::string missing(const Monitor& monitor) {
  return monitor.sources().at(0).missing;
}

void become_nobody() {
  expect(::setgroups(0, nullptr) == 0 && ::setresgid(65'534, 65'534, 65'534) == 0 &&
             ::setresuid(65'534, 65'534, 65'534) == 0,
         "become nobody");
  ::prctl(PR_SET_DUMPABLE, 1);
}

// From here on socket(AF_NETLINK, …) and bpf(…) fail with EACCES.
void refuse_netlink_and_bpf() {
  const auto word = [](std::uint32_t offset) { return sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset); };
  sock_filter code[] = {
      word(offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 3, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
      word(offsetof(seccomp_data, args)),  // The low half of the first: the family.
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{.len = sizeof code / sizeof code[0], .filter = code};
  expect(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0,
         "install the filter");
}

TEST_F(BadWeatherLiveTest, WithoutNetlinkAndBpfTheErrorSaysSoAndTheMonitorLives) {
  in_child([] {
    refuse_netlink_and_bpf();
    Monitor monitor;
    for (const char* uri : {"sock_diag:", "auto:"}) {
      try {
        monitor.add_source(uri);
        expect(false, std::string(uri) + " opened");
      } catch (const Error& error) {
        const std::string text = error.what();
        expect(text.find("sock_diag") != std::string::npos && text.find("Permission denied") != std::string::npos,
               text);
      }
    }
    monitor.add_source("synthetic:?seed=1&events=100");
    while (monitor.step(0) == IPM_OK) {
    }
    expect(monitor.stats().events >= 100, "go on with another source");
  });
}

TEST_F(BadWeatherLiveTest, WithoutProcBytesAreSeenAndOwnersAreMissing) {
  in_child([] {
    Monitor monitor;
    monitor.add_source("sock_diag:?proc=/nowhere&interval=50ms");
    test::TcpPair pair;
    pair.move(1'000, 2'000);
    monitor.flush();
    expect(missing(monitor).find("owners of sockets: ") != std::string::npos, missing(monitor));
    expect(missing(monitor).find("/nowhere") != std::string::npos, missing(monitor));
    int rows = 0;
    for (const Row row : monitor.table("connections", "local_port = " + std::to_string(pair.client_port))) {
      ++rows;
      expect(row.integer("tx_bytes") == 1'000 && row.integer("rx_bytes") == 2'000, "count its bytes");
      expect(!row.integer("pid") && row.text("quality") == "unknown", "name nobody");
    }
    expect(rows == 1, "see the connection");
  });
}

TEST_F(BadWeatherLiveTest, InAPidNamespaceExitsAreLookedForAndNoOwnerIsCertain) {
  in_child([] {
    expect(::unshare(CLONE_NEWPID | CLONE_NEWNS) == 0, "make a pid namespace");
    Child first("", [](Child::Turn&) {
      expect(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                 ::mount("proc", "/proc", "proc", 0, nullptr) == 0,
             "mount its /proc");
      Monitor monitor;
      monitor.add_source("sock_diag:?interval=50ms");
      for (const char* what : {"process starts and exits as they happen: ", "owners outside this pid namespace: "}) {
        expect(missing(monitor).find(what) != std::string::npos, missing(monitor));
      }
      Child talker("", [](Child::Turn& turn) {
        test::TcpPair pair;
        pair.move(1'000, 2'000);
        turn.done_and_wait();
      });
      talker.wait_done();
      monitor.flush();
      const std::string its = "pid = " + std::to_string(talker.pid());
      int rows = 0;
      for (const Row row : monitor.table("processes", its)) {
        ++rows;
        expect(row.integer("running") == 1 && row.integer("tx_bytes") == 3'000 && row.text("quality") == "inferred",
               "see it talk");
      }
      expect(rows == 1, "find the process");
      expect(talker.finish() == 0, "end the process");
      monitor.flush();
      for (const Row row : monitor.table("processes", its)) expect(row.integer("running") == 0, "see it end");
    });
    expect(first.finish() == 0, "the first process of the pid namespace failed");
  });
}

TEST_F(BadWeatherLiveTest, WithHidepidAUserSeesItsOwnProcessesAndTheSocketsOfOthers) {
  Child other(left_, [](Child::Turn& turn) {  // Of root: not to be seen in /proc.
    const test::TcpPair pair;
    turn.done_and_wait(pair.client_port);
  });
  const std::uint64_t others_port = other.wait_done();
  in_child([&] {
    expect(::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
               ::mount("proc", "/proc", "proc", 0, "hidepid=invisible") == 0,
           "mount /proc with hidepid");
    become_nobody();
    expect(::access("/proc/1/status", F_OK) != 0, "hide process 1");
    Monitor monitor;
    monitor.add_source("sock_diag:?interval=50ms");
    test::TcpPair pair;
    pair.move(1'000, 2'000);
    monitor.flush();
    const auto pid_of = [&](std::uint64_t port) {
      std::optional<std::int64_t> pid = -1;
      for (const Row row : monitor.table("connections", "local_port = " + std::to_string(port))) {
        pid = row.integer("pid");
      }
      return pid;
    };
    expect(pid_of(pair.client_port) == ::getpid(), "find its own connection");
    for (const Row row : monitor.table("connections", "pid = " + std::to_string(::getpid()))) {
      expect(row.text("quality") == "inferred", "not be sure that no other holds it");
    }
    expect(!pid_of(others_port), "see the connection of another without an owner");
    expect(missing(monitor).find("owners of other users' sockets") != std::string::npos, missing(monitor));
  });
}

}  // namespace
}  // namespace ipm
