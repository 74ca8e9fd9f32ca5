// The source over real processes in network namespaces of their own. Needs root.
#include <gmock/gmock.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>

#include "source/sock_diag/sock_diag.h"
#include "support/conversations.h"
#include "support/net_fixture.h"
#include "support/source_run.h"
#include "support/tcp_pair.h"

namespace ipm {
namespace {

using model::Quality;
using model::Rule;
using test::Child;
using test::client_of;
using test::server_of;
using test::SocketStory;
using test::SourceRun;

constexpr std::uint16_t kPort = 7'213;

struct Sums {
  std::uint64_t tx_bytes = 0, rx_bytes = 0, connections = 0, exact = 0, closed = 0;
  bool operator==(const Sums&) const = default;
  friend void PrintTo(const Sums& sums, std::ostream* out) {
    *out << sums.tx_bytes << " sent, " << sums.rx_bytes << " received, " << sums.connections << " connections, "
         << sums.exact << " with an exact owner, " << sums.closed << " closed";
  }
};

class SockDiagLiveTest : public test::NetFixture {
 protected:
  void open(const char* uri = "sock_diag:?interval=100ms") {
    const Status status = run_.open(uri);
    ASSERT_TRUE(status.ok()) << status.message();
  }
  // The last word on its owner.
  static Quality quality_of(const SocketStory& story) {
    if (!story.owners.empty()) return story.owners.back().as<model::SocketOwner>().quality;
    return story.opens.at(0).as<model::SocketOpen>().quality;
  }
  // Established connections of a process in the namespaces of the test, added up.
  Sums sums(std::uint32_t pid) const {
    Sums out;
    for (const auto& [cookie, story] : run_.sockets) {
      if (story.tuple.protocol != model::kProtocolTcp || story.tuple.remote_port == 0) continue;
      if (story.process.pid() != pid) continue;
      out.tx_bytes += story.tx_bytes;
      out.rx_bytes += story.rx_bytes;
      ++out.connections;
      out.closed += story.closed() ? 1 : 0;
      out.exact += quality_of(story) == Quality::kExact ? 1 : 0;
    }
    return out;
  }
  // The same by namespace, whoever the owner.
  Sums sums_of_netns(std::uint32_t netns) const {
    Sums out;
    for (const auto& [cookie, story] : run_.sockets) {
      if (story.tuple.netns != netns || story.tuple.remote_port == 0) continue;
      out.tx_bytes += story.tx_bytes;
      out.rx_bytes += story.rx_bytes;
      ++out.connections;
      out.closed += story.closed() ? 1 : 0;
    }
    return out;
  }
  void expect_exact(const std::string& address, std::uint64_t connections, std::uint64_t bytes) {
    Child server(right_, server_of(address, kPort, static_cast<int>(connections), bytes));
    server.wait_done();
    open();
    run_.run_for(0.3);
    server.go_on();
    Child client(left_, client_of(address, kPort, static_cast<int>(connections), bytes));
    client.wait_done();
    server.wait_done();
    run_.run_for(0.4);
    client.go_on();
    client.wait_done();
    server.go_on();
    server.wait_done();
    const auto all_closed = [&] {
      return sums(client.pid()).closed == connections && sums(server.pid()).closed == connections;
    };
    EXPECT_TRUE(run_.until(all_closed, 5));
    const Sums at_client = sums(client.pid()), at_server = sums(server.pid());
    EXPECT_EQ(at_client, (Sums{connections * bytes, connections * bytes * 2, connections, connections, connections}));
    EXPECT_EQ(at_server, (Sums{connections * bytes * 2, connections * bytes, connections, connections, connections}));
  }

  SourceRun run_{source::make_sock_diag_source(), 1U << 17};
};

TEST_F(SockDiagLiveTest, OneConnectionOverIpv4IsExact) {
  expect_exact(kRightV4, 1, 1'000'000);
}

TEST_F(SockDiagLiveTest, OneConnectionOverIpv6IsExact) {
  expect_exact(kRightV6, 1, 1'000'000);
}

TEST_F(SockDiagLiveTest, FiftyConnectionsAtOnceAreExact) {
  expect_exact(kRightV4, 50, 12'345);
}

TEST_F(SockDiagLiveTest, HalfClosedConnectionIsExact) {
  open();
  Child server(right_, [](Child::Turn& turn) {
    const os::Fd listener = test::listen_at(kRightV4, kPort);
    turn.done_and_wait();
    const os::Fd fd = test::accept_one(listener.get());
    const std::size_t got = test::receive_bytes(fd.get());
    turn.done_and_wait(got);
    test::send_bytes(fd.get(), 900);
  });
  server.wait_done();
  run_.run_for(0.3);
  server.go_on();
  Child client(left_, [](Child::Turn& turn) {
    const os::Fd fd = test::connect_to(kRightV4, kPort);
    test::send_bytes(fd.get(), 321);
    ::shutdown(fd.get(), SHUT_WR);
    turn.done_and_wait(test::receive_bytes(fd.get()));
  });
  EXPECT_EQ(server.wait_done(), 321U);
  run_.run_for(0.4);
  const std::uint32_t server_pid = server.pid();
  EXPECT_EQ(server.finish(), 0);
  EXPECT_EQ(client.wait_done(), 900U);
  const std::uint32_t client_pid = client.pid();
  EXPECT_EQ(client.finish(), 0);
  EXPECT_TRUE(run_.until([&] { return sums(client_pid).closed == 1 && sums(server_pid).closed == 1; }, 5));
  EXPECT_EQ(sums(client_pid), (Sums{321, 900, 1, 1, 1}));
  EXPECT_EQ(sums(server_pid), (Sums{900, 321, 1, 1, 1}));
}

TEST_F(SockDiagLiveTest, ConnectsAndAcceptsAreToldApart) {
  Child server(right_, server_of(kRightV4, kPort, 3, 10));
  server.wait_done();
  open();
  run_.run_for(0.3);
  server.go_on();
  Child client(left_, client_of(kRightV4, kPort, 3, 10));
  client.wait_done();
  server.wait_done();
  ASSERT_TRUE(run_.until([&] { return sums(client.pid()).connections == 3 && sums(server.pid()).connections == 3; }));
  for (const auto& [cookie, story] : run_.sockets) {
    if (story.tuple.remote_port == 0) continue;
    const auto opening = story.opens.at(0).as<model::SocketOpen>();
    if (story.process.pid() == client.pid()) {
      EXPECT_EQ(opening.how, model::OpenHow::kConnect);
    } else if (story.process.pid() == server.pid()) {
      EXPECT_EQ(opening.how, model::OpenHow::kAccept);
    }
  }
  const std::uint32_t netns = netns_inode(right_);
  const bool listener = std::any_of(run_.sockets.begin(), run_.sockets.end(), [&](const auto& entry) {
    return entry.second.tuple.netns == netns && entry.second.tuple.direction == model::Direction::kListen;
  });
  EXPECT_TRUE(listener);
}

TEST_F(SockDiagLiveTest, SocketHeldByTwoProcessesHasBothAsCandidates) {
  Child server(right_, server_of(kRightV4, kPort, 1, 10));
  server.wait_done();
  server.go_on();
  open();
  Child client(left_, [](Child::Turn& turn) {
    const os::Fd fd = test::connect_to(kRightV4, kPort);
    test::send_bytes(fd.get(), 10);
    turn.done_and_wait();
    const pid_t heir = ::fork();
    if (heir == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::pause();
      ::_exit(0);
    }
    turn.done_and_wait(static_cast<std::uint64_t>(heir));
    ::kill(heir, SIGKILL);
    ::waitpid(heir, nullptr, 0);
    turn.done_and_wait();
  });
  client.wait_done();
  ASSERT_TRUE(run_.until([&] { return sums(client.pid()).exact == 1; }));
  client.go_on();
  const auto heir = static_cast<std::uint32_t>(client.wait_done());
  const auto owners_of = [&]() -> std::vector<model::Event> {
    for (const auto& [cookie, story] : run_.sockets) {
      if (story.tuple.netns == netns_inode(left_) && story.tuple.remote_port == kPort) return story.owners;
    }
    return {};
  };
  // A look from before the heir may still say that the first is alone.
  const auto is_shared = [&] {
    const std::vector<model::Event> owners = owners_of();
    return !owners.empty() && owners.back().as<model::SocketOwner>().holders == 2;
  };
  ASSERT_TRUE(run_.until(is_shared));
  const auto shared = owners_of().back().as<model::SocketOwner>();
  EXPECT_EQ(shared.quality, Quality::kCandidate);
  EXPECT_EQ(shared.rule, Rule::kSharedHolders);
  EXPECT_EQ(shared.holders, 2);
  const std::vector<std::uint32_t> pids{model::ProcessKey::from_ref(shared.owners[0]).pid(),
                                        model::ProcessKey::from_ref(shared.owners[1]).pid()};
  EXPECT_THAT(pids, testing::UnorderedElementsAre(client.pid(), heir));
  // The heir ends: the first is the only holder again.
  client.go_on();
  client.wait_done();
  ASSERT_TRUE(run_.until([&] { return owners_of().back().as<model::SocketOwner>().quality == Quality::kExact; }));
  EXPECT_EQ(model::ProcessKey::from_ref(owners_of().back().as<model::SocketOwner>().owners[0]).pid(), client.pid());
}

TEST_F(SockDiagLiveTest, BurstOfConnectionsBetweenTwoDumpsIsExactAndNoneIsLost) {
  constexpr std::uint64_t kConnections = 2'000, kUp = 101, kDown = 1'003;
  open("sock_diag:?interval=1h");
  run_.run_for(0.5);
  Child server(right_, [](Child::Turn& turn) {
    const os::Fd listener = test::listen_at(kRightV4, kPort);
    turn.done_and_wait();
    for (std::uint64_t i = 0; i < kConnections; ++i) {
      const os::Fd fd = test::accept_one(listener.get());
      test::receive_bytes(fd.get(), kUp);
      test::send_bytes(fd.get(), kDown);
      if (i % 2 == 0) test::receive_bytes(fd.get());  // Every other connection is closed by the client first.
    }
  });
  server.wait_done();
  server.go_on();
  Child client(left_, [](Child::Turn&) {
    for (std::uint64_t i = 0; i < kConnections; ++i) {
      const os::Fd fd = test::connect_to(kRightV4, kPort);
      test::send_bytes(fd.get(), kUp);
      test::receive_bytes(fd.get(), i % 2 == 0 ? kDown : SIZE_MAX);
    }
  });
  // Nobody reads meanwhile: the kernel's buffer has to hold them all.
  EXPECT_EQ(client.finish(), 0);
  EXPECT_EQ(server.finish(), 0);
  const std::uint32_t left = netns_inode(left_), right = netns_inode(right_);
  run_.until([&] { return sums_of_netns(left).closed == kConnections && sums_of_netns(right).closed == kConnections; });
  EXPECT_EQ(sums_of_netns(left), (Sums{kConnections * kUp, kConnections * kDown, kConnections, 0, kConnections}));
  EXPECT_EQ(sums_of_netns(right), (Sums{kConnections * kDown, kConnections * kUp, kConnections, 0, kConnections}));
  const source::SourceStats stats = run_.source().stats();
  EXPECT_EQ(stats.lost, 0U);
  EXPECT_EQ(stats.dropped + stats.malformed, 0U);
  EXPECT_EQ(run_.count(model::EventKind::kLoss), 0U);
}

TEST_F(SockDiagLiveTest, ASmallBufferLosesRecordsAndSaysSo) {
  open("sock_diag:?interval=1h&rcvbuf=4k");
  run_.run_for(0.5);
  Child server(right_, server_of(kRightV4, kPort, 400, 10));
  server.wait_done();
  server.go_on();
  Child client(left_, client_of(kRightV4, kPort, 400, 10));
  client.wait_done();
  server.wait_done();
  client.go_on();
  server.go_on();
  client.wait_done();
  server.wait_done();
  // The kernel sends the records from a work queue: give it the time to overrun the buffer.
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_TRUE(run_.until([&] { return run_.count(model::EventKind::kLoss) > 0; }, 5));
  EXPECT_GT(run_.source().stats().lost, 0U);
}

class SockDiagSelfTestLiveTest : public SockDiagLiveTest {
 protected:
  static source::SourceOptions asked_for(const std::string& uri) {
    source::SourceOptions options;
    options.uri = *source::parse_source_uri(uri);
    options.self_test = true;
    return options;
  }
  bool told_of_loopback_to_itself() const {
    return std::any_of(run_.sockets.begin(), run_.sockets.end(), [](const auto& each) {
      const model::FlowTuple& tuple = each.second.tuple;
      return tuple.local_port != 0 && tuple.local_port == tuple.remote_port && tuple.local == tuple.remote;
    });
  }
};

TEST_F(SockDiagSelfTestLiveTest, ItPassesAndShowsNowhere) {
  ASSERT_TRUE(run_.source().open(asked_for("sock_diag:?interval=50ms")).ok());
  EXPECT_TRUE(run_.until([&] { return run_.source().self_test().starts_with("passed"); }, 5));
  run_.run_for(0.3);
  EXPECT_EQ(run_.source().self_test(), "passed: saw 8192 of 8192 bytes of a closed connection");
  EXPECT_FALSE(told_of_loopback_to_itself());
}

TEST_F(SockDiagLiveTest, DeletedNamespaceIsLetGoAndItsVethWithIt) {
  open();
  const std::uint32_t left = netns_inode(left_), right = netns_inode(right_);
  ASSERT_TRUE(run_.until([&] {
    std::uint64_t seen = 0;
    for (const model::Event& event : run_.others) {
      if (event.header.kind != model::EventKind::kInterface) continue;
      const auto netns = event.as<model::Interface>().netns;
      seen |= (netns == left ? 1U : 0U) | (netns == right ? 2U : 0U);
    }
    return seen == 3;
  }));
  ASSERT_TRUE(ip("netns del " + left_));
  // The other end of the pair goes when the first namespace is really gone.
  const auto right_end_is_there = [&] { return ip("-n " + right_ + " -o link show dev " + right_link_); };
  ASSERT_TRUE(right_end_is_there());
  EXPECT_TRUE(run_.until([&] { return !right_end_is_there(); }, 5));
}

TEST_F(SockDiagLiveTest, NamespaceMadeAfterOpenIsFound) {
  open();
  run_.run_for(0.2);
  const std::string name = left_ + "x";
  ASSERT_TRUE(ip("netns add " + name));
  ASSERT_TRUE(ip("-n " + name + " link set lo up"));
  {
    Child child(name, [](Child::Turn& turn) {
      const test::TcpPair pair;
      test::send_bytes(pair.client.get(), 4'321);
      turn.done_and_wait();
    });
    child.wait_done();
    EXPECT_TRUE(run_.until([&] { return sums(child.pid()).connections == 2 && sums(child.pid()).tx_bytes == 4'321; }));
  }
  EXPECT_TRUE(ip("netns del " + name));
}

TEST_F(SockDiagLiveTest, ProcessExecAndExitAreTold) {
  open();
  Child server(right_, server_of(kRightV4, kPort, 1, 10));
  server.wait_done();
  server.go_on();
  Child client(left_, [](Child::Turn& turn) {
    const os::Fd fd(::dup(test::connect_to(kRightV4, kPort).get()));  // Kept over exec.
    test::send_bytes(fd.get(), 10);
    turn.done_and_wait();
    ::execlp("sleep", "sleep", "1", nullptr);
  });
  client.wait_done();
  ASSERT_TRUE(run_.until([&] { return sums(client.pid()).connections == 1; }));
  model::ProcessKey key;
  for (const auto& [cookie, story] : run_.sockets) {
    if (story.process.pid() == client.pid()) key = story.process;
  }
  client.go_on();
  EXPECT_TRUE(run_.until([&] { return std::string_view(run_.processes[key.ref()].comm) == "sleep"; }));
  EXPECT_TRUE(run_.until([&] { return run_.exits.contains(key.ref()); }, 5));
}

// What a capture on one host only can know: the other end's counters are out of sight, so is whether its FIN was
// counted.
TEST_F(SockDiagLiveTest, ConnectionWithAnEndOutOfSightIsWithinAByte) {
  constexpr std::uint64_t kRounds = 40;
  Child server(right_, [](Child::Turn& turn) {
    const os::Fd listener = test::listen_at(kRightV4, kPort);
    turn.done_and_wait();
    for (std::uint64_t i = 0; i < kRounds; ++i) {
      const os::Fd fd = test::accept_one(listener.get());
      test::receive_bytes(fd.get(), 100);
      test::send_bytes(fd.get(), 1'000);
      if (i % 4 == 0) continue;                                                    // Closes first.
      test::receive_bytes(fd.get());                                               // Closes second, at once,
      if (i % 4 == 2) std::this_thread::sleep_for(std::chrono::milliseconds(80));  // or after a while.
    }
  });
  server.wait_done();
  server.go_on();
  Child client(left_, [](Child::Turn& turn) {
    SourceRun run(source::make_sock_diag_source());
    if (!run.open("sock_diag:?interval=1h&netns=self").ok()) throw std::runtime_error("open");
    run.run_for(0.1);
    std::uint64_t exact = 0;
    for (std::uint64_t i = 0; i < kRounds; ++i) {
      os::Fd fd = test::connect_to(kRightV4, kPort);
      const std::uint16_t port = test::port_of(fd.get());
      test::send_bytes(fd.get(), 100);
      test::receive_bytes(fd.get(), i % 4 == 0 ? SIZE_MAX : 1'000);
      if (i % 4 == 3) {
        ::shutdown(fd.get(), SHUT_WR);
        test::receive_bytes(fd.get());
      }
      fd.close();
      const auto closed = [&] { return run.story(port, kPort) && run.story(port, kPort)->closed(); };
      if (!run.until(closed, 3)) throw std::runtime_error("not closed");
      const SocketStory* story = run.story(port, kPort);
      if (story->tx_bytes != 100) throw std::runtime_error("sent bytes");
      if (story->rx_bytes < 999 || story->rx_bytes > 1'001) throw std::runtime_error("received bytes");
      exact += story->rx_bytes == 1'000 ? 1 : 0;
    }
    turn.done_and_wait(exact);
  });
  const std::uint64_t exact = client.wait_done();
  RecordProperty("exact_of_40", static_cast<int>(exact));
  EXPECT_GE(exact, kRounds / 2);
}

TEST_F(SockDiagLiveTest, UserWithoutPrivilegesSeesItsOwnProcesses) {
  Child nobody(left_, [](Child::Turn& turn) {
    const auto expect = [](bool met, const char* what) {
      if (!met) throw std::runtime_error(what);
    };
    expect(::setgroups(0, nullptr) == 0 && ::setresgid(65'534, 65'534, 65'534) == 0 &&
               ::setresuid(65'534, 65'534, 65'534) == 0,
           "become nobody");
    // Ids that change make /proc/self belong to root until this says otherwise.
    ::prctl(PR_SET_DUMPABLE, 1);
    SourceRun run(source::make_sock_diag_source());
    expect(run.open("sock_diag:?interval=50ms").ok(), "open");
    test::TcpPair pair;
    pair.move(1'000, 2'000);
    expect(run.until([&] { return run.story(pair.client_port, pair.server_port) != nullptr; }), "see the connection");
    run.run_for(0.2);
    const SocketStory* story = run.story(pair.client_port, pair.server_port);
    expect(story->tx_bytes == 1'000 && story->rx_bytes == 2'000, "count its bytes");
    expect(story->process.pid() == static_cast<std::uint32_t>(::getpid()), "find its process");
    expect(!run.source().degradations().empty(), "say what it cannot see");
    turn.done_and_wait();
  });
  nobody.wait_done();
  EXPECT_EQ(nobody.finish(), 0);
}

}  // namespace
}  // namespace ipm
