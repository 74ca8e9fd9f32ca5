// What an embedder gets: real processes in network namespaces of their own, through the public interface to the tables.
// Needs root.
#include <grp.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <chrono>
#include <ipm/ipm.hpp>
#include <thread>

#include "support/conversations.h"
#include "support/net_fixture.h"
#include "support/tcp_pair.h"

namespace ipm {
namespace {

using test::Child;
using test::client_of;
using test::server_of;

constexpr std::uint16_t kPort = 7'214;

// A monitor and short ways to ask it.
class Watch {
 public:
  explicit Watch(const std::string& uri = "sock_diag:?interval=100ms", std::int32_t threads = IPM_THREADS_NONE)
      : monitor_(Monitor::Options{.threads = threads, .memory_max_bytes = 0, .settings = {}}) {
    monitor_.add_source(uri);
  }

  bool until(const std::function<bool()>& done, double seconds = 10) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    while (true) {
      monitor_.step(20 * IPM_MS);
      if (done()) return true;
      if (std::chrono::steady_clock::now() > end) return false;
    }
  }
  void run_for(double seconds) {
    until([] { return false; }, seconds);
  }

  struct Did {
    std::int64_t tx_bytes = 0, rx_bytes = 0, connects = 0, accepts = 0;
    bool operator==(const Did&) const = default;
    friend void PrintTo(const Did& did, std::ostream* out) {
      *out << did.tx_bytes << " sent, " << did.rx_bytes << " received, " << did.connects << " connects, " << did.accepts
           << " accepts";
    }
  };
  // The row of a process.
  Did process(std::uint32_t pid) {
    Did did;
    for (const Row row : monitor_.table("processes", "pid = ?1", {std::to_string(pid).c_str()})) {
      did.tx_bytes = row.integer("tx_bytes").value_or(-1);
      did.rx_bytes = row.integer("rx_bytes").value_or(-1);
      did.connects = row.integer("connects").value_or(-1);
      did.accepts = row.integer("accepts").value_or(-1);
    }
    return did;
  }
  struct Sum {
    std::int64_t rows = 0, tx_bytes = 0, rx_bytes = 0;
    bool operator==(const Sum&) const = default;
    friend void PrintTo(const Sum& sum, std::ostream* out) {
      *out << sum.rows << " rows, " << sum.tx_bytes << " sent, " << sum.rx_bytes << " received";
    }
  };
  // Connections, without listeners, added up.
  Sum connections(const std::string& filter) {
    Sum sum;
    for (const Row row : monitor_.table("connections", "remote_port != null\nproto = tcp\n" + filter)) {
      ++sum.rows;
      sum.tx_bytes += row.integer("tx_bytes").value_or(0);
      sum.rx_bytes += row.integer("rx_bytes").value_or(0);
    }
    return sum;
  }
  // A column of the ledger of TCP payload, sent plus received.
  std::int64_t ledger(const char* column) {
    std::int64_t sum = 0;
    for (const Row row : monitor_.table("ledger", "line = bytes\nlayer = tcp")) {
      EXPECT_EQ(row.integer("balanced"), 1);
      sum += row.integer(column).value_or(0);
    }
    return sum;
  }
  std::uint64_t lost() {
    std::uint64_t lost = monitor_.stats().events_dropped;
    for (const ipm_source_info& source : monitor_.sources()) lost += source.lost + source.dropped + source.malformed;
    return lost;
  }
  Monitor& monitor() { return monitor_; }

 private:
  Monitor monitor_;
};

// One after the other, closed by turns by the client and by the server first.
constexpr std::int64_t kBurst = 2'000, kBurstUp = 101, kBurstDown = 1'003;

Child::Work burst_server_of(const std::string& address) {
  return [=](Child::Turn& turn) {
    const os::Fd listener = test::listen_at(address, kPort);
    turn.done_and_wait();
    for (std::int64_t i = 0; i < kBurst; ++i) {
      const os::Fd fd = test::accept_one(listener.get());
      test::receive_bytes(fd.get(), kBurstUp);
      test::send_bytes(fd.get(), kBurstDown);
      if (i % 2 == 0) test::receive_bytes(fd.get());
    }
  };
}

Child::Work burst_client_of(const std::string& address) {
  return [=](Child::Turn&) {
    for (std::int64_t i = 0; i < kBurst; ++i) {
      const os::Fd fd = test::connect_to(address, kPort);
      test::send_bytes(fd.get(), kBurstUp);
      test::receive_bytes(fd.get(), i % 2 == 0 ? kBurstDown : SIZE_MAX);
    }
  };
}

struct Case {
  const char* name;
  bool v6;
  int connections;
  std::size_t bytes;
  std::int32_t threads;
  friend void PrintTo(const Case& given, std::ostream* out) { *out << given.name; }
};

class CAbiLiveTest : public test::NetFixture, public testing::WithParamInterface<Case> {};

TEST_P(CAbiLiveTest, ConnectionsAliveThroughALookAreExactAndTheirOwners) {
  const Case& given = GetParam();
  const std::string address = given.v6 ? kRightV6 : kRightV4;
  const auto bytes = static_cast<std::int64_t>(given.bytes) * given.connections;
  Child server(right_, server_of(address, kPort, given.connections, given.bytes));
  server.wait_done();
  Watch watch("sock_diag:?interval=100ms", given.threads);
  watch.run_for(0.3);
  server.go_on();
  Child client(left_, client_of(address, kPort, given.connections, given.bytes));
  client.wait_done();
  server.wait_done();
  // All of them were there at a look.
  const auto seen = [&](std::uint32_t pid) {
    return watch.connections("quality = exact\npid = " + std::to_string(pid)).rows == given.connections;
  };
  ASSERT_TRUE(watch.until([&] { return seen(client.pid()) && seen(server.pid()); }));
  client.go_on();
  client.wait_done();
  server.go_on();
  server.wait_done();
  const auto closed = [&](std::uint32_t pid) {
    return watch.connections("close_reason = orderly\npid = " + std::to_string(pid)).rows == given.connections;
  };
  EXPECT_TRUE(watch.until([&] { return closed(client.pid()) && closed(server.pid()); }));
  EXPECT_EQ(watch.process(client.pid()), (Watch::Did{bytes, 2 * bytes, given.connections, 0}));
  EXPECT_EQ(watch.process(server.pid()), (Watch::Did{2 * bytes, bytes, 0, given.connections}));
  EXPECT_EQ(watch.connections("pid = " + std::to_string(client.pid())),
            (Watch::Sum{given.connections, bytes, 2 * bytes}));
  EXPECT_GE(watch.ledger("attributed"), 6 * bytes);
  EXPECT_EQ(watch.lost(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Cases, CAbiLiveTest,
                         testing::Values(Case{"v4", false, 1, 1'000'000, IPM_THREADS_NONE},
                                         Case{"v6", true, 1, 1'000'000, IPM_THREADS_NONE},
                                         Case{"v4_parallel", false, 60, 12'345, IPM_THREADS_NONE},
                                         Case{"v6_parallel_with_threads", true, 60, 12'345, IPM_THREADS_AUTO}),
                         [](const auto& test) { return std::string(test.param.name); });

class CAbiNetnsTest : public test::NetFixture {};

TEST_F(CAbiNetnsTest, HalfClosedConnectionIsExact) {
  Child server(right_, [](Child::Turn& turn) {
    const os::Fd listener = test::listen_at(kRightV4, kPort);
    turn.done_and_wait();
    const os::Fd fd = test::accept_one(listener.get());
    test::receive_bytes(fd.get());
    turn.done_and_wait();
    test::send_bytes(fd.get(), 900);
    ::shutdown(fd.get(), SHUT_WR);
    turn.done_and_wait();
  });
  server.wait_done();
  Watch watch;
  watch.run_for(0.2);
  server.go_on();
  Child client(left_, [](Child::Turn& turn) {
    const os::Fd fd = test::connect_to(kRightV4, kPort);
    test::send_bytes(fd.get(), 321);
    ::shutdown(fd.get(), SHUT_WR);
    test::receive_bytes(fd.get());
    turn.done_and_wait();
  });
  server.wait_done();
  const auto in_state = [&](std::uint32_t pid, const std::string& state) {
    return watch.connections("state = " + state + "\nquality = exact\npid = " + std::to_string(pid)).rows == 1;
  };
  EXPECT_TRUE(
      watch.until([&] { return in_state(client.pid(), "fin-wait-2") && in_state(server.pid(), "close-wait"); }));
  server.go_on();
  server.wait_done();
  client.wait_done();
  const std::uint32_t client_pid = client.pid(), server_pid = server.pid();
  EXPECT_EQ(client.finish(), 0);
  EXPECT_EQ(server.finish(), 0);
  EXPECT_TRUE(watch.until([&] { return watch.connections("close_reason = orderly").rows >= 2; }));
  EXPECT_EQ(watch.process(client_pid), (Watch::Did{321, 900, 1, 0}));
  EXPECT_EQ(watch.process(server_pid), (Watch::Did{900, 321, 0, 1}));
}

TEST_F(CAbiNetnsTest, HoldersOfASharedSocketAreCandidatesAndNoneIsCredited) {
  Child server(right_, server_of(kRightV4, kPort, 1, 10));
  server.wait_done();
  server.go_on();
  Watch watch;
  Child client(left_, [](Child::Turn& turn) {
    const os::Fd fd = test::connect_to(kRightV4, kPort);
    test::send_bytes(fd.get(), 10);
    test::receive_bytes(fd.get(), 20);
    turn.done_and_wait();
    const pid_t heir = ::fork();
    if (heir == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::pause();
      ::_exit(0);
    }
    turn.done_and_wait(static_cast<std::uint64_t>(heir));
    test::send_bytes(fd.get(), 500);
    turn.done_and_wait();
    ::kill(heir, SIGKILL);
    ::waitpid(heir, nullptr, 0);
    turn.done_and_wait();
  });
  client.wait_done();
  const std::string its = "remote_port = 7214\nnetns = " + std::to_string(netns_inode(left_)) + "\n";
  ASSERT_TRUE(watch.until([&] { return watch.connections(its + "quality = exact").rows == 1; }));
  EXPECT_EQ(watch.process(client.pid()), (Watch::Did{10, 20, 1, 0}));

  client.go_on();
  const auto heir = static_cast<std::uint32_t>(client.wait_done());
  ASSERT_TRUE(watch.until([&] { return watch.connections(its + "quality = candidate").rows == 1; }));
  client.go_on();
  client.wait_done();
  ASSERT_TRUE(watch.until([&] { return watch.connections(its).tx_bytes == 510; }));
  for (const Row row : watch.monitor().table("connections", its)) {
    const std::string pids(row.text("candidates").value_or(""));
    EXPECT_NE(("," + pids + ",").find("," + std::to_string(client.pid()) + ","), std::string::npos) << pids;
    EXPECT_NE(("," + pids + ",").find("," + std::to_string(heir) + ","), std::string::npos) << pids;
  }
  // What came while two held it is nobody's, and may be either's.
  EXPECT_EQ(watch.process(client.pid()).tx_bytes, 10);
  EXPECT_GE(watch.ledger("candidate"), 500);  // Others on this machine may share sockets too.
  for (const std::uint32_t pid : {client.pid(), heir}) {
    for (const Row row : watch.monitor().table("processes", "pid = " + std::to_string(pid))) {
      EXPECT_EQ(row.integer("candidate_tx_bytes"), 500) << pid;
    }
  }
}

TEST_F(CAbiNetnsTest, AnAbortedConnectionSaysThatItsCountMayBeShort) {
  Child server(right_, server_of(kRightV4, kPort, 1, 10));
  server.wait_done();
  server.go_on();
  Watch watch("sock_diag:?interval=1h");  // One look, taken by flush().
  Child client(left_, [](Child::Turn& turn) {
    const os::Fd fd = test::connect_to(kRightV4, kPort);
    test::send_bytes(fd.get(), 10);
    test::receive_bytes(fd.get(), 20);
    turn.done_and_wait();
    const linger abort{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
    turn.done_and_wait();
  });
  client.wait_done();
  server.wait_done();
  watch.monitor().flush();
  client.go_on();
  client.wait_done();
  EXPECT_EQ(client.finish(), 0);
  server.go_on();
  server.wait_done();
  const std::string left = "netns = " + std::to_string(netns_inode(left_));
  const std::string right = "netns = " + std::to_string(netns_inode(right_));
  const std::string aborted = "\nclose_reason = unknown\ncoverage = lost_events";
  EXPECT_TRUE(watch.until([&] { return watch.connections(left + aborted).rows == 1; }));
  EXPECT_EQ(watch.connections(left), (Watch::Sum{1, 10, 20}));
  // Its peer kept its counters. That it was reset, they do not say; that it did not end in order, they do.
  EXPECT_TRUE(watch.until([&] { return watch.connections(right + "\nclose_reason = unknown").rows == 1; }));
  EXPECT_EQ(watch.connections(right + "\ncoverage = full"), (Watch::Sum{1, 20, 10}));
}

TEST_F(CAbiNetnsTest, AConnectThatNobodyAnsweredIsNoConnect) {
  Watch watch;
  Child client(left_, [](Child::Turn& turn) {
    os::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_in nobody{};
    nobody.sin_family = AF_INET;
    nobody.sin_port = htons(kPort);
    ::inet_pton(AF_INET, "10.213.7.99", &nobody.sin_addr);
    (void)::connect(fd.get(), reinterpret_cast<const sockaddr*>(&nobody), sizeof nobody);
    turn.done_and_wait();
    fd.close();
    turn.done_and_wait();
  });
  client.wait_done();
  const std::string its = "remote_addr = 10.213.7.99\n";
  ASSERT_TRUE(watch.until([&] { return watch.connections(its + "state = syn-sent\nquality = exact").rows == 1; }));
  client.go_on();
  client.wait_done();
  // As source_gone: the kernel tells its end only when it gives up on the neighbour, seconds later.
  EXPECT_TRUE(watch.until([&] { return watch.connections(its + "closed != null").rows == 1; }));
  EXPECT_EQ(watch.connections(its + "close_reason = orderly").rows, 0);
  EXPECT_EQ(watch.process(client.pid()), (Watch::Did{0, 0, 0, 0}));
}

class CAbiBurstTest : public test::NetFixture, public testing::WithParamInterface<std::int32_t> {};

TEST_P(CAbiBurstTest, ConnectionsBetweenTwoLooksAreExactAndNobodys) {
  Watch watch("sock_diag:?interval=1h", GetParam());
  watch.run_for(0.5);
  Child server(right_, burst_server_of(kRightV4));
  server.wait_done();
  server.go_on();
  Child client(left_, burst_client_of(kRightV4));
  // With threads = none nobody reads meanwhile: the kernel's buffer has to hold them all.
  EXPECT_EQ(client.finish(), 0);
  EXPECT_EQ(server.finish(), 0);
  const std::string left = "quality = unknown\nclose_reason = orderly\nnetns = " + std::to_string(netns_inode(left_));
  const std::string right = "quality = unknown\nclose_reason = orderly\nnetns = " + std::to_string(netns_inode(right_));
  EXPECT_TRUE(
      watch.until([&] { return watch.connections(left).rows == kBurst && watch.connections(right).rows == kBurst; }));
  EXPECT_EQ(watch.connections(left), (Watch::Sum{kBurst, kBurst * kBurstUp, kBurst * kBurstDown}));
  EXPECT_EQ(watch.connections(right), (Watch::Sum{kBurst, kBurst * kBurstDown, kBurst * kBurstUp}));
  EXPECT_GE(watch.ledger("unattributed"), 2 * kBurst * (kBurstUp + kBurstDown));
  EXPECT_EQ(watch.lost(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Threads, CAbiBurstTest, testing::Values(IPM_THREADS_NONE, IPM_THREADS_AUTO),
                         [](const auto& test) { return test.param == IPM_THREADS_NONE ? "none" : "auto"; });

TEST_F(CAbiNetnsTest, DeletedNamespaceIsLetGoAndItsVethWithIt) {
  Watch watch;
  const auto known = [&] {
    int rows = 0;
    for (const Row row : watch.monitor().table("namespaces")) {
      const std::optional<std::int64_t> netns = row.integer("netns");
      rows += netns == netns_inode(left_) || netns == netns_inode(right_) ? 1 : 0;
    }
    return rows == 2;
  };
  ASSERT_TRUE(watch.until(known));
  ASSERT_TRUE(ip("netns del " + left_));
  const auto right_end_is_there = [&] { return ip("-n " + right_ + " -o link show dev " + right_link_); };
  ASSERT_TRUE(right_end_is_there());
  EXPECT_TRUE(watch.until([&] { return !right_end_is_there(); }, 5));
}

void become_nobody() {
  if (::setgroups(0, nullptr) != 0 || ::setresgid(65'534, 65'534, 65'534) != 0 ||
      ::setresuid(65'534, 65'534, 65'534) != 0) {
    throw std::runtime_error("become nobody");
  }
  ::prctl(PR_SET_DUMPABLE, 1);  // Ids that change make /proc/self belong to root until this says otherwise.
}

void expect_in_child(bool met, const std::string& what) {
  if (!met) throw std::runtime_error(what);
}

std::string text_of(const Watch::Did& did) {
  std::ostringstream out;
  PrintTo(did, &out);
  return out.str();
}

TEST_F(CAbiNetnsTest, AUserWithoutPrivilegesGetsTheSameForItsOwnProcesses) {
  Child nobody(left_, [](Child::Turn& turn) {
    become_nobody();
    Watch watch("sock_diag:?interval=50ms");
    for (const ipm_source_info& source : watch.monitor().sources()) {
      expect_in_child(source.state == IPM_SOURCE_REDUCED && source.missing[0] != '\0', "say what it cannot see");
    }
    for (const char* address : {"127.0.0.1", "::1"}) {
      Child server("", server_of(address, kPort, 20, 3'000));
      server.wait_done();
      watch.run_for(0.15);
      server.go_on();
      Child client("", client_of(address, kPort, 20, 3'000));
      client.wait_done();
      server.wait_done();
      const auto rows = [&](std::uint32_t pid, const std::string& filter) {
        return watch.connections(filter + "\npid = " + std::to_string(pid)).rows;
      };
      expect_in_child(watch.until([&] { return rows(client.pid(), "") == 20 && rows(server.pid(), "") == 20; }),
                      "see the connections");
      client.go_on();
      client.wait_done();
      server.go_on();
      server.wait_done();
      const char* closed = "close_reason = orderly";
      expect_in_child(watch.until([&] { return rows(client.pid(), closed) == 20 && rows(server.pid(), closed) == 20; }),
                      "see them close");
      const Watch::Did at_client = watch.process(client.pid()), at_server = watch.process(server.pid());
      expect_in_child(at_client.tx_bytes == 60'000 && at_client.rx_bytes == 120'000 && at_client.connects == 20 &&
                          at_client.accepts == 0,
                      "client: " + text_of(at_client));
      expect_in_child(at_server.tx_bytes == 120'000 && at_server.rx_bytes == 60'000 && at_server.connects == 0 &&
                          at_server.accepts == 20,
                      "server: " + text_of(at_server));
    }
    turn.done_and_wait();
  });
  nobody.wait_done();
  EXPECT_EQ(nobody.finish(), 0);
}

// His receive buffer holds 166 records. What passes it is counted, and everything else is exact.
TEST_F(CAbiNetnsTest, AUserWithoutPrivilegesLosesNoCloseUncounted) {
  Child nobody(left_, [](Child::Turn& turn) {
    become_nobody();
    Watch watch("sock_diag:?interval=1h", IPM_THREADS_AUTO);
    watch.run_for(0.3);
    Child server("", burst_server_of("127.0.0.1"));
    server.wait_done();
    server.go_on();
    Child client("", burst_client_of("127.0.0.1"));
    while (::waitpid(static_cast<pid_t>(client.pid()), nullptr, WNOHANG) == 0) watch.run_for(0.02);
    const auto rows = [&] { return watch.connections("close_reason = orderly").rows; };
    watch.until([&] { return rows() >= 2 * kBurst; }, watch.lost() == 0 ? 10 : 1);
    const Watch::Sum sum = watch.connections("close_reason = orderly\nremote_port = 7214");
    expect_in_child(sum.tx_bytes == sum.rows * kBurstUp && sum.rx_bytes == sum.rows * kBurstDown, "exact bytes");
    expect_in_child(rows() == 2 * kBurst || watch.lost() > 0, "all of them, or a loss");
    turn.done_and_wait(static_cast<std::uint64_t>(rows()));
  });
  RecordProperty("seen_of_4000", static_cast<int>(nobody.wait_done()));
  EXPECT_EQ(nobody.finish(), 0);
}

}  // namespace
}  // namespace ipm
