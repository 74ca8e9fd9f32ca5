// The source over real connections of this process. Needs no privilege.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "source/sock_diag/sock_diag.h"
#include "support/source_run.h"
#include "support/tcp_pair.h"

namespace ipm {
namespace {

using model::CloseReason;
using model::Direction;
using model::OpenHow;
using model::Quality;
using model::Rule;
using test::SocketStory;
using test::SourceRun;
using test::TcpPair;

constexpr const char* kUri = "sock_diag:?interval=50ms&netns=self";

class SockDiagLoopbackTest : public testing::Test {
 protected:
  void open(const char* uri = kUri) {
    const Status status = run_.open(uri);
    ASSERT_TRUE(status.ok()) << status.message();
  }
  // Waits until both ends were announced; or closed.
  void seen(const TcpPair& pair) {
    ASSERT_TRUE(run_.until([&] {
      return run_.story(pair.client_port, pair.server_port) && run_.story(pair.server_port, pair.client_port);
    }));
  }
  void closed(std::uint16_t client_port, std::uint16_t server_port) {
    ASSERT_TRUE(run_.until([&] {
      const SocketStory* client = run_.story(client_port, server_port);
      const SocketStory* server = run_.story(server_port, client_port);
      return client && server && client->closed() && server->closed();
    }));
  }
  void expect_bytes(const TcpPair& pair, std::uint64_t to_server, std::uint64_t to_client) {
    const SocketStory* client = run_.story(pair.client_port, pair.server_port);
    const SocketStory* server = run_.story(pair.server_port, pair.client_port);
    ASSERT_TRUE(client && server);
    EXPECT_EQ(client->tx_bytes, to_server);
    EXPECT_EQ(client->rx_bytes, to_client);
    EXPECT_EQ(server->tx_bytes, to_client);
    EXPECT_EQ(server->rx_bytes, to_server);
  }
  model::SocketOpen opening(std::uint16_t local_port, std::uint16_t remote_port) {
    const SocketStory* story = run_.story(local_port, remote_port);
    if (!story || story->opens.size() != 1) {
      ADD_FAILURE() << "not opened once";
      return {};
    }
    return story->opens[0].as<model::SocketOpen>();
  }

  SourceRun run_{source::make_sock_diag_source()};
};

TEST_F(SockDiagLoopbackTest, ConnectionSeenInADumpIsExactWhenTheClientClosesFirst) {
  open();
  TcpPair pair;
  pair.move(1'000, 50'000);
  seen(pair);
  pair.move(77, 1);
  pair.client.close();
  run_.run_for(0.15);
  pair.server.close();
  closed(pair.client_port, pair.server_port);
  expect_bytes(pair, 1'077, 50'001);
}

TEST_F(SockDiagLoopbackTest, ConnectionSeenInADumpIsExactWhenTheServerClosesFirst) {
  open();
  TcpPair pair(AF_INET6);
  pair.move(1'000, 50'000);
  seen(pair);
  pair.server.close();
  pair.client.close();
  closed(pair.client_port, pair.server_port);
  expect_bytes(pair, 1'000, 50'000);
}

TEST_F(SockDiagLoopbackTest, HalfClosedConnectionIsExact) {
  open();
  TcpPair pair;
  pair.move(10, 20);
  seen(pair);
  ::shutdown(pair.client.get(), SHUT_WR);
  run_.run_for(0.2);
  test::send_bytes(pair.server.get(), 500);
  test::receive_bytes(pair.client.get(), 500);
  pair.server.close();
  EXPECT_EQ(test::receive_bytes(pair.client.get()), 0U);
  pair.client.close();
  closed(pair.client_port, pair.server_port);
  expect_bytes(pair, 10, 520);
}

TEST_F(SockDiagLoopbackTest, HalfClosedConnectionBetweenTwoDumpsIsExact) {
  open("sock_diag:?interval=1h&netns=self");
  run_.run_for(0.1);
  TcpPair pair;
  pair.move(10, 20);
  ::shutdown(pair.client.get(), SHUT_WR);
  EXPECT_EQ(test::receive_bytes(pair.server.get()), 0U);
  test::send_bytes(pair.server.get(), 500);
  pair.server.close();
  test::receive_bytes(pair.client.get());
  pair.client.close();
  closed(pair.client_port, pair.server_port);
  expect_bytes(pair, 10, 520);
}

TEST_F(SockDiagLoopbackTest, ConnectionBetweenTwoDumpsIsExactAndSaysThatItsOwnerIsNotKnown) {
  open("sock_diag:?interval=1h&netns=self");
  run_.run_for(0.1);
  for (const bool client_first : {true, false}) {
    TcpPair pair;
    pair.move(300, 4'000);
    (client_first ? pair.client : pair.server).close();
    (client_first ? pair.server : pair.client).close();
    closed(pair.client_port, pair.server_port);
    expect_bytes(pair, 300, 4'000);
    const model::SocketOpen open = opening(pair.client_port, pair.server_port);
    EXPECT_EQ(open.quality, Quality::kUnknown);
    EXPECT_EQ(open.rule, Rule::kBetweenDumps);
    EXPECT_EQ(open.state, model::TcpState::kEstablished);
  }
}

TEST_F(SockDiagLoopbackTest, ResetConnectionKeepsTheBytesOfTheSideThatWasReset) {
  open();
  TcpPair pair;
  pair.move(1'234, 567);
  seen(pair);
  run_.run_for(0.15);
  // Linger 0: close sends a reset, and the kernel clears this side's counters.
  const linger abort{1, 0};
  ::setsockopt(pair.client.get(), SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
  pair.client.close();
  pair.server.close();
  closed(pair.client_port, pair.server_port);
  expect_bytes(pair, 1'234, 567);
  const SocketStory* client = run_.story(pair.client_port, pair.server_port);
  EXPECT_EQ(client->closes[0].as<model::SocketClose>().reason, CloseReason::kUnknown);
}

TEST_F(SockDiagLoopbackTest, ConnectionThatWasThereIsFlaggedAndItsLaterBytesAreNot) {
  TcpPair pair;
  pair.move(5'000, 6'000);
  open();
  pair.move(7, 8);
  seen(pair);
  run_.run_for(0.15);
  expect_bytes(pair, 5'007, 6'008);
  const SocketStory* client = run_.story(pair.client_port, pair.server_port);
  EXPECT_EQ(client->first_tx_bytes, 5'000U);
  EXPECT_EQ(client->first_rx_bytes, 6'000U);
  EXPECT_EQ(opening(pair.client_port, pair.server_port).how, OpenHow::kExisting);
}

TEST_F(SockDiagLoopbackTest, ConnectAndAcceptAreToldApartByTheListener) {
  open();
  TcpPair pair;
  seen(pair);
  EXPECT_EQ(opening(pair.client_port, pair.server_port).how, OpenHow::kConnect);
  EXPECT_EQ(opening(pair.client_port, pair.server_port).tuple.direction, Direction::kOut);
  EXPECT_EQ(opening(pair.server_port, pair.client_port).how, OpenHow::kAccept);
  EXPECT_EQ(opening(pair.server_port, pair.client_port).tuple.direction, Direction::kIn);
  const SocketStory* client = run_.story(pair.client_port, pair.server_port);
  EXPECT_GE(client->data_events, 1) << "no bytes yet, and said so";
  EXPECT_EQ(client->tx_bytes + client->rx_bytes, 0U);
}

TEST_F(SockDiagLoopbackTest, TheOnlyHolderIsTheExactOwnerAndIsIntroducedFirst) {
  open();
  TcpPair pair;
  run_.source().look_now();  // At all processes, though their turn may not have come.
  seen(pair);
  const SocketStory* client = run_.story(pair.client_port, pair.server_port);
  const auto open = client->opens[0].as<model::SocketOpen>();
  EXPECT_EQ(open.quality, Quality::kExact);
  EXPECT_EQ(open.rule, Rule::kOnlyHolder);
  EXPECT_EQ(open.uid, ::getuid());
  const model::ProcessKey self = client->opens[0].header.process;
  EXPECT_EQ(self.pid(), static_cast<std::uint32_t>(::getpid()));
  ASSERT_TRUE(run_.processes.contains(self.ref()));
  EXPECT_EQ(run_.processes[self.ref()].uid, ::geteuid());
  EXPECT_NE(run_.processes[self.ref()].exe, 0U);
}

TEST_F(SockDiagLoopbackTest, RefusedConnectionIsCountedAndNotTold) {
  open("sock_diag:?interval=1h&netns=self");
  run_.run_for(0.1);
  const std::uint16_t port = test::port_of(test::listen_on_loopback().get());
  const std::uint64_t filtered = run_.source().stats().filtered;
  EXPECT_THROW(test::connect_to_loopback(port), std::runtime_error);
  EXPECT_TRUE(run_.until([&] { return run_.source().stats().filtered > filtered; }));
  EXPECT_TRUE(run_.stories(0, port).empty());
}

TEST_F(SockDiagLoopbackTest, UdpSocketIsOpenedAndClosedWithoutBytes) {
  open();
  os::Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  socklen_t length = 0;
  const sockaddr_storage address = test::loopback(AF_INET, 0, length);
  ASSERT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), length), 0);
  const std::uint16_t port = test::port_of(fd.get());
  ASSERT_TRUE(run_.until([&] { return run_.stories(port).size() == 1; }));
  fd.close();
  ASSERT_TRUE(run_.until([&] { return run_.stories(port)[0]->closed(); }));
  EXPECT_EQ(run_.stories(port)[0]->tuple.protocol, model::kProtocolUdp);
  EXPECT_EQ(run_.stories(port)[0]->data_events, 0);
}

TEST_F(SockDiagLoopbackTest, InterfacesAndHostCountersComeWithEachTick) {
  open();
  ASSERT_TRUE(run_.until([&] { return run_.count(model::EventKind::kHostCounters) >= 2; }));
  const auto is_loopback = [](const model::Event& event) {
    return event.header.kind == model::EventKind::kInterface &&
           std::string_view(event.as<model::Interface>().name) == "lo";
  };
  EXPECT_TRUE(std::any_of(run_.others.begin(), run_.others.end(), is_loopback));
}

TEST_F(SockDiagLoopbackTest, EverythingReceivedIsWrittenFilteredDroppedOrMalformed) {
  open();
  TcpPair pair;
  pair.move(10, 10);
  seen(pair);
  const source::SourceStats stats = run_.source().stats();
  EXPECT_GT(stats.written, 0U);
  EXPECT_EQ(stats.received, stats.written + stats.filtered + stats.dropped + stats.malformed);
  EXPECT_EQ(stats.malformed, 0U);
  EXPECT_EQ(stats.dropped, 0U);
}

TEST_F(SockDiagLoopbackTest, ALaneWithoutRoomPausesTheTickAndDropsNothing) {
  SourceRun small(source::make_sock_diag_source(), 2'048);
  std::vector<TcpPair> pairs(300);
  ASSERT_TRUE(small.open(kUri).ok());
  // Nobody takes anything out: the source has to stop by itself.
  for (int i = 0; i < 200; ++i) (void)small.source().poll(small.writer(), std::chrono::milliseconds(0));
  EXPECT_EQ(small.source().stats().dropped, 0U);
  EXPECT_LT(small.source().stats().written, 2'048U);
  EXPECT_TRUE(small.until([&] {
    return std::all_of(pairs.begin(), pairs.end(), [&](const TcpPair& pair) {
      return small.story(pair.client_port, pair.server_port) && small.story(pair.server_port, pair.client_port);
    });
  }));
  EXPECT_EQ(small.source().stats().dropped, 0U);
}

TEST_F(SockDiagLoopbackTest, InterruptMakesAWaitingPollReturn) {
  open("sock_diag:?interval=1h&netns=self");
  run_.run_for(0.3);
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    run_.source().interrupt();
  });
  const TimeNs before = os::monotonic_ns();
  while (run_.step(std::chrono::seconds(20)).ok()) {
  }
  EXPECT_LT(os::monotonic_ns() - before, 10 * kSecond);
  other.join();
}

TEST(SockDiagOptionsTest, UnknownParameterNamesTheNearest) {
  SourceRun run(source::make_sock_diag_source());
  const Status status = run.open("sock_diag:?intervall=1s");
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("did you mean \"interval\""));
}

}  // namespace
}  // namespace ipm
